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
 * is under way), and by looks from the beginning. Such a look costs what the dead entries cost; it is spaced so that
 * looks take at most a twentieth of the time, yet comes every ten seconds: a claim may take long for other reasons, a
 * lock or a frozen process. Without remembered positions every claim walks those entries, most of all while an old
 * snapshot keeps vacuum away.
 */
final class Lanes {
    private static final int PRIORITIES = 5;
    private static final long LOOK_SPACING = 20;
    private static final long LOOK_AT_LEAST_EVERY_NANOS = 10_000_000_000L;

    /** A position: everything up to and including (startBy, job) has been seen. */
    private record Position(long startBy, long job) implements Comparable<Position> {
        private static final Position BEGINNING = new Position(Long.MIN_VALUE, Long.MIN_VALUE);

        @Override
        public int compareTo(Position other) {
            int byDeadline = Long.compare(startBy, other.startBy);
            return byDeadline != 0 ? byDeadline : Long.compare(job, other.job);
        }
    }

    private final Map<String, Position[]> positions = new HashMap<>();
    private final Map<String, Position[]> hinted = new HashMap<>();
    private long nextLookNanos = System.nanoTime();

    /** Whether the claim about to be sent should look everywhere; forgets the hints that it covers. */
    synchronized boolean begin() {
        hinted.clear();
        return System.nanoTime() - nextLookNanos >= 0;
    }

    /** Makes the next claim look everywhere, whenever the last one did. */
    synchronized void lookEverywhere() {
        nextLookNanos = System.nanoTime();
    }

    /** The positions to send: two arrays of five a demand. */
    synchronized void fill(List<Demand> demands, boolean everywhere, long[] startBys, long[] jobs) {
        for (int q = 0; q < demands.size(); q++) {
            Position[] lanes = lanes(positions, demands.get(q).queue());
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
            nextLookNanos = System.nanoTime() + Math.min(tookNanos * LOOK_SPACING, LOOK_AT_LEAST_EVERY_NANOS);
        }
        Map<String, Position[]> reached = new HashMap<>();
        for (ClaimedJob job : reachedJobs) {
            Position[] lanes = lanes(reached, job.queue());
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
            Position[] known = lanes(positions, demand.queue());
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
        Position[] lanes = hinted.computeIfAbsent(hint.queue(), queue -> {
            Position[] fresh = new Position[PRIORITIES];
            Arrays.fill(fresh, new Position(Long.MAX_VALUE, Long.MAX_VALUE));
            return fresh;
        });
        lanes[lane] = below.compareTo(lanes[lane]) < 0 ? below : lanes[lane];
    }

    private void lower(String queue, int lane, Position to) {
        Position[] known = lanes(positions, queue);
        known[lane] = to.compareTo(known[lane]) < 0 ? to : known[lane];
    }

    private static Position[] lanes(Map<String, Position[]> map, String queue) {
        return map.computeIfAbsent(queue, name -> {
            Position[] fresh = new Position[PRIORITIES];
            Arrays.fill(fresh, Position.BEGINNING);
            return fresh;
        });
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
