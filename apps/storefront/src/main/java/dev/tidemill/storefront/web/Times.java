package dev.tidemill.storefront.web;

import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Points in time for people, in UTC: the shop does not know where they are. */
public final class Times {
    private static final DateTimeFormatter DAY = format("d MMMM yyyy");
    private static final DateTimeFormatter FULL = format("d MMMM yyyy, HH:mm 'UTC'");
    private static final DateTimeFormatter CLOCK = format("HH:mm:ss 'UTC'");

    private Times() {}

    private static DateTimeFormatter format(String pattern) {
        return DateTimeFormatter.ofPattern(pattern, Locale.ENGLISH).withZone(ZoneOffset.UTC);
    }

    /** As 7 May 2026. */
    public static String day(Instant time) {
        return DAY.format(time);
    }

    /** As 7 May 2026, 14:05 UTC. */
    public static String utc(Instant time) {
        return FULL.format(time);
    }

    /** As 14:05:09 UTC; empty for null. */
    public static String clock(@Nullable Instant time) {
        return time == null ? "" : CLOCK.format(time);
    }
}
