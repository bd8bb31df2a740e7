package dev.tidemill.cache;

import java.util.UUID;

/**
 * Writes keys as text, by which all tiers know them: 1 to 512 bytes without control characters, a different text for
 * each key. Parts separated by colons ({@code 42:posts}) can be invalidated by their beginning.
 *
 * @param <K> keys
 */
@FunctionalInterface
public interface Keys<K> {
    /** The longest text, in bytes of UTF-8. */
    int MAX_BYTES = 512;

    /** Text as it is. */
    Keys<String> STRINGS = key -> key;

    /** Decimal. */
    Keys<Long> LONGS = key -> Long.toString(key);

    /** Decimal. */
    Keys<Integer> INTEGERS = key -> Integer.toString(key);

    /** In its usual form. */
    Keys<UUID> UUIDS = UUID::toString;

    /** The text of a key. */
    String text(K key);
}
