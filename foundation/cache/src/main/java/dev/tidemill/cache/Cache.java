package dev.tidemill.cache;

import dev.tidemill.cache.Fetch.Purpose;
import dev.tidemill.cache.Flight.Landed;
import dev.tidemill.cache.tier.Position;
import dev.tidemill.cache.tier.SharedTier.Fill;
import dev.tidemill.cache.tier.SharedTier.Stored;
import dev.tidemill.cache.tier.Target;
import java.sql.Connection;
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
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Values by key: in this process, in a tier that all nodes share, and where they come from. Made by {@link Caches#cache};
 * thread safe.
 *
 * <p>A get that begins more than the bound of staleness ({@link CachesBuilder#staleness}) after an invalidation has
 * committed never returns what was true before it. docs/cache.md says exactly what is promised and how it is kept.
 *
 * <p>Null is never a value. A loader that returns null says that there is none; that is remembered for the policy's
 * {@code absent} time, and {@code get} returns null.
 *
 * @param <K> keys
 * @param <V> values
 */
public final class Cache<K, V> {
    private static final Logger LOG = LoggerFactory.getLogger(Cache.class);
    private static final Duration SPARE = Duration.ofSeconds(5);
    private static final int MAX_KEYS = 10_000;

    final LocalTier<K, V> local;
    final @Nullable Shared shared;
    final Contact contact;
    final CachePolicy policy;
    final Lifetimes lifetimes;
    final Frame frame;
    final Origin origin;
    final Tally tally = new Tally();
    private final String name;
    private final Keys<? super K> keys;
    private final Tags<? super K, ? super V> tags;
    private final Invalidator invalidator;

    /** A value with its tags, and its bytes where somebody wants them. */
    @SuppressWarnings("ArrayRecordComponent") // Handed on, never compared.
    record Encoded<V>(@Nullable V value, Set<String> tags, byte[] content) {}

    Cache(
            CacheBuilder<K, V> builder,
            @Nullable Shared shared,
            Contact contact,
            ValueCodec codec,
            Invalidator invalidator) {
        this.name = builder.name;
        this.keys = builder.keys;
        this.tags = builder.tags;
        this.policy = builder.policy;
        this.shared = shared;
        this.contact = contact;
        this.invalidator = invalidator;
        this.lifetimes = new Lifetimes(policy.times());
        this.frame = new Frame(
                codec,
                builder.type.type(),
                policy.bounds().compressFrom(),
                policy.bounds().valueBytes());
        this.origin = new Origin(name, policy.origin(), tally);
        this.local = new LocalTier<>(policy.bounds(), contact, tally);
    }

    /** The cache's name. */
    public String name() {
        return name;
    }

    /**
     * The value of a key, loaded if no tier has it. Whoever asks for the same meanwhile waits for the same load.
     *
     * @return null if there is none
     * @throws CacheException if the origin fails and nothing older may be served, or the key is invalid
     */
    public @Nullable V get(K key, Loader<? super K, ? extends V> loader) {
        String text = keys.text(key);
        Entry<V> entry = local.get(text);
        if (entry != null) {
            long now = System.nanoTime();
            if (now - entry.fresh < 0 && contact.vouches(entry.since, now)) {
                hit(entry);
                return entry.value;
            }
        }
        return slowly(key, text, single(loader)).entry().value;
    }

    /** As {@link #get}, with how the value was come by. */
    public Answer<V> ask(K key, Loader<? super K, ? extends V> loader) {
        String text = keys.text(key);
        Entry<V> entry = local.get(text);
        long now = System.nanoTime();
        if (entry != null && now - entry.fresh < 0 && contact.vouches(entry.since, now)) {
            hit(entry);
            return answer(new Landed<>(entry, Source.LOCAL, entry.terms.stale(), null), now);
        }
        return answer(slowly(key, text, single(loader)), System.nanoTime());
    }

    private Answer<V> answer(Landed<V> landed, long now) {
        Entry<V> entry = landed.entry();
        long freshFor = landed.stale() ? 0 : Math.max(0, entry.fresh - now);
        return new Answer<>(
                entry.value,
                landed.source(),
                landed.stale(),
                Duration.ofNanos(Math.max(0, now - entry.terms.loaded())),
                Duration.ofNanos(freshFor),
                landed.miss());
    }

    private void hit(Entry<V> entry) {
        if (entry.terms.stale()) {
            tally.staleServed.increment();
        } else {
            tally.localHits.increment();
        }
    }

    private static <K, V> BulkLoader<K, V> single(Loader<? super K, ? extends V> loader) {
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

    private Landed<V> slowly(K key, String text, BulkLoader<K, V> loader) {
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
                hit(entry);
                return new Approach<>(new Landed<>(entry, Source.LOCAL, entry.terms.stale(), null), mine, false);
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
            Landed<V> landed = new Landed<>(again, Source.LOCAL, again.terms.stale(), null);
            mine.landed.complete(landed);
            local.leave(mine);
            hit(again);
            return new Approach<>(landed, mine, false);
        }
        return new Approach<>(null, mine, true);
    }

    private void start(List<Flight<K, V>> flights, BulkLoader<K, V> loader, Purpose purpose) {
        Thread.ofVirtual().name("tidemill-cache-fetch").start(new Fetch<>(this, loader, flights, purpose));
    }

    /** Renews a value in the background, unless somebody is at it. */
    void renew(K key, BulkLoader<K, V> loader) {
        Flight<K, V> mine = new Flight<>(key, keys.text(key), Miss.EXPIRED);
        if (local.enter(mine) == mine) {
            start(List.of(mine), loader, Purpose.RENEW);
        }
    }

    private Landed<V> await(Flight<K, V> flight) {
        Duration longest = policy.origin().timeout().multipliedBy(2).plus(SPARE);
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
            throw new CacheException(CacheError.LOAD_FAILED, "Getting a value of '" + name + "' failed.", failed);
        } catch (TimeoutException late) {
            throw new CacheException(
                    CacheError.LOAD_TIMED_OUT,
                    "A value of '" + name + "' was not there after " + longest.toMillis() + " ms.",
                    late);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new CacheException(
                    CacheError.INTERRUPTED, "Waiting for a value of '" + name + "' was interrupted.", interrupted);
        }
    }

    /**
     * Many values: what this process lacks is read from the shared tier at once, and what that lacks is loaded in one
     * call. A key that somebody loads already is waited for; a key that fails leaves the others alone.
     *
     * @param wanted at most 10,000 keys
     */
    public Many<K, V> getMany(Collection<? extends K> wanted, BulkLoader<K, V> loader) {
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
        Set<K> distinct = new LinkedHashSet<>(wanted);
        distinct.forEach(key -> Texts.checkKey(keys.text(key)));
        for (K key : distinct) {
            Approach<K, V> approach = approach(key, keys.text(key), loader);
            if (approach.ready == null) {
                waiting.put(key, approach.flight);
                if (approach.mine) {
                    mine.add(approach.flight);
                }
            } else {
                sort(key, approach.ready.entry().value, values, absent);
            }
        }
        if (!mine.isEmpty()) {
            start(mine, loader, Purpose.FILL);
        }
        waiting.forEach((key, flight) -> {
            try {
                sort(key, await(flight).entry().value, values, absent);
            } catch (CacheException failed) {
                failures.put(key, failed);
            }
        });
        return new Many<>(values, absent, failures);
    }

    private static <K, V> void sort(K key, @Nullable V value, Map<K, V> values, Set<K> absent) {
        if (value == null) {
            absent.add(key);
        } else {
            values.put(key, value);
        }
    }

    /** A value that was loaded after this call began, whatever the tiers have. */
    public @Nullable V refresh(K key, Loader<? super K, ? extends V> loader) {
        String text = keys.text(key);
        Texts.checkKey(text);
        invalidator.checkOpen();
        Flight<K, V> mine = new Flight<>(key, text, Miss.REFRESH);
        local.take(mine);
        start(List.of(mine), single(loader), Purpose.FORCE);
        return await(mine).entry().value;
    }

    /** A function that remembers what it returned: {@code get} with this loader. */
    public Memoised<K, V> memoise(Loader<? super K, ? extends V> loader) {
        return key -> get(key, loader);
    }

    /** A function that remembers; null where the loader says that there is nothing. */
    @FunctionalInterface
    public interface Memoised<K, V> {
        /** The value of a key. */
        @Nullable
        V of(K key);
    }

    /**
     * Puts a value that is true now. Where two may change the same thing at the same time use {@link #writeThrough} or
     * {@link #put(Connection, Object, Object)}: only they know whose change was the last.
     *
     * @throws CacheException if the invalidation of what was there before cannot be written, or the value is too large
     */
    public void put(K key, V value) {
        try {
            writeThrough(key, value, () -> {});
        } catch (CacheException refused) {
            throw refused;
        } catch (Exception impossible) {
            throw new IllegalStateException(impossible);
        }
    }

    /** Changes the origin. */
    @FunctionalInterface
    public interface Writer {
        /** Does it, and returns once it is done for good. */
        void write() throws Exception;
    }

    /**
     * Changes the origin and then has the value for everybody. Of two that change the same thing at the same time neither
     * is kept, unless one began after the other was through. If the change fails its outcome is taken to be unknown: what
     * was there before is invalidated.
     *
     * @throws Exception what the writer threw
     */
    public void writeThrough(K key, V value, Writer writer) throws Exception {
        String text = keys.text(key);
        Texts.checkKey(text);
        invalidator.checkOpen();
        Encoded<V> encoded = encodeToPut(key, value);
        Flight<K, V> flight = new Flight<>(key, text, Miss.UNKNOWN);
        local.watch(flight);
        try {
            long began = System.nanoTime();
            Position before = invalidator.position();
            flight.rebase(before, began);
            List<Target> targets = List.of(Target.key(text));
            try {
                writer.write();
            } catch (Throwable unknown) {
                invalidator.append(this, targets);
                throw unknown;
            }
            long stamp = invalidator.append(this, targets);
            Lifetimes.Drawn drawn = lifetimes.draw(false);
            local.land(
                    flight,
                    new Entry<>(
                            value,
                            encoded.tags,
                            lifetimes.local(drawn, began),
                            began,
                            before,
                            stamp,
                            text.length() + encoded.content.length));
            if (shared != null && before != null) {
                Stored stored = stored(encoded, drawn, began, before.text(), stamp);
                shared.gate().ask(() -> shared.tier().store(name, List.of(new Fill(text, 0, stored))));
            }
        } finally {
            local.leave(flight);
        }
    }

    /**
     * Puts a value in the caller's transaction: when it commits, and only then, every node has this instead of what was
     * there before. Nothing of ours is locked in it.
     */
    public void put(Connection connection, K key, V value) {
        String text = keys.text(key);
        Texts.checkKey(text);
        Encoded<V> encoded = encodeToPut(key, value);
        invalidator.append(connection, this, List.of(Target.key(text)));
        if (shared != null) {
            Lifetimes.Drawn drawn = lifetimes.draw(false);
            shared.tier().storeIn(connection, name, text, stored(encoded, drawn, System.nanoTime(), "", 0));
        }
    }

    private Encoded<V> encodeToPut(K key, V value) {
        Encoded<V> encoded = encode(key, value);
        if (isTooLarge(encoded)) {
            throw new CacheException(
                    CacheError.VALUE_TOO_LARGE,
                    "A value of " + encoded.content.length + " bytes was put into '" + name + "', which takes up to "
                            + policy.bounds().valueBytes() + ". Raise the policy's valueBytes, or put less into it.");
        }
        return encoded;
    }

    /** What is held for a key is no longer true, from now on. */
    public void invalidate(K key) {
        invalidator.append(this, List.of(keyTarget(key)));
    }

    /** The same for everything with a tag. */
    public void invalidateTag(String tag) {
        invalidator.append(this, List.of(tagTarget(tag)));
    }

    /**
     * The same for every key whose text fits a pattern, in which {@code *} stands for any text: {@code 42:*}. A pattern
     * that is a beginning up to a colon costs a lookup; any other is compared with every entry that is read, for as long
     * as the log is kept.
     *
     * @throws CacheException if the pattern fits everything; for that there is {@link #invalidateEverything}
     */
    public void invalidatePattern(String pattern) {
        invalidator.append(this, List.of(Texts.pattern(pattern, false)));
    }

    /** The same for all that this cache holds, on all nodes. Every key will be loaded again. */
    public void invalidateEverything() {
        invalidator.append(this, List.of(Target.EVERYTHING));
    }

    /**
     * What is held for a key is no longer true once the caller's transaction commits, and is if it does not. Other nodes
     * learn of it at their next look; {@link Caches#committed} makes them look at once.
     */
    public void invalidate(Connection connection, K key) {
        invalidator.append(connection, this, List.of(keyTarget(key)));
    }

    /** The same for everything with a tag. */
    public void invalidateTag(Connection connection, String tag) {
        invalidator.append(connection, this, List.of(tagTarget(tag)));
    }

    /** The same for keys that fit a pattern, as {@link #invalidatePattern(String)} has it. */
    public void invalidatePattern(Connection connection, String pattern) {
        invalidator.append(connection, this, List.of(Texts.pattern(pattern, false)));
    }

    /** The same for all that this cache holds. */
    public void invalidateEverything(Connection connection) {
        invalidator.append(connection, this, List.of(Target.EVERYTHING));
    }

    private Target keyTarget(K key) {
        String text = keys.text(key);
        Texts.checkKey(text);
        return Target.key(text);
    }

    private static Target tagTarget(String tag) {
        Texts.checkTag(tag);
        return Target.tag(tag);
    }

    /** Where a key is, without loading it or counting the question. */
    public List<Sighting> inspect(K key) {
        String text = keys.text(key);
        Texts.checkKey(text);
        return Sighting.of(this, text);
    }

    /** What was counted since the cache was made, and what it holds now. */
    public CacheStats stats() {
        return CacheStats.of(this);
    }

    Encoded<V> encode(K key, @Nullable V value) {
        Set<String> own = value == null ? Set.of() : Set.copyOf(tags.of(key, value));
        Texts.checkTags(own);
        boolean wanted = shared != null || policy.bounds().localBytes() > 0;
        return new Encoded<>(value, own, wanted ? frame.content(value) : new byte[0]);
    }

    boolean isTooLarge(Encoded<V> encoded) {
        boolean tooLarge = encoded.content.length > policy.bounds().valueBytes();
        if (tooLarge) {
            tally.tooLarge.increment();
        }
        return tooLarge;
    }

    Stored stored(Encoded<V> encoded, Lifetimes.Drawn drawn, long began, String asOf, long own) {
        long age = System.nanoTime() - began;
        return new Stored(
                frame.frame(encoded.value == null, encoded.content),
                encoded.tags,
                Duration.ofNanos(age),
                Duration.ofNanos(drawn.freshNanos() - age),
                Duration.ofNanos(drawn.usableNanos() - age),
                Duration.ofNanos(drawn.keptNanos() - age),
                asOf,
                own);
    }

    /** Says once in a while that the shared tier has bytes that nobody can read. */
    void unreadable(String key, Frame.UnreadableException why) {
        long count = tally.unreadable.sum();
        if (Long.bitCount(count) == 1) {
            LOG.warn(
                    "The shared tier has {} entries of '{}' so far that are no values, last '{}': {}. They count as"
                            + " missing.",
                    count,
                    name,
                    key,
                    why.getMessage());
        }
    }
}
