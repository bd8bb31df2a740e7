package dev.tidemill.jobs;

import java.time.Instant;

/**
 * A job that needs a person.
 *
 * @param jobId the job
 * @param kind its kind
 * @param queue its queue
 * @param priority its priority
 * @param attempt the attempt that was the last one
 * @param code why, as an {@link ErrorCode} name
 * @param error the last error, at most 8,000 characters
 * @param failedAt when, by the database's clock
 */
public record DeadLetter(
        long jobId,
        String kind,
        String queue,
        Priority priority,
        int attempt,
        String code,
        String error,
        Instant failedAt) {

    /** What {@link Tidemill#deadLetters} goes on from after this one, also when it is replayed or discarded meanwhile. */
    public String cursor() {
        return DeadLetterCursor.of(failedAt, jobId).text();
    }
}
