package dev.tidemill.jobs.store;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.Collection;
import java.util.List;
import java.util.Map;

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

    /** Writes results, as JSON, in the caller's transaction, which has completed the jobs. */
    void results(Connection connection, Map<ClaimedJob, String> results) throws SQLException;
}
