package dev.tidemill.jobs;

import org.jspecify.annotations.Nullable;

/**
 * An attempt of this process, as {@link JobObserver} is told of it. Times are plain numbers, since there may be tens of
 * thousands a second.
 *
 * @param job the job
 * @param kind its kind
 * @param queue its queue
 * @param priority its priority
 * @param attempt which attempt, from 1
 * @param outcome what came of it
 * @param again whether another attempt follows
 * @param dead why it became a dead letter, as an error code; null if it did not
 * @param delayMicros from when the job might start to when it did; 0 or more
 * @param lateMicros how far past its start deadline it started; negative means in time
 * @param tookMicros how long the handler took
 */
public record FinishedAttempt(
        long job,
        String kind,
        String queue,
        Priority priority,
        int attempt,
        AttemptOutcome outcome,
        boolean again,
        @Nullable String dead,
        long delayMicros,
        long lateMicros,
        long tookMicros) {}
