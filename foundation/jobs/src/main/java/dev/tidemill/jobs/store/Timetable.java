package dev.tidemill.jobs.store;

import dev.tidemill.jobs.FireView;
import java.util.List;
import java.util.Optional;

/** Keeps schedules, for those who make and look at them. Thread safe; every answer is bounded. */
public interface Timetable {
    /** The same on behalf of somebody, in whose name changes stand in the audit trail. */
    Timetable by(String who);

    /**
     * Stores a schedule. One that is there gets the new definition; it keeps its history, its pause and, where the
     * timing is the same, its next fire.
     *
     * @param next the first fire of a new timing
     * @param fresh whether it must not be there yet
     * @return false if it must not be there and is; then nothing was changed
     */
    boolean put(ScheduleDraft draft, NextFire next, boolean fresh);

    /**
     * Stores the definition that an application's code has, unless the one stored came from the same code (it may have
     * been edited since, which is kept), or from an application that started later.
     *
     * @param hash of the definition in the code
     * @param startedMicros when the application started, by the database's clock
     * @return whether it was stored
     */
    boolean define(ScheduleDraft draft, String hash, long startedMicros, NextFire next);

    /** The database's clock. */
    long nowMicros();

    /** A schedule. */
    Optional<StoredSchedule> find(String name);

    /** Schedules whose names come after this, by name. */
    List<StoredSchedule> list(String after, int limit);

    /** Fires before this, newest first. */
    List<FireView> history(String name, long beforeMicros, int limit);

    /** Stops a schedule from firing; false if there is none. */
    boolean pause(String name);

    /**
     * Lets a paused schedule go on; one that is not paused stays as it is.
     *
     * @param next where it goes on
     * @return false if there is none
     */
    boolean resume(String name, NextFireOf next);

    /** Removes a schedule and its history; its jobs stay. False if there is none. */
    boolean remove(String name);

    /** Enqueues a schedule's job now; empty if there is no such schedule. */
    Optional<Triggered> trigger(String name, Clockwork.Template template);

    /** When a schedule that is put now fires first. */
    @FunctionalInterface
    interface NextFire {
        /** In microseconds; 0 if never. */
        long after(long nowMicros);
    }

    /** When a schedule goes on. */
    @FunctionalInterface
    interface NextFireOf {
        /** In microseconds; 0 if never, or not known yet. */
        long after(StoredSchedule schedule, long nowMicros);
    }

    /**
     * What was triggered.
     *
     * @param job its id
     * @param hints what to wake
     */
    record Triggered(long job, List<Hint> hints) {
        public Triggered {
            hints = List.copyOf(hints);
        }
    }
}
