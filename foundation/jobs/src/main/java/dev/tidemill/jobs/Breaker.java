package dev.tidemill.jobs;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * When calls to something that jobs depend on are given up for a while. Shared by all nodes: while it is open, no job of
 * a kind that depends on it starts, but for one at a time that finds out whether it is back. Immutable.
 *
 * @param name of the dependency: 1 to 100 letters, digits, dots, dashes or underscores, the first one a letter
 * @param failures it opens after this many in a row, 1 to 10,000
 * @param ratio or when of the calls at least these fail, above 0, at most 1; null for no matter how many
 * @param atLeast fewer calls than this say nothing of the ratio, 1 to 1,000,000
 * @param within over which time the ratio is taken, 1 second to 1 hour
 * @param openFor how long it stays open the first time; twice as long each time that a probe fails, 100 ms to 1 day
 * @param longest the longest it stays open, at least {@code openFor}, at most 7 days
 */
public record Breaker(
        String name,
        int failures,
        @Nullable Double ratio,
        int atLeast,
        Duration within,
        Duration openFor,
        Duration longest) {

    public Breaker {
        Names.dependency(name);
        between("failures", failures, 1, 10_000);
        between("calls at least", atLeast, 1, 1_000_000);
        if (ratio != null && !(ratio > 0 && ratio <= 1)) {
            throw refused("ratio", ratio, "above 0 and at most 1");
        }
        if (within.compareTo(Duration.ofSeconds(1)) < 0 || within.compareTo(Duration.ofHours(1)) > 0) {
            throw refused("time for the ratio", within, "1 second to 1 hour");
        }
        if (openFor.compareTo(Duration.ofMillis(100)) < 0 || openFor.compareTo(Duration.ofDays(1)) > 0) {
            throw refused("time to stay open", openFor, "100 milliseconds to 1 day");
        }
        if (longest.compareTo(openFor) < 0 || longest.compareTo(Duration.ofDays(7)) > 0) {
            throw refused("longest time to stay open", longest, openFor + " to 7 days");
        }
    }

    private static void between(String what, int given, int least, int most) {
        if (given < least || given > most) {
            throw refused(what, given, least + " to " + most);
        }
    }

    private static TidemillException refused(String what, Object given, String rule) {
        return new TidemillException(
                ErrorCode.INVALID_OPTION, "A breaker's " + what + " is " + given + "; it must be " + rule + ".");
    }

    /** After five failures in a row, for 10 seconds at first, and 5 minutes at most. */
    public static Breaker of(String name) {
        return new Breaker(name, 5, null, 20, Duration.ofMinutes(1), Duration.ofSeconds(10), Duration.ofMinutes(5));
    }

    /** Opens after this many failures in a row. */
    public Breaker failures(int inARow) {
        return new Breaker(name, inARow, ratio, atLeast, within, openFor, longest);
    }

    /** Opens also when of at least so many calls in this time this share fails. */
    public Breaker ratio(double share, int atLeastCalls, Duration inTime) {
        return new Breaker(name, failures, share, atLeastCalls, inTime, openFor, longest);
    }

    /** Stays open this long the first time, twice as long after each probe that fails, up to the longest. */
    public Breaker openFor(Duration first, Duration atLongest) {
        return new Breaker(name, failures, ratio, atLeast, within, first, atLongest);
    }
}
