package dev.tidemill.cache;

import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The pages of queries, each cached by itself under the query's name and its number, and invalidated together. Made by
 * {@link Caches#pages}; thread safe.
 *
 * @param <E> what is on a page
 */
public final class Pages<E> {
    /** Asks the origin for a page. */
    @FunctionalInterface
    public interface PageLoader<E> {
        /** The page of that number; empty past the end. */
        List<E> load(int page) throws Exception;
    }

    private final Cache<String, List<E>> cache;

    Pages(Cache<String, List<E>> cache) {
        this.cache = cache;
    }

    /**
     * A page of a query.
     *
     * @param query what is asked, with everything that the answer depends on; text of at most 240 bytes
     * @param page its number, from 0
     */
    public List<E> page(String query, int page, PageLoader<E> loader) {
        if (page < 0) {
            throw new CacheException(
                    CacheError.KEY_INVALID, "Page " + page + " of a query was asked for; pages begin with 0.");
        }
        Texts.checkTag(query);
        @Nullable List<E> rows = cache.get(key(query, page), key -> loader.load(page));
        return Objects.requireNonNullElse(rows, List.of());
    }

    /** All pages of a query are no longer true. */
    public void invalidate(String query) {
        cache.invalidateTag(query);
    }

    /** The cache that the pages are in. */
    public Cache<String, List<E>> cache() {
        return cache;
    }

    private static String key(String query, int page) {
        return page + ":" + query;
    }

    static String queryOf(String key) {
        return key.substring(key.indexOf(':') + 1);
    }
}
