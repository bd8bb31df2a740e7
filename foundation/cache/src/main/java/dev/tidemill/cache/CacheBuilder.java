package dev.tidemill.cache;

import java.util.Set;

/**
 * A cache to be opened: its name, keys and values, and what is to hold for it.
 *
 * @param <K> keys
 * @param <V> values
 */
public final class CacheBuilder<K, V> {
    final Caches caches;
    final String name;
    final Keys<? super K> keys;
    final ValueType<V> type;
    Tags<? super K, ? super V> tags = (key, value) -> Set.of();
    CachePolicy policy = CachePolicy.API_RESPONSES;

    CacheBuilder(Caches caches, String name, Keys<? super K> keys, ValueType<V> type) {
        this.caches = caches;
        this.name = name;
        this.keys = keys;
        this.type = type;
    }

    /** For how long values count; 5 minutes unless said otherwise. */
    public CacheBuilder<K, V> policy(CachePolicy policy) {
        this.policy = policy;
        return this;
    }

    /** Which tags values have; none unless said otherwise. */
    public CacheBuilder<K, V> tags(Tags<? super K, ? super V> tags) {
        this.tags = tags;
        return this;
    }

    /**
     * The cache.
     *
     * @throws CacheException if there is one of that name, or the policy keeps values for longer than the log
     */
    public Cache<K, V> open() {
        return caches.open(this);
    }
}
