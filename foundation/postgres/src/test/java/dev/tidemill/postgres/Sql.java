package dev.tidemill.postgres;

import dev.tidemill.testkit.TestDatabase;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import javax.sql.DataSource;

/** SQL on a test's schema, which it calls {@code {schema}}. */
final class Sql {
    private final DataSource dataSource;
    private final String schema;

    Sql(TestDatabase database) {
        this.dataSource = database.dataSource();
        this.schema = database.schema();
    }

    Sql(DataSource dataSource, String schema) {
        this.dataSource = dataSource;
        this.schema = schema;
    }

    void run(String sql) throws SQLException {
        try (Connection connection = dataSource.getConnection()) {
            run(connection, sql);
        }
    }

    void run(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(Statements.forSchema(sql, schema));
        }
    }

    long number(String sql) throws SQLException {
        try (Connection connection = dataSource.getConnection()) {
            return number(connection, sql);
        }
    }

    long number(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery(Statements.forSchema(sql, schema))) {
            rows.next();
            return rows.getLong(1);
        }
    }

    /** A session with an open transaction. */
    Connection begin() throws SQLException {
        Connection connection = dataSource.getConnection();
        connection.setAutoCommit(false);
        return connection;
    }

    /** Claims one job of medium priority in the session's transaction; returns its number. */
    long claim(Connection connection, long epoch, String queue) throws SQLException {
        return number(
                connection,
                "select job from {schema}.claim(" + epoch + ", 0, (select array_agg(id) from {schema}.kind),"
                        + " array[16, 8, 4, 2, 1], array[(select id from {schema}.queue where name = '" + queue
                        + "')], array[1], array[1], array[2], array_fill(0::bigint, array[5]),"
                        + " array_fill(0::bigint, array[5]))");
    }

    static int pid(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery("select pg_backend_pid()")) {
            rows.next();
            return rows.getInt(1);
        }
    }

    /** A session that waits for this one; 0 if none does. */
    long waiterOf(int pid) throws SQLException {
        return number("select coalesce(min(a.pid), 0) from pg_stat_activity a where " + pid
                + " = any (pg_blocking_pids(a.pid))");
    }

    /** How many sessions wait for this one. */
    long waitingFor(int pid) throws SQLException {
        return number("select count(*) from pg_stat_activity a where " + pid + " = any (pg_blocking_pids(a.pid))");
    }
}
