package dev.tidemill.cache;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import dev.tidemill.cache.tier.Invalidation;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * What this process has of a cache, and what is on its way. An invalidation is held against every flight before entries
 * are removed; a flight keeps its entry under the same lock that strikes take. So an entry is either struck in flight or
 * already there to be removed.
 */
final class LocalTier<K, V> {
    private static final int REMEMBERED_REASONS = 1_000;

    private final Cache<String, Entry<V>> entries;
    private final Cache<String, Miss> reasons =
            Caffeine.newBuilder().maximumSize(REMEMBERED_REASONS).build();
    private final ConcurrentHashMap<String, Flight<K, V>> joinable = new ConcurrentHashMap<>();
    private final Set<Flight<K, V>> flying = ConcurrentHashMap.newKeySet();
    private final Contact contact;
    private final Tally tally;

    LocalTier(CachePolicy.Bounds bounds, Contact contact, Tally tally) {
        this.contact = contact;
        this.tally = tally;
        Caffeine<Object, Object> builder = Caffeine.newBuilder();
        Caffeine<String, Entry<V>> counted = bounds.localBytes() > 0
                ? builder.maximumWeight(bounds.localBytes())
                        .<String, Entry<V>>weigher((key, entry) -> Math.max(1, entry.bytes))
                        .evictionListener((key, entry, cause) -> tally.evicted.increment())
                : builder.maximumSize(bounds.localEntries())
                        .<String, Entry<V>>evictionListener((key, entry, cause) -> tally.evicted.increment());
        this.entries = counted.build();
    }

    @Nullable
    Entry<V> get(String key) {
        return entries.getIfPresent(key);
    }

    /** Why there is nothing fresh. */
    Miss reason(String key, @Nullable Entry<V> entry, long now) {
        if (entry == null) {
            Miss reason = reasons.getIfPresent(key);
            return reason == null ? Miss.UNKNOWN : reason;
        }
        return contact.vouches(entry.since, now) ? Miss.EXPIRED : Miss.OUT_OF_CONTACT;
    }

    /** The flight that a caller of now may wait for: itself heard of all that it must have, or young enough. */
    @Nullable
    Flight<K, V> joinable(String key, long now) {
        Flight<K, V> flight = joinable.get(key);
        return flight != null && isJoinable(flight, now) ? flight : null;
    }

    private boolean isJoinable(Flight<K, V> flight, long now) {
        return flight.isClear() && contact.vouches(flight.since(), now);
    }

    /** Enters a flight, unless there is one to join, which is returned instead. */
    Flight<K, V> enter(Flight<K, V> mine) {
        // Before it is joinable, and before anything is read: no look must miss it.
        flying.add(mine);
        Flight<K, V> winner = joinable.compute(
                mine.text, (key, other) -> other != null && isJoinable(other, System.nanoTime()) ? other : mine);
        if (winner != mine) {
            flying.remove(mine);
        }
        return winner;
    }

    /** Enters a flight that takes the place of any other. */
    void take(Flight<K, V> mine) {
        flying.add(mine);
        joinable.put(mine.text, mine);
    }

    /** Holds invalidations against a flight that nobody else may wait for. */
    void watch(Flight<K, V> mine) {
        flying.add(mine);
    }

    void leave(Flight<K, V> flight) {
        joinable.remove(flight.text, flight);
        flying.remove(flight);
    }

    /** Keeps what a flight brought, unless it was struck; one that began later is not replaced. */
    boolean land(Flight<K, V> flight, Entry<V> entry) {
        boolean kept = flight.land(entry, () -> {
            entries.asMap().merge(flight.text, entry, (old, fresh) -> old.since - fresh.since > 0 ? old : fresh);
            reasons.invalidate(flight.text);
        });
        if (!kept) {
            tally.struckLoads.increment();
        }
        return kept;
    }

    /** Replaces an entry by the same under other terms, if it is still there. */
    void replace(String key, Entry<V> old, Entry<V> other) {
        entries.asMap().computeIfPresent(key, (same, there) -> there == old ? other : there);
    }

    void carryOut(List<Invalidation> news) {
        for (Flight<K, V> flight : flying) {
            news.forEach(flight::strike);
        }
        List<Invalidation> wide = news.stream()
                .filter(invalidation -> !invalidation.target().isKey())
                .toList();
        for (Invalidation invalidation : news) {
            if (invalidation.target().isKey()) {
                remove(invalidation.target().subject(), List.of(invalidation));
            }
        }
        if (!wide.isEmpty()) {
            for (String key : entries.asMap().keySet()) {
                remove(key, wide);
            }
        }
    }

    private void remove(String key, List<Invalidation> news) {
        entries.asMap().computeIfPresent(key, (same, entry) -> {
            if (news.stream().noneMatch(invalidation -> entry.fallsTo(invalidation, key))) {
                return entry;
            }
            tally.invalidated.increment();
            reasons.put(key, Miss.INVALIDATED);
            return null;
        });
    }

    /** Nothing that is here or on its way counts any more. */
    void forget() {
        flying.forEach(Flight::strikeOut);
        entries.asMap().clear();
    }

    /** Removes what can no longer be served. */
    void sweep() {
        long now = System.nanoTime();
        entries.asMap().forEach((key, entry) -> {
            if (!entry.isKept(now) && entries.asMap().remove(key, entry)) {
                reasons.put(key, Miss.EXPIRED);
            }
        });
        entries.cleanUp();
    }

    List<dev.tidemill.cache.Cache.Weight> heaviest(int most) {
        long now = System.nanoTime();
        return entries.asMap().entrySet().stream()
                .sorted(Comparator.comparingInt((Map.Entry<String, Entry<V>> one) -> one.getValue().bytes)
                        .reversed())
                .limit(most)
                .map(one -> new dev.tidemill.cache.Cache.Weight(
                        one.getKey(),
                        one.getValue().bytes,
                        Duration.ofNanos(now - one.getValue().terms.loaded())))
                .toList();
    }

    long size() {
        return entries.estimatedSize();
    }

    long bytes() {
        return entries.asMap().values().stream().mapToLong(entry -> entry.bytes).sum();
    }
}
