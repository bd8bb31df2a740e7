package dev.tidemill.server.page;

import dev.tidemill.jobs.AttemptView;
import dev.tidemill.jobs.DeadLetter;
import dev.tidemill.jobs.Minute;
import dev.tidemill.jobs.Pause;
import dev.tidemill.jobs.ScheduleStats;
import dev.tidemill.jobs.Stats;
import dev.tidemill.jobs.Stats.LaneStats;
import dev.tidemill.jobs.Stats.NodeView;
import dev.tidemill.jobs.Stats.QueueStats;
import dev.tidemill.rules.RuleAlarm;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.function.ToLongFunction;

/**
 * What the page shows at one moment.
 *
 * @param stats how things stand
 * @param attempts the latest ones
 * @param letters the newest dead letters
 * @param minutes what finished in each of the last 60 minutes
 * @param pauses what is paused
 * @param alarms what the rules on data changes have to tell
 * @param rates attempts finished a second, oldest first
 * @param stale true while the database does not answer: the rest is what was last known
 */
public record Snapshot(
        Stats stats,
        List<AttemptView> attempts,
        List<DeadLetter> letters,
        List<Minute> minutes,
        List<Pause> pauses,
        List<RuleAlarm> alarms,
        List<Double> rates,
        boolean stale) {
    private static final int NODES = 8;
    private static final int QUEUES = 12;

    static final Snapshot NOTHING = new Snapshot(
            new Stats(
                    Instant.EPOCH,
                    Instant.EPOCH,
                    List.of(),
                    0,
                    List.of(),
                    List.of(),
                    0,
                    ScheduleStats.NONE,
                    List.of(),
                    List.of()),
            List.of(),
            List.of(),
            List.of(),
            List.of(),
            List.of(),
            List.of(),
            true);

    public Snapshot {
        attempts = List.copyOf(attempts);
        letters = List.copyOf(letters);
        minutes = List.copyOf(minutes);
        pauses = List.copyOf(pauses);
        alarms = List.copyOf(alarms);
        rates = List.copyOf(rates);
    }

    Snapshot asStale() {
        return new Snapshot(stats, attempts, letters, minutes, pauses, alarms, rates, true);
    }

    Snapshot withRates(List<Double> value) {
        return new Snapshot(stats, attempts, letters, minutes, pauses, alarms, value, stale);
    }

    /** The first nodes by name, as many as an overview has room for. */
    public List<NodeView> firstNodes() {
        return stats.nodes().stream().limit(NODES).toList();
    }

    /** The queues with most to do, as many as an overview has room for; by name. */
    public List<QueueStats> firstQueues() {
        return stats.queues().stream()
                .sorted(Comparator.comparingLong((QueueStats queue) -> queue.running() + queue.ready())
                        .reversed())
                .limit(QUEUES)
                .sorted(Comparator.comparing(QueueStats::queue))
                .toList();
    }

    /** What a person should look at, the worst first. */
    public List<Concern> concerns() {
        return Concern.of(this);
    }

    /** Whether no job has ever been seen here. */
    public boolean untouched() {
        return !stale
                && attempts.isEmpty()
                && letters.isEmpty()
                && stats.unhandled().isEmpty()
                && stats.queues().stream().allMatch(queue -> queue.lanes().isEmpty() && queue.running() == 0);
    }

    /** Attempts that nodes hold. */
    public long running() {
        return stats.queues().stream().mapToLong(QueueStats::running).sum();
    }

    /** Jobs that may run now. */
    public long ready() {
        return sum(LaneStats::ready);
    }

    /** Jobs that wait for their time. */
    public long scheduled() {
        return sum(LaneStats::scheduled);
    }

    /** Ready jobs past their start deadline. */
    public long overdue() {
        return sum(LaneStats::overdue);
    }

    /** Attempts that started in time. */
    public long met() {
        return sum(LaneStats::met);
    }

    /** Attempts that started late. */
    public long missed() {
        return sum(LaneStats::missed);
    }

    /** Attempts that failed or timed out. */
    public long failed() {
        return sum(LaneStats::failed);
    }

    /** Attempts that succeeded. */
    public long succeeded() {
        return sum(LaneStats::succeeded);
    }

    /** Attempts finished a second: of late if it has been watched for a while, else in the last minute. */
    public double perSecond() {
        return rates.isEmpty()
                ? stats.queues().stream().mapToDouble(QueueStats::perSecond).sum()
                : rates.getLast();
    }

    private long sum(ToLongFunction<LaneStats> value) {
        return stats.queues().stream()
                .flatMap(queue -> queue.lanes().stream())
                .mapToLong(value)
                .sum();
    }
}
