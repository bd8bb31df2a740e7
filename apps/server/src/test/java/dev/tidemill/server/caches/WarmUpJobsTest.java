package dev.tidemill.server.caches;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.tidemill.cache.Cache;
import dev.tidemill.cache.CachePolicy;
import dev.tidemill.cache.Caches;
import dev.tidemill.cache.Keys;
import dev.tidemill.cache.Source;
import dev.tidemill.cache.ValueType;
import dev.tidemill.cache.WarmUps;
import dev.tidemill.jobs.JobState;
import dev.tidemill.jobs.Tidemill;
import dev.tidemill.jobs.TidemillBuilder;
import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.TestDatabase;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Warm-ups that the engine runs. */
@ExtendWith(FreshSchema.class)
final class WarmUpJobsTest {
    private static final Duration SOON = Duration.ofSeconds(30);

    private static final AtomicInteger NAMES = new AtomicInteger();

    private final String name = "prices" + NAMES.incrementAndGet();
    private final TestDatabase database;
    private final List<Set<String>> asked = new CopyOnWriteArrayList<>();

    WarmUpJobsTest(TestDatabase database) {
        this.database = database;
    }

    private Caches caches() {
        return Caches.on(database.dataSource()).schema(database.schema()).open();
    }

    private Cache<String, String> prices(Caches caches) {
        return caches.cache(name, Keys.STRINGS, ValueType.of(String.class)).open();
    }

    private WarmUps warmUps(Cache<String, String> prices) {
        return new WarmUps().add("prices", prices, () -> List.of("mug", "lamp"), keys -> {
            asked.add(keys);
            return keys.stream().collect(Collectors.toMap(key -> key, key -> "price of " + key));
        });
    }

    private TidemillBuilder mill(WarmUps warmUps) {
        return WarmUpJobs.handledBy(Tidemill.on(database.dataSource()).schema(database.schema()), warmUps);
    }

    @Test
    void ofTwoProcessesThatStartOneLoadsAndBothHaveIt() {
        try (Caches first = caches();
                Caches second = caches()) {
            WarmUps one = warmUps(prices(first));
            WarmUps two = warmUps(prices(second));
            try (Tidemill mill = mill(one).start();
                    Tidemill other = mill(two).start()) {
                WarmUpJobs.begin(mill, one);
                WarmUpJobs.begin(other, two);
                await().atMost(SOON)
                        .until(() -> List.of(first, second).stream()
                                .allMatch(caches -> caches.all().getFirst().inspectText("lamp").stream()
                                        .anyMatch(seen -> seen.source() == Source.SHARED)));
                assertThat(prices(caches(), "mug")).isEqualTo("price of mug");
                await().atMost(SOON).until(() -> mill.running() + other.running() == 0);
                assertThat(asked).hasSize(1);
                assertThat(asked.getFirst()).containsExactlyInAnyOrder("mug", "lamp");
            }
        }
    }

    /** What a third process finds without loading. */
    private @Nullable String prices(Caches caches, String key) {
        try (caches) {
            return prices(caches).get(key, missed -> "nobody had it");
        }
    }

    @Test
    void aScheduleRunsItAgainAndWhatIsThereIsNotLoadedAgain() {
        try (Caches caches = caches()) {
            Cache<String, String> prices = prices(caches);
            WarmUps warmUps = warmUps(prices);
            try (Tidemill mill = WarmUpJobs.every(Duration.ofSeconds(1), mill(warmUps), warmUps)
                    .start()) {
                assertThat(mill.schedules().get("warm-up-prices")).isNotNull();
                await().atMost(SOON).until(() -> prices.inspectText("mug").size() == 2);
                prices.invalidate("mug");
                await().atMost(SOON).until(() -> asked.getLast().equals(Set.of("mug")));
                mill.schedules().remove("warm-up-prices");
            }
        }
    }

    @Test
    void whatIsKeptWarmByAScheduleIsNeverPastItsTime() {
        Duration fresh = Duration.ofMillis(4_500);
        try (Caches caches = caches()) {
            Cache<String, String> prices = caches.cache(name, Keys.STRINGS, ValueType.of(String.class))
                    .policy(CachePolicy.of(fresh).jitter(0))
                    .open();
            WarmUps warmUps = warmUps(prices);
            try (Tidemill mill =
                    WarmUpJobs.every(fresh.dividedBy(3), mill(warmUps), warmUps).start()) {
                await().atMost(SOON).until(() -> prices.inspectText("mug").size() == 2);
                await().atMost(SOON).until(() -> {
                    assertThat(prices.get("mug", missed -> "asked for by a visitor"))
                            .isEqualTo("price of mug");
                    return asked.size() >= 3;
                });
                mill.schedules().remove("warm-up-prices");
            }
        }
    }

    @Test
    void aNameThatNobodyKnowsIsADeadLetterAtOnce() {
        try (Caches caches = caches();
                Tidemill mill = mill(warmUps(prices(caches))).start()) {
            long job = mill.enqueue(new WarmUpJobs.WarmCache("none", 0));
            await().atMost(SOON).until(() -> mill.job(job).orElseThrow().state() == JobState.DEAD);
            assertThat(mill.job(job).orElseThrow().attempts()).hasSize(1);
        }
    }
}
