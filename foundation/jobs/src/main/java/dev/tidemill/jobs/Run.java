package dev.tidemill.jobs;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Instant;
import java.util.Map;
import org.jspecify.annotations.Nullable;

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

    /**
     * The trace that this attempt is part of, to hand on to others: a W3C {@code traceparent} and, after a space, its
     * {@code tracestate} if there is one; null for none. A tracer (see {@link TidemillBuilder#tracing}) does so by itself.
     */
    default @Nullable String trace() {
        return null;
    }

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

    /**
     * Keeps what came of the attempt with it, as JSON; the last call counts. Written with the outcome, in the same
     * transaction; with {@link #completeIn} in the handler's own, if it was said before.
     *
     * @param value what the codec can write, at most 64 KiB as JSON
     * @throws TidemillException {@link ErrorCode#PAYLOAD_TOO_LARGE} or {@link ErrorCode#PAYLOAD_INVALID}
     */
    void result(Object value);

    /**
     * Says how far the job is, for whoever looks while it runs. Cheap: what was said last is written once a second.
     *
     * @param done how much is done, 0 or more
     * @param total of how much, 0 if that is not known
     * @param message what it is doing; null for nothing, cut after 500 characters
     */
    void progress(long done, long total, @Nullable String message);

    /**
     * Keeps a line with the attempt. An attempt keeps 1,000 lines of up to 2,000 characters, and 256 KiB; what is more
     * is dropped, and its number kept. Written within a second, the rest with the outcome; a process that is killed
     * takes the last second along.
     */
    void log(LogLevel level, String line);

    /**
     * Says that the handler is alive: the attempt's time limit counts from now. It does nothing without a time limit,
     * and an attempt lasts no longer than a hundred times its limit, and 30 days, however often this is said.
     */
    void heartbeat();
}
