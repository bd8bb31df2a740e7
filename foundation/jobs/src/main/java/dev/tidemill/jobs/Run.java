package dev.tidemill.jobs;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Instant;
import java.util.Map;

/** One attempt at a job, as its handler sees it. Thread safe. */
public interface Run {
    /** The job's id. */
    long jobId();

    /** The job's kind. */
    String kind();

    /** The job's queue. */
    String queue();

    /** The job's priority. */
    Priority priority();

    /** Which attempt this is, from 1; attempts that were not counted are numbered too. */
    int attempt();

    /** How many counted attempts failed before this one. */
    int failures();

    /** When the job should have started at the latest, by the database's clock. */
    Instant startBy();

    /** The job's tags; empty if it has none. */
    Map<String, String> tags();

    /** True once the attempt has timed out, or its node is stopping or has lost its epoch: a good moment to stop. */
    boolean abandoned();

    /**
     * Finishes this attempt inside the caller's transaction: the handler's effects and the outcome commit together,
     * exactly once. Call it last, then commit. If the transaction rolls back, the attempt counts as failed and is
     * retried. If it is still open when the handler returns, the attempt keeps its slot until it has ended, because
     * only then is known what became of it.
     *
     * @param connection a connection with auto-commit off, to the database that holds the jobs
     * @throws TidemillException {@link ErrorCode#NOT_COMPLETED} if the attempt may no longer finish (it timed out, or
     *     its node was declared dead and another runs the job); the caller must roll back
     */
    void completeIn(Connection connection) throws SQLException;
}
