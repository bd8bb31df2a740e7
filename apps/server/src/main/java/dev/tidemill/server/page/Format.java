package dev.tidemill.server.page;

import dev.tidemill.jobs.AttemptOutcome;
import dev.tidemill.jobs.JobState;
import dev.tidemill.jobs.Priority;
import dev.tidemill.jobs.Progress;
import java.math.BigDecimal;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Locale;

/** Numbers, times and names as people read them; all in English, times in UTC. */
public final class Format {
    private static final int FIRST_LINE = 300;
    private static final DateTimeFormatter TIME =
            DateTimeFormatter.ofPattern("HH:mm:ss", Locale.ROOT).withZone(ZoneOffset.UTC);
    private static final DateTimeFormatter MINUTE =
            DateTimeFormatter.ofPattern("HH:mm", Locale.ROOT).withZone(ZoneOffset.UTC);
    private static final DateTimeFormatter DAY =
            DateTimeFormatter.ofPattern("EEE d MMM", Locale.ENGLISH).withZone(ZoneOffset.UTC);
    private static final DateTimeFormatter DAY_TIME =
            DateTimeFormatter.ofPattern("d MMM HH:mm:ss", Locale.ENGLISH).withZone(ZoneOffset.UTC);

    private Format() {}

    /** 9,999, then 12.3k, 4.56M, 7.89G. */
    public static String count(long value) {
        if (value < 10_000) {
            return String.format(Locale.ROOT, "%,d", value);
        }
        if (value < 1_000_000) {
            return String.format(Locale.ROOT, "%.1fk", Math.floor(value / 100.0) / 10);
        }
        return value < 1_000_000_000
                ? String.format(Locale.ROOT, "%.2fM", Math.floor(value / 10_000.0) / 100)
                : String.format(Locale.ROOT, "%.2fG", Math.floor(value / 10_000_000.0) / 100);
    }

    /** Every digit, for a tooltip. */
    public static String exact(long value) {
        return String.format(Locale.ROOT, "%,d", value);
    }

    /** A rate a second: 0, 0.25, 3.4, 120. */
    public static String rate(double value) {
        if (value == 0) {
            return "0";
        }
        return value < 1
                ? String.format(Locale.ROOT, "%.2f", value)
                : value < 100 ? String.format(Locale.ROOT, "%.1f", value) : count(Math.round(value));
    }

    /** A fraction in as many digits as it has: 0.5, 1, 0.0001. */
    public static String decimal(double value) {
        return BigDecimal.valueOf(value).stripTrailingZeros().toPlainString();
    }

    /** 0, 420 µs, 12 ms, 1.24 s, 3 min 4 s, 2 h 5 min, 3 d 4 h. */
    public static String duration(Duration value) {
        Duration size = value.abs();
        long micros = size.toNanos() / 1_000;
        if (micros == 0) {
            return "0";
        }
        if (micros < 1_000) {
            return micros + " µs";
        }
        if (micros < 1_000_000) {
            return String.format(Locale.ROOT, micros < 10_000 ? "%.1f ms" : "%.0f ms", micros / 1e3);
        }
        if (size.toSeconds() < 60) {
            return String.format(Locale.ROOT, size.toSeconds() < 10 ? "%.2f s" : "%.1f s", micros / 1e6);
        }
        if (size.toMinutes() < 60) {
            return size.toMinutes() + " min " + size.toSecondsPart() + " s";
        }
        return size.toHours() < 24
                ? size.toHours() + " h " + size.toMinutesPart() + " min"
                : size.toDays() + " d " + size.toHoursPart() + " h";
    }

    /** How a start stood to its deadline. */
    public static String late(Duration late) {
        return late.isPositive() ? duration(late) + " late" : "in time";
    }

    /** The time of day, in UTC. */
    public static String time(Instant value) {
        return TIME.format(value);
    }

    /** Day and time, in UTC. */
    public static String dayTime(Instant value) {
        return DAY_TIME.format(value);
    }

    /** The day, in UTC. */
    public static String day(Instant value) {
        return DAY.format(value);
    }

    /** Hour and minute, in UTC. */
    public static String minute(Instant value) {
        return MINUTE.format(value);
    }

    /** How long ago: just now, 12 s ago, 3 min ago, 2 h ago, 5 d ago; or how soon: in 12 s. */
    public static String ago(Instant value, Instant now) {
        Duration since = Duration.between(value, now);
        long seconds = since.abs().toSeconds();
        if (seconds < 1) {
            return "just now";
        }
        String span = seconds < 60
                ? seconds + " s"
                : seconds < 3_600
                        ? seconds / 60 + " min"
                        : seconds < 86_400 ? seconds / 3_600 + " h" : seconds / 86_400 + " d";
        return since.isNegative() ? "in " + span : span + " ago";
    }

    /** 512 B, 1.5 kB, 20.1 MB, 3.25 GB: by thousands. */
    public static String bytes(long value) {
        if (value < 1_000) {
            return value + " B";
        }
        double size = value;
        int unit = -1;
        while (size >= 1_000 && unit < 3) {
            size /= 1_000;
            unit++;
        }
        return String.format(Locale.ROOT, size < 100 ? "%.1f %cB" : "%.0f %cB", size, "kMGT".charAt(unit));
    }

    /** With a capital letter first. */
    public static String capital(String text) {
        return text.isEmpty() ? text : Character.toUpperCase(text.charAt(0)) + text.substring(1);
    }

    /** A part of a URL's query or path. */
    public static String url(String value) {
        return URLEncoder.encode(value, StandardCharsets.UTF_8).replace("+", "%20");
    }

    /** How many of all, as 100%, 99.9%, 42%; a dash where there is nothing to tell. */
    public static String percent(long part, long all) {
        if (all == 0) {
            return "–";
        }
        double percent = Math.floor(part * 1000.0 / all) / 10;
        return percent == 100 || percent < 90
                ? String.format(Locale.ROOT, "%.0f%%", percent)
                : String.format(Locale.ROOT, "%.1f%%", percent);
    }

    /** A part of 100, for a bar's width. */
    public static String width(long part, long all) {
        return all == 0 ? "0" : String.format(Locale.ROOT, "%.1f", part * 100.0 / all);
    }

    /** The mean handler time. */
    public static String mean(Duration total, long attempts) {
        return attempts == 0 ? "–" : duration(total.dividedBy(attempts));
    }

    /** A name as words in lower case. */
    public static String words(Enum<?> value) {
        return value.name().toLowerCase(Locale.ROOT).replace('_', ' ');
    }

    /** The style class of a priority. */
    public static String css(Priority priority) {
        return "p" + priority.code();
    }

    /** The style class of an outcome. */
    public static String css(AttemptOutcome outcome) {
        return switch (outcome) {
            case SUCCEEDED -> "good";
            case FAILED, TIMED_OUT -> "bad";
            case SNOOZED, RELEASED, LOST, CANCELLED -> "warn";
        };
    }

    /** The style class of a state. */
    public static String css(JobState state) {
        return switch (state) {
            case READY -> "tide";
            case SCHEDULED -> "wait";
            case RUNNING, SUCCEEDED -> "good";
            case DEAD -> "bad";
            case DISCARDED, CANCELLED -> "";
        };
    }

    /** The first line, for a one-line view; of a long one the first 300 characters. */
    public static String firstLine(String text) {
        String line = text.lines().filter(some -> !some.isBlank()).findFirst().orElse("(no message)");
        return cut(line);
    }

    /** A text of which a page has many; of a long one the first 300 characters. */
    public static String cut(String text) {
        if (text.length() <= FIRST_LINE) {
            return text;
        }
        int end = Character.isHighSurrogate(text.charAt(FIRST_LINE - 1)) ? FIRST_LINE - 1 : FIRST_LINE;
        return text.substring(0, end) + "…";
    }

    /** How far a running job is: {@code 3 of 10 (30%), reading}. */
    public static String progress(Progress progress) {
        String far = progress.total() > 0
                ? exact(progress.done()) + " of " + exact(progress.total()) + " ("
                        + percent(progress.done(), progress.total()) + ")"
                : exact(progress.done()) + " done";
        return progress.message() == null ? far : far + ", " + progress.message();
    }

    /** The points of a line over a box of 240 by 40, the newest at the right edge. */
    public static String points(List<Double> rates) {
        double max = rates.stream().mapToDouble(Double::doubleValue).max().orElse(0);
        double scale = 36 / Math.max(max, 0.1);
        double step = 240.0 / (Throughput.POINTS - 1);
        StringBuilder points = new StringBuilder();
        for (int i = 0; i < rates.size(); i++) {
            double x = 240 - (rates.size() - 1 - i) * step;
            points.append(String.format(Locale.ROOT, "%.1f,%.1f ", x, 38 - rates.get(i) * scale));
        }
        return points.toString().strip();
    }

    /** The same line closed to an area. */
    public static String area(List<Double> rates) {
        if (rates.isEmpty()) {
            return "";
        }
        double left = 240 - (rates.size() - 1) * (240.0 / (Throughput.POINTS - 1));
        return String.format(Locale.ROOT, "%.1f,40 %s 240,40", left, points(rates));
    }
}
