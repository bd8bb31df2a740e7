package dev.tidemill.jobs;

import java.time.Duration;
import java.util.random.RandomGenerator;

/** How long to wait before the next attempt. Must be thread safe. */
@FunctionalInterface
public interface Backoff {
    /**
     * The delay before the next attempt.
     *
     * @param failures counted failures so far, from 1
     * @param random a source of jitter
     * @return the delay, not negative; more than a year is taken as a year
     */
    Duration delay(int failures, RandomGenerator random);

    /**
     * Exponential with full jitter: uniform between 0 and {@code min(max, base * 2^(failures - 1))}.
     *
     * @see <a href="https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/">the algorithm</a>
     */
    static Backoff exponential(Duration base, Duration max) {
        long baseMillis = positiveMillis("base", base);
        long maxMillis = positiveMillis("max", max);
        return (failures, random) -> {
            int doublings = Math.min(Math.max(failures, 1) - 1, 40);
            long bound = baseMillis > (maxMillis >> doublings) ? maxMillis : baseMillis << doublings;
            return Duration.ofMillis(random.nextLong(bound + 1));
        };
    }

    /** Always the same delay. */
    static Backoff fixed(Duration delay) {
        Duration valid = EnqueueOptions.validDelay(delay);
        return (failures, random) -> valid;
    }

    /** {@code step}, then twice, three times and so on, up to {@code max}. */
    static Backoff linear(Duration step, Duration max) {
        long stepMillis = positiveMillis("step", step);
        long maxMillis = positiveMillis("max", max);
        return (failures, random) ->
                Duration.ofMillis(failures > maxMillis / stepMillis ? maxMillis : stepMillis * Math.max(failures, 1));
    }

    private static long positiveMillis(String name, Duration value) {
        if (value.compareTo(Duration.ofMillis(1)) < 0) {
            throw new TidemillException(
                    ErrorCode.INVALID_OPTION, "Backoff " + name + " is " + value + "; it must be at least 1 ms.");
        }
        Duration longest = EnqueueOptions.MAX_DELAY;
        return (value.compareTo(longest) > 0 ? longest : value).toMillis();
    }
}
