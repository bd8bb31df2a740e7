package dev.tidemill.server.caches;

import dev.tidemill.cache.Answer;
import dev.tidemill.cache.Cache;
import dev.tidemill.cache.Loader;
import java.time.Duration;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A cache of an application's own types.
 *
 * @param keys reads keys
 * @param origin null if there is none
 * @param shown a value as a document
 * @param taken a document as a value
 */
record TypedShelf<K, V>(
        Cache<K, V> cache,
        boolean json,
        Duration clientAge,
        Function<String, ? extends K> keys,
        @Nullable Loader<? super K, ? extends V> origin,
        Function<? super V, Document> shown,
        Function<Document, ? extends V> taken)
        implements Shelf {
    @Override
    public boolean hasOrigin() {
        return origin != null;
    }

    @Override
    public Served ask(String key) {
        Loader<? super K, ? extends V> loader = origin == null ? nothing() : origin;
        Answer<V> how = cache.ask(keys.apply(key), loader);
        V value = how.value();
        return new Served(value == null ? null : shown.apply(value), how);
    }

    private static <K, V> Loader<K, V> nothing() {
        return key -> null;
    }

    @Override
    public void put(String key, Document document, @Nullable Duration fresh, Set<String> tags) {
        Duration time = fresh == null ? cache.policy().times().fresh() : fresh;
        cache.put(keys.apply(key), taken.apply(document), time, tags);
    }
}
