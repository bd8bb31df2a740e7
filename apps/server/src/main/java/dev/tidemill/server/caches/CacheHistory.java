package dev.tidemill.server.caches;

import dev.tidemill.cache.Cache;
import dev.tidemill.cache.CacheStats;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What the caches of this process did, minute by minute, for an hour: the difference between what they had counted at a
 * minute's beginning and at its end. Thread safe.
 */
public final class CacheHistory implements AutoCloseable {
    private static final int KEPT = 60;

    /**
     * Values that were asked for in a minute, by where they came from.
     *
     * @param at when it began
     * @param local this process had them
     * @param shared the shared tier had them
     * @param stale they were past their time
     * @param joined somebody was loading them already
     * @param origin the origin was asked
     */
    public record Minute(Instant at, long local, long shared, long stale, long joined, long origin) {
        /** All of them. */
        public long all() {
            return local + shared + stale + joined + origin;
        }

        /** Those that the origin was not asked for. */
        public long hits() {
            return all() - origin;
        }
    }

    private final ServedCaches served;
    private final InstantSource clock;
    private final Object lock = new Object();
    private final Map<String, Deque<Minute>> minutes = new HashMap<>();
    private final Map<String, CacheStats> before = new HashMap<>();
    private Instant since;
    private final Thread thread =
            Thread.ofVirtual().name("tidemill-cache-history").unstarted(this::run);

    /** Begins with what the caches have counted so far. */
    public CacheHistory(ServedCaches served, InstantSource clock) {
        this.served = served;
        this.clock = clock;
        this.since = clock.instant();
        served.caches().all().forEach(cache -> before.put(cache.name(), cache.stats()));
    }

    /** Notes every minute from now on, until it is closed. */
    public void start() {
        thread.start();
    }

    private void run() {
        try {
            while (true) {
                Instant now = clock.instant();
                Thread.sleep(Duration.between(
                        now, now.truncatedTo(ChronoUnit.MINUTES).plus(1, ChronoUnit.MINUTES)));
                note();
            }
        } catch (InterruptedException closed) {
            // Asked to.
        }
    }

    /** A minute is over. */
    void note() {
        synchronized (lock) {
            for (Cache<?, ?> cache : served.caches().all()) {
                CacheStats now = cache.stats();
                Deque<Minute> own = minutes.computeIfAbsent(cache.name(), name -> new ArrayDeque<>());
                own.addLast(between(before.get(cache.name()), now));
                if (own.size() > KEPT) {
                    own.removeFirst();
                }
                before.put(cache.name(), now);
            }
            since = clock.instant();
        }
    }

    private Minute between(@Nullable CacheStats then, CacheStats now) {
        if (then == null) {
            return new Minute(since, now.localHits(), now.sharedHits(), now.staleServed(), now.joined(), now.misses());
        }
        return new Minute(
                since,
                now.localHits() - then.localHits(),
                now.sharedHits() - then.sharedHits(),
                now.staleServed() - then.staleServed(),
                now.joined() - then.joined(),
                now.misses() - then.misses());
    }

    /** A cache's minutes, the oldest first; the last one is not over yet. */
    public List<Minute> minutes(Cache<?, ?> cache) {
        synchronized (lock) {
            List<Minute> all = new ArrayList<>(minutes.getOrDefault(cache.name(), new ArrayDeque<>()));
            all.add(between(before.get(cache.name()), cache.stats()));
            return all;
        }
    }

    @Override
    public void close() {
        thread.interrupt();
    }
}
