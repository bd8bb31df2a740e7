package dev.tidemill.storefront.shop;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** One statement with its arguments, on a connection that the caller owns. */
public final class Sql {
    private final Connection connection;
    private final String text;
    private final @Nullable Object[] arguments;

    private Sql(Connection connection, String text, @Nullable Object[] arguments) {
        this.connection = connection;
        this.text = text;
        this.arguments = arguments;
    }

    /** Reads a row. */
    @FunctionalInterface
    public interface Row<T> {
        /** What the current row says. */
        T read(ResultSet row) throws SQLException;
    }

    /** A statement to run; an argument may be null. */
    public static Sql on(Connection connection, String text, @Nullable Object... arguments) {
        return new Sql(connection, text, arguments);
    }

    /** Runs it and says how many rows it touched. */
    public int update() throws SQLException {
        try (PreparedStatement statement = prepare()) {
            return statement.executeUpdate();
        }
    }

    /** Its first row, if it has one. */
    public <T> Optional<T> first(Row<T> row) throws SQLException {
        return list(row).stream().findFirst();
    }

    /** All its rows. */
    public <T> List<T> list(Row<T> row) throws SQLException {
        try (PreparedStatement statement = prepare();
                ResultSet rows = statement.executeQuery()) {
            List<T> read = new ArrayList<>();
            while (rows.next()) {
                read.add(row.read(rows));
            }
            return read;
        }
    }

    /** A time column; null where it is. */
    public static @Nullable Instant instant(ResultSet row, String column) throws SQLException {
        OffsetDateTime value = row.getObject(column, OffsetDateTime.class);
        return value == null ? null : value.toInstant();
    }

    private PreparedStatement prepare() throws SQLException {
        PreparedStatement statement = connection.prepareStatement(text);
        try {
            for (int index = 0; index < arguments.length; index++) {
                statement.setObject(index + 1, arguments[index]);
            }
            return statement;
        } catch (SQLException | RuntimeException failed) {
            statement.close();
            throw failed;
        }
    }
}
