package dev.tidemill.cache;

import dev.tidemill.cache.Entry.Terms;
import dev.tidemill.cache.tier.SharedTier.Stored;
import java.time.Duration;
import java.util.concurrent.ThreadLocalRandom;

/** A policy's times in nanoseconds: drawn once for each value, and told as moments here and lengths to the shared tier. */
final class Lifetimes {
    private final CachePolicy.Times times;
    /** How long a value stays here without asking the shared tier. */
    private final long localNanos;

    /** What one value was given, from when its origin was asked. */
    record Drawn(long freshNanos, long usableNanos, long keptNanos) {
        /** Whether there is nothing to keep. */
        boolean isNothing() {
            return keptNanos <= 0;
        }
    }

    Lifetimes(CachePolicy.Times times) {
        this.times = times;
        // Not shorter than the fresh time is no bound: a value that was put for longer than that stays as long.
        this.localNanos =
                times.local().compareTo(times.fresh()) < 0 ? times.local().toNanos() : Long.MAX_VALUE;
    }

    /** The jitter only shortens: what the policy says is the most. */
    Drawn draw(boolean absent) {
        double part = 1 - times.jitter() * ThreadLocalRandom.current().nextDouble();
        if (absent) {
            long nanos = (long) (times.absent().toNanos() * part);
            return new Drawn(nanos, nanos, nanos);
        }
        long fresh = (long) (times.fresh().toNanos() * part);
        long usable =
                times.usable().equals(times.fresh()) ? fresh : times.usable().toNanos();
        long kept = times.onError().equals(times.usable())
                ? usable
                : times.onError().toNanos();
        return new Drawn(fresh, usable, kept);
    }

    /** For a value with a time of its own: what the policy allows beyond its fresh time is added to it. */
    Drawn given(Duration fresh) {
        return new Drawn(
                fresh.toNanos(),
                fresh.plus(times.usable().minus(times.fresh())).toNanos(),
                fresh.plus(times.onError().minus(times.fresh())).toNanos());
    }

    Terms local(Drawn drawn, long loaded) {
        long fresh = loaded + Math.min(drawn.freshNanos, localNanos);
        long usable = drawn.usableNanos > drawn.freshNanos ? loaded + drawn.usableNanos : fresh;
        long kept = drawn.keptNanos > drawn.usableNanos ? loaded + drawn.keptNanos : usable;
        return new Terms(loaded, fresh, usable, kept, false);
    }

    Terms ofStored(Stored stored, long now) {
        long freshFor = stored.freshFor().toNanos();
        long fresh = now + Math.min(freshFor, localNanos);
        long usable = stored.usableFor().toNanos() > freshFor
                ? now + stored.usableFor().toNanos()
                : fresh;
        long kept = stored.keptFor().compareTo(stored.usableFor()) > 0
                ? now + stored.keptFor().toNanos()
                : usable;
        return new Terms(now - stored.age().toNanos(), fresh, usable, kept, freshFor <= 0);
    }
}
