package dev.tidemill.rules;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/**
 * The database of the rules: transactions under READ COMMITTED, whatever the server's default, with nothing left in the
 * session, so that a pooler may be in between. Thread safe.
 */
final class Database {
    /** What is done in a transaction. */
    @FunctionalInterface
    interface Work<T> {
        T on(Connection connection) throws SQLException;
    }

    /** Reads a row. */
    @FunctionalInterface
    interface Reader<T> {
        T read(ResultSet row) throws SQLException;
    }

    private static final int ANSWER_WITHIN_MILLIS = 60_000;

    private final DataSource dataSource;
    private final RuleSql sql;

    Database(DataSource dataSource, RuleSql sql) {
        this.dataSource = dataSource;
        this.sql = sql;
    }

    /** A connection to keep, in a transaction from its first statement on. */
    Connection open() throws SQLException {
        Connection connection = dataSource.getConnection();
        try {
            connection.setAutoCommit(false);
            connection.setNetworkTimeout(Runnable::run, ANSWER_WITHIN_MILLIS);
            return connection;
        } catch (SQLException failed) {
            connection.close();
            throw failed;
        }
    }

    /** Begins a transaction. */
    void begin(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute("set transaction isolation level read committed");
        }
    }

    /** Does this in a transaction on a connection of its own, and commits. */
    <T> T transaction(Work<T> work) throws SQLException {
        try (Connection connection = dataSource.getConnection()) {
            boolean autoCommit = connection.getAutoCommit();
            connection.setAutoCommit(false);
            try {
                begin(connection);
                T result = work.on(connection);
                connection.commit();
                connection.setAutoCommit(autoCommit);
                return result;
            } catch (Throwable failed) {
                giveUp(connection, failed);
                throw failed;
            }
        }
    }

    /** Does this in a transaction that is rolled back. */
    <T> T undone(Work<T> work) throws SQLException {
        try (Connection connection = dataSource.getConnection()) {
            connection.setAutoCommit(false);
            try {
                begin(connection);
                return work.on(connection);
            } finally {
                rollBack(connection);
            }
        }
    }

    private static void rollBack(Connection connection) {
        try {
            connection.rollback();
            connection.setAutoCommit(true);
        } catch (SQLException broken) {
            // What was done is gone with the connection.
        }
    }

    /**
     * Reads rows as triggers write them, so that what is kept of a row can be compared with what is read of it. Whatever this
     * writes is undone.
     */
    static <T> T asTriggersWrite(Connection connection, Work<T> reading) throws SQLException {
        Delivery.execute(connection, "savepoint tidemill_reading; set local timezone = 'UTC'");
        T read = reading.on(connection);
        Delivery.execute(connection, "rollback to savepoint tidemill_reading; release savepoint tidemill_reading");
        return read;
    }

    private static void giveUp(Connection connection, Throwable why) {
        try {
            connection.rollback();
            connection.setAutoCommit(true);
        } catch (SQLException broken) {
            why.addSuppressed(broken);
        }
    }

    /** As {@link #transaction}, with errors that callers need not declare. */
    <T> T ask(Work<T> work) {
        try {
            return transaction(work);
        } catch (SQLException failed) {
            throw unavailable(failed);
        }
    }

    static RuleException unavailable(SQLException failed) {
        return new RuleException(
                RuleError.DATABASE, "The database refused or did not answer: " + failed.getMessage(), failed);
    }

    String text(String name) {
        return sql.get(name);
    }

    int update(Connection connection, String name, @Nullable Object... parameters) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(sql.get(name))) {
            set(statement, parameters);
            return statement.executeUpdate();
        }
    }

    /** Runs a statement whose answer, if there is one, nobody needs. */
    void run(Connection connection, String name, @Nullable Object... parameters) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(sql.get(name))) {
            set(statement, parameters);
            statement.execute();
        }
    }

    <T> List<T> list(Connection connection, String name, Reader<T> reader, @Nullable Object... parameters)
            throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(sql.get(name))) {
            set(statement, parameters);
            List<T> found = new ArrayList<>();
            try (ResultSet rows = statement.executeQuery()) {
                while (rows.next()) {
                    found.add(reader.read(rows));
                }
            }
            return found;
        }
    }

    <T> Optional<T> one(Connection connection, String name, Reader<T> reader, @Nullable Object... parameters)
            throws SQLException {
        return list(connection, name, reader, parameters).stream().findFirst();
    }

    private static void set(PreparedStatement statement, @Nullable Object... parameters) throws SQLException {
        for (int i = 0; i < parameters.length; i++) {
            statement.setObject(i + 1, parameters[i]);
        }
    }

    static @Nullable Instant instant(ResultSet row, int column) throws SQLException {
        OffsetDateTime time = row.getObject(column, OffsetDateTime.class);
        return time == null ? null : time.toInstant();
    }

    /** Whether the same may work at once: others were in the way. */
    static boolean isTransient(Throwable failed) {
        String state = sqlState(failed);
        return "40P01".equals(state) || "40001".equals(state) || "55P03".equals(state);
    }

    /** Whether a value was not what its type takes. */
    static boolean isMisread(Throwable failed) {
        String state = sqlState(failed);
        return state != null && state.startsWith("22");
    }

    /** Whether the connection is of no use any more. */
    static boolean isBroken(Throwable failed) {
        String state = sqlState(failed);
        return state != null && (state.startsWith("08") || state.startsWith("57P"));
    }

    private static @Nullable String sqlState(Throwable failed) {
        @Nullable Throwable cause = failed;
        for (int depth = 0; cause != null && depth < 20; depth++) {
            if (cause instanceof SQLException known && known.getSQLState() != null) {
                return known.getSQLState();
            }
            cause = cause.getCause();
        }
        return null;
    }
}
