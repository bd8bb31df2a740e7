package dev.tidemill.postgres;

import dev.tidemill.jobs.Priorities;
import dev.tidemill.jobs.Priority;
import dev.tidemill.jobs.store.ClaimedJob;
import dev.tidemill.jobs.store.Hint;
import dev.tidemill.jobs.store.Workplace.Demand;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/**
 * Where in each lane the last claim ended, so that the next one need not walk the dead index entries before it.
 *
 * <p>Within a lane deadlines only grow, but for commits that come late, retries, and what other processes put back:
 * those are found by the hint that wakes the claimer, which lowers the position (also one that arrives while a claim
 * is under way), and by looks from the beginning. Such a look costs what the dead entries cost, and looks take at most a
 * twentieth of the time, and a fiftieth where each takes long. A cheap one is done by a claim that begins at the
 * beginning. Where that took long, and at first, when nobody knows, it is done {@linkplain #asideDue aside}, on a
 * connection of its own, and claims go on meanwhile; what it finds lowers the position. Without remembered positions every
 * claim walks those entries, most of all while an old snapshot keeps vacuum away.
 */
final class Lanes {
    private static final int PRIORITIES = 5;
    private static final long LOOK_SPACING = 20;
    /** Seconds of a core, which hints make all but needless. */
    private static final long DEAR_LOOK_SPACING = 50;

    private static final long LOOK_AT_LEAST_EVERY_NANOS = 60_000_000_000L;
    /** A claim may take long for other reasons than dead entries: a lock, a frozen process. */
    private static final long LOOK_AFTER_CLAIM_NANOS = 10_000_000_000L;

    /** A claim that looked everywhere may take that long for what it claimed. */
    private static final long CHEAP_CLAIM_NANOS = 50_000_000L;

    private static final long CHEAP_LOOK_NANOS = 10_000_000L;
    private static final long AFTER_FAILURE_NANOS = 1_000_000_000L;

    /** A position: everything up to and including (startBy, job) has been seen. */
    private record Position(long startBy, long job) implements Comparable<Position> {
        private static final Position BEGINNING = new Position(Long.MIN_VALUE, Long.MIN_VALUE);

        @Override
        public int compareTo(Position other) {
            int byDeadline = Long.compare(startBy, other.startBy);
            return byDeadline != 0 ? byDeadline : Long.compare(job, other.job);
        }
    }

    private final LongSupplier nanoTime;
    private final Position start;
    private final Position[] laterStarts = new Position[PRIORITIES];
    private final Map<String, Position[]> positions = new HashMap<>();
    private final Map<String, Position[]> hinted = new HashMap<>();
    private long nextLookNanos;
    private boolean aside = true;
    /** Of each queue somebody has to have looked at its beginning; a claim is often for some queues only. */
    private final Set<String> seen = new HashSet<>();

    private long failedUntilNanos;
    private boolean looking;

    /**
     * Lanes in which nothing is known of what has an earlier deadline than now.
     *
     * @param within the start deadlines of what is enqueued from now on, one a priority, in microseconds
     */
    Lanes(long nowMicros, long[] within) {
        this(nowMicros, within, System::nanoTime);
    }

    /** The same by another clock, which counts nanoseconds from wherever it likes. */
    Lanes(long nowMicros, long[] within, LongSupplier nanoTime) {
        this.nanoTime = nanoTime;
        this.nextLookNanos = nanoTime.getAsLong();
        this.failedUntilNanos = nextLookNanos;
        this.start = new Position(nowMicros, Long.MIN_VALUE);
        for (int p = 0; p < PRIORITIES; p++) {
            laterStarts[p] = new Position(nowMicros + within[p], Long.MIN_VALUE);
        }
    }

    /** Those of a queue, from their first entries on. */
    static Lanes fromTheBeginning(String queue) {
        Lanes lanes = new Lanes(Long.MIN_VALUE, new long[PRIORITIES]);
        lanes.looked(Set.of(queue), List.of(), 0);
        return lanes;
    }

    /** Whether the claim about to be sent should look everywhere; forgets the hints that it covers. */
    synchronized boolean begin() {
        hinted.clear();
        return !aside && lookIsDue();
    }

    /**
     * Whether a look at these queues' lanes should be taken now, aside from a claim; if so, {@link #looked} or
     * {@link #lookFailed} has to follow.
     */
    synchronized boolean asideDue(Set<String> queues) {
        boolean due = nanoTime.getAsLong() - failedUntilNanos >= 0 && (unseen(queues) || (aside && lookIsDue()));
        if (looking || !due) {
            return false;
        }
        looking = true;
        return true;
    }

    /** Whether nobody has looked at one of these queues yet. */
    synchronized boolean unseen(Set<String> queues) {
        return !seen.containsAll(queues);
    }

    private boolean lookIsDue() {
        return nanoTime.getAsLong() - nextLookNanos >= 0;
    }

    /** What a look aside found: the first job of each lane of these queues. */
    void looked(Set<String> queues, List<Hint> first, long tookNanos) {
        synchronized (this) {
            looking = false;
            if (tookNanos > CHEAP_CLAIM_NANOS) {
                startLater(queues);
            }
            seen.addAll(queues);
            aside = tookNanos > CHEAP_LOOK_NANOS;
            nextLookNanos = nanoTime.getAsLong() + restAfterLook(tookNanos);
        }
        first.forEach(this::hint);
    }

    /**
     * Where a look takes long, claims in lanes that nobody has claimed from yet begin with what is enqueued from the start
     * on: what was before is what the look finds, and they need not walk over the dead entries of it, too.
     */
    synchronized void startLater(Set<String> queues) {
        for (String queue : queues) {
            Position[] known = known(queue);
            for (int p = 0; p < PRIORITIES; p++) {
                known[p] = known[p].equals(start) ? laterStarts[p] : known[p];
            }
        }
    }

    synchronized void lookFailed() {
        looking = false;
        failedUntilNanos = nanoTime.getAsLong() + AFTER_FAILURE_NANOS;
    }

    /** How long nobody looks after a look aside that took so long, in nanoseconds. */
    static long restAfterLook(long tookNanos) {
        return Math.min(
                tookNanos * (tookNanos > CHEAP_LOOK_NANOS ? DEAR_LOOK_SPACING : LOOK_SPACING),
                LOOK_AT_LEAST_EVERY_NANOS);
    }

    /** The same after a claim that looked everywhere. */
    static long restAfterClaim(long tookNanos) {
        return Math.min(tookNanos * LOOK_SPACING, LOOK_AFTER_CLAIM_NANOS);
    }

    /** Makes a look due at every queue, whenever the last one was. */
    synchronized void lookEverywhere() {
        seen.clear();
        nextLookNanos = nanoTime.getAsLong();
        failedUntilNanos = nextLookNanos;
    }

    /** The positions to send: two arrays of five a demand. */
    synchronized void fill(List<Demand> demands, boolean everywhere, long[] startBys, long[] jobs) {
        for (int q = 0; q < demands.size(); q++) {
            Position[] lanes = known(demands.get(q).queue());
            for (int p = 0; p < PRIORITIES; p++) {
                Position position = everywhere ? Position.BEGINNING : lanes[p];
                startBys[q * PRIORITIES + p] = position.startBy;
                jobs[q * PRIORITIES + p] = position.job;
            }
        }
    }

    /**
     * Takes note of what a claim brought and of what was hinted meanwhile.
     *
     * @param reachedJobs how far it got: in plain lanes what was claimed itself, in limited ones also what was passed
     */
    synchronized void end(
            List<Demand> demands,
            List<ClaimedJob> claimed,
            List<ClaimedJob> reachedJobs,
            boolean everywhere,
            long tookNanos) {
        if (everywhere) {
            nextLookNanos = nanoTime.getAsLong() + restAfterClaim(tookNanos);
            aside = tookNanos > CHEAP_CLAIM_NANOS;
        }
        Map<String, Position[]> reached = new HashMap<>();
        for (ClaimedJob job : reachedJobs) {
            Position[] lanes = reached.computeIfAbsent(job.queue(), queue -> all(Position.BEGINNING));
            int lane = job.priority().code();
            Position at = new Position(job.startByMicros(), job.id());
            lanes[lane] = at.compareTo(lanes[lane]) > 0 ? at : lanes[lane];
        }
        for (Demand demand : demands) {
            Position[] lanes = reached.get(demand.queue());
            if (lanes == null) {
                continue;
            }
            boolean exhausted = claimed.stream()
                            .filter(job -> job.queue().equals(demand.queue()))
                            .count()
                    < demand.slots();
            Position[] known = known(demand.queue());
            for (int p = 0; p < PRIORITIES; p++) {
                if (!lanes[p].equals(Position.BEGINNING)) {
                    known[p] = everywhere && exhausted && known[p].compareTo(lanes[p]) > 0 ? known[p] : lanes[p];
                }
            }
        }
        hinted.forEach((queue, lanes) -> {
            for (int p = 0; p < PRIORITIES; p++) {
                lower(queue, p, lanes[p]);
            }
        });
        hinted.clear();
    }

    /** Something at or after this deadline may have appeared. */
    synchronized void hint(Hint hint) {
        Position below = new Position(hint.startByMicros(), Long.MIN_VALUE);
        int lane = hint.priority().code();
        lower(hint.queue(), lane, below);
        Position[] lanes =
                hinted.computeIfAbsent(hint.queue(), queue -> all(new Position(Long.MAX_VALUE, Long.MAX_VALUE)));
        lanes[lane] = below.compareTo(lanes[lane]) < 0 ? below : lanes[lane];
    }

    private void lower(String queue, int lane, Position to) {
        Position[] known = known(queue);
        known[lane] = to.compareTo(known[lane]) < 0 ? to : known[lane];
    }

    private Position[] known(String queue) {
        return positions.computeIfAbsent(queue, name -> all(start));
    }

    private static Position[] all(Position position) {
        Position[] lanes = new Position[PRIORITIES];
        Arrays.fill(lanes, position);
        return lanes;
    }

    /** The start deadlines that go along: one a priority, in microseconds. */
    static long[] deadlines(Priorities priorities) {
        long[] deadlines = new long[PRIORITIES];
        for (Priority priority : Priority.values()) {
            deadlines[priority.code()] =
                    TimeUnit.NANOSECONDS.toMicros(priorities.deadline(priority).toNanos());
        }
        return deadlines;
    }

    /** The weights array that goes along: one a priority. */
    static int[] weights(Priorities priorities) {
        int[] weights = new int[PRIORITIES];
        for (Priority priority : Priority.values()) {
            weights[priority.code()] = priorities.weight(priority);
        }
        return weights;
    }
}
