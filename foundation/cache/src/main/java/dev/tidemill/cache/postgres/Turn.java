package dev.tidemill.cache.postgres;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;

/** Upkeep: one node at a time, and nobody waits long for its locks. */
final class Turn {
    private Turn() {}

    /** Whether it is ours to do, until the transaction ends. */
    static boolean taken(Connection connection, CacheSql sql, Duration lockWait) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute("set local lock_timeout = " + lockWait.toMillis());
            try (ResultSet rows = statement.executeQuery(sql.get("tidy_turn"))) {
                return rows.next() && rows.getBoolean(1);
            }
        }
    }

    static void run(Connection connection, String statement, Duration length) throws SQLException {
        try (PreparedStatement prepared = connection.prepareStatement(statement)) {
            prepared.setLong(1, length.toMillis());
            prepared.execute();
        }
    }
}
