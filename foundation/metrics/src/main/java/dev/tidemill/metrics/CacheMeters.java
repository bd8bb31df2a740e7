package dev.tidemill.metrics;

import dev.tidemill.cache.Cache;
import dev.tidemill.cache.CacheStats;
import dev.tidemill.cache.Caches;
import dev.tidemill.cache.CachesStats;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.FunctionTimer;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tag;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.TimeGauge;
import io.micrometer.core.instrument.binder.MeterBinder;
import java.util.concurrent.TimeUnit;
import java.util.function.ToDoubleFunction;
import java.util.function.ToLongFunction;

/**
 * What the {@link Caches} of this process do, as Micrometer's meters; docs/metrics.md lists them all. They are read from
 * what the caches count anyway, so a hit costs nothing more. The caches that are open when this is bound have meters of
 * their own; open them first. For {@code dev.tidemill:tidemill-cache}, which only those need who use this. Thread safe.
 *
 * <pre>{@code
 * CacheMeters.of(caches).bindTo(registry);
 * }</pre>
 */
public final class CacheMeters implements MeterBinder {
    private final Caches caches;
    private final Tags tags;

    private CacheMeters(Caches caches, Tags tags) {
        this.caches = caches;
        this.tags = tags;
    }

    /**
     * Meters of these caches.
     *
     * @param tags on every meter; where a process has several, give each its own
     */
    public static CacheMeters of(Caches caches, Tag... tags) {
        return new CacheMeters(caches, Tags.of(tags));
    }

    /** Adds the meters to a registry. */
    @Override
    public void bindTo(MeterRegistry registry) {
        state(
                registry,
                "tidemill.cache.in.contact",
                "1 if this process may go on with what it has, else 0",
                stats -> stats.inContact() ? 1 : 0);
        state(
                registry,
                "tidemill.cache.tier.away",
                "1 while the shared tier is being done without, else 0",
                stats -> stats.sharedTierAway() ? 1 : 0);
        TimeGauge.builder(
                        "tidemill.cache.staleness",
                        caches,
                        TimeUnit.NANOSECONDS,
                        it -> it.stats().staleness().toNanos())
                .description("How long ago the last look at the log of invalidations began")
                .tags(tags)
                .register(registry);
        total(registry, "tidemill.cache.looks", "Looks at the log of invalidations", CachesStats::looks);
        total(registry, "tidemill.cache.looks.failed", "Looks that failed", CachesStats::failedLooks);
        total(
                registry,
                "tidemill.cache.tier.errors",
                "Calls of the shared tier that failed or took too long",
                CachesStats::sharedTierErrors);
        total(
                registry,
                "tidemill.cache.forgotten",
                "Times that everything was forgotten, since it could not be told what had been missed",
                CachesStats::forgotten);
        caches.all().forEach(cache -> bind(registry, cache));
    }

    private void state(MeterRegistry registry, String name, String description, ToDoubleFunction<CachesStats> value) {
        Gauge.builder(name, caches, it -> value.applyAsDouble(it.stats()))
                .description(description)
                .tags(tags)
                .register(registry);
    }

    private void total(MeterRegistry registry, String name, String description, ToLongFunction<CachesStats> value) {
        FunctionCounter.builder(name, caches, it -> value.applyAsLong(it.stats()))
                .description(description)
                .tags(tags)
                .register(registry);
    }

    private void bind(MeterRegistry registry, Cache<?, ?> cache) {
        Tags own = tags.and("cache", cache.name());
        String gets = "Values asked for, by where they came from";
        count(registry, cache, "tidemill.cache.gets", gets, own.and("from", "local"), CacheStats::localHits);
        count(registry, cache, "tidemill.cache.gets", gets, own.and("from", "shared"), CacheStats::sharedHits);
        count(registry, cache, "tidemill.cache.gets", gets, own.and("from", "stale"), CacheStats::staleServed);
        count(registry, cache, "tidemill.cache.gets", gets, own.and("from", "joined"), CacheStats::joined);
        count(registry, cache, "tidemill.cache.gets", gets, own.and("from", "origin"), CacheStats::misses);
        FunctionTimer.builder(
                        "tidemill.cache.loads",
                        cache,
                        it -> it.stats().loads(),
                        it -> it.stats().totalLoad().toNanos(),
                        TimeUnit.NANOSECONDS)
                .description("Calls of the origin, and how long they took")
                .tags(own)
                .register(registry);
        count(
                registry,
                cache,
                "tidemill.cache.loads.failed",
                "Calls of the origin that failed or took too long",
                own,
                CacheStats::failedLoads);
        count(
                registry,
                cache,
                "tidemill.cache.loads.refused",
                "Calls that were not made, since the origin is being left alone",
                own,
                CacheStats::refusedLoads);
        count(registry, cache, "tidemill.cache.evicted", "Entries that made room", own, CacheStats::evicted);
        count(registry, cache, "tidemill.cache.invalidated", "Entries invalidated", own, CacheStats::invalidated);
        String dropped = "Values that were not kept or not served, by the reason";
        count(registry, cache, "tidemill.cache.dropped", dropped, own.and("why", "struck"), CacheStats::struckLoads);
        count(registry, cache, "tidemill.cache.dropped", dropped, own.and("why", "fenced"), CacheStats::fencedOut);
        count(registry, cache, "tidemill.cache.dropped", dropped, own.and("why", "too_large"), CacheStats::tooLarge);
        count(registry, cache, "tidemill.cache.dropped", dropped, own.and("why", "unreadable"), CacheStats::unreadable);
        count(
                registry,
                cache,
                "tidemill.cache.dropped",
                dropped,
                own.and("why", "out_of_contact"),
                CacheStats::outOfContact);
        Gauge.builder("tidemill.cache.entries", cache, it -> it.stats().localEntries())
                .description("Entries in this process")
                .tags(own)
                .register(registry);
        Gauge.builder("tidemill.cache.size", cache, it -> it.stats().localBytes())
                .description("Encoded size of the entries in this process, with their keys")
                .baseUnit("bytes")
                .tags(own)
                .register(registry);
        Gauge.builder(
                        "tidemill.cache.origin.left.alone",
                        cache,
                        it -> it.stats().originLeftAlone() ? 1 : 0)
                .description("1 while the origin is left alone, since it failed again and again")
                .tags(own)
                .register(registry);
    }

    private static void count(
            MeterRegistry registry,
            Cache<?, ?> cache,
            String name,
            String description,
            Tags tags,
            ToLongFunction<CacheStats> value) {
        FunctionCounter.builder(name, cache, it -> value.applyAsLong(it.stats()))
                .description(description)
                .tags(tags)
                .register(registry);
    }
}
