package dev.tidemill.rules;

import dev.tidemill.rules.KeyChanges.Merged;
import dev.tidemill.rules.Rule.Cause;
import dev.tidemill.rules.Trial.Page;
import dev.tidemill.rules.Trial.Tried;
import dev.tidemill.rules.Trial.Walked;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Goes through tables to find what rules would change, which is what nobody noticed, what failed, and what somebody undid.
 * The proof that the rest works.
 *
 * <p>Looking takes no lock, so it may see a change whose effect is not there yet. So whatever it finds is looked at again with
 * the key's shard in hand, when no pump is at it: what waits in {@code rule_change} then is only late and no drift, and what
 * still would change is, and is repaired in that same transaction.
 */
final class Sweeps {
    private static final Logger LOG = LoggerFactory.getLogger(Sweeps.class);
    private static final int ROWS_OF_A_KEY = 1_000;
    private static final int MOST_KEYS = 100_000;
    private static final int TIMES_IN_THE_WAY = 5;

    private final Database database;
    private final Catalog catalog;
    private final Trial trial;
    private final SeenRows seen;

    Sweeps(Database database, Catalog catalog, Trial trial) {
        this.database = database;
        this.catalog = catalog;
        this.trial = trial;
        this.seen = new SeenRows(database);
    }

    /** What a sweep has come to so far. */
    private static final class Tally {
        final int rule;
        final long run;
        final int cap;
        final Map<Cause, Long> causes = new EnumMap<>(Cause.class);
        long rows;
        long found;
        long repaired;
        long inTheWay;

        Tally(int rule, long run, int cap) {
            this.rule = rule;
            this.run = run;
            this.cap = cap;
        }

        @Nullable
        String note() {
            return inTheWay == 0
                    ? null
                    : "Keys that were passed over, because others held locks that the reaction needed: " + inTheWay
                            + ". The next sweep looks again.";
        }
    }

    /** Sweeps in the caller's thread. */
    Rule.Sweep sweep(Installed<?> rule) {
        Trial.check(rule);
        if (rule.rule().definition().onlyDeletes() && rule.rule().settings().expecting() == null) {
            throw Trial.onlyDeletes(rule.rule().name(), "a sweep");
        }
        long began = System.nanoTime();
        try {
            catalog.audit();
            Tally tally =
                    new Tally(rule.id(), begin(rule), rule.rule().settings().cap());
            try {
                String query = rule.rule().settings().expecting();
                if (query != null) {
                    byQuery(rule, tally, query);
                } else {
                    byTrying(rule, tally);
                }
                seen.forgetGone(rule);
                end(tally, "DONE", tally.note());
            } catch (SQLException | RuntimeException failed) {
                end(tally, "FAILED", Delivery.describe(failed));
                throw failed;
            }
            if (tally.found > 0) {
                LOG.warn(
                        "A sweep of the rule {} found {} that were not as they should be ({}) and repaired {}.",
                        rule.rule().name(),
                        tally.found,
                        tally.causes,
                        tally.repaired);
            }
            return new Rule.Sweep(
                    tally.rows, tally.found, tally.repaired, tally.causes, Duration.ofNanos(System.nanoTime() - began));
        } catch (SQLException failed) {
            throw Database.unavailable(failed);
        }
    }

    private long begin(Installed<?> rule) throws SQLException {
        return database.transaction(connection -> {
            database.update(connection, "cancel_sweeps", rule.id());
            return database.one(
                            connection,
                            "begin_run",
                            row -> row.getLong(1),
                            rule.id(),
                            "SWEEP",
                            1,
                            rule.reader().table().rowsExpected(),
                            (long) rule.rule().settings().cap())
                    .orElseThrow();
        });
    }

    private void end(Tally tally, String state, @Nullable String note) throws SQLException {
        database.transaction(connection -> {
            database.update(connection, "forget_drift", tally.rule, tally.rule);
            database.update(connection, "run_rows", tally.rows, tally.run);
            return database.update(connection, "run_end", state, note, tally.found, tally.repaired, tally.run);
        });
    }

    private void byTrying(Installed<?> rule, Tally tally) throws SQLException {
        String after = null;
        boolean more = true;
        while (more) {
            Walked walked = trial.walk(rule, after, Trial.PAGE);
            Map<String, List<Merged>> suspects = new LinkedHashMap<>();
            Map<String, String> clean = new TreeMap<>();
            for (Map.Entry<Merged, Tried> one : walked.tried()) {
                Merged row = one.getKey();
                Tried tried = one.getValue();
                if (tried.writesSomething() || tried.error() != null) {
                    suspects.computeIfAbsent(row.key(), key -> new ArrayList<>())
                            .add(row);
                } else {
                    clean.put(row.name(), String.valueOf(walked.current().of(row)));
                }
            }
            tally.rows += walked.tried().size();
            database.transaction(connection -> {
                seen.remember(connection, rule, clean);
                return true;
            });
            for (Map.Entry<String, List<Merged>> suspect : suspects.entrySet()) {
                confirm(rule, tally, suspect.getKey(), suspect.getValue(), null);
            }
            more = walked.last() != null;
            after = walked.last();
        }
    }

    private void byQuery(Installed<?> rule, Tally tally, String query) throws SQLException {
        List<String> keys = database.transaction(connection -> {
            try (PreparedStatement statement =
                            connection.prepareStatement(SqlReaction.wrongKeys(query) + " limit " + MOST_KEYS);
                    ResultSet rows = statement.executeQuery()) {
                List<String> found = new ArrayList<>();
                while (rows.next()) {
                    found.add(rows.getString(1));
                }
                return found;
            }
        });
        for (String key : keys) {
            confirm(rule, tally, key, List.of(), query);
        }
    }

    /** Looks again, with the key in hand, and repairs; where others are in the way a few times. That says nothing of the key. */
    private void confirm(Installed<?> rule, Tally tally, String key, List<Merged> suspects, @Nullable String query)
            throws SQLException {
        for (int tried = 0; tried < TIMES_IN_THE_WAY; tried++) {
            try {
                if (confirmed(rule, tally, key, suspects, query)) {
                    return;
                }
            } catch (Delivery.BrokenOffException slow) {
                database.transaction(connection -> {
                    found(connection, rule, tally, key, Cause.HANDLER_ERROR, false);
                    return true;
                });
                return;
            } catch (SQLException failed) {
                if (!Database.isTransient(failed)) {
                    throw failed;
                }
            }
        }
        tally.inTheWay++;
    }

    /** False if others were in the way; nothing was done then. */
    private boolean confirmed(Installed<?> rule, Tally tally, String key, List<Merged> suspects, @Nullable String query)
            throws SQLException {
        return database.transaction(connection -> {
            database.list(connection, "shard_of", row -> true, rule.id(), key);
            boolean[] late = database.one(
                            connection,
                            "is_pending",
                            row -> new boolean[] {row.getBoolean(1), row.getBoolean(2)},
                            rule.id(),
                            key,
                            rule.id(),
                            key,
                            key)
                    .orElseThrow();
            if (late[1]) {
                found(connection, rule, tally, key, Cause.HANDLER_ERROR, false);
            } else if (!late[0] && (query == null || stillWrong(connection, query, key))) {
                return repair(connection, rule, tally, key, suspects, query != null);
            }
            return true;
        });
    }

    private static boolean stillWrong(Connection connection, String query, String key) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(
                "select exists (select from (" + query + ") w (key) where w.key::text = ?)")) {
            statement.setString(1, key);
            try (ResultSet rows = statement.executeQuery()) {
                return rows.next() && rows.getBoolean(1);
            }
        }
    }

    /** False if others were in the way. */
    private boolean repair(
            Connection connection, Installed<?> rule, Tally tally, String key, List<Merged> suspects, boolean known)
            throws SQLException {
        Page page = rowsOf(connection, rule, key, suspects);
        boolean onlyLeftOut = page.rows().isEmpty() && !page.current().byId().isEmpty();
        if (onlyLeftOut || (page.rows().isEmpty() && !known)) {
            return true;
        }
        List<Merged> rows = page.rows().isEmpty() ? List.of(Merged.ofKey(key)) : page.rows();
        Tried tried = trial.attempt(connection, rule, rows, page.current(), RuleMode.REPAIR);
        if (tried.error() != null) {
            trial.undo(connection);
            if (Database.isTransient(tried.error())) {
                return false;
            }
            found(connection, rule, tally, key, Cause.HANDLER_ERROR, false);
        } else if (!tried.writesSomething() && !known) {
            trial.undo(connection);
        } else {
            Cause cause = cause(connection, rule, rows, page.current());
            boolean repaired = tried.writesSomething() && tally.repaired < tally.cap;
            if (repaired) {
                trial.keep(connection);
                tally.repaired++;
                seen.remember(connection, rule, rows);
            } else {
                trial.undo(connection);
            }
            found(connection, rule, tally, key, cause, repaired);
        }
        return true;
    }

    /** The rows as they are now but for those that the rule leaves out: those that were suspected, or all of the key. */
    private Page rowsOf(Connection connection, Installed<?> rule, String key, List<Merged> suspects)
            throws SQLException {
        RowReader reader = rule.reader();
        return Database.asTriggersWrite(connection, reading -> {
            if (suspects.isEmpty()) {
                return ofKey(reading, reader, key);
            }
            RowReader.Current current = reader.read(reading, suspects);
            List<Merged> there = suspects.stream()
                    .filter(row -> current.of(row) != null && !current.isLeftOut(row))
                    .toList();
            return new Page(there, current);
        });
    }

    private static Page ofKey(Connection connection, RowReader reader, String key) throws SQLException {
        String column = RowReader.quoted(reader.definition().key());
        boolean byKey = reader.table().isPrimaryKey(reader.definition().key());
        try (PreparedStatement statement = connection.prepareStatement("select ("
                + reader.table().rowId("t.") + ")::text, ("
                + reader.document() + ")::text, " + reader.leftOut() + " from "
                + reader.table().name() + " t where t." + column + " = ?::"
                + reader.table().columns().get(reader.definition().key()) + " limit " + ROWS_OF_A_KEY)) {
            statement.setString(1, key);
            List<Merged> rows = new ArrayList<>();
            Map<String, RowReader.Read> byId = new HashMap<>();
            Map<String, RowReader.Read> byKeys = new HashMap<>();
            try (ResultSet found = statement.executeQuery()) {
                while (found.next()) {
                    boolean leftOut = reader.definition().onlyDeletes() || found.getBoolean(3);
                    RowReader.Read read = new RowReader.Read(found.getString(2), leftOut);
                    byId.put(found.getString(1), read);
                    byKeys.put(key, read);
                    if (!leftOut) {
                        rows.add(Merged.asItIs(key, byKey ? null : found.getString(1)));
                    }
                }
            }
            return new Page(rows, new RowReader.Current(byId, byKeys, byKey));
        }
    }

    /** A row that is as the rule last saw it was not written since: somebody undid the effect. */
    private Cause cause(Connection connection, Installed<?> rule, List<Merged> rows, RowReader.Current current)
            throws SQLException {
        if (!rule.rule().isSwept()) {
            return Cause.UNKNOWN;
        }
        for (Merged row : rows) {
            if (!SeenRows.isRemembered(row.name())) {
                return Cause.UNKNOWN;
            }
            String now = current.of(row);
            boolean asSeen = database.one(
                            connection,
                            "digest",
                            found -> found.getBoolean(1),
                            String.valueOf(now),
                            rule.id(),
                            row.name())
                    .orElse(false);
            if (!asSeen) {
                return Cause.MISSED_CAPTURE;
            }
        }
        return Cause.MANUAL_EDIT;
    }

    private void found(Connection connection, Installed<?> rule, Tally tally, String key, Cause cause, boolean repaired)
            throws SQLException {
        tally.found++;
        tally.causes.merge(cause, 1L, Long::sum);
        database.update(connection, "drift", rule.id(), tally.run, key, cause.name(), repaired);
        if (tally.found % 100 == 0) {
            database.update(connection, "forget_drift", rule.id(), rule.id());
        }
    }
}
