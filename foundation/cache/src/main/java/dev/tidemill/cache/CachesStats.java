package dev.tidemill.cache;

import java.time.Duration;
import java.util.List;

/**
 * How the caches of this process stand.
 *
 * @param caches each cache's counts
 * @param sharedTier the shared tier's name; empty if there is none
 * @param sharedTierAway whether it is being done without
 * @param sharedTierErrors calls of it that failed or took too long
 * @param inContact whether this process may go on with what it has
 * @param staleness how long ago the last look at the log began: so old may be what is served
 * @param looks looks at the log that were carried out
 * @param failedLooks looks that failed
 * @param forgotten how often everything was forgotten, since it could not be told what had been missed
 */
public record CachesStats(
        List<CacheStats> caches,
        String sharedTier,
        boolean sharedTierAway,
        long sharedTierErrors,
        boolean inContact,
        Duration staleness,
        long looks,
        long failedLooks,
        long forgotten) {
    public CachesStats {
        caches = List.copyOf(caches);
    }
}
