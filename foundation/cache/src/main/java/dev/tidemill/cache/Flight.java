package dev.tidemill.cache;

import dev.tidemill.cache.tier.Invalidation;
import dev.tidemill.cache.tier.Position;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * One value on its way into this process, and everybody who waits for it. Invalidations that are carried out meanwhile
 * are held against it: when it lands, the value is kept only if it reflects all of them. Whether it does is known exactly
 * where the value came with a position, and otherwise taken not to.
 */
final class Flight<K, V> {
    private static final int MAX_STRIKES = 1_000;

    /** What those who wait are told. */
    record Landed<V>(
            Entry<V> entry,
            Source source,
            boolean stale,
            @Nullable Miss miss) {}

    final K key;
    final String text;
    final long began = System.nanoTime();
    final Miss miss;
    final CompletableFuture<Landed<V>> landed = new CompletableFuture<>();
    private final List<Invalidation> strikes = new ArrayList<>();
    private boolean overwhelmed;
    private long since = began;
    private @Nullable Position asOf;

    Flight(K key, String text, Miss miss) {
        this.key = key;
        this.text = text;
        this.miss = miss;
    }

    /** What comes from here on reflects this position, which was taken after a moment. */
    synchronized void rebase(@Nullable Position position, long moment) {
        asOf = position;
        since = moment;
    }

    synchronized @Nullable Position asOf() {
        return asOf;
    }

    synchronized long since() {
        return since;
    }

    /** An invalidation is being carried out here. Which tags the value will have is not known yet. */
    synchronized void strike(Invalidation invalidation) {
        if (invalidation.target().isTag() || invalidation.target().matches(text, Set.of())) {
            if (strikes.size() < MAX_STRIKES) {
                strikes.add(invalidation);
            } else {
                overwhelmed = true;
            }
        }
    }

    /** Everything that was known before counts for nothing. */
    synchronized void strikeOut() {
        overwhelmed = true;
    }

    /** Whether nothing is held against what is on its way, so that others may wait for it too. */
    synchronized boolean isClear() {
        return !overwhelmed && strikes.stream().allMatch(strike -> Entry.isPartOf(strike.stamp(), asOf, 0));
    }

    /** Keeps the entry if it reflects all that happened meanwhile; returns whether. */
    synchronized boolean land(Entry<V> entry, Runnable keeping) {
        if (overwhelmed || strikes.stream().anyMatch(strike -> entry.fallsTo(strike, text))) {
            return false;
        }
        keeping.run();
        return true;
    }
}
