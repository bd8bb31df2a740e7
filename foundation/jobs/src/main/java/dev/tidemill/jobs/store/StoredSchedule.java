package dev.tidemill.jobs.store;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A schedule as it is stored. Times are 0 where there is none.
 *
 * @param draft what was put
 * @param anchorMicros when its timing was put: where a rate without a start begins
 * @param inCode whether an application defines it
 * @param edited whether it was put at run time since
 * @param paused whether it is paused
 * @param createdMicros when it was first put
 * @param changedMicros when it was last put
 * @param nextMicros the next fire
 * @param lastMicros the last fire that was due
 * @param unfinished its jobs that have not ended
 * @param endedMicros when the last of its jobs ended that were unfinished when last looked at; 0 if none did
 * @param waiting fires that wait, oldest first
 * @param error why it could not fire
 */
public record StoredSchedule(
        ScheduleDraft draft,
        long anchorMicros,
        boolean inCode,
        boolean edited,
        boolean paused,
        long createdMicros,
        long changedMicros,
        long nextMicros,
        long lastMicros,
        List<Long> unfinished,
        long endedMicros,
        List<Long> waiting,
        @Nullable String error) {
    public StoredSchedule {
        unfinished = List.copyOf(unfinished);
        waiting = List.copyOf(waiting);
    }
}
