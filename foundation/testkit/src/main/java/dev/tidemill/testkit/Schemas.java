package dev.tidemill.testkit;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Locale;
import java.util.concurrent.ThreadLocalRandom;
import javax.sql.DataSource;

/** Schemas that live as long as a test: names that nobody else has, and their end. */
final class Schemas {
    private static final int MAX_NAME_CHARS = 30;

    private Schemas() {}

    /** A new name that tells whose it is: lower-case letters, digits and underscores, at most 50. */
    static String name(String owner) {
        String plain = owner.toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9]", "_");
        String unique = Long.toString(ThreadLocalRandom.current().nextLong(Long.MAX_VALUE), Character.MAX_RADIX);
        return "t_" + plain.substring(0, Math.min(plain.length(), MAX_NAME_CHARS)) + "_" + unique;
    }

    static void drop(DataSource dataSource, String schema) throws SQLException {
        try (Connection connection = dataSource.getConnection();
                Statement statement = connection.createStatement()) {
            // A session that the test left open would hold the drop up for ever.
            statement.execute("SET lock_timeout = '10s'");
            statement.execute("DROP SCHEMA IF EXISTS " + schema + " CASCADE");
        }
    }
}
