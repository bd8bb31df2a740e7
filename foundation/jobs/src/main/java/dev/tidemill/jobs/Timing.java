package dev.tidemill.jobs;

import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.util.Objects;
import java.util.Optional;
import java.util.regex.Matcher;
import org.jspecify.annotations.Nullable;

/** When a schedule fires. Immutable. Times are cut to the microsecond. */
public sealed interface Timing {
    /** The shortest period and pause: a second. */
    Duration SHORTEST = Duration.ofSeconds(1);

    /**
     * By a cron expression: minute, hour, day of month, month, day of week, as Unix has it, or six fields with seconds
     * first. Where both day fields are restricted, either is enough.
     *
     * <p>Times are the zone's local times. One that a change of clocks leaves out fires at the end of the gap; one that
     * comes twice fires the first time. Only an expression that runs in every hour fires both times, as the rhythm
     * that it is.
     *
     * @throws TidemillException {@link ErrorCode#INVALID_OPTION} if a field is wrong, or the expression never fires
     */
    static Cron cron(String expression, ZoneId zone) {
        return new Cron(expression, zone);
    }

    /**
     * As {@link #cron(String, ZoneId)}, by the zone's name.
     *
     * @throws TidemillException {@link ErrorCode#INVALID_OPTION} also if there is no such zone
     */
    static Cron cron(String expression, String zone) {
        try {
            return new Cron(expression, ZoneId.of(zone));
        } catch (DateTimeException unknown) {
            throw new TidemillException(
                    ErrorCode.INVALID_OPTION,
                    "The time zone '" + zone + "' is unknown; use a name such as Europe/Berlin or UTC.",
                    unknown);
        }
    }

    /** At a fixed rate, the first time one period after it was put; {@link #SHORTEST} to 3653 days. */
    static Rate every(Duration period) {
        return new Rate(period, null);
    }

    /** A pause after the previous job has ended, the first time one pause after it was put; bounds as for a rate. */
    static Delay afterEach(Duration pause) {
        return new Delay(pause);
    }

    /** Once. */
    static Once once(Instant at) {
        return new Once(at);
    }

    /** The first fire after this, as far as it is known without the jobs; empty if there is none. */
    Optional<Instant> next(Instant after);

    /** The last fire at or before this, as far as it is known without the jobs; empty if there is none. */
    Optional<Instant> previous(Instant until);

    /** As {@link Object#toString} writes it. */
    static Timing parse(String text) {
        Matcher matcher = TimingForm.FORM.matcher(text);
        if (!matcher.matches()) {
            throw new TidemillException(ErrorCode.INVALID_OPTION, "'" + text + "' is no timing.");
        }
        try {
            if (matcher.group("cron") != null) {
                return cron(matcher.group("cron"), matcher.group("zone"));
            }
            if (matcher.group("every") != null) {
                String from = matcher.group("from");
                return new Rate(Duration.parse(matcher.group("every")), from == null ? null : Instant.parse(from));
            }
            return matcher.group("after") != null
                    ? new Delay(Duration.parse(matcher.group("after")))
                    : new Once(Instant.parse(matcher.group("at")));
        } catch (DateTimeException malformed) {
            throw new TidemillException(ErrorCode.INVALID_OPTION, "'" + text + "' is no timing.", malformed);
        }
    }

    /** By a cron expression; see {@link #cron(String, ZoneId)}. */
    final class Cron implements Timing {
        private final String expression;
        private final ZoneId zone;
        private final CronTimes times;

        private Cron(String expression, ZoneId zone) {
            this.expression = expression.strip().replaceAll("\\s+", " ");
            this.zone = zone;
            this.times = CronTimes.of(expression, zone);
        }

        /** The expression, fields one blank apart. */
        public String expression() {
            return expression;
        }

        /** Whose local times it means. */
        public ZoneId zone() {
            return zone;
        }

        @Override
        public Optional<Instant> next(Instant after) {
            return times.next(after);
        }

        @Override
        public Optional<Instant> previous(Instant until) {
            return times.previous(until);
        }

        @Override
        public boolean equals(@Nullable Object other) {
            return other instanceof Cron cron && cron.expression.equals(expression) && cron.zone.equals(zone);
        }

        @Override
        public int hashCode() {
            return Objects.hash(expression, zone);
        }

        @Override
        public String toString() {
            return "cron " + expression + " @ " + zone;
        }
    }

    /**
     * At a fixed rate, whatever clocks do and however long jobs take.
     *
     * @param period {@link #SHORTEST} to 3653 days
     * @param startingAt the first fire; null means one period after it was put
     */
    record Rate(Duration period, @Nullable Instant startingAt) implements Timing {
        public Rate {
            period = TimingForm.bounded("period", period);
            startingAt = startingAt == null ? null : TimingForm.micros(startingAt);
        }

        /** With this first fire. */
        public Rate startingAt(Instant value) {
            return new Rate(period, value);
        }

        @Override
        public Optional<Instant> next(Instant after) {
            if (startingAt == null) {
                return Optional.of(after.plus(period));
            }
            return Optional.of(
                    after.isBefore(startingAt) ? startingAt : startingAt.plus(period.multipliedBy(steps(after) + 1)));
        }

        @Override
        public Optional<Instant> previous(Instant until) {
            return startingAt == null || until.isBefore(startingAt)
                    ? Optional.empty()
                    : Optional.of(startingAt.plus(period.multipliedBy(steps(until))));
        }

        private long steps(Instant until) {
            return Duration.between(Objects.requireNonNull(startingAt), until).dividedBy(period);
        }

        @Override
        public String toString() {
            return "every " + period + (startingAt == null ? "" : " from " + startingAt);
        }
    }

    /**
     * A pause after the previous job has ended, so that jobs of the schedule never overlap.
     *
     * @param pause {@link #SHORTEST} to 3653 days
     */
    record Delay(Duration pause) implements Timing {
        public Delay {
            pause = TimingForm.bounded("pause", pause);
        }

        @Override
        public Optional<Instant> next(Instant after) {
            return Optional.of(after.plus(pause));
        }

        @Override
        public Optional<Instant> previous(Instant until) {
            return Optional.empty();
        }

        @Override
        public String toString() {
            return "after " + pause;
        }
    }

    /**
     * Once.
     *
     * @param at when
     */
    record Once(Instant at) implements Timing {
        public Once {
            at = TimingForm.micros(at);
        }

        @Override
        public Optional<Instant> next(Instant after) {
            return after.isBefore(at) ? Optional.of(at) : Optional.empty();
        }

        @Override
        public Optional<Instant> previous(Instant until) {
            return until.isBefore(at) ? Optional.empty() : Optional.of(at);
        }

        @Override
        public String toString() {
            return "at " + at;
        }
    }
}
