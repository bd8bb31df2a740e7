package dev.tidemill.metrics;

import dev.tidemill.jobs.LimitView;
import dev.tidemill.jobs.Pause;
import dev.tidemill.jobs.Retention;
import dev.tidemill.jobs.Retention.Part;
import dev.tidemill.jobs.ScheduleStats;
import dev.tidemill.jobs.Stats;
import dev.tidemill.jobs.Stats.LaneStats;
import dev.tidemill.jobs.Stats.QueueStats;
import dev.tidemill.jobs.Tidemill;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.MultiGauge;
import io.micrometer.core.instrument.MultiGauge.Row;
import io.micrometer.core.instrument.Tags;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.function.ToDoubleFunction;
import java.util.stream.Collectors;

/**
 * How the whole schema stands, whichever process tells it. Where the database does not answer all of it but
 * {@code tidemill.database.up} is absent, so that nobody takes an old figure for a new one.
 */
final class SchemaMeters {
    private static final int MOST_LIMITS = 200;

    /** A gauge, and the rows it has by what was read. */
    private record Refresher(MultiGauge gauge, Function<Stats, List<Row<?>>> rows) {}

    private final MeterRegistry registry;
    private final Tags common;
    private final SlowReadings slow;
    private final List<Refresher> refreshers = new ArrayList<>();
    private volatile double reachable;

    SchemaMeters(MeterRegistry registry, Tags common, Tidemill mill, SlowReadings slow) {
        this.registry = registry;
        this.common = common;
        this.slow = slow;
        Gauge.builder("tidemill.database.up", this, meters -> meters.reachable)
                .description("1 if the database answers, else 0")
                .tags(common)
                .register(registry);
        lanes();
        whole();
        aside();
    }

    private void lanes() {
        lanes("tidemill.jobs.ready", "Jobs that may run now", LaneStats::ready);
        lanes("tidemill.jobs.scheduled", "Jobs that wait for their time", LaneStats::scheduled);
        lanes("tidemill.jobs.overdue", "Ready jobs past their start deadline", LaneStats::overdue);
        lanes(
                "tidemill.jobs.late.seconds",
                "How far the latest ready job is past its start deadline",
                lane -> seconds(lane.late()));
        lanes("tidemill.starts.met.last.hour", "Attempts that started in time, last 60 minutes", LaneStats::met);
        lanes("tidemill.starts.missed.last.hour", "Attempts that started late, last 60 minutes", LaneStats::missed);
        lanes(
                "tidemill.attempts.succeeded.last.hour",
                "Attempts that succeeded, last 60 minutes",
                LaneStats::succeeded);
        lanes("tidemill.attempts.failed.last.hour", "Attempts that failed, last 60 minutes", LaneStats::failed);
        lanes("tidemill.attempts.last.minute", "Attempts finished in the last whole minute", LaneStats::lastMinute);
    }

    private void whole() {
        one("tidemill.dead.letters", "Jobs that need a person, up to 10,000", Stats::deadLetters);
        one("tidemill.nodes", "Processes that run jobs", all -> all.nodes().size());
        rows(
                "tidemill.depths.age.seconds",
                "How long ago depths were counted",
                all -> each(
                        all.depthsAt().equals(Instant.EPOCH) ? List.of() : List.of(all),
                        counted -> Tags.empty(),
                        counted -> seconds(Duration.between(counted.depthsAt(), counted.at()))));
        rows(
                "tidemill.jobs.running",
                "Attempts that nodes hold",
                all -> each(all.queues(), queue -> Tags.of("queue", queue.queue()), QueueStats::running));
        schedules("tidemill.schedules", "Schedules", ScheduleStats::total);
        schedules("tidemill.schedules.paused", "Schedules that are paused", ScheduleStats::paused);
        schedules("tidemill.schedules.overdue", "Schedules that nobody saw to in time", ScheduleStats::overdue);
        schedules("tidemill.schedules.failing", "Schedules that cannot fire or whose job died", ScheduleStats::failing);
        rows(
                "tidemill.jobs.unhandled",
                "Ready jobs of a kind that no node alive handles",
                all -> each(all.unhandled(), kind -> Tags.of("kind", kind.kind()), Stats.Unhandled::ready));
        rows(
                "tidemill.alarm",
                "Share of a kind's attempts that failed, of kinds that fail too often",
                all -> each(all.alarms(), alarm -> Tags.of("kind", alarm.kind()), Stats.Alarm::ratio));
        rows(
                "tidemill.breaker.open",
                "1 for each breaker that is open, or finds out whether to close",
                all -> each(
                        all.openBreakers(),
                        view -> Tags.of("breaker", view.breaker().name()),
                        view -> 1));
    }

    private void aside() {
        rows("tidemill.limit.held", "Jobs that count towards a limit", all -> limits(LimitView::held));
        rows("tidemill.limit.waiting", "Jobs that a limit holds back, up to 10,000", all -> limits(LimitView::waiting));
        rows(
                "tidemill.pauses",
                "What is paused, by scope",
                all -> counted("scope", slow.last().pauses(), pause -> scope(pause.scope())));
        rows(
                "tidemill.partitions",
                "Partitions of history",
                all -> counted("family", slow.last().parts(), Part::family));
        rows("tidemill.partitions.leaving", "Partitions of history that are on their way out", all -> leaving());
        rows("tidemill.doctor.findings", "What the doctor found, by code and severity", all -> findings());
    }

    private static String scope(Pause.Scope scope) {
        return scope.name().toLowerCase(Locale.ROOT);
    }

    private List<Row<?>> limits(ToDoubleFunction<LimitView> value) {
        return each(
                slow.last().limits().stream().limit(MOST_LIMITS).toList(),
                view -> Tags.of(
                        "scope", view.limit().scope().name().toLowerCase(Locale.ROOT),
                        "name", view.limit().name(),
                        "per_key", Boolean.toString(view.limit().perKey())),
                value);
    }

    private List<Row<?>> findings() {
        Map<Tags, Long> counts = slow.findings().stream()
                .collect(Collectors.groupingBy(
                        finding -> Tags.of(
                                "code", finding.ailment().name(),
                                "severity", finding.severity().name()),
                        Collectors.counting()));
        List<Row<?>> rows = new ArrayList<>();
        counts.forEach((tags, count) -> rows.add(Row.of(tags, count)));
        return rows;
    }

    /** A row for each family, also where none of it leaves. */
    private List<Row<?>> leaving() {
        Map<String, Long> counts = slow.last().parts().stream()
                .collect(Collectors.groupingBy(
                        Part::family,
                        TreeMap::new,
                        Collectors.filtering(part -> part.step() != Retention.Step.STAYS, Collectors.counting())));
        return rows("family", counts);
    }

    private static List<Row<?>> rows(String label, Map<String, Long> counts) {
        List<Row<?>> rows = new ArrayList<>();
        counts.forEach((name, count) -> rows.add(Row.of(Tags.of(label, name), count)));
        return rows;
    }

    private static <T> List<Row<?>> counted(String label, Collection<T> all, Function<T, String> value) {
        Map<String, Long> counts =
                all.stream().collect(Collectors.groupingBy(value, TreeMap::new, Collectors.counting()));
        return rows(label, counts);
    }

    private static <T> List<Row<?>> each(Collection<T> all, Function<T, Tags> tags, ToDoubleFunction<T> value) {
        List<Row<?>> rows = new ArrayList<>(all.size());
        all.forEach(one -> rows.add(Row.of(tags.apply(one), value.applyAsDouble(one))));
        return rows;
    }

    private void lanes(String name, String description, ToDoubleFunction<LaneStats> value) {
        rows(name, description, all -> {
            List<Row<?>> rows = new ArrayList<>();
            for (QueueStats queue : all.queues()) {
                rows.addAll(each(
                        queue.lanes(),
                        lane -> Tags.of(
                                "queue",
                                queue.queue(),
                                "priority",
                                lane.priority().name()),
                        value));
            }
            return rows;
        });
    }

    private void schedules(String name, String description, ToDoubleFunction<ScheduleStats> value) {
        one(name, description, all -> value.applyAsDouble(all.schedules()));
    }

    private void one(String name, String description, ToDoubleFunction<Stats> value) {
        rows(name, description, all -> List.of(Row.of(Tags.empty(), value.applyAsDouble(all))));
    }

    private void rows(String name, String description, Function<Stats, List<Row<?>>> rows) {
        MultiGauge gauge =
                MultiGauge.builder(name).description(description).tags(common).register(registry);
        refreshers.add(new Refresher(gauge, rows));
    }

    private static double seconds(Duration duration) {
        return duration.toNanos() / 1e9;
    }

    /** Shows these. */
    void refresh(Optional<Stats> stats) {
        reachable = stats.isPresent() ? 1 : 0;
        for (Refresher refresher : refreshers) {
            refresher.gauge.register(stats.map(refresher.rows).orElse(List.of()), true);
        }
    }
}
