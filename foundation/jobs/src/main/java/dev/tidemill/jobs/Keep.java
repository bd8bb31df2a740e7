package dev.tidemill.jobs;

import java.time.Duration;

/**
 * What of a kind's history stays longer than the rest. Minimums: history leaves in large pieces, so more may stay, and
 * for longer. What is not finished, and dead letters that wait for a person, stay anyway.
 *
 * @param completed this many of the completed jobs enqueued last, 0 to 10,000
 * @param failed this many of the discarded dead letters enqueued last, 0 to 10,000
 * @param age everything that finished less than this long ago, zero to ten years
 */
public record Keep(int completed, int failed, Duration age) {
    private static final int MOST = 10_000;
    static final Duration LONGEST = Duration.ofDays(3653);

    public Keep {
        if (completed < 0 || completed > MOST || failed < 0 || failed > MOST) {
            throw new TidemillException(
                    ErrorCode.INVALID_OPTION,
                    "Keep the last " + completed + " completed and " + failed
                            + " failed jobs: each must be between 0 and " + MOST
                            + ". To keep more, keep them by age, or all history for longer.");
        }
        if (age.isNegative() || age.compareTo(LONGEST) > 0) {
            throw new TidemillException(
                    ErrorCode.INVALID_OPTION,
                    "Keep jobs for " + age + ": it must be between zero and " + LONGEST.toDays() + " days.");
        }
    }
}
