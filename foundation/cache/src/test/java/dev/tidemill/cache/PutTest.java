package dev.tidemill.cache;

import static java.time.Duration.ofMinutes;
import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.TestDatabase;
import java.sql.Connection;
import java.util.Set;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Values that are put, and values that cannot be shared. */
@ExtendWith(FreshSchema.class)
final class PutTest extends TwoNodes {
    PutTest(TestDatabase database) {
        super(database);
    }

    @Test
    void aValueThatWasPutIsForAllAndTheLaterOneCounts() {
        one.get("a", id -> 1L);
        assertThat(two.get("a", id -> 1L)).isEqualTo(1L);
        one.put("a", 2L);
        one.put("a", 3L);
        assertThat(one.get("a", this::load)).isEqualTo(3L);
        Awaitility.await().atMost(ofSeconds(30)).until(() -> sees(two, 3L));
        assertThat(two.ask("a", this::load).value()).isEqualTo(3L);
        assertThat(node(CachePolicy.STATIC).get("a", this::load)).isEqualTo(3L);
        assertThat(loads).hasValue(0);
    }

    @Test
    void ofTwoWritesAtOnceNoValueStaysThatMayBeTheFormer() throws Exception {
        // The first writer changes the origin, the second does and puts, and then the first puts.
        one.writeThrough("a", 1L, () -> {
            try (Connection connection = site.begin()) {
                site.raise(connection, "a");
                connection.commit();
            }
            two.writeThrough("a", 2L, () -> {
                try (Connection connection = site.begin()) {
                    site.raise(connection, "a");
                    connection.commit();
                }
            });
        });
        assertThat(node(CachePolicy.STATIC).get("a", this::load)).isEqualTo(2L);
        Awaitility.await().atMost(ofSeconds(30)).until(() -> sees(one, 2L));
        Awaitility.await().atMost(ofSeconds(30)).until(() -> sees(two, 2L));
    }

    @Test
    void aValuePutInATransactionIsThereWhenItCommitsAndNeverOtherwise() throws Exception {
        assertThat(two.get("a", this::load)).isZero();
        try (Connection connection = site.begin()) {
            one.put(connection, "a", site.raise(connection, "a"));
            connection.rollback();
        }
        assertThat(node(CachePolicy.STATIC).get("a", this::load)).isZero();
        loads.set(0);
        try (Connection connection = site.begin()) {
            one.put(connection, "a", site.raise(connection, "a"));
            connection.commit();
        }
        assertThat(node(CachePolicy.STATIC).get("a", this::load)).isEqualTo(1);
        Awaitility.await().atMost(ofSeconds(30)).until(() -> sees(two, 1));
        assertThat(loads).hasValue(0);
    }

    @Test
    void damagedBytesAreAMissThatIsCounted() throws Exception {
        one.get("a", id -> 1L);
        stored("a");
        site.run("update {schema}.cache_entry set bytes = set_byte(bytes, octet_length(bytes) - 1, 0)");
        Answer<Long> answer = two.ask("a", id -> 2L);
        assertThat(answer.value()).isEqualTo(2L);
        assertThat(answer.miss()).isEqualTo(Miss.UNREADABLE);
        assertThat(two.stats().unreadable()).isEqualTo(1);
        Awaitility.await()
                .atMost(ofSeconds(30))
                .until(() -> node(CachePolicy.STATIC).ask("a", id -> 3L).source() == Source.SHARED);
    }

    @Test
    void aValueTooLargeToShareStaysWhereItIsAndPuttingItIsRefused() {
        CachePolicy small = CachePolicy.STATIC.valueBytes(10);
        Caches caches = site.caches().open();
        open.add(caches);
        Cache<String, String> texts = caches.cache(name + "t", Keys.STRINGS, ValueType.of(String.class))
                .policy(small)
                .open();
        String large = "x".repeat(11);
        assertThat(texts.get("a", key -> large)).isEqualTo(large);
        assertThat(texts.ask("a", key -> "never").source()).isEqualTo(Source.LOCAL);
        assertThat(texts.inspect("a")).hasSize(1);
        assertThat(texts.stats().tooLarge()).isEqualTo(1);
        assertThatExceptionOfType(CacheException.class)
                .isThrownBy(() -> texts.put("a", large))
                .withMessageContaining("13 bytes was put into")
                .satisfies(thrown -> assertThat(thrown.error()).isEqualTo(CacheError.VALUE_TOO_LARGE));
    }

    @Test
    void valuesAreNotKeptForLongerThanTheLog() {
        Caches caches = site.caches().keepLog(ofMinutes(30)).open();
        open.add(caches);
        assertThatExceptionOfType(CacheException.class)
                .isThrownBy(() -> caches.cache("x", Keys.STRINGS, ValueType.of(Long.class))
                        .policy(CachePolicy.STATIC)
                        .open())
                .withMessageContaining("the log of invalidations is kept for 30");
    }

    @Test
    void aValuePutForATimeOfItsOwnWithTagsOfItsOwnIsSoOnAllNodes() {
        one.put("a", 2L, ofMinutes(60), Set.of("more"));
        stored("a");
        Answer<Long> answer = two.ask("a", this::load);
        assertThat(answer.value()).isEqualTo(2L);
        assertThat(answer.freshFor()).isBetween(ofMinutes(55), ofMinutes(60));
        assertThat(one.ask("a", this::load).freshFor()).isBetween(ofMinutes(55), ofMinutes(60));
        assertThat(two.inspect("a").getFirst().tags()).containsExactlyInAnyOrder("group:a", "more");
        two.invalidateTag("more");
        assertThat(two.get("a", id -> 3L)).isEqualTo(3L);
        assertThatExceptionOfType(CacheException.class)
                .isThrownBy(() -> one.put("a", 1L, ofMinutes(121), Set.of()))
                .withMessageContaining("at most PT2H");
        assertThat(loads).hasValue(0);
    }
}
