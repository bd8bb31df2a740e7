package dev.tidemill.testkit;

import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Locale;
import java.util.concurrent.ThreadLocalRandom;
import javax.sql.DataSource;

/** Schemas that live as long as a test: names that nobody else has, and their end. */
final class Schemas {
    private static final Logger LOG = System.getLogger(Schemas.class.getName());
    private static final int MAX_NAME_CHARS = 30;

    private static final String END_THOSE_AT_WORK = """
            SELECT concat_ws(' ', a.application_name, a.state, a.query), pg_terminate_backend(a.pid, 10000)
            FROM pg_stat_activity a
            WHERE a.pid <> pg_backend_pid()
              AND a.pid IN (
                  SELECT l.pid
                  FROM pg_locks l
                  JOIN pg_class c ON c.oid = l.relation
                  JOIN pg_namespace n ON n.oid = c.relnamespace
                  WHERE n.nspname = ?
                    AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database()))
            """;

    private Schemas() {}

    /** A new name that tells whose it is: lower-case letters, digits and underscores, at most 50. */
    static String name(String owner) {
        String plain = owner.toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9]", "_");
        String unique = Long.toString(ThreadLocalRandom.current().nextLong(Long.MAX_VALUE), Character.MAX_RADIX);
        return "t_" + plain.substring(0, Math.min(plain.length(), MAX_NAME_CHARS)) + "_" + unique;
    }

    /**
     * Drops the schema and what is in it. Sessions that a test left at work in it may hold the drop up, or meet it in a
     * deadlock; they are ended then, and what they did is logged.
     */
    static void drop(DataSource dataSource, String schema) throws SQLException {
        try (Connection connection = dataSource.getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute("SET lock_timeout = '10s'");
            String drop = "DROP SCHEMA IF EXISTS " + schema + " CASCADE";
            try {
                statement.execute(drop);
            } catch (SQLException heldUp) {
                LOG.log(Level.WARNING, "{0} cannot be dropped: {1}", schema, heldUp.getMessage());
                endThoseAtWorkIn(connection, schema);
                statement.execute(drop);
            }
        }
    }

    private static void endThoseAtWorkIn(Connection connection, String schema) throws SQLException {
        try (PreparedStatement end = connection.prepareStatement(END_THOSE_AT_WORK)) {
            end.setString(1, schema);
            try (ResultSet ended = end.executeQuery()) {
                while (ended.next()) {
                    LOG.log(
                            Level.WARNING,
                            "Ended the session that was still at work in {0}: {1}",
                            schema,
                            ended.getString(1));
                }
            }
        }
    }
}
