package dev.tidemill.cli.health;

import dev.tidemill.cli.json.ControlJson;
import dev.tidemill.cli.json.JsonObject;
import dev.tidemill.cli.terminal.Plain;
import dev.tidemill.cli.terminal.Style;
import dev.tidemill.cli.terminal.Table;
import dev.tidemill.cli.terminal.Table.Column;
import dev.tidemill.jobs.ScheduleStats;
import dev.tidemill.jobs.Stats;
import dev.tidemill.jobs.Stats.Alarm;
import dev.tidemill.jobs.Stats.LaneStats;
import dev.tidemill.jobs.Stats.NodeView;
import dev.tidemill.jobs.Stats.QueueStats;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.time.Duration;
import java.util.List;
import java.util.Locale;

/** Statistics as the commands show them: as JSON with the names they have over HTTP. */
final class StatsTexts {
    private static final Duration SILENT = Duration.ofSeconds(10);

    /** How many queues are shown among the rest; {@link ListQueues} goes through all. */
    private static final int QUEUES = 1000;

    private StatsTexts() {}

    /** How many queues are left out. */
    static int moreQueues(Stats stats) {
        return Math.max(0, stats.queues().size() - QUEUES);
    }

    static Table queues(Stats stats) {
        return queues(stats.queues().stream().limit(QUEUES).toList());
    }

    static Table queues(List<QueueStats> queues) {
        Table table = new Table(
                Column.text("QUEUE"),
                Column.text("PRIORITY"),
                Column.number("RUNNING"),
                Column.number("READY"),
                Column.number("SCHEDULED"),
                Column.number("OVERDUE"),
                Column.number("LATEST"),
                Column.number("PER SECOND"),
                Column.number("IN TIME"),
                Column.number("FAILED"));
        for (QueueStats queue : queues) {
            table.row(
                    Table.cell(Style.STRONG, queue.queue()),
                    "",
                    queue.running(),
                    queue.ready(),
                    queue.scheduled(),
                    overdue(queue.lanes().stream().mapToLong(LaneStats::overdue).sum()),
                    "",
                    String.format(Locale.ROOT, "%.1f", queue.perSecond()),
                    "",
                    "");
            queue.lanes()
                    .forEach(lane -> table.row(
                            "",
                            lane.priority().name(),
                            "",
                            lane.ready(),
                            lane.scheduled(),
                            overdue(lane.overdue()),
                            lane.late().isZero() ? "" : Plain.span(lane.late()),
                            String.format(Locale.ROOT, "%.1f", lane.lastMinute() / 60.0),
                            share(lane.met(), lane.missed()),
                            failed(lane)));
        }
        return table;
    }

    private static Table.Cell overdue(long jobs) {
        return Table.cell(jobs > 0 ? Style.BAD : Style.PLAIN, Plain.number(jobs));
    }

    private static Table.Cell failed(LaneStats lane) {
        return Table.cell(lane.failed() > 0 ? Style.WARN : Style.PLAIN, Plain.number(lane.failed()));
    }

    private static String share(long met, long missed) {
        return met + missed == 0 ? "" : Math.floorDiv(100 * met, met + missed) + "%";
    }

    static Table nodes(Stats stats) {
        Table table = new Table(
                Column.text("NODE"),
                Column.number("EPOCH"),
                Column.text("DUTY"),
                Column.number("RUNNING"),
                Column.number("HEARD"),
                Column.number("UP"),
                Column.text("HOST"),
                Column.number("PID"),
                Column.elastic("KINDS"));
        for (NodeView node : stats.nodes()) {
            Duration silent = Duration.between(node.heartbeatAt(), stats.at());
            table.row(
                    node.name(),
                    Long.toString(node.epoch()),
                    Table.cell(
                            node.duty() == Stats.Duty.WORKING ? Style.GOOD : Style.WARN,
                            node.duty().name()),
                    node.running(),
                    Table.cell(silent.compareTo(SILENT) > 0 ? Style.BAD : Style.PLAIN, Plain.span(silent) + " ago"),
                    Plain.span(Duration.between(node.startedAt(), stats.at())),
                    node.host(),
                    Long.toString(node.pid()),
                    String.join(", ", node.kinds()));
        }
        return table;
    }

    static JsonObject json(Stats stats) {
        ScheduleStats schedules = stats.schedules();
        return new JsonObject()
                .with("at", stats.at())
                .with("depths_at", stats.depthsAt())
                .with("dead_letters", stats.deadLetters())
                .with(
                        "queues",
                        stats.queues().stream()
                                .limit(QUEUES)
                                .map(StatsTexts::json)
                                .toList())
                .with("more_queues", moreQueues(stats))
                .with("nodes", stats.nodes().stream().map(StatsTexts::json).toList())
                .with(
                        "unhandled",
                        stats.unhandled().stream()
                                .map(one -> new JsonObject()
                                        .with("kind", one.kind())
                                        .with("ready", one.ready()))
                                .toList())
                .with("alarms", stats.alarms().stream().map(StatsTexts::json).toList())
                .with(
                        "open_breakers",
                        stats.openBreakers().stream().map(ControlJson::breaker).toList())
                .with(
                        "schedules",
                        new JsonObject()
                                .with("total", schedules.total())
                                .with("paused", schedules.paused())
                                .with("overdue", schedules.overdue())
                                .with("failing", schedules.failing())
                                .with(
                                        "failures",
                                        schedules.failures().stream()
                                                .map(failure -> new JsonObject()
                                                        .with("schedule", failure.schedule())
                                                        .with("at", failure.at())
                                                        .with("error", failure.error()))
                                                .toList()));
    }

    static JsonObject json(QueueStats queue) {
        return new JsonObject()
                .with("queue", queue.queue())
                .with("running", queue.running())
                .with("ready", queue.ready())
                .with("scheduled", queue.scheduled())
                .with("per_second", rounded(queue.perSecond(), 2))
                .with("priorities", queue.lanes().stream().map(StatsTexts::json).toList());
    }

    private static JsonObject json(LaneStats lane) {
        return new JsonObject()
                .with("priority", lane.priority())
                .with("ready", lane.ready())
                .with("scheduled", lane.scheduled())
                .with("overdue", lane.overdue())
                .millis("late_ms", lane.late())
                .with("met", lane.met())
                .with("missed", lane.missed())
                .with("succeeded", lane.succeeded())
                .with("failed", lane.failed())
                .with("last_minute", lane.lastMinute())
                .millis("took_total_ms", lane.tookTotal());
    }

    static JsonObject json(NodeView node) {
        return new JsonObject()
                .with("name", node.name())
                .with("epoch", node.epoch())
                .with("host", node.host())
                .with("pid", node.pid())
                .with("started_at", node.startedAt())
                .with("heartbeat_at", node.heartbeatAt())
                .with("running", node.running())
                .with("kinds", node.kinds())
                .with("duty", node.duty())
                .with("off_peak", node.offPeak());
    }

    private static JsonObject json(Alarm alarm) {
        return new JsonObject()
                .with("kind", alarm.kind())
                .with("failed", alarm.failed())
                .with("attempts", alarm.attempts())
                .with("minutes", alarm.alarm().minutes())
                .with("ratio", rounded(alarm.ratio(), 4))
                .with("threshold", alarm.alarm().ratio());
    }

    private static BigDecimal rounded(double number, int places) {
        return BigDecimal.valueOf(number).setScale(places, RoundingMode.HALF_UP).stripTrailingZeros();
    }
}
