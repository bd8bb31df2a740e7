package dev.tidemill.jobs.store;

import dev.tidemill.jobs.AttemptOutcome;
import org.jspecify.annotations.Nullable;

/**
 * What came of an attempt, and what follows.
 *
 * @param job the job as it was claimed
 * @param outcome what came of it
 * @param startedMicros when the handler started
 * @param tookMicros how long it ran
 * @param error null unless it failed
 * @param next what follows
 */
public record Outcome(
        ClaimedJob job,
        AttemptOutcome outcome,
        long startedMicros,
        long tookMicros,
        @Nullable String error,
        Next next) {

    /** What follows an attempt. */
    public sealed interface Next {
        /** Nothing: the job is done. */
        record Nothing() implements Next {}

        /**
         * Another attempt.
         *
         * @param delayMicros after this long
         * @param counted whether this attempt counts as a failure
         * @param startWithinMicros the start deadline of the next one, from when it is due
         */
        record Again(long delayMicros, boolean counted, long startWithinMicros) implements Next {}

        /**
         * A person.
         *
         * @param code why, as an error code
         */
        record DeadLetter(String code) implements Next {}
    }

    /** The one {@link Next.Nothing}. */
    public static final Next NOTHING = new Next.Nothing();
}
