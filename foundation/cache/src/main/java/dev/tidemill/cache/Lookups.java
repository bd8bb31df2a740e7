package dev.tidemill.cache;

import dev.tidemill.cache.Fetch.Purpose;
import dev.tidemill.cache.Flight.Landed;
import dev.tidemill.cache.tier.SharedTier.Found;
import dev.tidemill.cache.tier.SharedTier.Stored;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * The way of callers who did not find a fresh value in this process: serve what is past its time and have it renewed,
 * wait for a flight that somebody else began, or begin one.
 */
final class Lookups<K, V> {
    private static final Duration SPARE = Duration.ofSeconds(5);
    private static final int MAX_KEYS = 10_000;

    private final Cache<K, V> cache;
    private final LocalTier<K, V> local;
    private final Contact contact;
    private final Tally tally;
    private final Invalidator invalidator;

    Lookups(Cache<K, V> cache, Invalidator invalidator) {
        this.cache = cache;
        this.local = cache.local;
        this.contact = cache.contact;
        this.tally = cache.tally;
        this.invalidator = invalidator;
    }

    /** A loader of one as one of many. */
    static <K, V> BulkLoader<K, V> single(Loader<? super K, ? extends V> loader) {
        return wanted -> {
            Map<K, V> values = new HashMap<>();
            for (K key : wanted) {
                V value = loader.load(key);
                if (value != null) {
                    values.put(key, value);
                }
            }
            return values;
        };
    }

    /** A value, whatever it takes. */
    Landed<V> one(K key, String text, BulkLoader<K, V> loader) {
        Approach<K, V> approach = approach(key, text, loader);
        if (approach.ready != null) {
            return approach.ready;
        }
        if (approach.mine) {
            start(List.of(approach.flight), loader, Purpose.FILL);
        }
        return await(approach.flight);
    }

    /** What there is to be done for a key: nothing any more, or to wait for a flight, which may be ours to run. */
    private record Approach<K, V>(@Nullable Landed<V> ready, Flight<K, V> flight, boolean mine) {}

    private Approach<K, V> approach(K key, String text, BulkLoader<K, V> loader) {
        Texts.checkKey(text);
        invalidator.checkOpen();
        long now = System.nanoTime();
        Entry<V> entry = local.get(text);
        Miss miss = local.reason(text, entry, now);
        Flight<K, V> mine = new Flight<>(key, text, miss);
        if (entry != null && contact.vouches(entry.since, now)) {
            if (now - entry.fresh < 0) {
                tally.hit(entry.overdue);
                return new Approach<>(new Landed<>(entry, Source.LOCAL, entry.overdue, null), mine, false);
            }
            if (entry.isUsable(now)) {
                tally.staleServed.increment();
                renew(key, loader);
                return new Approach<>(new Landed<>(entry, Source.LOCAL, true, Miss.EXPIRED), mine, false);
            }
        }
        if (miss == Miss.OUT_OF_CONTACT) {
            tally.outOfContact.increment();
        }
        Flight<K, V> winner = local.enter(mine);
        if (winner != mine) {
            tally.joined.increment();
            return new Approach<>(null, winner, false);
        }
        // Another may have landed and left between the look above and the entry.
        Entry<V> again = local.get(text);
        if (again != null && now - again.fresh < 0 && contact.vouches(again.since, now)) {
            Landed<V> landed = new Landed<>(again, Source.LOCAL, again.overdue, null);
            mine.landed.complete(landed);
            local.leave(mine);
            tally.hit(again.overdue);
            return new Approach<>(landed, mine, false);
        }
        return new Approach<>(null, mine, true);
    }

    private void start(List<Flight<K, V>> flights, BulkLoader<K, V> loader, Purpose purpose) {
        Thread.ofVirtual().name("tidemill-cache-fetch").start(new Fetch<>(cache, loader, flights, purpose));
    }

    /** Renews a value in the background, unless somebody is at it. */
    void renew(K key, BulkLoader<K, V> loader) {
        Flight<K, V> mine = new Flight<>(key, cache.values.text(key), Miss.EXPIRED);
        if (local.enter(mine) == mine) {
            start(List.of(mine), loader, Purpose.RENEW);
        }
    }

    /** A value that is loaded from now on. */
    Landed<V> anew(K key, BulkLoader<K, V> loader) {
        String text = cache.values.checkedText(key);
        invalidator.checkOpen();
        Flight<K, V> mine = new Flight<>(key, text, Miss.REFRESH);
        local.take(mine);
        start(List.of(mine), loader, Purpose.FORCE);
        return await(mine);
    }

    private Landed<V> await(Flight<K, V> flight) {
        Duration longest = cache.policy.origin().timeout().multipliedBy(2).plus(SPARE);
        try {
            Landed<V> landed = flight.landed.get(longest.toNanos(), TimeUnit.NANOSECONDS);
            if (landed.stale()) {
                tally.staleServed.increment();
            }
            return landed;
        } catch (ExecutionException failed) {
            if (failed.getCause() instanceof CacheException why) {
                throw new CacheException(why.error(), String.valueOf(why.getMessage()), why);
            }
            throw new CacheException(
                    CacheError.LOAD_FAILED, "Getting a value of '" + cache.name() + "' failed.", failed);
        } catch (TimeoutException late) {
            throw new CacheException(
                    CacheError.LOAD_TIMED_OUT,
                    "A value of '" + cache.name() + "' was not there after " + longest.toMillis() + " ms.",
                    late);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new CacheException(
                    CacheError.INTERRUPTED,
                    "Waiting for a value of '" + cache.name() + "' was interrupted.",
                    interrupted);
        }
    }

    Many<K, V> many(Collection<? extends K> wanted, BulkLoader<K, V> loader) {
        if (wanted.size() > MAX_KEYS) {
            throw new CacheException(
                    CacheError.KEY_INVALID,
                    wanted.size() + " keys were asked for at once; at most " + MAX_KEYS + " may be. Ask in parts.");
        }
        Map<K, V> values = new HashMap<>();
        Set<K> absent = new LinkedHashSet<>();
        Map<K, CacheException> failures = new HashMap<>();
        Map<K, Flight<K, V>> waiting = new LinkedHashMap<>();
        List<Flight<K, V>> mine = new ArrayList<>();
        Map<K, String> texts = new LinkedHashMap<>();
        wanted.forEach(key -> texts.computeIfAbsent(key, cache.values::checkedText));
        texts.forEach((key, text) -> {
            Approach<K, V> approach = approach(key, text, loader);
            if (approach.ready == null) {
                waiting.put(key, approach.flight);
                if (approach.mine) {
                    mine.add(approach.flight);
                }
            } else {
                sort(key, approach.ready.entry().value, values, absent);
            }
        });
        if (!mine.isEmpty()) {
            start(mine, loader, Purpose.FILL);
        }
        await(waiting, values, absent, failures);
        return new Many<>(values, absent, failures);
    }

    /**
     * As {@link #many}, and what would be past its time before long is loaded anew: two calls of the origin at most, one
     * for what is missing and one for that.
     */
    Many<K, V> manyAhead(Collection<? extends K> wanted, Duration ahead, BulkLoader<K, V> loader) {
        Map<K, String> texts = new LinkedHashMap<>();
        wanted.forEach(key -> texts.computeIfAbsent(key, cache.values::checkedText));
        Map<K, String> due = due(texts, ahead);
        Many<K, V> had = many(
                texts.keySet().stream().filter(key -> !due.containsKey(key)).toList(), loader);
        if (due.isEmpty()) {
            return had;
        }
        Map<K, V> values = new HashMap<>(had.values());
        Set<K> absent = new LinkedHashSet<>(had.absent());
        Map<K, CacheException> failures = new HashMap<>(had.failures());
        Map<K, Flight<K, V>> flights = new LinkedHashMap<>();
        due.forEach((key, text) -> flights.put(key, new Flight<>(key, text, Miss.REFRESH)));
        flights.values().forEach(local::take);
        start(List.copyOf(flights.values()), loader, Purpose.FORCE);
        await(flights, values, absent, failures);
        return new Many<>(values, absent, failures);
    }

    /** Those that a tier has, and that are past their time within so long. */
    private Map<K, String> due(Map<K, String> texts, Duration ahead) {
        Shared shared = cache.shared;
        Found found = shared == null
                ? null
                : shared.gate().ask(() -> shared.tier().read(cache.name(), List.copyOf(texts.values())));
        long now = System.nanoTime();
        Map<K, String> due = new LinkedHashMap<>();
        texts.forEach((key, text) -> {
            Stored stored = found == null ? null : found.entries().get(text);
            Entry<V> entry = found == null ? local.get(text) : null;
            if ((stored != null && stored.freshFor().compareTo(ahead) < 0)
                    || (entry != null && entry.fresh - now < ahead.toNanos())) {
                due.put(key, text);
            }
        });
        return due;
    }

    private void await(Map<K, Flight<K, V>> flights, Map<K, V> values, Set<K> absent, Map<K, CacheException> failures) {
        flights.forEach((key, flight) -> {
            try {
                sort(key, await(flight).entry().value, values, absent);
            } catch (CacheException failed) {
                failures.put(key, failed);
            }
        });
    }

    private static <K, V> void sort(K key, @Nullable V value, Map<K, V> values, Set<K> absent) {
        if (value == null) {
            absent.add(key);
        } else {
            values.put(key, value);
        }
    }
}
