package dev.tidemill.cache;

import org.jspecify.annotations.Nullable;

/**
 * Asks the origin for a value. It runs on a virtual thread of its own, so that it sees what is committed and never what
 * the caller's transaction has only written; it is interrupted when it takes too long.
 *
 * @param <K> keys
 * @param <V> values
 */
@FunctionalInterface
public interface Loader<K, V> {
    /**
     * The value of a key; null says that there is none, which is remembered too.
     *
     * @throws Exception if the origin fails
     */
    @Nullable
    V load(K key) throws Exception;
}
