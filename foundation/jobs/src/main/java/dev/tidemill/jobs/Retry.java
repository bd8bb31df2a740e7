package dev.tidemill.jobs;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * What a handler throws to steer its retries.
 *
 * <pre>{@code
 * throw Retry.never("the address does not exist");
 * throw Retry.after(Duration.ofMinutes(2), "rate limited");
 * throw Retry.after(Duration.ofMinutes(2), "rate limited").notCounted();
 * }</pre>
 */
public final class Retry extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final @Nullable Duration delay;
    private final boolean counted;

    private Retry(String reason, @Nullable Duration delay, boolean counted, @Nullable Throwable cause) {
        super(reason, cause);
        this.delay = delay;
        this.counted = counted;
    }

    /** Not again: the job becomes a dead letter at once. */
    public static Retry never(String reason) {
        return new Retry(reason, null, true, null);
    }

    /** Again after this delay, whatever the backoff says; counts as a failed attempt. */
    public static Retry after(Duration delay, String reason) {
        return new Retry(reason, EnqueueOptions.validDelay(delay), true, null);
    }

    /** The same, but this attempt does not count towards the limit. Meaningless, and ignored, after {@code never}. */
    public Retry notCounted() {
        return new Retry(String.valueOf(getMessage()), delay, false, getCause());
    }

    /** The same with the error that led to it. */
    public Retry causedBy(Throwable cause) {
        return new Retry(String.valueOf(getMessage()), delay, counted, cause);
    }

    /** When to try again; null for never. */
    public @Nullable Duration delay() {
        return delay;
    }

    /** Whether this attempt counts towards the limit. */
    public boolean counted() {
        return counted;
    }
}
