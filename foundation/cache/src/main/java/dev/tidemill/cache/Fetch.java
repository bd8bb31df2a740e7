package dev.tidemill.cache;

import dev.tidemill.cache.Flight.Landed;
import dev.tidemill.cache.tier.Position;
import dev.tidemill.cache.tier.SharedTier.Claimed;
import dev.tidemill.cache.tier.SharedTier.Fill;
import dev.tidemill.cache.tier.SharedTier.Found;
import dev.tidemill.cache.tier.SharedTier.Stored;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * One way to the shared tier and on to the origin, for some keys: read what is there; claim the rest; load what was
 * claimed, in one call; wait for what others have claimed, since they store it. Without a shared tier, or with one that
 * does not answer, load.
 */
final class Fetch<K, V> implements Runnable {
    /** What it is for. */
    enum Purpose {
        /** Somebody waits; what is past its time will do while it is renewed. */
        FILL,
        /** Nobody waits; if another process renews, that will do. */
        RENEW,
        /** Somebody insists on a value that was loaded after this began. */
        FORCE
    }

    private static final long FIRST_PAUSE_NANOS = Duration.ofMillis(5).toNanos();
    private static final long LONGEST_PAUSE_NANOS = Duration.ofMillis(100).toNanos();
    private static final long RETRY_RENEWAL_NANOS = Duration.ofMillis(250).toNanos();
    private static final long RETRY_ORIGIN_NANOS = Duration.ofSeconds(1).toNanos();

    private final Cache<K, V> cache;
    private final @Nullable Shared shared;
    private final BulkLoader<K, V> loader;
    private final Map<String, Flight<K, V>> open = new LinkedHashMap<>();
    private final List<Flight<K, V>> all;
    private final Map<String, Landed<V>> lastResort = new HashMap<>();
    private final Set<String> unreadable = new HashSet<>();
    private Purpose purpose;
    private boolean away;

    Fetch(Cache<K, V> cache, BulkLoader<K, V> loader, List<Flight<K, V>> flights, Purpose purpose) {
        this.cache = cache;
        this.shared = cache.shared;
        this.loader = loader;
        this.all = flights;
        this.purpose = purpose;
        flights.forEach(flight -> open.put(flight.text, flight));
    }

    @Override
    public void run() {
        try {
            if (shared == null) {
                load(Map.of());
            } else {
                readAndClaim(shared);
            }
        } catch (Throwable unexpected) {
            CacheException why = unexpected instanceof CacheException already
                    ? already
                    : new CacheException(
                            CacheError.LOAD_FAILED, "Getting a value of '" + cache.name() + "' failed.", unexpected);
            List.copyOf(open.values()).forEach(flight -> failed(flight, why));
        } finally {
            all.forEach(cache.local::leave);
        }
    }

    private void readAndClaim(Shared tier) {
        long moment = System.nanoTime();
        // Those who renew or insist have to claim anyway, and are told then what is there.
        if (purpose == Purpose.FILL) {
            List<String> keys = List.copyOf(open.keySet());
            Found found = tier.gate().ask(() -> tier.tier().read(cache.name(), keys));
            if (found == null) {
                loadWithoutTier();
                return;
            }
            accept(tier, found, moment);
        }
        long end = System.nanoTime() + cache.policy.origin().timeout().toNanos();
        long pause = FIRST_PAUSE_NANOS;
        while (!open.isEmpty()) {
            if (!claimAndLoad(tier)) {
                loadWithoutTier();
                return;
            }
            if (!open.isEmpty()) {
                if (purpose == Purpose.RENEW) {
                    leaveItToOthers();
                } else if (System.nanoTime() - end >= 0) {
                    // Whoever claimed it takes longer than we may; what we load is for this process alone.
                    load(Map.of());
                    return;
                } else {
                    if (pause == FIRST_PAUSE_NANOS) {
                        cache.tally.awaitedOthers.add(open.size());
                    }
                    LockSupport.parkNanos(pause);
                    pause = Math.min(pause * 2, LONGEST_PAUSE_NANOS);
                }
            }
        }
    }

    /** False if the tier does not answer. */
    private boolean claimAndLoad(Shared tier) {
        long moment = System.nanoTime();
        List<String> keys = List.copyOf(open.keySet());
        Claimed claimed = tier.gate().ask(() -> tier.tier().claim(cache.name(), keys, Shared.LEASE));
        if (claimed == null) {
            return false;
        }
        Map<String, Long> mine = new HashMap<>(claimed.tokens());
        tier.claims().hold(cache.name(), mine);
        try {
            Position at = claimed.found().checkedAt();
            Position reflected = at == null ? tier.contact().position() : at;
            open.values().forEach(flight -> flight.rebase(reflected, moment));
            accept(tier, claimed.found(), moment);
            Map<String, Long> needless = new HashMap<>(mine);
            needless.keySet().removeAll(open.keySet());
            release(tier, needless);
            mine.keySet().retainAll(open.keySet());
            if (!mine.isEmpty()) {
                load(mine);
            }
        } finally {
            tier.claims().drop(cache.name(), claimed.tokens());
        }
        return true;
    }

    private void release(Shared tier, Map<String, Long> tokens) {
        if (!tokens.isEmpty()) {
            tier.gate().ask(() -> {
                tier.tier().release(cache.name(), tokens);
                return true;
            });
        }
    }

    private void loadWithoutTier() {
        away = true;
        cache.tally.sharedTierSkipped.add(open.size());
        load(Map.of());
    }

    /** Another process is at it; what is here is served meanwhile, if there is something. */
    private void leaveItToOthers() {
        long now = System.nanoTime();
        for (Flight<K, V> flight : List.copyOf(open.values())) {
            Entry<V> entry = cache.local.get(flight.text);
            if (entry != null && entry.isUsable(now) && cache.contact.vouches(entry.since, now)) {
                Entry<V> later = entry.stale(Math.min(now + RETRY_RENEWAL_NANOS, entry.terms.usable()));
                cache.local.replace(flight.text, entry, later);
                landed(flight, later, Source.LOCAL, true);
            }
        }
        purpose = Purpose.FILL;
    }

    /** Takes what the tier had, as far as it will do. */
    private void accept(Shared tier, Found found, long moment) {
        for (Map.Entry<String, Stored> one : found.entries().entrySet()) {
            Flight<K, V> flight = open.get(one.getKey());
            Stored stored = one.getValue();
            if (flight != null && !unreadable.contains(flight.text)) {
                // In this order: what was not compared with the log is as true as the last look, or a later one.
                long since = found.checkedAt() == null ? tier.contact().lookedAt() : moment;
                Position at = tier.trusted(cache.name(), flight.text, stored, found.checkedAt());
                if (at != null && tier.contact().vouches(since, System.nanoTime())) {
                    Entry<V> entry = read(flight, stored, at, since);
                    if (entry != null) {
                        accept(flight, stored, entry);
                    }
                }
            }
        }
    }

    private @Nullable Entry<V> read(Flight<K, V> flight, Stored stored, Position at, long since) {
        try {
            Frame.Content<V> content = cache.values.frame.read(stored.bytes());
            long now = System.nanoTime();
            Entry.Terms terms = cache.lifetimes.ofStored(stored, now);
            return new Entry<>(
                    content.value(),
                    stored.tags(),
                    terms,
                    since,
                    at,
                    stored.own(),
                    flight.text.length() + content.bytes());
        } catch (Frame.UnreadableException damaged) {
            unreadable.add(flight.text);
            cache.values.unreadable(flight.text, damaged);
            return null;
        }
    }

    private void accept(Flight<K, V> flight, Stored stored, Entry<V> entry) {
        long now = System.nanoTime();
        boolean loadedSince = stored.age().toNanos() < now - flight.began;
        boolean fresh = stored.freshFor().toNanos() > 0;
        boolean usable = fresh || stored.usableFor().toNanos() > 0;
        if (purpose == Purpose.FORCE ? fresh && loadedSince : fresh) {
            cache.local.land(flight, entry);
            cache.tally.sharedHits.increment();
            landed(flight, entry, Source.SHARED, false);
        } else if (purpose == Purpose.FILL && usable) {
            cache.local.land(flight, entry);
            landed(flight, entry, Source.SHARED, true);
            // Not before: who renews takes the way past the tier that this one is still on.
            cache.local.leave(flight);
            cache.lookups.renew(flight.key, loader);
        } else if (stored.keptFor().toNanos() > 0) {
            lastResort.put(flight.text, new Landed<>(entry, Source.SHARED, true, missOf(flight)));
        }
    }

    private Miss missOf(Flight<K, V> flight) {
        return unreadable.contains(flight.text)
                ? Miss.UNREADABLE
                : away ? Miss.SHARED_TIER_AWAY : purpose == Purpose.FORCE ? Miss.REFRESH : flight.miss;
    }

    private void landed(Flight<K, V> flight, Entry<V> entry, Source source, boolean stale) {
        open.remove(flight.text);
        // Before those who wait go on: nobody joins what is over, and where nothing was kept the next one loads.
        cache.local.leave(flight);
        flight.landed.complete(new Landed<>(entry, source, stale, missOf(flight)));
    }

    /** Asks the origin for the claimed keys, or for all that are open if none could be claimed. */
    private void load(Map<String, Long> claims) {
        List<Flight<K, V>> mine = open.values().stream()
                .filter(flight -> claims.isEmpty() || claims.containsKey(flight.text))
                .toList();
        long began = System.nanoTime();
        if (claims.isEmpty()) {
            Position at = cache.contact.position();
            mine.forEach(flight -> flight.rebase(at, began));
        }
        Map<String, Long> unstored = new HashMap<>(claims);
        try {
            Map<K, Flight<K, V>> byKey = new LinkedHashMap<>();
            mine.forEach(flight -> byKey.put(flight.key, flight));
            cache.tally.misses.add(mine.size());
            Map<?, ?> failures = Map.of();
            Map<?, ?> values;
            try {
                values = cache.origin.ask(() -> loader.load(Set.copyOf(byKey.keySet())));
            } catch (PartialLoadException partial) {
                values = partial.loaded();
                failures = partial.failed();
            }
            List<Fill> fills = new ArrayList<>();
            for (Flight<K, V> flight : mine) {
                if (failures.get(flight.key) instanceof Throwable why) {
                    failed(
                            flight,
                            new CacheException(
                                    CacheError.LOAD_FAILED,
                                    "The origin of '" + cache.name() + "' failed: " + why,
                                    why));
                } else {
                    bring(flight, values.get(flight.key), began, claims, fills);
                }
            }
            fills.forEach(fill -> unstored.remove(fill.key()));
            store(fills);
        } catch (CacheException why) {
            mine.forEach(flight -> failed(flight, why));
        } finally {
            if (shared != null) {
                release(shared, unstored);
            }
        }
    }

    @SuppressWarnings("unchecked") // A PartialLoadException cannot be generic; what it carries is the loader's.
    private void bring(
            Flight<K, V> flight, @Nullable Object loaded, long began, Map<String, Long> claims, List<Fill> fills) {
        V value = (V) loaded;
        Lifetimes.Drawn drawn = cache.lifetimes.draw(value == null);
        Values.Encoded<V> encoded;
        try {
            encoded = cache.values.encode(flight.key, value);
        } catch (CacheException unwritable) {
            failed(flight, unwritable);
            return;
        }
        Position asOf = flight.asOf();
        Entry<V> entry = new Entry<>(
                value,
                encoded.tags(),
                cache.lifetimes.local(drawn, began),
                flight.since(),
                asOf,
                0,
                flight.text.length() + encoded.content().length);
        boolean kept = !drawn.isNothing() && cache.local.land(flight, entry);
        Long token = claims.get(flight.text);
        if (kept && token != null && asOf != null && !cache.values.isTooLarge(encoded)) {
            fills.add(new Fill(flight.text, token, cache.values.stored(encoded, drawn, began, asOf.text(), 0)));
        }
        landed(flight, entry, Source.ORIGIN, false);
    }

    private void store(List<Fill> fills) {
        if (shared != null && !fills.isEmpty()) {
            Set<String> stored = shared.gate().ask(() -> shared.tier().store(cache.name(), fills));
            if (stored != null) {
                cache.tally.fencedOut.add(fills.size() - stored.size());
            }
        }
    }

    /** What may be served instead, or the failure. */
    private void failed(Flight<K, V> flight, CacheException why) {
        long now = System.nanoTime();
        Entry<V> here = cache.local.get(flight.text);
        Landed<V> instead = lastResort.get(flight.text);
        if (here != null && here.isKept(now) && cache.contact.vouches(here.since, now)) {
            instead = new Landed<>(here, Source.LOCAL, true, missOf(flight));
        }
        if (instead == null || purpose == Purpose.FORCE) {
            open.remove(flight.text);
            cache.local.leave(flight);
            flight.landed.completeExceptionally(why);
            return;
        }
        Entry<V> stale = instead.entry()
                .stale(Math.min(now + RETRY_ORIGIN_NANOS, instead.entry().terms.kept()));
        if (here == null) {
            cache.local.land(flight, stale);
        } else {
            cache.local.replace(flight.text, here, stale);
        }
        landed(flight, stale, instead.source(), true);
    }
}
