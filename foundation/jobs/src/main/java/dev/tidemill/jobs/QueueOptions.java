package dev.tidemill.jobs;

import java.time.Duration;

/**
 * How this process works on a queue. Immutable.
 *
 * @param concurrency handlers that run at a time in this process, 1 to 10,000
 * @param reservedForCritical how many of them only {@link Priority#CRITICAL} jobs may use, 0 to concurrency - 1
 * @param attempts counted attempts of a job whose kind says nothing, 1 to 1000
 * @param backoff the backoff of a job whose kind says nothing
 * @param strict true: a lower priority waits until no higher one is ready, however late it gets
 */
public record QueueOptions(int concurrency, int reservedForCritical, int attempts, Backoff backoff, boolean strict) {

    /** Where nothing is said: 64 handlers, 6 of them for critical jobs, 3 attempts, 15 s to 1 h with full jitter. */
    public static final QueueOptions STANDARD =
            new QueueOptions(64, 6, 3, Backoff.exponential(Duration.ofSeconds(15), Duration.ofHours(1)), false);

    public QueueOptions {
        if (concurrency < 1 || concurrency > 10_000) {
            throw new TidemillException(
                    ErrorCode.INVALID_OPTION, "concurrency is " + concurrency + "; it must be between 1 and 10,000.");
        }
        if (reservedForCritical < 0 || reservedForCritical >= concurrency) {
            throw new TidemillException(
                    ErrorCode.INVALID_OPTION,
                    "reservedForCritical is " + reservedForCritical + "; it must be between 0 and concurrency - 1 ("
                            + (concurrency - 1) + ").");
        }
        EnqueueOptions.validAttempts(attempts);
    }

    /** With this many handlers at a time, a tenth of them reserved for critical jobs. */
    public QueueOptions concurrency(int value) {
        return new QueueOptions(value, value / 10, attempts, backoff, strict);
    }

    /** With this many of the handlers reserved for critical jobs. */
    public QueueOptions reservedForCritical(int value) {
        return new QueueOptions(concurrency, value, attempts, backoff, strict);
    }

    /** With this many counted attempts. */
    public QueueOptions attempts(int value) {
        return new QueueOptions(concurrency, reservedForCritical, value, backoff, strict);
    }

    /** With this backoff. */
    public QueueOptions backoff(Backoff value) {
        return new QueueOptions(concurrency, reservedForCritical, attempts, value, strict);
    }

    /** Higher priorities strictly first. */
    public QueueOptions strictPriority() {
        return new QueueOptions(concurrency, reservedForCritical, attempts, backoff, true);
    }
}
