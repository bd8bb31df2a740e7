package dev.tidemill.valkey;

import dev.tidemill.cache.postgres.PostgresCaches;
import dev.tidemill.cache.tier.InvalidationLog;
import dev.tidemill.cache.tier.SharedTier;
import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.TestDatabase;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(FreshSchema.class)
final class PostgresTierContractTest extends SharedTierContract {
    private final PostgresCaches caches;

    PostgresTierContractTest(TestDatabase database) {
        caches = PostgresCaches.open(
                database.dataSource(), database.schema(), true, Duration.ofHours(2), Duration.ofSeconds(10));
        caches.tier().tidy();
    }

    @Override
    protected SharedTier tier() {
        return caches.tier();
    }

    @Override
    protected InvalidationLog log() {
        return caches.log();
    }

    @AfterEach
    void close() {
        caches.tier().close();
        caches.log().close();
    }
}
