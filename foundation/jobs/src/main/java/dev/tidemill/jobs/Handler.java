package dev.tidemill.jobs;

/**
 * The application's code for one kind of job. Called on a virtual thread of its own, at most as many at a time as the
 * queue's concurrency. Returning means done; throwing means that the attempt failed and is retried by the kind's
 * {@link Backoff}, unless it throws a {@link Retry} that says otherwise.
 *
 * <p>A job runs at least once: make the effects repeatable, or finish inside their transaction with
 * {@link Run#completeIn}.
 *
 * @param <T> the job's class
 */
@FunctionalInterface
public interface Handler<T> {
    /**
     * Does the job. The thread is interrupted when the attempt times out, when the node stops and its grace has
     * passed, or when the node lost its epoch.
     */
    void handle(T job, Run run) throws Exception;
}
