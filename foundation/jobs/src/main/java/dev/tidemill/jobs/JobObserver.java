package dev.tidemill.jobs;

import java.time.Duration;

/**
 * Told what this process does with jobs; for meters. Called on the threads that do it, mostly the engine's own, so be
 * quick, and be thread safe. What it throws is logged once and changes nothing.
 */
public interface JobObserver {
    /**
     * Jobs were written: committed, or in a transaction of the caller's, which may still roll them back. Unique jobs that
     * were not needed are not among them; see {@link #deduplicated}.
     */
    default void enqueued(String kind, String queue, Priority priority, int jobs) {}

    /**
     * Unique jobs were not needed, because others had their keys: written or looked at in a transaction as with
     * {@link #enqueued}.
     *
     * @param how what became of the others: {@link Enqueued.How#REPLACED} or {@link Enqueued.How#KEPT}
     */
    default void deduplicated(String kind, Enqueued.How how, int jobs) {}

    /**
     * The database was asked for jobs.
     *
     * @param jobs how many it gave, 0 or more
     */
    default void claimed(int jobs, Duration took) {}

    /** An attempt's outcome was committed. */
    default void finished(FinishedAttempt attempt) {}

    /** Other processes were found dead by this one, and what they held was made ready again. */
    default void nodesLost(int nodes) {}
}
