package dev.tidemill.cache;

import dev.tidemill.cache.tier.Invalidation;
import dev.tidemill.cache.tier.Position;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** A value in this process. Times are {@link System#nanoTime()}: no clock of another machine is compared with ours. */
final class Entry<V> {
    /** Null if there is none. */
    final @Nullable V value;

    final Set<String> tags;
    final Terms terms;
    /** Until when it is served without question; that of the terms, nearer to the reader. */
    final long fresh;
    /** Whether it is past its time already; that of the terms. */
    final boolean overdue;
    /** From this moment on invalidations of it are heard here: what committed before is in the value. */
    final long since;
    /** A position that the value reflects; null if only {@code since} is known. */
    final @Nullable Position asOf;
    /** The stamp of an invalidation that it was written with; 0 if none. */
    final long own;
    /** Encoded size, with the key; 0 if it was not encoded. */
    final int bytes;

    /**
     * How long it counts, as moments.
     *
     * @param loaded when the origin was asked
     * @param fresh until when it is served without question here
     * @param usable until when it is served while it is renewed
     * @param kept until when it is served if the origin fails
     * @param stale whether it is past its time already, and {@code fresh} is only when to try again
     */
    record Terms(long loaded, long fresh, long usable, long kept, boolean stale) {
        Terms stale(long until) {
            return new Terms(loaded, until, usable, kept, true);
        }
    }

    Entry(@Nullable V value, Set<String> tags, Terms terms, long since, @Nullable Position asOf, long own, int bytes) {
        this.value = value;
        this.tags = tags;
        this.terms = terms;
        this.fresh = terms.fresh;
        this.overdue = terms.stale;
        this.since = since;
        this.asOf = asOf;
        this.own = own;
        this.bytes = bytes;
    }

    boolean isUsable(long now) {
        return now - terms.usable < 0;
    }

    boolean isKept(long now) {
        return now - terms.kept < 0;
    }

    /** The same, served as stale until a moment, at which renewing it is tried again. */
    Entry<V> stale(long until) {
        return new Entry<>(value, tags, terms.stale(until), since, asOf, own, bytes);
    }

    /** Whether an invalidation is about it and not already part of it. */
    boolean fallsTo(Invalidation invalidation, String key) {
        return !isPartOf(invalidation.stamp(), asOf, own)
                && invalidation.target().matches(key, tags);
    }

    static boolean isPartOf(long stamp, @Nullable Position asOf, long own) {
        return (own != 0 && own == stamp) || (asOf != null && asOf.sees(stamp));
    }
}
