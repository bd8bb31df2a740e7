package dev.tidemill.jobs;

import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalTime;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The start deadline and the overload weight of every priority, and the off-peak windows. Immutable. All processes on
 * one schema should be given the same.
 *
 * @param deadlines how long after it is due a job may start and still meet its deadline
 * @param weights the share of the handlers that an overdue priority keeps while others are overdue too, 1 to 1000
 * @param offPeak the daily windows in which {@link Priority#OFF_PEAK} jobs run; empty means always
 */
public record Priorities(Map<Priority, Duration> deadlines, Map<Priority, Integer> weights, List<Window> offPeak) {

    /**
     * A daily window. One that ends before it begins spans midnight; one whose ends are equal is the whole day.
     *
     * @param from inclusive
     * @param to exclusive
     * @param zone whose wall clock it follows
     */
    public record Window(LocalTime from, LocalTime to, ZoneId zone) {
        private static final Pattern TEXT = Pattern.compile("(\\d\\d:\\d\\d\\S*?)-(\\d\\d:\\d\\d\\S*)(?: +(\\S+))?");

        /**
         * Reads {@code 22:00-06:00 Europe/Berlin}; without a zone, UTC.
         *
         * @throws TidemillException INVALID_OPTION if it is written otherwise
         */
        public static Window parse(String text) {
            Matcher found = TEXT.matcher(text.strip());
            try {
                if (found.matches()) {
                    String zone = found.group(3);
                    return new Window(
                            LocalTime.parse(found.group(1)),
                            LocalTime.parse(found.group(2)),
                            zone == null ? ZoneOffset.UTC : ZoneId.of(zone));
                }
            } catch (DateTimeException unknown) {
                throw unreadable(text, unknown);
            }
            throw unreadable(text, null);
        }

        private static TidemillException unreadable(String text, @Nullable DateTimeException cause) {
            return new TidemillException(
                    ErrorCode.INVALID_OPTION,
                    "The off-peak window '" + text + "' cannot be read"
                            + (cause == null ? "" : " (" + cause.getMessage() + ")")
                            + "; write from and to as HH:MM and a time zone: 22:00-06:00 Europe/Berlin.",
                    cause);
        }

        /** As {@link #parse} reads it. */
        @Override
        public String toString() {
            return from + "-" + to + " " + zone;
        }

        /** Whether the window is open at this moment. */
        public boolean contains(Instant moment) {
            LocalTime time = moment.atZone(zone).toLocalTime();
            return from.isBefore(to)
                    ? !time.isBefore(from) && time.isBefore(to)
                    : !time.isBefore(from) || time.isBefore(to);
        }
    }

    public Priorities {
        for (Priority priority : Priority.values()) {
            Duration deadline = deadlines.get(priority);
            if (deadline == null || deadline.isNegative() || deadline.compareTo(Duration.ofDays(365)) > 0) {
                throw new TidemillException(
                        ErrorCode.INVALID_OPTION,
                        "The start deadline of " + priority + " is " + deadline
                                + "; it must be between 0 and 365 days.");
            }
            Integer weight = weights.get(priority);
            if (weight == null || weight < 1 || weight > 1000) {
                throw new TidemillException(
                        ErrorCode.INVALID_OPTION,
                        "The weight of " + priority + " is " + weight + "; it must be between 1 and 1000.");
            }
        }
        deadlines = Map.copyOf(deadlines);
        weights = Map.copyOf(weights);
        offPeak = List.copyOf(offPeak);
    }

    /**
     * CRITICAL 1 s (it goes first whatever its deadline), HIGH 30 s, MEDIUM 5 min, LOW 1 h, OFF_PEAK 24 h and any
     * time of day; weights 16, 8, 4, 2, 1.
     */
    public static Priorities standard() {
        return new Priorities(
                Map.of(
                        Priority.CRITICAL, Duration.ofSeconds(1),
                        Priority.HIGH, Duration.ofSeconds(30),
                        Priority.MEDIUM, Duration.ofMinutes(5),
                        Priority.LOW, Duration.ofHours(1),
                        Priority.OFF_PEAK, Duration.ofHours(24)),
                Map.of(
                        Priority.CRITICAL, 16,
                        Priority.HIGH, 8,
                        Priority.MEDIUM, 4,
                        Priority.LOW, 2,
                        Priority.OFF_PEAK, 1),
                List.of());
    }

    /** With this start deadline, 0 to 365 days. */
    public Priorities deadline(Priority priority, Duration deadline) {
        Map<Priority, Duration> changed = new EnumMap<>(deadlines);
        changed.put(priority, deadline);
        return new Priorities(changed, weights, offPeak);
    }

    /** With this overload weight, 1 to 1000. */
    public Priorities weight(Priority priority, int weight) {
        Map<Priority, Integer> changed = new EnumMap<>(weights);
        changed.put(priority, weight);
        return new Priorities(deadlines, changed, offPeak);
    }

    /** With off-peak jobs only inside these windows. */
    public Priorities offPeak(Window... windows) {
        return new Priorities(deadlines, weights, List.of(windows));
    }

    /** The start deadline of a priority. */
    public Duration deadline(Priority priority) {
        return java.util.Objects.requireNonNull(deadlines.get(priority));
    }

    /** The overload weight of a priority. */
    public int weight(Priority priority) {
        return java.util.Objects.requireNonNull(weights.get(priority));
    }

    /** Whether off-peak jobs may run at this moment. */
    public boolean offPeakOpen(Instant moment) {
        return offPeak.isEmpty() || offPeak.stream().anyMatch(window -> window.contains(moment));
    }
}
