package dev.tidemill.rules;

import dev.tidemill.rules.capture.Definition;
import dev.tidemill.rules.capture.TableShape;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Reads rows of a rule's table as they are now: by primary key, and by the rule's key where that is unique. */
final class RowReader {
    private final TableShape table;
    private final Definition definition;
    private final @Nullable String condition;

    /**
     * One for a rule.
     *
     * @param condition the function that its condition is in; null if it has none
     */
    RowReader(TableShape table, Definition definition, @Nullable String condition) {
        this.table = table;
        this.definition = definition;
        this.condition = condition;
    }

    /**
     * A row that was read.
     *
     * @param document what the rule sees of it
     * @param leftOut whether the rule's condition leaves it out
     */
    record Read(String document, boolean leftOut) {}

    /**
     * Rows that were read, by primary key as JSON and by key.
     *
     * @param unique whether a key stands for one row, which then was read by it
     */
    record Current(Map<String, Read> byId, Map<String, Read> byKey, boolean unique) {
        static final Current NONE = new Current(Map.of(), Map.of(), false);

        @Nullable
        String of(KeyChanges.Merged row) {
            Read read = read(row);
            return read == null ? null : read.document;
        }

        private @Nullable Read read(KeyChanges.Merged row) {
            return row.rowId() != null ? byId.get(row.rowId()) : byKey.get(row.key());
        }

        /** Whether it is there, and the rule's condition leaves it out. */
        boolean isLeftOut(KeyChanges.Merged row) {
            Read read = read(row);
            return read != null && read.leftOut;
        }

        /** Whether it was looked for and is not there any more. */
        boolean isGone(KeyChanges.Merged row) {
            return row.read() && (row.rowId() != null || unique) && of(row) == null;
        }
    }

    TableShape table() {
        return table;
    }

    Definition definition() {
        return definition;
    }

    /** What has to be read of these. */
    Current read(Connection connection, List<KeyChanges.Merged> rows) throws SQLException {
        return readAll(connection, rows.stream().filter(KeyChanges.Merged::read).toList());
    }

    /** All of these as they are now, but for those of which only a key is known that several rows may have. */
    Current readAll(Connection connection, List<KeyChanges.Merged> rows) throws SQLException {
        Set<String> ids = new LinkedHashSet<>();
        Set<String> keys = new LinkedHashSet<>();
        for (KeyChanges.Merged row : rows) {
            if (row.rowId() != null) {
                ids.add(row.rowId());
            } else if (table.isUnique(definition.key())) {
                keys.add(row.key());
            }
        }
        if (ids.isEmpty() && keys.isEmpty()) {
            return Current.NONE;
        }
        return new Current(byId(connection, ids), byKey(connection, keys), table.isUnique(definition.key()));
    }

    private Map<String, Read> byKey(Connection connection, Set<String> keys) throws SQLException {
        String key = quoted(definition.key());
        return keys.isEmpty()
                ? Map.of()
                : query(
                        connection,
                        "select t." + key + "::text, " + document() + "::text, " + leftOut() + " from " + table.name()
                                + " t where t." + key + " = any (?::text[]::" + type(definition.key()) + "[])",
                        keys.toArray(String[]::new));
    }

    /** By name, so that a primary key of several columns works like one of a single column. */
    private Map<String, Read> byId(Connection connection, Set<String> ids) throws SQLException {
        if (ids.isEmpty()) {
            return Map.of();
        }
        StringBuilder columns = new StringBuilder();
        StringBuilder equal = new StringBuilder();
        for (int i = 0; i < table.primaryKey().size(); i++) {
            String column = table.primaryKey().get(i);
            columns.append(i == 0 ? "" : ", ")
                    .append("(r.id::jsonb->>")
                    .append(i)
                    .append(")::")
                    .append(type(column))
                    .append(" as c")
                    .append(i);
            equal.append(i == 0 ? "" : " and ")
                    .append("t.")
                    .append(quoted(column))
                    .append(" = k.c")
                    .append(i);
        }
        return query(
                connection,
                "select k.id, " + document() + "::text, " + leftOut() + " from (select r.id, " + columns
                        + " from unnest(?::text[]) r (id)) k" + " join " + table.name() + " t on " + equal,
                ids.toArray(String[]::new));
    }

    private static Map<String, Read> query(Connection connection, String sql, String[] values) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            statement.setObject(1, values);
            Map<String, Read> found = new HashMap<>();
            try (ResultSet rows = statement.executeQuery()) {
                while (rows.next()) {
                    found.put(rows.getString(1), new Read(rows.getString(2), rows.getBoolean(3)));
                }
            }
            return found;
        }
    }

    /** What is kept of a row, of the table by the alias t. */
    String document() {
        return table.document(definition, "t.");
    }

    /** Whether the rule's condition leaves out a row of the table by the alias t, which is asked as of one that came. */
    String leftOut() {
        return condition == null ? "false" : "not " + condition + "(null::jsonb, " + document() + ")";
    }

    private String type(String column) {
        return String.valueOf(table.columns().get(column));
    }

    static String quoted(String name) {
        return '"' + name.replace("\"", "\"\"") + '"';
    }

    /**
     * A page in the order of the primary key.
     *
     * @param after the primary key that the page before ended with, as JSON; null for the first page
     */
    String page(@Nullable String after, String selected, int rows) {
        String order = String.join(
                ", ",
                table.primaryKey().stream().map(column -> "t." + quoted(column)).toList());
        StringBuilder from = new StringBuilder();
        if (after != null) {
            from.append(" where (").append(order).append(") > (");
            for (int i = 0; i < table.primaryKey().size(); i++) {
                from.append(i == 0 ? "" : ", ")
                        .append("(?::jsonb->>")
                        .append(i)
                        .append(")::")
                        .append(type(table.primaryKey().get(i)));
            }
            from.append(")");
        }
        return "select " + selected + " from " + table.name() + " t" + from + " order by " + order + " limit " + rows;
    }
}
