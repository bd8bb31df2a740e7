package dev.tidemill.rules;

import java.time.Duration;

/**
 * How long changes wait for others before a batch of them is reacted to.
 *
 * @param every 0 for at once, to a day
 */
public record Gather(Duration every) {
    private static final Gather AT_ONCE = new Gather(Duration.ZERO);

    public Gather {
        if (every.isNegative() || every.compareTo(Duration.ofDays(1)) > 0) {
            throw new RuleException(
                    RuleError.INVALID, "Changes would gather for " + every + "; it must be between 0 and a day.");
        }
    }

    /** The first change waits this long, and whatever came meanwhile goes with it. */
    public static Gather every(Duration duration) {
        return new Gather(duration);
    }

    /** What is there goes together, and nothing waits. */
    public static Gather atOnce() {
        return AT_ONCE;
    }
}
