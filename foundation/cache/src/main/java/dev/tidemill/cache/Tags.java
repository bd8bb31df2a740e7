package dev.tidemill.cache;

import java.util.Set;

/**
 * Says which tags a value has, by which it can be invalidated together with others: up to 32 of 1 to 256 bytes without
 * control characters.
 *
 * @param <K> keys
 * @param <V> values
 */
@FunctionalInterface
public interface Tags<K, V> {
    /** The tags of a value; empty for none. */
    Set<String> of(K key, V value);
}
