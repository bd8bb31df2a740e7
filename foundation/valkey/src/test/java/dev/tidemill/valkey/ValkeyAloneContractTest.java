package dev.tidemill.valkey;

import static java.time.Duration.ofMillis;
import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemill.cache.Cache;
import dev.tidemill.cache.Caches;
import dev.tidemill.cache.CachesBuilder;
import dev.tidemill.cache.Keys;
import dev.tidemill.cache.Source;
import dev.tidemill.cache.ValueType;
import java.time.Duration;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Entries and log on one server, without a database. */
@Tag("redis")
final class ValkeyAloneContractTest extends CachesContract {
    private static final RedisServers SERVERS = RedisServers.one();

    @AfterAll
    static void end() {
        SERVERS.close();
    }

    @Override
    protected CachesBuilder builder() {
        ValkeyTier tier = ValkeyTier.server(SERVERS.address(0), Duration.ofSeconds(10));
        return Caches.without().shared(tier).log(tier.log());
    }

    @Test
    void aServerThatWasReplacedMakesEverybodyForget() {
        try (Caches caches =
                builder().staleness(ofMillis(800)).tierTimeout(ofMillis(400)).open()) {
            Cache<String, Long> cache = caches.cache("replaced", Keys.STRINGS, ValueType.of(Long.class))
                    .open();
            assertThat(cache.get("a", key -> 1L)).isEqualTo(1);
            assertThat(cache.ask("a", key -> 2L).source()).isEqualTo(Source.LOCAL);
            SERVERS.replace();
            Awaitility.await().atMost(ofSeconds(30)).until(() -> caches.stats().forgotten() > 0);
            assertThat(cache.get("a", key -> 2L)).isEqualTo(2);
            Awaitility.await().atMost(ofSeconds(30)).until(() -> {
                cache.invalidate("a");
                cache.get("a", key -> 3L);
                return cache.inspect("a").size() == 2;
            });
        }
    }
}
