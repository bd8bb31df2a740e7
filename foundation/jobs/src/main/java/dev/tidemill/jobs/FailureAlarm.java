package dev.tidemill.jobs;

import java.time.Duration;

/**
 * When a kind fails so often that somebody should know. Counted by whole minutes, over all nodes. Immutable.
 *
 * @param ratio of the attempts, at least these failed or timed out; above 0, at most 1
 * @param atLeast fewer attempts than this raise nothing, 1 to 1,000,000
 * @param within over the last minutes, 1 minute to 1 hour
 */
public record FailureAlarm(double ratio, int atLeast, Duration within) {
    private static final Duration LONGEST = Duration.ofHours(1);

    /** Where nothing is said: half of at least 20 attempts in ten minutes. */
    public static final FailureAlarm STANDARD = new FailureAlarm(0.5, 20, Duration.ofMinutes(10));

    public FailureAlarm {
        if (!(ratio > 0 && ratio <= 1)) {
            throw new TidemillException(
                    ErrorCode.INVALID_OPTION, "The alarm's ratio is " + ratio + "; it must be above 0 and at most 1.");
        }
        if (atLeast < 1 || atLeast > 1_000_000) {
            throw new TidemillException(
                    ErrorCode.INVALID_OPTION,
                    "The alarm needs at least " + atLeast + " attempts; it must be 1 to 1,000,000.");
        }
        if (within.compareTo(Duration.ofMinutes(1)) < 0 || within.compareTo(LONGEST) > 0) {
            throw new TidemillException(
                    ErrorCode.INVALID_OPTION,
                    "The alarm looks at the last " + within + "; it must be between 1 minute and 1 hour.");
        }
    }

    /** How many minutes it looks at. */
    public int minutes() {
        return (int) within.toMinutes();
    }
}
