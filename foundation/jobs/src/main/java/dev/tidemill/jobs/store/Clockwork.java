package dev.tidemill.jobs.store;

import dev.tidemill.jobs.FireOutcome;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Fires schedules. Any node may call it at any time; calls do not get in each other's way. */
public interface Clockwork {
    /** When a schedule wants to be looked at next. */
    Due due();

    /**
     * Looks at schedules that are due and that nobody else looks at: has each planned, and in the same transaction
     * enqueues the jobs, records the fires and notes when to look again.
     *
     * @param planner says what is to happen; called with the schedules locked, must not call the store
     */
    Fired fire(Planner planner);

    /** Decides about a schedule. */
    @FunctionalInterface
    interface Planner {
        Plan plan(StoredSchedule schedule, long nowMicros);
    }

    /** Makes a schedule's job. */
    @FunctionalInterface
    interface Template {
        NewJob job(StoredSchedule schedule, long fireMicros);
    }

    /**
     * When to look.
     *
     * @param wakeMicros when; 0 if there is nothing to wait for
     * @param nowMicros the database's clock
     */
    record Due(long wakeMicros, long nowMicros) {}

    /**
     * What was done.
     *
     * @param schedules how many were looked at
     * @param hints what to wake
     */
    record Fired(int schedules, List<Hint> hints) {
        public Fired {
            hints = List.copyOf(hints);
        }
    }

    /**
     * A fire.
     *
     * @param fireMicros when it was due
     * @param outcome what becomes of it
     * @param job its job; null unless it is enqueued
     * @param sinceMicros for a missed one the first that it stands for, else 0
     */
    record Fire(
            long fireMicros, FireOutcome outcome, @Nullable NewJob job, long sinceMicros) {}

    /**
     * What is to happen to a schedule.
     *
     * @param fires new fires, oldest first
     * @param released fires that waited and are enqueued now
     * @param nextMicros the next fire; 0 if there is none, or it is not known yet
     * @param lastMicros the last fire that was due; 0 if there was none yet
     * @param wakeMicros when to look again; 0 for never
     * @param unfinished jobs to go on watching, beside the new ones
     * @param watchNewestOnly whether only the newest job is watched
     * @param error why it could not be planned; null if it could
     */
    record Plan(
            List<Fire> fires,
            List<Fire> released,
            long nextMicros,
            long lastMicros,
            long wakeMicros,
            List<Long> unfinished,
            boolean watchNewestOnly,
            @Nullable String error) {
        public Plan {
            fires = List.copyOf(fires);
            released = List.copyOf(released);
            unfinished = List.copyOf(unfinished);
        }
    }
}
