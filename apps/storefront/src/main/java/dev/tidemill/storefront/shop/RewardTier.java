package dev.tidemill.storefront.shop;

import java.time.Duration;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;

/** What a referrer gets for a friend's first purchase, by what it came to. */
public enum RewardTier {
    /** Less than 20 euros. */
    PEBBLE("Pebble", 0, 100),
    /** From 20 euros. */
    SHELL("Shell", 2_000, 300),
    /** From 60 euros. */
    CORAL("Coral", 6_000, 700),
    /** From 120 euros. */
    PEARL("Pearl", 12_000, 1_500);

    /** How long a reward is good for, counted from the purchase. */
    public static final Duration TTL = Duration.ofDays(90);

    private final String title;
    private final long fromCents;
    private final long cents;

    RewardTier(String title, long fromCents, long cents) {
        this.title = title;
        this.fromCents = fromCents;
        this.cents = cents;
    }

    /** Of a purchase that came to so many cents. */
    public static RewardTier of(long totalCents) {
        RewardTier found = PEBBLE;
        for (RewardTier tier : values()) {
            if (totalCents >= tier.fromCents) {
                found = tier;
            }
        }
        return found;
    }

    /** The one that gives the most. */
    public static RewardTier best() {
        return Collections.max(List.of(values()), Comparator.comparingLong(RewardTier::cents));
    }

    /** Its name for people. */
    public String title() {
        return title;
    }

    /** The least that a purchase of this tier comes to, in cents of a euro. */
    public long fromCents() {
        return fromCents;
    }

    /** What the referrer gets, in cents of a euro. */
    public long cents() {
        return cents;
    }

    /** How it is stored. */
    public String stored() {
        return name().toLowerCase(Locale.ROOT);
    }
}
