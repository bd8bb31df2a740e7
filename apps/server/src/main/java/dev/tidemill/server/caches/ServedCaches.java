package dev.tidemill.server.caches;

import dev.tidemill.cache.Cache;
import dev.tidemill.cache.Caches;
import dev.tidemill.cache.Loader;
import dev.tidemill.jobs.ErrorCode;
import dev.tidemill.jobs.TidemillException;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The caches that a server shows, and those of them that it serves over HTTP. It shows all that are open; one is served
 * when it is named here, with a way to read its keys, and maybe an origin that fills what is missing. The caches stay
 * their owner's to close. Thread safe.
 *
 * <pre>{@code
 * ServedCaches served = ServedCaches.of(caches).serve(users, Long::valueOf, id -> repository.find(id));
 * TidemillServer server = TidemillServer.builder(mill).caches(served).start();
 * }</pre>
 */
public final class ServedCaches {
    private final Caches caches;
    private final Map<String, Shelf> shelves = new ConcurrentHashMap<>();

    private ServedCaches(Caches caches) {
        this.caches = caches;
    }

    /** Shows these, and serves none of them yet. */
    public static ServedCaches of(Caches caches) {
        return new ServedCaches(caches);
    }

    /**
     * Serves a cache, whose values go over HTTP as its codec writes them: as JSON unless it has another.
     *
     * @param key reads a key; throws an {@link IllegalArgumentException} for what is none
     * @param origin loads what is missing
     */
    public <K, V> ServedCaches serve(
            Cache<K, V> cache, Function<String, ? extends K> key, Loader<? super K, ? extends V> origin) {
        return serve(typed(cache, key, origin));
    }

    /** Serves a cache that nothing fills but what is put, here or by the application. */
    public <K, V> ServedCaches serve(Cache<K, V> cache, Function<String, ? extends K> key) {
        return serve(typed(cache, key, null));
    }

    private static <K, V> Shelf typed(
            Cache<K, V> cache, Function<String, ? extends K> key, @Nullable Loader<? super K, ? extends V> origin) {
        boolean json = cache.codec().equals("json");
        String mediaType = json ? "application/json" : Document.BYTES;
        return new TypedShelf<>(
                cache,
                json,
                Duration.ZERO,
                key,
                origin,
                value -> new Document(mediaType, cache.write(value)),
                document -> cache.read(document.body()));
    }

    ServedCaches serve(Shelf shelf) {
        if (shelves.putIfAbsent(shelf.cache().name(), shelf) != null) {
            throw new TidemillException(
                    ErrorCode.INVALID_OPTION,
                    "The cache '" + shelf.cache().name() + "' is to be served twice; serve it once.");
        }
        return this;
    }

    /** All that are open in this process. */
    public Caches caches() {
        return caches;
    }

    /** One that is open, by its name. */
    public Optional<Cache<?, ?>> open(String name) {
        return caches.all().stream().filter(cache -> cache.name().equals(name)).findFirst();
    }

    /** One that is served, by its name. */
    public Optional<Shelf> served(String name) {
        return Optional.ofNullable(shelves.get(name));
    }
}
