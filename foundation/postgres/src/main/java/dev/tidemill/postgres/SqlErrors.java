package dev.tidemill.postgres;

import dev.tidemill.jobs.ErrorCode;
import dev.tidemill.jobs.store.StoreException;
import java.sql.SQLException;
import java.util.Set;

/** Says in our words what PostgreSQL said in its own. Never repeats a connection URL, which may hold a password. */
final class SqlErrors {
    static final String CONTROL_CHANGED = "TM003";
    static final String EPOCH_CLOSED = "TM001";
    static final String LOCK_TIMEOUT = "55P03";
    /** A prepared statement that is there already, or is not there. */
    private static final Set<String> PREPARED = Set.of("42P05", "26000");

    private static final String PRIVILEGE = "42501";
    /**
     * Admin shutdown, crash shutdown, cannot connect now, database dropped, too many connections, disk full, a session
     * ended because its transaction stood idle.
     */
    private static final Set<String> SERVER_TROUBLE =
            Set.of("57P01", "57P02", "57P03", "57P04", "53300", "53100", "25P03");

    private SqlErrors() {}

    static boolean isConnection(SQLException failed) {
        String state = failed.getSQLState();
        return state == null || state.startsWith("08") || SERVER_TROUBLE.contains(state);
    }

    /** What the driver said, which a pool hides behind words of its own. */
    private static String reason(SQLException failed) {
        Throwable deepest = failed;
        for (Throwable cause = failed; cause != null; cause = cause.getCause()) {
            deepest = cause instanceof SQLException ? cause : deepest;
        }
        return String.valueOf(deepest.getMessage());
    }

    static StoreException translate(SQLException failed) {
        if (isConnection(failed)) {
            return new StoreException(
                    ErrorCode.DATABASE_UNREACHABLE,
                    "The database does not answer: " + reason(failed)
                            + " Check that it runs and that the address, user and password are right.",
                    true,
                    failed);
        }
        if (PRIVILEGE.equals(failed.getSQLState())) {
            return new StoreException(
                    ErrorCode.PRIVILEGE_MISSING,
                    "The database user lacks a right: " + failed.getMessage()
                            + ". It needs CREATE on the database to make the schema, or USAGE on the schema and all"
                            + " rights on what is in it.",
                    false,
                    failed);
        }
        if ("28P01".equals(failed.getSQLState()) || "28000".equals(failed.getSQLState())) {
            return new StoreException(
                    ErrorCode.DATABASE_UNREACHABLE,
                    "The database refuses the user or the password. Check both, and pg_hba.conf.",
                    true,
                    failed);
        }
        if (PREPARED.contains(failed.getSQLState())) {
            return new StoreException(
                    ErrorCode.DATABASE_ERROR,
                    "A prepared statement met another session: " + failed.getMessage()
                            + ". Behind a pooler of transactions (PgBouncer) add prepareThreshold=0 to the address, or let"
                            + " the pooler look after them (max_prepared_statements).",
                    false,
                    failed);
        }
        return new StoreException(
                ErrorCode.DATABASE_ERROR,
                "A statement failed with " + failed.getSQLState() + ": " + failed.getMessage(),
                false,
                failed);
    }
}
