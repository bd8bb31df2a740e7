package dev.tidemill.jobs;

import java.time.Instant;
import java.util.List;

/**
 * How the schedules stand.
 *
 * @param total how many there are
 * @param paused how many are paused
 * @param overdue how many should have been seen to more than ten seconds ago: no process is at work, or too few are
 * @param failing how many could not be fired, or have a dead letter for their latest job
 * @param failures the latest of those, newest first, at most 20
 */
public record ScheduleStats(long total, long paused, long overdue, long failing, List<Failure> failures) {
    /** There are none. */
    public static final ScheduleStats NONE = new ScheduleStats(0, 0, 0, 0, List.of());

    public ScheduleStats {
        failures = List.copyOf(failures);
    }

    /**
     * A schedule that fails.
     *
     * @param schedule its name
     * @param at since when, by the database's clock
     * @param error why
     */
    public record Failure(String schedule, Instant at, String error) {}
}
