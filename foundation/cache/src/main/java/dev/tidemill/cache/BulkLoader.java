package dev.tidemill.cache;

import java.util.Map;
import java.util.Set;

/**
 * Asks the origin for many values at once; otherwise as a {@link Loader}.
 *
 * @param <K> keys
 * @param <V> values
 */
@FunctionalInterface
public interface BulkLoader<K, V> {
    /**
     * The values of some keys. A key that is not in the answer has none, which is remembered.
     *
     * @throws PartialLoadException if some keys failed and the others did not
     * @throws Exception if the origin fails, for all of them
     */
    Map<K, V> load(Set<K> keys) throws Exception;
}
