package dev.tidemill.cache;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;

/**
 * What is loaded before anybody asks for it, by name, so that whoever starts a process, or a job that a schedule
 * enqueues, can say which. A key that a tier has is not loaded again, so that running one on many nodes, or often, costs
 * the origin one call a batch and no more; unless it is said to look ahead. Thread safe.
 *
 * <pre>{@code
 * WarmUps warmUps = new WarmUps().add("members", users, repository::activeIds, repository::findAll);
 * mill.handle(WarmUp.class, (job, run) -> warmUps.run(job.name()));
 * }</pre>
 */
public final class WarmUps {
    private static final int BATCH = 500;
    private static final Duration FURTHEST = Duration.ofDays(365);

    private final Map<String, WarmUp<?, ?>> byName = new ConcurrentHashMap<>();

    /**
     * What came of it.
     *
     * @param keys how many there were
     * @param absent those of them that have no value
     * @param failed those whose value could not be had
     * @param took all of it
     */
    public record Warmed(long keys, long absent, long failed, Duration took) {}

    private record WarmUp<K, V>(Cache<K, V> cache, Callable<? extends Iterable<K>> keys, BulkLoader<K, V> loader) {
        Warmed run(Duration ahead) throws Exception {
            long began = System.nanoTime();
            long[] counts = new long[3];
            List<K> batch = new ArrayList<>(BATCH);
            for (K key : keys.call()) {
                batch.add(key);
                if (batch.size() == BATCH) {
                    warm(batch, ahead, counts);
                }
            }
            if (!batch.isEmpty()) {
                warm(batch, ahead, counts);
            }
            return new Warmed(counts[0], counts[1], counts[2], Duration.ofNanos(System.nanoTime() - began));
        }

        private void warm(List<K> batch, Duration ahead, long[] counts) {
            Many<K, V> many =
                    ahead.isZero() ? cache.getMany(batch, loader) : cache.lookups.manyAhead(batch, ahead, loader);
            counts[0] += batch.size();
            counts[1] += many.absent().size();
            counts[2] += many.failures().size();
            batch.clear();
        }
    }

    /** Without any yet. */
    public WarmUps() {}

    /**
     * Adds one.
     *
     * @param keys which keys there are; asked each time that it runs
     * @param loader loads up to 500 of them in a call
     * @throws CacheException if there is one of that name
     */
    public <K, V> WarmUps add(
            String name, Cache<K, V> cache, Callable<? extends Iterable<K>> keys, BulkLoader<K, V> loader) {
        if (byName.putIfAbsent(name, new WarmUp<>(cache, keys, loader)) != null) {
            throw new CacheException(
                    CacheError.SETTINGS_INVALID, "There is a warm-up '" + name + "'. Give the other another name.");
        }
        return this;
    }

    /** Their names, sorted. */
    public Set<String> names() {
        return new TreeSet<>(byName.keySet());
    }

    /**
     * Loads what one of them says, and returns when it is there.
     *
     * @throws CacheException if there is none of that name
     * @throws Exception if the keys could not be had; single keys that fail are counted
     */
    public Warmed run(String name) throws Exception {
        return run(name, Duration.ZERO);
    }

    /**
     * The same, and loads anew what would be past its time before the next run, so that nobody meets it then.
     *
     * @param ahead values that are fresh for less than this are loaded anew; up to 365 days, zero to load only what is
     *     missing
     * @throws CacheException if there is none of that name, or the time is out of bounds
     * @throws Exception if the keys could not be had; single keys that fail are counted
     */
    public Warmed run(String name, Duration ahead) throws Exception {
        if (ahead.isNegative() || ahead.compareTo(FURTHEST) > 0) {
            throw new CacheException(
                    CacheError.SETTINGS_INVALID,
                    "The warm-up '" + name + "' is to look " + ahead + " ahead; give a time from 0 to 365 days.");
        }
        WarmUp<?, ?> one = byName.get(name);
        if (one == null) {
            throw new CacheException(
                    CacheError.SETTINGS_INVALID, "There is no warm-up '" + name + "'; there are " + names() + ".");
        }
        return one.run(ahead);
    }
}
