package dev.tidemill.jobs;

import java.time.Duration;

/**
 * How many jobs one call of a {@link ChunkHandler} takes. Immutable.
 *
 * <p>The size of the next chunk follows the measured time, as a TCP sender's window follows its losses: it doubles from
 * 16 while full chunks stay within the target, is halved when one takes longer, and from then on grows by a twentieth
 * of {@code maxJobs} at a time.
 *
 * @param maxJobs the most jobs of one call, 1 to 1,000
 * @param maxWait how long a job waits for others before a smaller chunk runs, 0 to 10 s
 * @param target how long a call should take at most, 1 ms to 1 hour
 * @see <a href="https://www.rfc-editor.org/rfc/rfc5681#section-3.1">slow start and congestion avoidance</a>
 */
public record ChunkOptions(int maxJobs, Duration maxWait, Duration target) {
    private static final Duration LONGEST_WAIT = Duration.ofSeconds(10);
    private static final Duration LONGEST_TARGET = Duration.ofHours(1);

    /** Where nothing is said: up to 100 jobs, 50 ms of waiting, a second for a call. */
    public static final ChunkOptions STANDARD = new ChunkOptions(100, Duration.ofMillis(50), Duration.ofSeconds(1));

    public ChunkOptions {
        if (maxJobs < 1 || maxJobs > 1_000) {
            throw new TidemillException(
                    ErrorCode.INVALID_OPTION, "A chunk of " + maxJobs + " jobs was asked for; it takes 1 to 1,000.");
        }
        if (maxWait.isNegative() || maxWait.compareTo(LONGEST_WAIT) > 0) {
            throw new TidemillException(
                    ErrorCode.INVALID_OPTION,
                    "A chunk would wait " + maxWait + " for its jobs; it must be between 0 and 10 s.");
        }
        if (target.compareTo(Duration.ofMillis(1)) < 0 || target.compareTo(LONGEST_TARGET) > 0) {
            throw new TidemillException(
                    ErrorCode.INVALID_OPTION,
                    "The target of a chunk is " + target + "; it must be between 1 ms and 1 hour.");
        }
    }
}
