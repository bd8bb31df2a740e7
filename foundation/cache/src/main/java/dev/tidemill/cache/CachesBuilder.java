package dev.tidemill.cache;

import dev.tidemill.cache.postgres.PostgresCaches;
import dev.tidemill.cache.tier.InvalidationLog;
import dev.tidemill.cache.tier.SharedTier;
import java.time.Duration;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/** What caches are to work on. */
public final class CachesBuilder {
    private static final Duration SHORTEST_BOUND = Duration.ofMillis(100);

    private final @Nullable DataSource dataSource;
    private String schema = "tidemill";
    private boolean migrate = true;
    Duration staleness = Duration.ofSeconds(2);
    Duration lookEvery = Duration.ofMillis(200);
    Duration keepLog = Duration.ofHours(2);
    Duration tierTimeout = Duration.ofSeconds(1);
    ValueCodec codec = ValueCodec.json();
    private @Nullable SharedTier tier;
    private @Nullable InvalidationLog log;

    CachesBuilder(@Nullable DataSource dataSource) {
        this.dataSource = dataSource;
    }

    /** The schema that the tables are in; {@code tidemill} unless said otherwise. */
    public CachesBuilder schema(String schema) {
        this.schema = schema;
        return this;
    }

    /** Whether to bring the tables up to date at the start, which is so unless said otherwise. */
    public CachesBuilder migrate(boolean migrate) {
        this.migrate = migrate;
        return this;
    }

    /**
     * The bound: a get that begins later than this after an invalidation has committed does not return what was true
     * before. 2 seconds unless said otherwise, at least 100 ms. A process that hears nothing for as long stops serving
     * what it has.
     */
    public CachesBuilder staleness(Duration bound) {
        this.staleness = bound;
        return this;
    }

    /** How often to look for invalidations when nobody calls; 200 ms unless said otherwise, at most half the bound. */
    public CachesBuilder lookEvery(Duration pause) {
        this.lookEvery = pause;
        return this;
    }

    /** How long invalidations are kept; 2 hours unless said otherwise. No value is kept for longer. */
    public CachesBuilder keepLog(Duration length) {
        this.keepLog = length;
        return this;
    }

    /** How long the shared tier has to answer before it is done without; 1 second unless said otherwise. */
    public CachesBuilder tierTimeout(Duration timeout) {
        this.tierTimeout = timeout;
        return this;
    }

    /** How values are written for the shared tier; as JSON unless said otherwise. */
    public CachesBuilder codec(ValueCodec codec) {
        this.codec = codec;
        return this;
    }

    /** Another shared tier than PostgreSQL's tables; the log of invalidations stays in the database. */
    public CachesBuilder shared(SharedTier tier) {
        this.tier = tier;
        return this;
    }

    /** Another log than the database's, for who has none; read what it promises. */
    public CachesBuilder log(InvalidationLog log) {
        this.log = log;
        return this;
    }

    /**
     * Opens the caches.
     *
     * @throws CacheException if the settings contradict each other
     */
    public Caches open() {
        check();
        SharedTier usedTier = tier;
        InvalidationLog usedLog = log;
        if (dataSource != null) {
            PostgresCaches postgres = PostgresCaches.open(dataSource, schema, migrate, keepLog, tierTimeout);
            usedTier = usedTier == null ? postgres.tier() : usedTier;
            usedLog = usedLog == null ? postgres.log() : usedLog;
        }
        return new Caches(this, usedTier, usedLog);
    }

    private void check() {
        if (staleness.compareTo(SHORTEST_BOUND) < 0 || lookEvery.multipliedBy(2).compareTo(staleness) > 0) {
            throw new CacheException(
                    CacheError.SETTINGS_INVALID,
                    "The bound of staleness is " + staleness.toMillis() + " ms with a look every "
                            + lookEvery.toMillis() + " ms; it must be at least " + SHORTEST_BOUND.toMillis()
                            + " ms and twice that pause. Raise the bound, or look more often.");
        }
        if (lookEvery.toMillis() < 1 || keepLog.toMinutes() < 1 || tierTimeout.toMillis() < 1) {
            throw new CacheException(
                    CacheError.SETTINGS_INVALID,
                    "A look every " + lookEvery + ", a log kept for " + keepLog + " and " + tierTimeout
                            + " for the shared tier: they must be at least 1 ms, 1 minute and 1 ms.");
        }
        if (dataSource == null && (tier == null) != (log == null)) {
            throw new CacheException(
                    CacheError.SETTINGS_INVALID,
                    "Without a database a shared tier needs a log of invalidations, and a log a shared tier. Give both.");
        }
    }
}
