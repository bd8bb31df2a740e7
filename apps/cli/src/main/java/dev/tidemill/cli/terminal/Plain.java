package dev.tidemill.cli.terminal;

import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Texts as people read them. What comes from a database may hold anything, also what would steer a terminal: control
 * characters are shown as a dot.
 */
public final class Plain {
    private static final DateTimeFormatter TIME =
            DateTimeFormatter.ofPattern("uuuu-MM-dd HH:mm:ss'Z'", Locale.ROOT).withZone(ZoneOffset.UTC);

    private Plain() {}

    /** On one line; line breaks and tabs become blanks. */
    public static String line(String text) {
        return cleaned(text, false);
    }

    /** On as many lines as it has. */
    public static String block(String text) {
        return cleaned(text, true);
    }

    private static String cleaned(String text, boolean linesStay) {
        StringBuilder clean = new StringBuilder(text.length());
        text.codePoints().forEach(point -> {
            if (point == '\n' || point == '\t') {
                clean.append(linesStay ? (char) point : ' ');
            } else if (point != '\r') {
                clean.appendCodePoint(isHarmless(point) ? point : '·');
            }
        });
        return clean.toString();
    }

    /** Controls, and what turns the direction of writing, so that a text would read otherwise than it is. */
    private static boolean isHarmless(int point) {
        return !Character.isISOControl(point)
                && !(point >= 0x202A && point <= 0x202E)
                && !(point >= 0x2066 && point <= 0x2069)
                && Character.getType(point) != Character.SURROGATE;
    }

    /** How many cells of a terminal a text takes. */
    public static int cells(String text) {
        return text.codePoints().map(Plain::cells).sum();
    }

    private static int cells(int point) {
        int type = Character.getType(point);
        if (type == Character.NON_SPACING_MARK || type == Character.ENCLOSING_MARK || type == Character.FORMAT) {
            return 0;
        }
        boolean wide = point >= 0x1100
                && (point <= 0x115F
                        || (point >= 0x2E80 && point <= 0xA4CF)
                        || (point >= 0xAC00 && point <= 0xD7A3)
                        || (point >= 0xF900 && point <= 0xFAFF)
                        || (point >= 0xFE30 && point <= 0xFE6F)
                        || (point >= 0xFF00 && point <= 0xFF60)
                        || (point >= 0x1F300 && point <= 0x1FAFF)
                        || (point >= 0x20000 && point <= 0x3FFFD));
        return wide ? 2 : 1;
    }

    /** At most so many cells of it, the last one an ellipsis where something is left out. */
    public static String cut(String text, int most) {
        if (cells(text) <= most) {
            return text;
        }
        StringBuilder kept = new StringBuilder();
        int used = 0;
        for (int point : text.codePoints().toArray()) {
            used += cells(point);
            if (used > most - 1) {
                break;
            }
            kept.appendCodePoint(point);
        }
        return kept.append('…').toString();
    }

    /** To the second, in UTC; {@code -} for none. */
    public static String time(@Nullable Instant at) {
        return at == null ? "-" : TIME.format(at);
    }

    /** With two units at most: {@code 850 ms}, {@code 1.2 s}, {@code 3m 5s}, {@code 2h 5m}, {@code 3d 4h}. */
    public static String span(Duration span) {
        if (span.isNegative()) {
            return "-" + span(span.negated());
        }
        long millis = span.toMillis();
        if (millis < 1000) {
            return millis + " ms";
        }
        if (millis < 60_000) {
            return String.format(Locale.ROOT, "%.1f s", Math.floorDiv(millis, 100) / 10.0);
        }
        if (millis < 3_600_000) {
            return span.toMinutes() + "m " + span.toSecondsPart() + "s";
        }
        return span.toDays() == 0
                ? span.toHours() + "h " + span.toMinutesPart() + "m"
                : span.toDays() + "d " + span.toHoursPart() + "h";
    }

    /** So many of something: {@code 1 job}, {@code 2 jobs}. */
    public static String count(long number, String what) {
        return number(number) + " " + what + (number == 1 ? "" : "s");
    }

    /** With its thousands set apart: {@code 1,234,567}. */
    public static String number(long number) {
        return String.format(Locale.ROOT, "%,d", number);
    }
}
