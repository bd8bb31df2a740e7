package dev.tidemill.peers;

import java.time.Duration;

/**
 * How much is measured.
 *
 * @param jobs to enqueue in bulk and drain, by who is fastest
 * @param singles to enqueue one by one, by who is fastest
 * @param pickups to time
 * @param inFlight jobs that a worker is killed with
 * @param slowMillis how long each of them takes
 * @param rescueBound how long to wait for all of them
 * @param starts processes started to the first job; the median counts
 */
record Plan(int jobs, int singles, int pickups, int inFlight, int slowMillis, Duration rescueBound, int starts) {
    static final int PER_SECOND = 50;

    /** No measurement takes longer, whatever it waits for. */
    static final Duration BOUND = Duration.ofMinutes(4);

    static Plan of(int jobs) {
        return new Plan(jobs, Math.min(100_000, jobs), 500, 1_000, 5_000, Duration.ofSeconds(60), 3);
    }
}
