package dev.tidemill.postgres;

import dev.tidemill.jobs.BreakerView;
import dev.tidemill.jobs.FailureAlarm;
import dev.tidemill.jobs.Priority;
import dev.tidemill.jobs.QueuePage;
import dev.tidemill.jobs.ScheduleStats;
import dev.tidemill.jobs.Stats;
import dev.tidemill.jobs.Stats.Alarm;
import dev.tidemill.jobs.Stats.Duty;
import dev.tidemill.jobs.Stats.LaneStats;
import dev.tidemill.jobs.Stats.NodeView;
import dev.tidemill.jobs.Stats.QueueStats;
import dev.tidemill.jobs.Stats.Unhandled;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Puts {@link Stats} together from the rollup, the tallies, the leases, the nodes, the schedules and the breakers: seven queries. */
final class StatsReader {
    private final Statements statements;

    StatsReader(Statements statements) {
        this.statements = statements;
    }

    Stats read(Connection connection, QueuePage page) throws SQLException {
        return new Reading(connection).stats(page);
    }

    /** What is gathered about a lane. */
    private static final class Lane {
        private long ready;
        private long scheduled;
        private long overdue;
        private long earliest = Long.MAX_VALUE;
        private long met;
        private long missed;
        private long succeeded;
        private long failed;
        private long lastMinute;
        private long tookMicros;

        LaneStats stats(Priority priority, long depthsAtMicros) {
            return new LaneStats(
                    priority,
                    ready,
                    scheduled,
                    overdue,
                    overdue == 0 ? Duration.ZERO : micros(Math.max(0, depthsAtMicros - earliest)),
                    met,
                    missed,
                    succeeded,
                    failed,
                    lastMinute,
                    micros(tookMicros));
        }
    }

    private final class Reading {
        private final Connection connection;
        /** By their numbers; what has no number has nothing to tell, and only its name is known. */
        private final Map<Integer, Map<Priority, Lane>> lanes = new HashMap<>();
        /** The numbers of the page's queues, by name, in their order. */
        private final Map<String, Integer> queues = new LinkedHashMap<>();

        private final Map<String, Long> readyByKind = new TreeMap<>();
        private final Map<String, Long> running = new TreeMap<>();
        private final List<NodeView> nodes = new ArrayList<>();
        private long depthsAt;
        private long matching;

        Reading(Connection connection) {
            this.connection = connection;
        }

        Stats stats(QueuePage page) throws SQLException {
            each("stats_running", rows -> running.put(rows.getString(1), rows.getLong(2)));
            Set<String> also = new HashSet<>(page.also());
            also.addAll(running.keySet());
            each(
                    "stats_depth",
                    this::depth,
                    also.toArray(String[]::new),
                    page.only(),
                    page.only(),
                    page.after(),
                    page.limit());
            int[] numbers = queues.values().stream().mapToInt(id -> id).toArray();
            each("stats_tally", this::tally, (Object) numbers);
            each("stats_nodes", this::node);
            long[] deadAndNow = new long[2];
            each("stats_dead_letters", rows -> {
                deadAndNow[0] = rows.getLong(1);
                deadAndNow[1] = rows.getLong(2);
            });
            List<QueueStats> lines = new ArrayList<>();
            queues.forEach((queue, id) -> {
                List<LaneStats> laneLines = new ArrayList<>();
                lanes.getOrDefault(id, Map.of())
                        .forEach((priority, lane) -> laneLines.add(lane.stats(priority, depthsAt)));
                lines.add(new QueueStats(queue, running.getOrDefault(queue, 0L), laneLines));
            });
            return new Stats(
                    instant(deadAndNow[1]),
                    instant(depthsAt),
                    lines,
                    matching - lines.size(),
                    nodes,
                    unhandled(),
                    deadAndNow[0],
                    schedules(),
                    alarms(),
                    PostgresBreakers.views(connection, statements).stream()
                            .filter(view -> view.state() != BreakerView.State.CLOSED)
                            .toList());
        }

        private ScheduleStats schedules() throws SQLException {
            List<ScheduleStats.Failure> failures = new ArrayList<>();
            long[] counts = new long[4];
            each("stats_schedules", rows -> {
                for (int i = 0; i < counts.length; i++) {
                    counts[i] = rows.getLong(i + 1);
                }
            });
            if (counts[3] > 0) {
                each(
                        "stats_schedule_failures",
                        rows -> failures.add(new ScheduleStats.Failure(
                                rows.getString(1), instant(rows.getLong(2)), rows.getString(3))));
            }
            return new ScheduleStats(counts[0], counts[1], counts[2], counts[3], failures);
        }

        private void depth(ResultSet rows) throws SQLException {
            switch (rows.getInt(1)) {
                case 0 -> depthsAt = rows.getLong(2);
                case 1 -> {
                    queues.put(rows.getString(5), rows.getInt(3));
                    matching = rows.getLong(6);
                }
                case 2 -> {
                    Lane lane = lane(rows.getInt(3), rows.getInt(4));
                    lane.ready = rows.getLong(6);
                    lane.overdue = rows.getLong(7);
                    long earliest = rows.getLong(8);
                    lane.earliest = rows.wasNull() ? Long.MAX_VALUE : earliest;
                    lane.scheduled = rows.getLong(9);
                }
                default -> readyByKind.put(rows.getString(5), rows.getLong(6));
            }
        }

        private void tally(ResultSet rows) throws SQLException {
            Lane lane = lane(rows.getInt(1), rows.getInt(2));
            lane.succeeded = rows.getLong(3);
            lane.failed = rows.getLong(4);
            lane.met = rows.getLong(5);
            lane.missed = rows.getLong(6);
            lane.tookMicros = rows.getLong(7);
            lane.lastMinute = rows.getLong(8);
        }

        private void node(ResultSet rows) throws SQLException {
            nodes.add(new NodeView(
                    rows.getString(1),
                    rows.getLong(2),
                    rows.getString(3),
                    rows.getLong(4),
                    instant(rows.getLong(5)),
                    instant(rows.getLong(6)),
                    rows.getInt(7),
                    List.of((String[]) rows.getArray(8).getArray()),
                    Duty.valueOf(rows.getString(9)),
                    List.of((String[]) rows.getArray(10).getArray())));
        }

        private Lane lane(int queue, int priority) {
            return lanes.computeIfAbsent(queue, id -> new EnumMap<>(Priority.class))
                    .computeIfAbsent(Priority.ofCode(priority), key -> new Lane());
        }

        private List<Unhandled> unhandled() {
            Set<String> handled = new HashSet<>();
            nodes.forEach(node -> handled.addAll(node.kinds()));
            List<Unhandled> waiting = new ArrayList<>();
            readyByKind.forEach((kind, ready) -> {
                if (!handled.contains(kind)) {
                    waiting.add(new Unhandled(kind, ready));
                }
            });
            return waiting;
        }

        private List<Alarm> alarms() throws SQLException {
            FailureAlarm standard = FailureAlarm.STANDARD;
            List<Alarm> alarms = new ArrayList<>();
            try (PreparedStatement statement = connection.prepareStatement(statements.get("stats_alarms"))) {
                Parameters.set(statement, standard.ratio(), standard.atLeast(), standard.minutes());
                try (ResultSet rows = statement.executeQuery()) {
                    while (rows.next()) {
                        alarms.add(new Alarm(
                                rows.getString(1),
                                rows.getLong(2),
                                rows.getLong(3),
                                new FailureAlarm(
                                        rows.getDouble(4), rows.getInt(5), Duration.ofMinutes(rows.getInt(6)))));
                    }
                }
            }
            return alarms;
        }

        private void each(String statementName, Row row, @Nullable Object... values) throws SQLException {
            try (PreparedStatement statement = connection.prepareStatement(statements.get(statementName))) {
                Parameters.set(statement, values);
                try (ResultSet rows = statement.executeQuery()) {
                    while (rows.next()) {
                        row.read(rows);
                    }
                }
            }
        }
    }

    @FunctionalInterface
    private interface Row {
        void read(ResultSet rows) throws SQLException;
    }

    private static Instant instant(long micros) {
        return PostgresDesk.instant(micros);
    }

    private static Duration micros(long micros) {
        return Duration.of(micros, ChronoUnit.MICROS);
    }
}
