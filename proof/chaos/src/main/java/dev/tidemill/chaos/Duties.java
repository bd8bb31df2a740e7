package dev.tidemill.chaos;

import dev.tidemill.jobs.Tidemill;
import dev.tidemill.jobs.TidemillBuilder;
import java.util.concurrent.CompletableFuture;
import javax.sql.DataSource;

/** What a {@link Worker} works on. Its class is named on the worker's command line and has a constructor without arguments. */
interface Duties {
    /** The builder with the queues and handlers of this worker. */
    TidemillBuilder assign(TidemillBuilder builder, Post post);

    /** Whether the worker keeps its connections in a pool, as applications do, or opens each when it is needed. */
    default boolean pooled() {
        return true;
    }

    /** A line that the worker was told, other than {@code stop}. */
    default void hear(String line) {}

    /**
     * Where the handlers work.
     *
     * @param dataSource for the transactions of the handlers' own
     * @param schema the schema of the jobs and of the ledger's tables
     * @param concurrency handlers at a time
     * @param mill the worker's engine, once it has started
     */
    record Post(DataSource dataSource, String schema, int concurrency, CompletableFuture<Tidemill> mill) {}
}
