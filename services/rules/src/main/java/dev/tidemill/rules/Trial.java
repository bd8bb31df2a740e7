package dev.tidemill.rules;

import dev.tidemill.jobs.Tidemill;
import dev.tidemill.rules.KeyChanges.Merged;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Tries reactions and sees what they write, by what PostgreSQL counts of the transaction under way. So an update that
 * leaves a row as it is counts as well: there is no telling it from another without looking at every row.
 */
final class Trial {
    /** How many rows are read at a time. */
    static final int PAGE = 200;

    private static final int KEYS = 100;
    private static final int ERRORS = 20;

    private final Database database;
    private final Tidemill mill;
    private final Delivery delivery;
    private final Watch watch;

    Trial(Database database, Tidemill mill, Delivery delivery, Watch watch) {
        this.database = database;
        this.mill = mill;
        this.delivery = delivery;
        this.watch = watch;
    }

    /**
     * What a reaction did.
     *
     * @param writes how many rows it wrote, by table
     * @param error what it threw; null if it returned
     */
    record Tried(Map<String, Long> writes, @Nullable Exception error) {
        boolean writesSomething() {
            return !writes.isEmpty();
        }
    }

    /** Rows of a table as they are, by what the rule knows them by. */
    record Page(List<Merged> rows, RowReader.Current current) {}

    /**
     * A page of the table.
     *
     * @param places the primary keys of its rows, as JSON
     * @param last the primary key that it ends with, of a row that was passed over perhaps; null if there was none left
     */
    private record Leaf(
            Page page, List<String> places, @Nullable String last) {}

    /**
     * What came of rows that were tried one by one, each undone.
     *
     * @param current the rows as they were
     * @param last where to go on; null at the end of the table
     */
    record Walked(
            List<Map.Entry<Merged, Tried>> tried,
            RowReader.Current current,
            @Nullable String last) {}

    static void check(Installed<?> rule) {
        if (rule.rule().settings().outside()) {
            throw new RuleException(
                    RuleError.OUTSIDE,
                    "The rule '" + rule.rule().name()
                            + "' works outside the database, where nothing can be undone: it is not tried.");
        }
    }

    /**
     * Tries it in the caller's transaction, which then has a savepoint: keep it or go back to it.
     *
     * @throws Delivery.BrokenOffException if it took too long; the transaction is of no more use
     */
    <T> Tried attempt(
            Connection connection, Installed<T> rule, List<Merged> rows, RowReader.Current current, RuleMode mode)
            throws SQLException {
        Delivery.execute(connection, "savepoint tidemill_trial; " + delivery.settings(rule.id(), ""));
        Map<String, Long> before = written(connection);
        Watch.Guard guard = watch.guard(connection, rule.rule().settings().timeout());
        try {
            try (guard) {
                rule.rule()
                        .react(
                                rows,
                                current,
                                connection,
                                new RunOf(mill, rule.rule().name(), mode, 1, LentConnection.of(connection)));
            }
            if (guard.hasBrokenOff()) {
                throw new InterruptedException("it was broken off");
            }
            Map<String, Long> writes = new TreeMap<>();
            written(connection).forEach((table, count) -> {
                long more = count - before.getOrDefault(table, 0L);
                if (more > 0) {
                    writes.put(table, more);
                }
            });
            return new Tried(writes, null);
        } catch (Exception failed) {
            if (guard.hasBrokenOff()) {
                throw new Delivery.BrokenOffException(
                        "It took longer than " + rule.rule().settings().timeout() + " and was broken off.", failed);
            }
            if (failed instanceof InterruptedException) {
                // The process stops, which says nothing of the row.
                Thread.currentThread().interrupt();
                throw new SQLException("Interrupted in a reaction.", "57014", failed);
            }
            if (Database.isBroken(failed) || connection.isClosed()) {
                throw new SQLException("The connection broke in a reaction.", "08006", failed);
            }
            return new Tried(Map.of(), failed);
        }
    }

    void undo(Connection connection) throws SQLException {
        Delivery.execute(connection, "rollback to savepoint tidemill_trial; release savepoint tidemill_trial");
    }

    void keep(Connection connection) throws SQLException {
        Delivery.execute(connection, "release savepoint tidemill_trial");
    }

    private Map<String, Long> written(Connection connection) throws SQLException {
        Map<String, Long> counts = new HashMap<>();
        database.list(connection, "written", row -> counts.put(row.getString(1), row.getLong(2)));
        return counts;
    }

    /** Tries rows of a page, in the order of the primary key. Where a call is broken off the rest is left to the next. */
    <T> Walked walk(Installed<T> rule, @Nullable String after, int most) throws SQLException {
        return database.undone(connection -> {
            Leaf leaf = page(connection, rule, after);
            List<Map.Entry<Merged, Tried>> tried = new ArrayList<>();
            for (Merged row : leaf.page.rows()) {
                if (tried.size() == most) {
                    return new Walked(tried, leaf.page.current(), leaf.places.get(most - 1));
                }
                try {
                    tried.add(Map.entry(
                            row, attempt(connection, rule, List.of(row), leaf.page.current(), RuleMode.DRY_RUN)));
                    undo(connection);
                } catch (Delivery.BrokenOffException slow) {
                    RuleException told = new RuleException(RuleError.TOO_SLOW, String.valueOf(slow.getMessage()), slow);
                    tried.add(Map.entry(row, new Tried(Map.of(), told)));
                    return new Walked(tried, leaf.page.current(), leaf.places.get(tried.size() - 1));
                }
            }
            return new Walked(tried, leaf.page.current(), leaf.last);
        });
    }

    /**
     * A page of the table, in the order of the primary key; rows without a key, and those that the rule's condition leaves out,
     * are passed over.
     */
    private static Leaf page(Connection connection, Installed<?> rule, @Nullable String after) throws SQLException {
        return Database.asTriggersWrite(connection, reading -> read(reading, rule, after));
    }

    private static Leaf read(Connection connection, Installed<?> rule, @Nullable String after) throws SQLException {
        RowReader reader = rule.reader();
        String key = RowReader.quoted(reader.definition().key());
        boolean byKey = reader.table().isPrimaryKey(reader.definition().key());
        String selected = "(" + reader.table().rowId("t.") + ")::text, t." + key + "::text, (" + reader.document()
                + ")::text, " + reader.leftOut();
        List<Merged> rows = new ArrayList<>();
        List<String> places = new ArrayList<>();
        Map<String, RowReader.Read> byId = new HashMap<>();
        Map<String, RowReader.Read> byKeys = new HashMap<>();
        String last = null;
        try (PreparedStatement statement = connection.prepareStatement(reader.page(after, selected, PAGE))) {
            if (after != null) {
                for (int i = 1; i <= reader.table().primaryKey().size(); i++) {
                    statement.setString(i, after);
                }
            }
            try (ResultSet found = statement.executeQuery()) {
                while (found.next()) {
                    last = found.getString(1);
                    String value = found.getString(2);
                    if (value != null && !found.getBoolean(4)) {
                        RowReader.Read read = new RowReader.Read(found.getString(3), false);
                        rows.add(Merged.asItIs(value, byKey ? null : last));
                        places.add(last);
                        byId.put(last, read);
                        byKeys.put(value, read);
                    }
                }
            }
        }
        return new Leaf(new Page(rows, new RowReader.Current(byId, byKeys, byKey)), places, last);
    }

    /** What goes through the rows that are there has nothing to do for a rule that is told of rows that went. */
    static RuleException onlyDeletes(String rule, String what) {
        return new RuleException(
                RuleError.INVALID,
                "The rule '" + rule + "' reacts to deletes alone (onDelete), and " + what
                        + " goes through the rows that are there. Have it react to inserts or updates as well; for sweeps"
                        + " alone, a query for the keys that are wrong does too (expecting).");
    }

    /** Goes through the first rows and undoes everything. */
    <T> Rule.DryRun dryRun(Installed<T> rule, int mostRows) {
        check(rule);
        if (rule.rule().definition().onlyDeletes()) {
            throw onlyDeletes(rule.rule().name(), "a dry run");
        }
        long seen = 0;
        long changing = 0;
        long failed = 0;
        Map<String, Long> writes = new TreeMap<>();
        List<String> keys = new ArrayList<>();
        Map<String, String> errors = new LinkedHashMap<>();
        String after = null;
        boolean complete = false;
        try {
            while (seen < mostRows && !complete) {
                Walked walked = walk(rule, after, (int) Math.min(PAGE, mostRows - seen));
                for (Map.Entry<Merged, Tried> one : walked.tried()) {
                    Exception error = one.getValue().error();
                    seen++;
                    if (error != null) {
                        failed++;
                        if (errors.size() < ERRORS) {
                            errors.put(one.getKey().key(), Delivery.describe(error));
                        }
                    } else if (one.getValue().writesSomething()) {
                        changing++;
                        one.getValue().writes().forEach((table, count) -> writes.merge(table, count, Long::sum));
                        if (keys.size() < KEYS) {
                            keys.add(one.getKey().key());
                        }
                    }
                }
                complete = walked.last() == null;
                after = walked.last();
            }
        } catch (SQLException unreachable) {
            throw Database.unavailable(unreachable);
        }
        return new Rule.DryRun(seen, changing, writes, failed, keys, errors, complete);
    }
}
