package dev.tidemill.jobs.store;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;

/** Successes of several jobs in one transaction of the application's. Part of a {@link Workplace}; thread safe. */
public interface Completions {
    /**
     * Writes the successes of jobs that ran together in the caller's transaction.
     *
     * @param jobs at least one, of the workplace's epoch
     * @param startedMicros when they started
     * @return false if the epoch is closed or one of the attempts has an outcome already; the caller must roll back
     */
    boolean complete(Connection connection, List<ClaimedJob> jobs, long startedMicros) throws SQLException;

    /**
     * What became of a job that {@link #complete} wrote, whose handler has ended. Waits no longer than a second for a
     * transaction that is still open, and writes nothing.
     */
    Fate fate(ClaimedJob job);

    /** How a transaction ended. */
    enum Fate {
        /** It was committed. */
        COMMITTED,
        /** It was rolled back, and can not be committed any more. */
        ROLLED_BACK,
        /** It is still open. */
        OPEN
    }
}
