package dev.tidemill.cache;

import java.time.Duration;

/**
 * What a cache counted in this process since it was made, and what it holds now. The counts are not taken at one moment.
 *
 * @param name the cache's
 * @param localHits served from this process, within their time
 * @param sharedHits served from the shared tier
 * @param misses keys asked of the origin
 * @param staleServed served past their time, while they were renewed or because the origin failed
 * @param joined callers that waited for a load that somebody else in this process had begun
 * @param awaitedOthers keys that another process was loading
 * @param loads calls of the origin
 * @param failedLoads calls that failed or took too long
 * @param refusedLoads calls that were not made, because the origin is being left alone
 * @param totalLoad of all calls together
 * @param meanLoad of all calls
 * @param loadP50 within which half of the calls ended, rounded up to a power of two of microseconds
 * @param loadP99 the same for 99 of 100
 * @param invalidated entries removed here by invalidations
 * @param struckLoads values that were not kept, since they were invalidated on their way
 * @param fencedOut values that were not stored, since the claim had been lost
 * @param evicted entries that made room for others here
 * @param unreadable entries of the shared tier that were no values
 * @param tooLarge values that were too large to share
 * @param outOfContact times that an entry was not served because this node had not heard of invalidations for too long
 * @param sharedTierSkipped keys that were loaded without asking the shared tier, which was away
 * @param localEntries entries here now
 * @param localBytes their encoded size with their keys; 0 where values are not encoded
 * @param originLeftAlone whether the origin is being left alone
 */
public record CacheStats(
        String name,
        long localHits,
        long sharedHits,
        long misses,
        long staleServed,
        long joined,
        long awaitedOthers,
        long loads,
        long failedLoads,
        long refusedLoads,
        Duration totalLoad,
        Duration meanLoad,
        Duration loadP50,
        Duration loadP99,
        long invalidated,
        long struckLoads,
        long fencedOut,
        long evicted,
        long unreadable,
        long tooLarge,
        long outOfContact,
        long sharedTierSkipped,
        long localEntries,
        long localBytes,
        boolean originLeftAlone) {
    static CacheStats of(Cache<?, ?> cache) {
        Tally tally = cache.tally;
        return new CacheStats(
                cache.name(),
                tally.localHits.sum(),
                tally.sharedHits.sum(),
                tally.misses.sum(),
                tally.staleServed.sum(),
                tally.joined.sum(),
                tally.awaitedOthers.sum(),
                tally.loads.sum(),
                tally.failedLoads.sum(),
                tally.refusedLoads.sum(),
                tally.totalLoad(),
                tally.meanLoad(),
                tally.loadWithin(0.5),
                tally.loadWithin(0.99),
                tally.invalidated.sum(),
                tally.struckLoads.sum(),
                tally.fencedOut.sum(),
                tally.evicted.sum(),
                tally.unreadable.sum(),
                tally.tooLarge.sum(),
                tally.outOfContact.sum(),
                tally.sharedTierSkipped.sum(),
                cache.local.size(),
                cache.local.bytes(),
                cache.origin.isLeftAlone());
    }

    /** Of the keys that were asked for, the part that the origin was not asked for; 0 if none were. */
    public double hitRate() {
        long hits = localHits + sharedHits + staleServed + joined;
        return hits + misses == 0 ? 0 : (double) hits / (hits + misses);
    }
}
