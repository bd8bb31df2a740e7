package dev.tidemill.cache;

import java.util.Map;
import java.util.Set;

/**
 * What came of asking for many keys. Each is in one of the three.
 *
 * @param values by key
 * @param absent keys that have no value
 * @param failures by key, for keys whose value could not be had
 * @param <K> keys
 * @param <V> values
 */
public record Many<K, V>(Map<K, V> values, Set<K> absent, Map<K, CacheException> failures) {
    public Many {
        values = Map.copyOf(values);
        absent = Set.copyOf(absent);
        failures = Map.copyOf(failures);
    }

    /**
     * The values, if no key failed.
     *
     * @throws CacheException the first failure
     */
    public Map<K, V> orThrow() {
        for (CacheException failure : failures.values()) {
            throw failure;
        }
        return values;
    }
}
