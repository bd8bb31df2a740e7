package dev.tidemill.server.tables;

import java.sql.Array;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Named statements of a file, for one schema, and how they are run. Thread safe. */
public final class Statements {
    private static final Pattern SECTION = Pattern.compile("(?m)^-- :");
    /** No statement of the server's own tables has a reason to take this long. */
    private static final int ANSWER_WITHIN_SECONDS = 10;

    private final Map<String, String> byName = new HashMap<>();

    Statements(String text, String schema) {
        String[] sections = SECTION.split(text, -1);
        for (int i = 1; i < sections.length; i++) {
            int end = sections[i].indexOf('\n');
            String sql = sections[i].substring(end).strip().replace("{schema}", '"' + schema + '"');
            if (byName.put(sections[i].substring(0, end).strip(), sql) != null) {
                throw new IllegalStateException("Two statements are named " + sections[i].substring(0, end) + ".");
            }
        }
    }

    /** Reads a row. */
    @FunctionalInterface
    public interface Row<T> {
        T read(ResultSet row) throws SQLException;
    }

    /** The rows that a statement returns. */
    public <T> List<T> list(Connection connection, String name, Row<T> row, @Nullable Object... values)
            throws SQLException {
        List<T> found = new ArrayList<>();
        try (PreparedStatement statement = prepare(connection, name, values);
                ResultSet rows = statement.executeQuery()) {
            while (rows.next()) {
                found.add(row.read(rows));
            }
        }
        return found;
    }

    /** The first row that a statement returns. */
    public <T> Optional<T> first(Connection connection, String name, Row<T> row, @Nullable Object... values)
            throws SQLException {
        return list(connection, name, row, values).stream().findFirst();
    }

    /** Runs a statement that returns no rows; how many it touched. */
    public int run(Connection connection, String name, @Nullable Object... values) throws SQLException {
        try (PreparedStatement statement = prepare(connection, name, values)) {
            return statement.execute() ? 0 : statement.getUpdateCount();
        }
    }

    private PreparedStatement prepare(Connection connection, String name, @Nullable Object... values)
            throws SQLException {
        String sql = Objects.requireNonNull(byName.get(name), () -> "no statement is named " + name);
        PreparedStatement statement = connection.prepareStatement(sql);
        try {
            statement.setQueryTimeout(ANSWER_WITHIN_SECONDS);
            for (int i = 0; i < values.length; i++) {
                set(connection, statement, i + 1, values[i]);
            }
            return statement;
        } catch (SQLException failed) {
            statement.close();
            throw failed;
        }
    }

    private static void set(Connection connection, PreparedStatement statement, int index, @Nullable Object value)
            throws SQLException {
        switch (value) {
            case null -> statement.setObject(index, null);
            case byte[] bytes -> statement.setBytes(index, bytes);
            case byte[][] many -> statement.setArray(index, array(connection, "bytea", many));
            case String[] many -> statement.setArray(index, array(connection, "text", many));
            case Integer[] many -> statement.setArray(index, array(connection, "integer", many));
            case Long[] many -> statement.setArray(index, array(connection, "bigint", many));
            default -> statement.setObject(index, value);
        }
    }

    private static Array array(Connection connection, String type, Object[] values) throws SQLException {
        return connection.createArrayOf(type, values);
    }
}
