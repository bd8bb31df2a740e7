package dev.tidemill.jobs;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The jobs of one call of a {@link ChunkHandler}, most urgent first. Thread safe.
 *
 * @param <T> the jobs' class
 */
public interface Chunk<T> {
    /** The jobs with what is known of them; at least one. */
    List<Item<T>> items();

    /** The jobs alone, in the same order. */
    default List<T> jobs() {
        return items().stream().map(Item::job).toList();
    }

    /** How many they are, at least 1. */
    default int size() {
        return items().size();
    }

    /** True once the call has timed out, or its node is stopping or has lost its epoch: a good moment to stop. */
    boolean abandoned();

    /**
     * Finishes every job that was not reported as failed inside the caller's transaction: the effects and all these
     * outcomes commit together, exactly once. Call it last, then commit; what is reported afterwards is ignored. If the
     * transaction rolls back, the chunk has failed. If it is still open when the handler returns, the chunk keeps its
     * slot until it has ended.
     *
     * @param connection a connection with auto-commit off, to the database that holds the jobs
     * @throws TidemillException {@link ErrorCode#NOT_COMPLETED} if the chunk may no longer finish (it timed out, or its
     *     node was declared dead and others run the jobs); the caller must roll back
     */
    void completeIn(Connection connection) throws SQLException;

    /**
     * One of the jobs.
     *
     * @param <T> its class
     */
    interface Item<T> {
        /** The job. */
        T job();

        /** Its id. */
        long jobId();

        /** Which attempt this is, from 1. */
        int attempt();

        /** How many counted attempts failed before this one. */
        int failures();

        /** Its priority. */
        Priority priority();

        /** Its tags; empty if it has none. */
        Map<String, String> tags();

        /** Says that this job is done, whatever becomes of the rest of the chunk. The first report counts. */
        void done();

        /**
         * Says that this job failed, as if it had been alone and its handler had thrown this; a {@link Retry} steers
         * what follows. The first report counts.
         */
        void fail(Throwable failure);

        /**
         * Keeps what came of this job with its attempt, as JSON; the last call counts. Written with its outcome; with
         * {@link Chunk#completeIn} in the caller's transaction, if it was said before.
         *
         * @param value what the codec can write, at most 64 KiB as JSON
         * @throws TidemillException {@link ErrorCode#PAYLOAD_TOO_LARGE} or {@link ErrorCode#PAYLOAD_INVALID}
         */
        void result(Object value);

        /**
         * Says how far this job is, as {@link Run#progress}.
         *
         * @param done how much is done, 0 or more
         * @param total of how much, 0 if that is not known
         * @param message what is being done; null for nothing, cut after 500 characters
         */
        void progress(long done, long total, @Nullable String message);

        /** Keeps a line with this job's attempt, within the bounds of {@link Run#log}. */
        void log(LogLevel level, String line);
    }
}
