package dev.tidemill.cache;

import dev.tidemill.cache.tier.Invalidation;
import dev.tidemill.cache.tier.InvalidationLog;
import dev.tidemill.cache.tier.Position;
import dev.tidemill.cache.tier.SharedTier;
import dev.tidemill.cache.tier.Target;
import java.sql.Connection;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/**
 * The caches of a process: what they share with those of other processes, and the loop that hears of invalidations. One
 * for a database and schema is enough; thread safe. Close it when the application ends.
 *
 * <pre>{@code
 * Caches caches = Caches.on(dataSource).open();
 * Cache<Long, User> users = caches.cache("users", Keys.LONGS, ValueType.of(User.class))
 *         .policy(CachePolicy.USER_PROFILES)
 *         .open();
 * User user = users.get(42L, id -> repository.find(id));
 * }</pre>
 */
public final class Caches implements AutoCloseable {
    private static final int REMEMBERED = 200_000;

    /** Where no log bounds it. */
    private static final Duration FOR_GOOD = Duration.ofDays(3_650);

    private final ValueCodec codec;
    private final Duration longest;
    private final Contact contact;
    private final @Nullable Shared shared;
    private final @Nullable Listening listening;
    private final Upkeep upkeep;
    private final Map<String, Cache<?, ?>> open = new ConcurrentHashMap<>();
    private final AtomicLong stamps = new AtomicLong();
    private final Invalidator invalidator = new Writing();
    private volatile boolean closed;

    Caches(CachesBuilder builder, @Nullable SharedTier tier, @Nullable InvalidationLog log) {
        this.codec = builder.codec;
        this.longest = builder.keepLog;
        if (tier == null || log == null) {
            this.contact = Contact.alone();
            this.shared = null;
            this.listening = null;
        } else {
            this.contact = Contact.within(builder.staleness);
            Remembered remembered = new Remembered(REMEMBERED);
            this.shared = new Shared(
                    tier,
                    new TierGate(tier.name(), builder.tierTimeout),
                    log,
                    contact,
                    new Shared.Claims(),
                    remembered);
            this.listening = new Listening(log, contact, remembered, tier.comparesWithLog(), builder, open.values());
            listening.start();
        }
        this.upkeep = new Upkeep(shared, open.values());
        upkeep.start();
    }

    /** On a database: its tables are the shared tier, and invalidations can be part of its transactions. */
    public static CachesBuilder on(DataSource dataSource) {
        return new CachesBuilder(dataSource);
    }

    /** Without a database: with a shared tier and a log of another kind. */
    public static CachesBuilder without() {
        return new CachesBuilder(null);
    }

    /** In this process alone: nothing is shared, and nobody else's invalidations are heard. */
    public static Caches local() {
        return new Caches(new CachesBuilder(null), null, null);
    }

    /** A cache by a name, 1 to 100 bytes, which all nodes know it by; opened by {@link CacheBuilder#open}. */
    public <K, V> CacheBuilder<K, V> cache(String name, Keys<? super K> keys, ValueType<V> type) {
        Texts.checkName(name);
        return new CacheBuilder<>(this, name, keys, type);
    }

    /** Lists that are cached a page at a time, in a cache by a name. */
    public <E> Pages<E> pages(String name, Class<E> element, CachePolicy policy) {
        return new Pages<>(cache(name, Keys.STRINGS, ValueType.listOf(element))
                .tags((key, page) -> Set.of(Pages.queryOf(key)))
                .policy(policy)
                .open());
    }

    <K, V> Cache<K, V> open(CacheBuilder<K, V> builder) {
        Duration kept = builder.policy.times().onError();
        if (shared != null && kept.compareTo(longest) > 0) {
            throw new CacheException(
                    CacheError.SETTINGS_INVALID,
                    "The cache '" + builder.name + "' keeps values for " + kept.toMinutes()
                            + " minutes, and the log of invalidations is kept for " + longest.toMinutes()
                            + ". Keep the log for longer (keepLog), or the values for less.");
        }
        Cache<K, V> cache =
                new Cache<>(builder, shared, contact, codec, invalidator, shared == null ? FOR_GOOD : longest);
        if (open.putIfAbsent(builder.name, cache) != null) {
            throw new CacheException(
                    CacheError.SETTINGS_INVALID,
                    "There is a cache '" + builder.name + "' in this process. Open it once and hand it round.");
        }
        return cache;
    }

    /** Call this after committing invalidations: all nodes look at once, rather than when it is time. Never needed. */
    public void committed() {
        if (listening != null) {
            listening.callOthers();
        }
    }

    /** The caches that are open in this process, by name. */
    public List<Cache<?, ?>> all() {
        return open.values().stream()
                .sorted(Comparator.<Cache<?, ?>, String>comparing(Cache::name))
                .toList();
    }

    /** The bound of staleness; far beyond any time where the caches are in this process alone. */
    public Duration bound() {
        return contact.bound();
    }

    /** How the caches stand. */
    public CachesStats stats() {
        List<CacheStats> each = new ArrayList<>();
        all().forEach(cache -> each.add(cache.stats()));
        if (shared == null || listening == null) {
            return new CachesStats(each, "", false, 0, true, Duration.ZERO, 0, 0, 0);
        }
        return new CachesStats(
                each,
                shared.tier().name(),
                shared.gate().isAway(),
                shared.gate().errors(),
                contact.isInContact(),
                contact.silence(),
                listening.looks(),
                listening.failures(),
                listening.forgotten());
    }

    /**
     * How much the shared tier holds.
     *
     * @param cache a cache's name, counted up to 100,000 entries; null for all together, as estimated by the tier
     * @return null if there is no shared tier or it is away
     */
    public SharedTier.@Nullable Size sharedSize(@Nullable String cache) {
        return shared == null ? null : shared.gate().ask(() -> shared.tier().size(cache));
    }

    @Override
    public void close() {
        closed = true;
        upkeep.stop();
        if (listening != null) {
            listening.stop();
        }
        if (shared != null) {
            shared.log().close();
            shared.tier().close();
        }
    }

    /** Where invalidations go. */
    private final class Writing implements Invalidator {
        @Override
        public long append(Cache<?, ?> cache, List<Target> targets) {
            checkOpen();
            long stamp = shared == null ? stamps.incrementAndGet() : write(shared.log(), cache.name(), targets);
            List<Invalidation> news = targets.stream()
                    .map(target -> new Invalidation(stamp, cache.name(), target))
                    .toList();
            if (shared != null && !shared.tier().comparesWithLog()) {
                // Before the next look says so: who invalidates does not get the old value from the shared tier.
                shared.remembered().add(news);
            }
            cache.local.carryOut(news);
            committed();
            return stamp;
        }

        private long write(InvalidationLog log, String cache, List<Target> targets) {
            try {
                return log.append(cache, targets);
            } catch (RuntimeException failed) {
                throw new CacheException(
                        CacheError.INVALIDATION_FAILED,
                        "An invalidation in '" + cache + "' could not be written; all nodes may go on with what they"
                                + " have until it expires. Try again: " + failed.getMessage(),
                        failed);
            }
        }

        @Override
        public void append(Connection connection, Cache<?, ?> cache, List<Target> targets) {
            checkOpen();
            if (shared == null) {
                throw new CacheException(
                        CacheError.SETTINGS_INVALID,
                        "The caches are in this process alone and cannot be part of a transaction. Use Caches.on(..).");
            }
            try {
                shared.log().append(connection, cache.name(), targets);
            } catch (RuntimeException failed) {
                throw new CacheException(
                        CacheError.INVALIDATION_FAILED,
                        "An invalidation in '" + cache.name() + "' could not be written in the transaction; roll it"
                                + " back: " + failed.getMessage(),
                        failed);
            }
        }

        @Override
        public @Nullable Position position() {
            if (shared == null) {
                return null;
            }
            try {
                return shared.log().look(null, false).position();
            } catch (RuntimeException failed) {
                throw new CacheException(
                        CacheError.INVALIDATION_FAILED,
                        "The log of invalidations does not answer; nothing was written: " + failed.getMessage(),
                        failed);
            }
        }

        @Override
        public void checkOpen() {
            if (closed) {
                throw new CacheException(CacheError.CLOSED, "The caches were closed; open them again to use them.");
            }
        }
    }
}
