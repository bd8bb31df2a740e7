package dev.tidemill.server.caches;

import dev.tidemill.cache.Answer;
import dev.tidemill.cache.Cache;
import java.time.Duration;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** A cache that is served over HTTP: keys are text, values are documents. Thread safe. */
public interface Shelf {
    /**
     * What a key has.
     *
     * @param document null if there is none
     * @param how it was come by
     */
    record Served(@Nullable Document document, Answer<?> how) {}

    /** The cache behind it. */
    Cache<?, ?> cache();

    /** Whether values are JSON, and nothing else can be put. */
    boolean json();

    /** Whether what is missing is loaded from somewhere. */
    boolean hasOrigin();

    /** For how long clients may go on with an answer without asking again; zero for not at all. */
    Duration clientAge();

    /**
     * The value of a key, from its origin if no tier has it.
     *
     * @throws IllegalArgumentException if the text is no key of this cache
     */
    Served ask(String key);

    /**
     * Puts a value.
     *
     * @param fresh for how long it counts; null for as long as the cache's policy says
     * @param tags beside those that the cache gives it
     * @throws IllegalArgumentException if the text is no key of this cache
     */
    void put(String key, Document document, @Nullable Duration fresh, Set<String> tags);
}
