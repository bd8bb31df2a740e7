package dev.tidemill.cache;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.TestDatabase;
import java.time.Duration;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** What the caches borrow of an application's pool, and how they give it back. */
@ExtendWith(FreshSchema.class)
final class ConnectionsTest {
    @Test
    void whenTheyAreClosedAllIsGivenBackAndNothingIsLeftInASession(TestDatabase database) {
        Lender lender = new Lender(database.dataSource());
        for (int round = 0; round < 3; round++) {
            Caches caches = Caches.on(lender.dataSource())
                    .schema(database.schema())
                    .staleness(Duration.ofMinutes(2))
                    .lookEvery(Duration.ofMinutes(1))
                    .open();
            Cache<String, String> cache = caches.cache("lent", Keys.STRINGS, ValueType.of(String.class))
                    .open();
            cache.get("a", key -> "x");
            // It looks once at the start, once when it listens, and then because it was called.
            Awaitility.await().atMost(Duration.ofSeconds(20)).until(() -> {
                cache.invalidate("a");
                return caches.stats().looks() > 2;
            });
            assertThat(lender.lent.get()).isBetween(2, 7);
            long began = System.nanoTime();
            caches.close();
            assertThat(Duration.ofNanos(System.nanoTime() - began)).isLessThan(Duration.ofSeconds(5));
            // A look that was under way is interrupted, and gives its own back as it ends.
            Awaitility.await().until(() -> lender.lent.get() == 0);
        }
        assertThat(lender.leftBehind).isEmpty();
        assertThat(lender.looked.get()).isGreaterThan(6);
    }
}
