package dev.tidemill.jobs;

import java.time.Duration;
import java.time.Instant;
import java.util.List;

/**
 * How things stand. Depths come from a rollup that the nodes refresh every few seconds, at most one twentieth of the
 * time spent on it, so asking is cheap however much is waiting.
 *
 * @param at when this was asked, by the database's clock
 * @param depthsAt when the depths were last counted; the epoch if never
 * @param queues a line each, by name: all, or the {@link QueuePage} that was asked for
 * @param moreQueues how many queues follow those; 0 unless a page was asked for
 * @param nodes the processes at work, by name
 * @param unhandled kinds that wait and that no node alive handles, by name
 * @param deadLetters jobs that need a person, exact up to 10,000 and not counted further
 * @param schedules the schedules, together
 * @param alarms kinds that fail too often, by name
 * @param openBreakers the breakers that are not closed, by name
 */
public record Stats(
        Instant at,
        Instant depthsAt,
        List<QueueStats> queues,
        long moreQueues,
        List<NodeView> nodes,
        List<Unhandled> unhandled,
        long deadLetters,
        ScheduleStats schedules,
        List<Alarm> alarms,
        List<BreakerView> openBreakers) {

    public Stats {
        alarms = List.copyOf(alarms);
        openBreakers = List.copyOf(openBreakers);
        queues = List.copyOf(queues);
        nodes = List.copyOf(nodes);
        unhandled = List.copyOf(unhandled);
    }

    /**
     * A queue.
     *
     * @param queue its name
     * @param running attempts that nodes hold: running, or about to
     * @param lanes a line for each priority that has anything to tell, most urgent first
     */
    public record QueueStats(String queue, long running, List<LaneStats> lanes) {
        public QueueStats {
            lanes = List.copyOf(lanes);
        }

        /** Jobs that may run now. */
        public long ready() {
            return lanes.stream().mapToLong(LaneStats::ready).sum();
        }

        /** Jobs that wait for their time. */
        public long scheduled() {
            return lanes.stream().mapToLong(LaneStats::scheduled).sum();
        }

        /** Attempts finished in the last whole minute, by the second. */
        public double perSecond() {
            return lanes.stream().mapToLong(LaneStats::lastMinute).sum() / 60.0;
        }
    }

    /**
     * A priority of a queue. What is counted over time covers the last 60 minutes; a node that is killed takes up to
     * two seconds of it along (the attempts themselves are never lost).
     *
     * @param priority which
     * @param ready jobs that may run now
     * @param scheduled jobs that wait for their time
     * @param overdue of the ready ones, those past their start deadline
     * @param late how far the latest of them is past it; zero if none is
     * @param met attempts that started in time
     * @param missed attempts that started late
     * @param succeeded attempts that succeeded
     * @param failed attempts that failed or timed out
     * @param lastMinute attempts of any outcome that finished in the last whole minute
     * @param tookTotal handler time of all these attempts together
     */
    public record LaneStats(
            Priority priority,
            long ready,
            long scheduled,
            long overdue,
            Duration late,
            long met,
            long missed,
            long succeeded,
            long failed,
            long lastMinute,
            Duration tookTotal) {}

    /**
     * A process at work.
     *
     * @param name its name
     * @param epoch its epoch, new after every loss of contact
     * @param host where it runs
     * @param pid its process id there
     * @param startedAt when the epoch began
     * @param heartbeatAt when it was last heard of
     * @param running handlers running in it
     * @param kinds what it handles
     * @param duty whether it claims
     * @param offPeak the windows in which it runs off-peak jobs, such as {@code 22:00-06:00 Europe/Berlin}; empty means always
     */
    public record NodeView(
            String name,
            long epoch,
            String host,
            long pid,
            Instant startedAt,
            Instant heartbeatAt,
            int running,
            List<String> kinds,
            Duty duty,
            List<String> offPeak) {
        public NodeView {
            kinds = List.copyOf(kinds);
            offPeak = List.copyOf(offPeak);
        }
    }

    /** Whether a node claims; see {@link Nodes}. */
    public enum Duty {
        /** It claims. */
        WORKING,
        /** It claims nothing more, and finishes what runs. */
        DRAINING,
        /** It claims nothing, and holds nothing. */
        DRAINED
    }

    /**
     * A kind that waits in vain.
     *
     * @param kind which
     * @param ready how many jobs of it are ready
     */
    public record Unhandled(String kind, long ready) {}

    /**
     * A kind that fails too often, by its {@link FailureAlarm}.
     *
     * @param kind which
     * @param failed attempts that failed or timed out
     * @param attempts attempts that succeeded, failed or timed out
     * @param alarm what it breaks
     */
    public record Alarm(String kind, long failed, long attempts, FailureAlarm alarm) {
        /** The share that failed. */
        public double ratio() {
            return (double) failed / attempts;
        }
    }
}
