package dev.tidemill.valkey;

import dev.tidemill.cache.tier.InvalidationLog;
import dev.tidemill.cache.tier.SharedTier;
import java.time.Duration;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Tag;

@Tag("redis")
final class ValkeyTierContractTest extends SharedTierContract {
    private static final RedisServers SERVERS = RedisServers.one();
    private static final ValkeyTier TIER = ValkeyTier.server(SERVERS.address(0), Duration.ofSeconds(10));

    @AfterAll
    static void close() {
        TIER.close();
        SERVERS.close();
    }

    @Override
    protected SharedTier tier() {
        return TIER;
    }

    @Override
    protected InvalidationLog log() {
        return TIER.log();
    }
}
