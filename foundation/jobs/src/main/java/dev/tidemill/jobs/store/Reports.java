package dev.tidemill.jobs.store;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.Collection;
import java.util.List;

/** Takes what handlers report. Part of a {@link Workplace}, and fenced as it is. */
public interface Reports {
    /** Writes what running handlers reported. Repeating is harmless. Thread safe. */
    void write(List<Report> reports);

    /**
     * As {@link Workplace#finish}, with the last reports of these attempts in the same transaction. For the finishing
     * thread alone.
     */
    List<Hint> finish(
            List<Outcome> outcomes, List<ClaimedJob> written, List<Report> reports, Collection<Long> endedLeases);

    /** Writes a result in the caller's transaction, which has completed the job. */
    void result(Connection connection, ClaimedJob job, String json) throws SQLException;
}
