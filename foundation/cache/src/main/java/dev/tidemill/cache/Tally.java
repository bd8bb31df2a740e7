package dev.tidemill.cache;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.concurrent.atomic.LongAdder;

/** What a cache counts. Thread safe. */
final class Tally {
    /** Load times by powers of two of microseconds: the last is everything from about half an hour on. */
    private static final int BUCKETS = 32;

    final LongAdder localHits = new LongAdder();
    final LongAdder sharedHits = new LongAdder();
    final LongAdder misses = new LongAdder();
    final LongAdder staleServed = new LongAdder();
    final LongAdder joined = new LongAdder();
    final LongAdder awaitedOthers = new LongAdder();
    final LongAdder evicted = new LongAdder();
    final LongAdder invalidated = new LongAdder();
    final LongAdder struckLoads = new LongAdder();
    final LongAdder fencedOut = new LongAdder();
    final LongAdder unreadable = new LongAdder();
    final LongAdder tooLarge = new LongAdder();
    final LongAdder outOfContact = new LongAdder();
    final LongAdder sharedTierSkipped = new LongAdder();
    final LongAdder refusedLoads = new LongAdder();
    final LongAdder loads = new LongAdder();
    final LongAdder failedLoads = new LongAdder();
    private final LongAdder loadNanos = new LongAdder();
    private final AtomicLongArray loadTimes = new AtomicLongArray(BUCKETS);

    /** A value of this process was served. */
    void hit(boolean overdue) {
        (overdue ? staleServed : localHits).increment();
    }

    void loaded(Duration took, boolean well) {
        loads.increment();
        if (!well) {
            failedLoads.increment();
        }
        loadNanos.add(took.toNanos());
        long micros = Math.max(1, took.toNanos() / 1_000);
        loadTimes.incrementAndGet(Math.min(BUCKETS - 1, 64 - Long.numberOfLeadingZeros(micros)));
    }

    Duration totalLoad() {
        return Duration.ofNanos(loadNanos.sum());
    }

    Duration meanLoad() {
        long count = loads.sum();
        return count == 0 ? Duration.ZERO : Duration.ofNanos(loadNanos.sum() / count);
    }

    /** The upper end of the bucket that a share of loads is within. */
    Duration loadWithin(double share) {
        long all = 0;
        for (int i = 0; i < BUCKETS; i++) {
            all += loadTimes.get(i);
        }
        long seen = 0;
        for (int i = 0; i < BUCKETS; i++) {
            seen += loadTimes.get(i);
            if (seen > 0 && seen >= share * all) {
                return Duration.ofNanos((1L << i) * 1_000);
            }
        }
        return Duration.ZERO;
    }
}
