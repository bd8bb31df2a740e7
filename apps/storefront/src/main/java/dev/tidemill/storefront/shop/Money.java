package dev.tidemill.storefront.shop;

import java.util.Locale;

/** Amounts for people. */
public final class Money {
    private Money() {}

    /** Cents of a euro as {@code €1,234.50}. */
    public static String euros(long cents) {
        return String.format(Locale.ENGLISH, "€%,d.%02d", cents / 100, cents % 100);
    }
}
