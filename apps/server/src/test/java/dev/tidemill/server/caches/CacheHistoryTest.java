package dev.tidemill.server.caches;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemill.cache.Cache;
import dev.tidemill.cache.Caches;
import dev.tidemill.cache.Keys;
import dev.tidemill.cache.ValueType;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

final class CacheHistoryTest {
    private static final Instant NOON = Instant.parse("2026-11-22T12:00:00Z");

    @Test
    void aMinuteHasWhatWasAskedForInItAndAnHourIsKept() {
        AtomicReference<Instant> now = new AtomicReference<>(NOON);
        try (Caches caches = Caches.local()) {
            Cache<String, String> names = caches.cache("names", Keys.STRINGS, ValueType.of(String.class))
                    .open();
            names.get("before", key -> "counted before it began");
            try (CacheHistory history = new CacheHistory(ServedCaches.of(caches), now::get)) {
                names.get("a", key -> "x");
                names.get("a", key -> "x");
                assertThat(history.minutes(names))
                        .as("the minute that is not over")
                        .containsExactly(new CacheHistory.Minute(NOON, 1, 0, 0, 0, 1));
                now.set(NOON.plus(Duration.ofMinutes(1)));
                history.note();
                names.get("a", key -> "x");
                assertThat(history.minutes(names))
                        .containsExactly(
                                new CacheHistory.Minute(NOON, 1, 0, 0, 0, 1),
                                new CacheHistory.Minute(now.get(), 1, 0, 0, 0, 0));
                assertThat(history.minutes(names).getFirst().hits()).isEqualTo(1);
                assertThat(history.minutes(names).getFirst().all()).isEqualTo(2);
                for (int i = 0; i < 100; i++) {
                    history.note();
                }
                assertThat(history.minutes(names)).hasSize(61);
            }
        }
    }
}
