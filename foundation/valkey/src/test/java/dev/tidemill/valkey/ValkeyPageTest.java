package dev.tidemill.valkey;

import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemill.cache.Cache;
import dev.tidemill.cache.Caches;
import dev.tidemill.cache.Keys;
import dev.tidemill.cache.ValueType;
import dev.tidemill.cache.tier.SharedTier;
import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.TestDatabase;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import javax.sql.DataSource;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** The lines of docs/cache.md about Valkey, compiled and run, with nobody at that address: the cache does without. */
@ExtendWith(FreshSchema.class)
final class ValkeyPageTest {
    private final TestDatabase database;

    ValkeyPageTest(TestDatabase database) {
        this.database = database;
    }

    @Test
    void aValkeyThatIsNotThereIsDoneWithout() {
        DataSource dataSource = database.dataSource();
        try (SharedTier tier = ValkeyTier.server("redis://127.0.0.1:1", ofSeconds(1));
                Caches caches = Caches.on(dataSource)
                        .schema(database.schema())
                        .shared(tier)
                        .open()) {
            Cache<String, Long> cache = caches.cache("things", Keys.STRINGS, ValueType.of(Long.class))
                    .open();
            for (int i = 0; i < 5; i++) {
                assertThat(cache.get("k" + i, key -> 1L)).isEqualTo(1);
            }
            assertThat(caches.stats().sharedTierAway()).isTrue();
            assertThat(caches.stats().inContact()).isTrue();
            assertThat(cache.stats().sharedTierSkipped()).isEqualTo(5);
            assertThat(cache.get("k0", key -> 2L)).isEqualTo(1);
        }
    }

    @Test
    void thePageSaysWhatIsCompiledHere() throws IOException {
        List<String> page = Files.readAllLines(Path.of("../../docs/cache.md"));
        assertThat(page)
                .contains("SharedTier tier = ValkeyTier.server(\"redis://127.0.0.1:6379\", ofSeconds(1));")
                .contains("Caches caches = Caches.on(dataSource).shared(tier).open();");
    }
}
