package dev.tidemill.postgres;

import dev.tidemill.jobs.Priorities;
import dev.tidemill.jobs.Priority;
import dev.tidemill.jobs.store.ClaimedJob;
import dev.tidemill.jobs.store.Hint;
import dev.tidemill.jobs.store.Workplace.Demand;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * Where in each lane the last claim ended, so that the next one need not walk the dead index entries before it.
 *
 * <p>Within a lane deadlines only grow, but for commits that come late, retries, and what other processes put back:
 * those are found by the hint that wakes the claimer, which lowers the position (also one that arrives while a claim
 * is under way), and by looks from the beginning. Such a look costs what the dead entries cost, and looks take at most a
 * twentieth of the time, and a fiftieth where each takes long. A cheap one is done by a claim that begins at the beginning. Where that took long, and at
 * first, when nobody knows, it is done {@linkplain #asideDue aside}, on a connection of its own, and claims go on
 * meanwhile; what it finds lowers the position. Without remembered positions every claim walks those entries, most of all
 * while an old snapshot keeps vacuum away.
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

    private final Position start;
    private final Map<String, Position[]> positions = new HashMap<>();
    private final Map<String, Position[]> hinted = new HashMap<>();
    private long nextLookNanos = System.nanoTime();
    private boolean aside = true;
    private boolean looking;

    /** Lanes in which nothing is known of what has an earlier deadline than this. */
    Lanes(long startByMicros) {
        this.start = new Position(startByMicros, Long.MIN_VALUE);
    }

    /** Whether the claim about to be sent should look everywhere; forgets the hints that it covers. */
    synchronized boolean begin() {
        hinted.clear();
        return !aside && lookIsDue();
    }

    /** Whether a look aside should be taken now; if so, {@link #looked} or {@link #lookFailed} has to follow. */
    synchronized boolean asideDue() {
        if (!aside || looking || !lookIsDue()) {
            return false;
        }
        looking = true;
        return true;
    }

    private boolean lookIsDue() {
        return System.nanoTime() - nextLookNanos >= 0;
    }

    /** What a look aside found: the first job of each lane. */
    void looked(List<Hint> first, long tookNanos) {
        synchronized (this) {
            looking = false;
            aside = tookNanos > CHEAP_LOOK_NANOS;
            nextLookNanos = next(tookNanos, aside ? DEAR_LOOK_SPACING : LOOK_SPACING, LOOK_AT_LEAST_EVERY_NANOS);
        }
        first.forEach(this::hint);
    }

    synchronized void lookFailed() {
        looking = false;
        nextLookNanos = System.nanoTime() + AFTER_FAILURE_NANOS;
    }

    private static long next(long tookNanos, long spacing, long atMostNanos) {
        return System.nanoTime() + Math.min(tookNanos * spacing, atMostNanos);
    }

    /** Makes a look due, whenever the last one was. */
    synchronized void lookEverywhere() {
        nextLookNanos = System.nanoTime();
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
            nextLookNanos = next(tookNanos, LOOK_SPACING, LOOK_AFTER_CLAIM_NANOS);
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
