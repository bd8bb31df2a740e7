package dev.tidemill.rules;

import dev.tidemill.rules.RuleStatus.Lag;
import dev.tidemill.rules.RuleStatus.Walk;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;

/** Reads how rules are. */
final class StatusReader {
    private final Database database;

    StatusReader(Database database) {
        this.database = database;
    }

    /** What the processes counted. */
    private static final class Sums {
        long changes;
        long effects;
        long coalesced;
        long skipped;
        long failures;
        long reactionMicros;
        long slowestMicros;
        final long[] lag = new long[Meter.CLASSES];

        void add(ResultSet row) throws SQLException {
            changes += row.getLong(2);
            effects += row.getLong(3);
            coalesced += row.getLong(4);
            skipped += row.getLong(5);
            failures += row.getLong(6);
            reactionMicros += row.getLong(7);
            slowestMicros = Math.max(slowestMicros, row.getLong(8));
            Long[] classes = (Long[]) row.getArray(9).getArray();
            for (int i = 0; i < Math.min(classes.length, lag.length); i++) {
                lag[i] += classes[i];
            }
        }

        Lag lag() {
            return new Lag(within(0.5), within(0.95), within(0.99));
        }

        private Optional<Duration> within(double share) {
            long all = 0;
            for (long some : lag) {
                all += some;
            }
            if (all == 0) {
                return Optional.empty();
            }
            long wanted = (long) Math.ceil(all * share);
            long seen = 0;
            int lagClass = 0;
            while (lagClass < lag.length - 1 && (seen += lag[lagClass]) < wanted) {
                lagClass++;
            }
            return Optional.of(Duration.of(Meter.microsOf(lagClass), ChronoUnit.MICROS));
        }
    }

    List<RuleStatus> read(Set<String> here) {
        return database.ask(connection -> {
            if (!database.one(connection, "are_there", row -> row.getBoolean(1)).orElse(false)) {
                return List.of();
            }
            Map<Integer, Sums> sums = new HashMap<>();
            database.list(connection, "minutes", row -> {
                sums.computeIfAbsent(row.getInt(1), rule -> new Sums()).add(row);
                return true;
            });
            Map<String, Walk> walks = walks(connection);
            return database.list(connection, "status", row -> status(row, here, sums, walks));
        });
    }

    private Map<String, Walk> walks(Connection connection) throws SQLException {
        Map<Integer, Map<Rule.Cause, Long>> causes = new HashMap<>();
        database.list(
                connection,
                "causes",
                row -> causes.computeIfAbsent(row.getInt(1), rule -> new EnumMap<>(Rule.Cause.class))
                        .put(Rule.Cause.valueOf(row.getString(2)), row.getLong(3)));
        Map<String, Walk> walks = new HashMap<>();
        database.list(connection, "runs", row -> {
            walks.put(
                    row.getInt(1) + row.getString(3),
                    new Walk(
                            row.getLong(2),
                            row.getString(4),
                            row.getLong(5),
                            row.getLong(6),
                            row.getLong(7),
                            row.getLong(8),
                            row.getString(3).equals("SWEEP") ? causes.getOrDefault(row.getInt(1), Map.of()) : Map.of(),
                            row.getString(9),
                            time(row, 10),
                            Database.instant(row, 11)));
            return true;
        });
        return walks;
    }

    private static Instant time(ResultSet row, int column) throws SQLException {
        return Objects.requireNonNull(Database.instant(row, column), "time");
    }

    private static RuleStatus status(ResultSet row, Set<String> here, Map<Integer, Sums> sums, Map<String, Walk> walks)
            throws SQLException {
        int id = row.getInt(1);
        String broken = row.getString(5);
        Sums counted = sums.getOrDefault(id, new Sums());
        long oldest = row.getLong(8);
        boolean none = row.wasNull();
        long seen = row.getLong(12);
        boolean silent = row.wasNull();
        return new RuleStatus(
                row.getString(2),
                row.getString(3),
                broken != null ? RuleState.BROKEN : row.getBoolean(4) ? RuleState.PAUSED : RuleState.ACTIVE,
                broken,
                time(row, 6),
                here.contains(row.getString(2)),
                row.getLong(7),
                none ? Optional.empty() : Optional.of(Duration.ofMillis(Math.max(oldest, 0))),
                row.getLong(9),
                Optional.ofNullable(Database.instant(row, 11)),
                row.getLong(10),
                counted.lag(),
                counted.changes,
                counted.effects,
                counted.coalesced,
                counted.skipped,
                counted.failures,
                counted.slowestMicros == 0
                        ? Optional.empty()
                        : Optional.of(Duration.of(counted.slowestMicros, ChronoUnit.MICROS)),
                Duration.of(counted.reactionMicros, ChronoUnit.MICROS),
                Optional.ofNullable(walks.get(id + "BACKFILL")),
                Optional.ofNullable(walks.get(id + "SWEEP")),
                new RuleStatus.Code(
                        silent ? Optional.empty() : Optional.of(Duration.ofMillis(Math.max(seen, 0))),
                        Duration.ofMillis(row.getLong(13)),
                        row.getBoolean(14)));
    }

    List<Rule.ParkedKey> parked(int rule, int most) {
        return database.ask(connection -> database.list(
                connection,
                "parked_keys",
                row -> {
                    long job = row.getLong(3);
                    return new Rule.ParkedKey(
                            row.getString(1),
                            "CIRCLE".equals(row.getString(2)),
                            job == 0 ? Optional.empty() : Optional.of(job),
                            row.getString(4),
                            time(row, 5));
                },
                rule,
                most));
    }

    List<Rule.Drift> drifts(int rule, int most) {
        return database.ask(connection -> database.list(
                connection,
                "drifts",
                row -> new Rule.Drift(
                        row.getString(1), Rule.Cause.valueOf(row.getString(2)), row.getBoolean(3), time(row, 4)),
                rule,
                most));
    }
}
