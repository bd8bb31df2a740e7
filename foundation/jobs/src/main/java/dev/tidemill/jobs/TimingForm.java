package dev.tidemill.jobs;

import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.regex.Pattern;

/** How timings are written, and what bounds them. */
final class TimingForm {
    static final Pattern FORM = Pattern.compile("cron (?<cron>.+) @ (?<zone>\\S+)"
            + "|every (?<every>\\S+)(?: from (?<from>\\S+))?|after (?<after>\\S+)|at (?<at>\\S+)");
    private static final Instant EARLIEST = Instant.parse("1970-01-01T00:00:01Z");
    private static final Instant LATEST = Instant.parse("9999-12-31T00:00:00Z");

    private TimingForm() {}

    static Duration bounded(String what, Duration value) {
        if (value.compareTo(Timing.SHORTEST) < 0 || value.compareTo(EnqueueOptions.MAX_DELAY) > 0) {
            throw new TidemillException(
                    ErrorCode.INVALID_OPTION,
                    "The " + what + " is " + value + "; it must be between " + Timing.SHORTEST.toSeconds() + " s and "
                            + EnqueueOptions.MAX_DELAY.toDays() + " days.");
        }
        return value.truncatedTo(ChronoUnit.MICROS);
    }

    static Instant micros(Instant value) {
        if (value.isBefore(EARLIEST) || value.isAfter(LATEST)) {
            throw new TidemillException(
                    ErrorCode.INVALID_OPTION, "The time " + value + " is beyond what a schedule can hold.");
        }
        return value.truncatedTo(ChronoUnit.MICROS);
    }
}
