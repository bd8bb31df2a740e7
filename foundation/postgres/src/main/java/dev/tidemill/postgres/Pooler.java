package dev.tidemill.postgres;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import org.postgresql.PGConnection;

/**
 * Tells whether a connection ends at PostgreSQL or at a pooler that lends it a session for each transaction. Behind
 * such a pooler nothing may be left in a session: no setting, no LISTEN, and no prepared statement unless the pooler
 * looks after them, which is for the address to say; and which process answers says nothing about who lives.
 */
final class Pooler {
    private Pooler() {}

    /** Makes a fresh connection READ COMMITTED, unless the setting would stay behind in somebody else's session. */
    static void prepare(Connection fresh) throws SQLException {
        try (Statement statement = fresh.createStatement();
                ResultSet rows = statement.executeQuery(
                        "select pg_backend_pid(), current_setting('transaction_isolation') = 'read committed'")) {
            rows.next();
            boolean readCommitted = rows.getBoolean(2);
            if (!readCommitted && rows.getInt(1) == promisedPid(fresh)) {
                fresh.setTransactionIsolation(Connection.TRANSACTION_READ_COMMITTED);
            }
        }
    }

    /** The process that this connection was told is its own; behind a pooler there is none of that number. */
    static int promisedPid(Connection connection) throws SQLException {
        return connection.unwrap(PGConnection.class).getBackendPID();
    }

    static boolean isBetween(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery("select pg_backend_pid()")) {
            rows.next();
            return rows.getInt(1) != promisedPid(connection);
        }
    }
}
