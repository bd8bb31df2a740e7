package dev.tidemill.rules;

import org.jspecify.annotations.Nullable;

/**
 * What became of a row since the rule last reacted to it: the changes of several transactions, taken together. Immutable.
 *
 * <p>Where the key is not unique, several rows may have it; each of them has a change of its own, and those of one key
 * come one after the other, never at the same time.
 *
 * @param <T> what rows are mapped to
 * @param kind what happened, all taken together
 * @param key the value of the rule's key column, as text
 * @param old the row before, which is the same as now where it was changed back; null if it was not there, and where only keys
 *     were kept
 * @param now the row after; null if it is gone, and where only the key is known
 * @param keysOnly whether only the key was kept: a statement changed very many rows, or the whole table is gone through.
 *     {@code old} is null then, and {@code now} is the row as it is when this runs; null too where the key is not unique, and
 *     where the row is gone by then
 * @param count how many changes these were
 */
public record Change<T>(
        Kind kind, String key, @Nullable T old, @Nullable T now, boolean keysOnly, int count) {
    /** What happened. */
    public enum Kind {
        /** The row was not there before, or had another key. */
        INSERT,
        /** The row was there and is there. */
        UPDATE,
        /** The row is gone, or has another key now. */
        DELETE,
        /** The row as it is now, whether it changed or not. */
        CURRENT
    }

    /** The key as a number. */
    public long keyAsLong() {
        return Long.parseLong(key);
    }

    /**
     * The row as it is now, or as it was before it was deleted.
     *
     * @throws IllegalStateException if only the key is known
     */
    public T row() {
        T known = now != null ? now : old;
        if (known == null) {
            throw new IllegalStateException("Only the key '" + key
                    + "' is known of this change (keysOnly): work out from the tables what is to be done for it.");
        }
        return known;
    }
}
