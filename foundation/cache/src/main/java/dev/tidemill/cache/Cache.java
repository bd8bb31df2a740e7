package dev.tidemill.cache;

import dev.tidemill.cache.Flight.Landed;
import dev.tidemill.cache.tier.Target;
import java.sql.Connection;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

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
    final LocalTier<K, V> local;
    final @Nullable Shared shared;
    final Contact contact;
    final CachePolicy policy;
    final Lifetimes lifetimes;
    final Origin origin;
    final Values<K, V> values;
    final Lookups<K, V> lookups;
    final Tally tally = new Tally();
    private final String name;
    private final Puts<K, V> puts;
    private final Invalidator invalidator;
    private final Duration longest;

    /**
     * Creates it.
     *
     * @param longest for how long values may be kept at most
     */
    Cache(
            CacheBuilder<K, V> builder,
            @Nullable Shared shared,
            Contact contact,
            ValueCodec codec,
            Invalidator invalidator,
            Duration longest) {
        this.name = builder.name;
        this.policy = builder.policy;
        this.shared = shared;
        this.contact = contact;
        this.invalidator = invalidator;
        this.longest = longest;
        this.lifetimes = new Lifetimes(policy.times());
        this.values = new Values<>(builder, codec, shared != null, tally);
        this.origin = new Origin(name, policy.origin(), tally);
        this.local = new LocalTier<>(policy.bounds(), contact, tally);
        this.lookups = new Lookups<>(this, invalidator);
        this.puts = new Puts<>(this, invalidator);
    }

    /** The cache's name. */
    public String name() {
        return name;
    }

    /** What holds for it. */
    public CachePolicy policy() {
        return policy;
    }

    /**
     * The value of a key, loaded if no tier has it. Whoever asks for the same meanwhile waits for the same load.
     *
     * @return null if there is none
     * @throws CacheException if the origin fails and nothing older may be served, or the key is invalid
     */
    public @Nullable V get(K key, Loader<? super K, ? extends V> loader) {
        // A hit allocates nothing, takes no lock and reads the clock once; it costs what the library's own costs.
        String text = values.text(key);
        Entry<V> entry = local.get(text);
        if (entry != null) {
            long now = System.nanoTime();
            if (now - entry.fresh < 0 && contact.vouches(entry.since, now)) {
                tally.hit(entry.overdue);
                return entry.value;
            }
        }
        return lookups.one(key, text, Lookups.single(loader)).entry().value;
    }

    /** As {@link #get}, with how the value was come by. */
    public Answer<V> ask(K key, Loader<? super K, ? extends V> loader) {
        String text = values.text(key);
        Entry<V> entry = local.get(text);
        long now = System.nanoTime();
        if (entry != null && now - entry.fresh < 0 && contact.vouches(entry.since, now)) {
            tally.hit(entry.overdue);
            return answer(new Landed<>(entry, Source.LOCAL, entry.overdue, null), now);
        }
        return answer(lookups.one(key, text, Lookups.single(loader)), System.nanoTime());
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

    /**
     * Many values: what this process lacks is read from the shared tier at once, and what that lacks is loaded in one
     * call. A key that somebody loads already is waited for; a key that fails leaves the others alone.
     *
     * @param wanted at most 10,000 keys
     */
    public Many<K, V> getMany(Collection<? extends K> wanted, BulkLoader<K, V> loader) {
        return lookups.many(wanted, loader);
    }

    /** A value that was loaded after this call began, whatever the tiers have. */
    public @Nullable V refresh(K key, Loader<? super K, ? extends V> loader) {
        return lookups.anew(key, Lookups.single(loader)).entry().value;
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
        put(key, value, lifetimes.draw(false), Set.of());
    }

    /**
     * The same for a time of its own, and with more tags.
     *
     * @param fresh for how long it counts instead of the policy's time, without jitter; what may be served beyond, while
     *     it is renewed or the origin fails, is as much longer as the policy says
     * @param moreTags beside those that the cache gives it
     * @throws CacheException the same, and if the time is less than a millisecond or longer than values may be kept
     */
    public void put(K key, V value, Duration fresh, Set<String> moreTags) {
        Duration kept = fresh.plus(policy.times().onError().minus(policy.times().fresh()));
        if (fresh.compareTo(Duration.ofMillis(1)) < 0 || kept.compareTo(longest) > 0) {
            throw new CacheException(
                    CacheError.SETTINGS_INVALID,
                    "A value was put into '" + name + "' for " + fresh + ", and would be kept for " + kept
                            + "; that must be at least a millisecond and at most " + longest + ".");
        }
        put(key, value, lifetimes.given(fresh), moreTags);
    }

    private void put(K key, V value, Lifetimes.Drawn drawn, Set<String> moreTags) {
        try {
            puts.through(key, value, drawn, moreTags, () -> {});
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
        puts.through(key, value, lifetimes.draw(false), Set.of(), writer);
    }

    /**
     * Puts a value in the caller's transaction: when it commits, and only then, every node has this instead of what was
     * there before. Nothing of ours is locked in it.
     */
    public void put(Connection connection, K key, V value) {
        puts.within(connection, key, value);
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
        return Target.key(values.checkedText(key));
    }

    private static Target tagTarget(String tag) {
        Texts.checkTag(tag);
        return Target.tag(tag);
    }

    /** Where a key is, without loading it or counting the question. */
    public List<Sighting> inspect(K key) {
        return Sighting.of(this, values.checkedText(key));
    }

    /** The same for tools that know a key by its text alone. */
    public List<Sighting> inspectText(String key) {
        Texts.checkKey(key);
        return Sighting.of(this, key);
    }

    /** As {@link #invalidate(Object)}, for tools that know a key by its text alone. */
    public void invalidateText(String key) {
        Texts.checkKey(key);
        invalidator.append(this, List.of(Target.key(key)));
    }

    /**
     * The entries of this process that are the largest, by encoded size; in any order where values are not encoded.
     *
     * @param most how many at most
     */
    public List<Weight> heaviest(int most) {
        return local.heaviest(most);
    }

    /**
     * What an entry weighs here.
     *
     * @param key its key as text
     * @param bytes its encoded size with its key; the key's alone where values are not encoded
     * @param age since it was loaded from the origin
     */
    public record Weight(String key, int bytes, Duration age) {}

    /** The name of the codec that writes values. */
    public String codec() {
        return values.frame.codec();
    }

    /**
     * A value as its codec writes it.
     *
     * @throws CacheException if it cannot be written
     */
    public byte[] write(V value) {
        return values.frame.content(value);
    }

    /**
     * The value that the codec reads from bytes.
     *
     * @throws CacheException if they are none
     */
    @SuppressWarnings("unchecked") // The codec reads what the cache's type says.
    public V read(byte[] bytes) {
        return (V) values.frame.value(bytes);
    }

    /** What was counted since the cache was made, and what it holds now. */
    public CacheStats stats() {
        return CacheStats.of(this);
    }
}
