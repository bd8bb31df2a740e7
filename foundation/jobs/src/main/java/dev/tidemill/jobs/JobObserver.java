package dev.tidemill.jobs;

import java.time.Duration;

/**
 * Told what this process does with jobs; for meters. Called on the threads that do it, mostly the engine's own, so be
 * quick, and be thread safe. What it throws is logged once and changes nothing.
 */
public interface JobObserver {
    /**
     * Jobs were written: committed, or in a transaction of the caller's, which may still roll them back. Unique jobs that
     * were not needed are not told of.
     */
    default void enqueued(String kind, String queue, Priority priority, int jobs) {}

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
