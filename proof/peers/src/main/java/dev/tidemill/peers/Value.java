package dev.tidemill.peers;

import java.util.Locale;

/**
 * What was measured, or why nothing was.
 *
 * @param number the figure; not a number when there is none
 * @param isBound whether the true figure is larger, and waiting for it was given up
 * @param note what there is to say about it; may be empty
 */
record Value(double number, boolean isBound, String note) {
    static Value of(double number) {
        return new Value(number, false, "");
    }

    static Value moreThan(double number, String note) {
        return new Value(number, true, note);
    }

    static Value none(String why) {
        return new Value(Double.NaN, false, why);
    }

    boolean isThere() {
        return !Double.isNaN(number);
    }

    String text() {
        if (!isThere()) {
            return "-";
        }
        String format = number >= 100 ? "%,.0f" : number >= 10 ? "%.1f" : "%.2f";
        return (isBound ? "> " : "") + String.format(Locale.ROOT, format, number);
    }

    /** For JSON: a number, or a text that says what it is more than or why it is missing. */
    Object plain() {
        return isThere() && !isBound ? number : isThere() ? text() : note;
    }
}
