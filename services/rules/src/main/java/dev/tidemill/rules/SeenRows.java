package dev.tidemill.rules;

import dev.tidemill.rules.KeyChanges.Merged;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * How rows were when their rule last saw them, for rules that are swept: digests in {@code rule_seen}, one a row of the
 * application's table. A digest goes with its row: when the rule is told that the row went, or else with the next sweep.
 */
final class SeenRows {
    /** In bytes of UTF-8; a page of an index has room for some 2,700, with the other columns. */
    private static final int LONGEST_NAME = 2_000;

    private static final int PAGE = 1_000;

    private final Database database;

    SeenRows(Database database) {
        this.database = database;
    }

    /** Whether a row of this name is remembered: not one whose primary key is longer than an index takes. */
    static boolean isRemembered(String name) {
        return name.length() <= LONGEST_NAME / 3 || name.getBytes(StandardCharsets.UTF_8).length <= LONGEST_NAME;
    }

    /**
     * How rows are once they were reacted to. They are read again, since the reaction may have written them itself, and what it
     * wrote is no news to it.
     */
    void remember(Connection connection, Installed<?> rule, List<Merged> rows) throws SQLException {
        if (!rule.rule().isSwept() || rows.isEmpty()) {
            return;
        }
        RowReader.Current current =
                Database.asTriggersWrite(connection, reading -> rule.reader().readAll(reading, rows));
        boolean byKey = isByKey(rule);
        Map<String, String> there = new TreeMap<>();
        Collection<String> gone = new TreeSet<>();
        for (Merged row : rows) {
            if (row.rowId() == null && !byKey) {
                // Of a statement on many rows: the key is not what a sweep knows the row by.
                continue;
            }
            String now = current.of(row);
            if (now == null) {
                gone.add(row.name());
            } else {
                there.put(row.name(), now);
            }
        }
        remember(connection, rule, there);
        forget(connection, rule, gone);
    }

    /** That rows are like this, by their names. */
    void remember(Connection connection, Installed<?> rule, Map<String, String> rows) throws SQLException {
        Map<String, String> named = new TreeMap<>(rows);
        named.keySet().removeIf(name -> !isRemembered(name));
        if (rule.rule().isSwept() && !named.isEmpty()) {
            database.update(
                    connection,
                    "seen",
                    rule.id(),
                    connection.createArrayOf("text", named.keySet().toArray()),
                    connection.createArrayOf("text", named.values().toArray()));
        }
    }

    private void forget(Connection connection, Installed<?> rule, Collection<String> gone) throws SQLException {
        if (!gone.isEmpty()) {
            database.update(
                    connection, "forget_seen", rule.id(), connection.createArrayOf("text", gone.toArray()), rule.id());
        }
    }

    /** Forgets rows that are gone and whose rule was not told: it does not react to deletes, or nobody noticed. */
    void forgetGone(Installed<?> rule) throws SQLException {
        if (!rule.rule().isSwept()) {
            return;
        }
        List<String> names = List.of("");
        while (!names.isEmpty()) {
            String after = names.getLast();
            names = database.transaction(connection ->
                    database.list(connection, "seen_page", row -> row.getString(1), rule.id(), after, PAGE));
            forgetGone(rule, names);
        }
    }

    /** What does not read as a primary key of the table is of one that it had before, and goes, too. */
    private void forgetGone(Installed<?> rule, List<String> names) throws SQLException {
        if (names.isEmpty()) {
            return;
        }
        try {
            database.transaction(connection -> {
                forget(connection, rule, gone(connection, rule, names));
                return true;
            });
        } catch (SQLException unread) {
            if (!Database.isMisread(unread)) {
                throw unread;
            }
            int half = names.size() / 2;
            if (half == 0) {
                database.transaction(connection -> {
                    forget(connection, rule, names);
                    return true;
                });
            } else {
                forgetGone(rule, names.subList(0, half));
                forgetGone(rule, names.subList(half, names.size()));
            }
        }
    }

    private static List<String> gone(Connection connection, Installed<?> rule, List<String> names) throws SQLException {
        boolean byKey = isByKey(rule);
        List<Merged> rows = names.stream()
                .map(name -> byKey ? Merged.asItIs(name, null) : Merged.asItIs("", name))
                .toList();
        RowReader.Current current =
                Database.asTriggersWrite(connection, reading -> rule.reader().readAll(reading, rows));
        return rows.stream()
                .filter(row -> current.of(row) == null)
                .map(Merged::name)
                .toList();
    }

    private static boolean isByKey(Installed<?> rule) {
        return rule.reader().table().isPrimaryKey(rule.reader().definition().key());
    }
}
