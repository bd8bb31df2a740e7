package dev.tidemill.jobs;

import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * What a handler throws to steer its retries.
 *
 * <pre>{@code
 * throw Retry.never("the address does not exist");
 * throw Retry.after(Duration.ofMinutes(2), "not ready yet");
 * throw Retry.after(Duration.ofMinutes(2), "not ready yet").notCounted();
 * throw Retry.snooze(Duration.ofHours(1), "the shop is closed");
 * throw Retry.rateLimited(Duration.ofSeconds(30), "429 Too Many Requests");
 * throw Retry.dependencyDown("stripe", "503 Service Unavailable");
 * }</pre>
 *
 * <p>It also counts when another exception wraps it.
 */
public final class Retry extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final transient ErrorVerdict verdict;

    private Retry(String reason, ErrorVerdict verdict, @Nullable Throwable cause) {
        super(reason, cause);
        this.verdict = verdict;
    }

    /** Not again: the job becomes a dead letter at once. */
    public static Retry never(String reason) {
        return new Retry(reason, new ErrorVerdict(ErrorCategory.PERMANENT, null, null, true, null), null);
    }

    /** Again after this delay, whatever the backoff says; counts as a failed attempt. */
    public static Retry after(Duration delay, String reason) {
        return new Retry(
                reason,
                new ErrorVerdict(ErrorCategory.RETRY, EnqueueOptions.validDelay(delay), null, true, null),
                null);
    }

    /** Again after this delay, for there is nothing to do yet; not counted as a failure, however often. */
    public static Retry snooze(Duration delay, String reason) {
        return after(delay, reason).notCounted();
    }

    /** Again at this time by the database's clock, at once if it is past; not counted as a failure, however often. */
    public static Retry snoozeUntil(Instant until, String reason) {
        return new Retry(reason, new ErrorVerdict(ErrorCategory.RETRY, null, until, false, null), null);
    }

    /** Again after this delay, because too much was asked of somebody; not counted. */
    public static Retry rateLimited(Duration delay, String reason) {
        return new Retry(
                reason,
                new ErrorVerdict(ErrorCategory.RATE_LIMITED, EnqueueOptions.validDelay(delay), null, false, null),
                null);
    }

    /** Again at this time, because too much was asked of somebody; at once if it is past. Not counted. */
    public static Retry rateLimitedUntil(Instant until, String reason) {
        return new Retry(reason, new ErrorVerdict(ErrorCategory.RATE_LIMITED, null, until, false, null), null);
    }

    /**
     * Again once this dependency may be back; not counted. That is in 5 seconds, then twice as long each time up to 5 minutes, less up to a half at random.
     *
     * @param dependency its name, by the rule of kinds
     */
    public static Retry dependencyDown(String dependency, String reason) {
        Names.dependency(dependency);
        return new Retry(reason, new ErrorVerdict(ErrorCategory.DEPENDENCY_DOWN, null, null, false, dependency), null);
    }

    /** The same, but this attempt does not count towards the limit. Meaningless, and ignored, after {@code never}. */
    public Retry notCounted() {
        return new Retry(
                String.valueOf(getMessage()),
                new ErrorVerdict(verdict.category(), verdict.after(), verdict.until(), false, verdict.dependency()),
                getCause());
    }

    /** The same with the error that led to it. */
    public Retry causedBy(Throwable cause) {
        return new Retry(String.valueOf(getMessage()), verdict, cause);
    }

    /** What follows. */
    public ErrorVerdict verdict() {
        return verdict;
    }
}
