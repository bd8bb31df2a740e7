package dev.tidemill.cache;

import dev.tidemill.cache.tier.SharedTier.Stored;
import java.time.Duration;
import java.util.HashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What a cache's keys and values look like outside of this process: text, tags, bytes. */
final class Values<K, V> {
    private static final Logger LOG = LoggerFactory.getLogger(Values.class);

    final Frame frame;
    private final String cache;
    private final Keys<? super K> keys;
    private final Tags<? super K, ? super V> tags;
    private final CachePolicy.Bounds bounds;
    private final boolean wanted;
    private final Tally tally;

    /** A value with its tags, and its bytes where somebody wants them. */
    @SuppressWarnings("ArrayRecordComponent") // Handed on, never compared.
    record Encoded<V>(@Nullable V value, Set<String> tags, byte[] content) {}

    /**
     * Of a cache.
     *
     * @param shared whether there is a tier that wants bytes
     */
    Values(CacheBuilder<K, V> builder, ValueCodec codec, boolean shared, Tally tally) {
        this.cache = builder.name;
        this.keys = builder.keys;
        this.tags = builder.tags;
        this.bounds = builder.policy.bounds();
        this.frame = new Frame(codec, builder.type.type(), bounds.compressFrom(), bounds.valueBytes());
        this.wanted = shared || bounds.localBytes() > 0;
        this.tally = tally;
    }

    /** A key's text, as it comes: the way of a hit does not look at it again. */
    String text(K key) {
        return keys.text(key);
    }

    /** A key's text, if all tiers can take it. */
    String checkedText(K key) {
        String text = keys.text(key);
        Texts.checkKey(text);
        return text;
    }

    Encoded<V> encode(K key, @Nullable V value) {
        return encode(key, value, Set.of());
    }

    private Encoded<V> encode(K key, @Nullable V value, Set<String> more) {
        Set<String> all = value == null ? Set.of() : tags.of(key, value);
        if (!more.isEmpty()) {
            all = new HashSet<>(all);
            all.addAll(more);
        }
        all = Set.copyOf(all);
        Texts.checkTags(all);
        return new Encoded<>(value, all, wanted ? frame.content(value) : new byte[0]);
    }

    /**
     * A value that somebody puts.
     *
     * @param more tags beside its own
     */
    Encoded<V> encodeToPut(K key, V value, Set<String> more) {
        Encoded<V> encoded = encode(key, value, more);
        if (isTooLarge(encoded)) {
            throw new CacheException(
                    CacheError.VALUE_TOO_LARGE,
                    "A value of " + encoded.content.length + " bytes was put into '" + cache + "', which takes up to "
                            + bounds.valueBytes() + ". Raise the policy's valueBytes, or put less into it.");
        }
        return encoded;
    }

    boolean isTooLarge(Encoded<V> encoded) {
        boolean tooLarge = encoded.content.length > bounds.valueBytes();
        if (tooLarge) {
            tally.tooLarge.increment();
        }
        return tooLarge;
    }

    /** As the shared tier keeps it. */
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

    /** Counts bytes of the shared tier that nobody can read, and says so once in a while. */
    void unreadable(String key, Frame.UnreadableException why) {
        tally.unreadable.increment();
        long count = tally.unreadable.sum();
        if (Long.bitCount(count) == 1) {
            LOG.warn(
                    "The shared tier has {} entries of '{}' so far that are no values, last '{}': {}. They count as"
                            + " missing.",
                    count,
                    cache,
                    key,
                    why.getMessage());
        }
    }
}
