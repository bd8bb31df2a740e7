package dev.tidemill.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemill.cache.Cache;
import dev.tidemill.cache.CachePolicy;
import dev.tidemill.cache.Caches;
import dev.tidemill.cache.Keys;
import dev.tidemill.cache.Source;
import dev.tidemill.cache.ValueType;
import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.TestDatabase;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tag;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(FreshSchema.class)
final class CacheMetersTest {
    private final MeterRegistry registry = new SimpleMeterRegistry();

    private double gets(String from) {
        return registry.get("tidemill.cache.gets")
                .tags("cache", "names", "from", from, "app", "shop")
                .functionCounter()
                .count();
    }

    @Test
    void whatACacheCountsIsToldByTier(TestDatabase database) {
        try (Caches caches = Caches.on(database.dataSource())
                        .schema(database.schema())
                        .open();
                Caches others = Caches.on(database.dataSource())
                        .schema(database.schema())
                        .open()) {
            Cache<String, String> names = names(caches);
            Cache<String, String> theirs = names(others);
            CacheMeters.of(caches, Tag.of("app", "shop")).bindTo(registry);
            theirs.get("a", key -> "ann");
            Awaitility.await()
                    .atMost(Duration.ofSeconds(30))
                    .until(() -> theirs.inspect("a").stream().anyMatch(seen -> seen.source() == Source.SHARED));
            names.get("a", key -> "never");
            names.get("a", key -> "never");
            names.get("b", key -> {
                LockSupport.parkNanos(2_000_000);
                return "bob";
            });
            assertThat(gets("shared")).isEqualTo(1);
            assertThat(gets("local")).isEqualTo(1);
            assertThat(gets("origin")).isEqualTo(1);
            assertThat(gets("stale")).isZero();
            var loads =
                    registry.get("tidemill.cache.loads").tag("cache", "names").functionTimer();
            assertThat(loads.count()).isEqualTo(1);
            assertThat(loads.totalTime(TimeUnit.MILLISECONDS)).isBetween(2.0, 10_000.0);
            assertThat(registry.get("tidemill.cache.entries").gauge().value()).isEqualTo(2);
            assertThat(registry.get("tidemill.cache.size").gauge().value()).isPositive();
            names.invalidate("a");
            assertThat(registry.get("tidemill.cache.invalidated")
                            .functionCounter()
                            .count())
                    .isEqualTo(1);
            assertThat(registry.get("tidemill.cache.in.contact").gauge().value())
                    .isEqualTo(1);
            assertThat(registry.get("tidemill.cache.tier.away").gauge().value()).isZero();
            assertThat(registry.get("tidemill.cache.staleness").timeGauge().value(TimeUnit.SECONDS))
                    .isBetween(0.0, 60.0);
            Awaitility.await()
                    .atMost(Duration.ofSeconds(30))
                    .until(() -> registry.get("tidemill.cache.looks")
                                    .functionCounter()
                                    .count()
                            > 2);
        }
    }

    private static Cache<String, String> names(Caches caches) {
        return caches.cache("names", Keys.STRINGS, ValueType.of(String.class))
                .policy(CachePolicy.of(Duration.ofMinutes(5)))
                .open();
    }

    @Test
    void everyMeterSaysWhatItIs() {
        try (Caches caches = Caches.local()) {
            names(caches);
            CacheMeters.of(caches).bindTo(registry);
            assertThat(registry.getMeters()).hasSizeGreaterThan(20).allSatisfy(meter -> {
                assertThat(meter.getId().getDescription()).isNotBlank();
                assertThat(meter.getId().getName()).matches("tidemill\\.cache(\\.[a-z]+)+");
            });
        }
    }
}
