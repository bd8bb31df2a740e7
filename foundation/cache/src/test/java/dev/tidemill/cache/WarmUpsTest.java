package dev.tidemill.cache;

import static java.time.Duration.ofDays;
import static java.time.Duration.ofMinutes;
import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.TestDatabase;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Collectors;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Warm-ups that look ahead, so that what a schedule keeps warm never ends between two runs. */
@ExtendWith(FreshSchema.class)
final class WarmUpsTest extends TwoNodes {
    private final List<Set<String>> asked = new CopyOnWriteArrayList<>();
    private final WarmUps warmUps = new WarmUps().add("things", one, () -> List.of("a", "b", "c"), this::loadAll);

    WarmUpsTest(TestDatabase database) {
        super(database);
    }

    private Map<String, Long> loadAll(Set<String> keys) {
        asked.add(Set.copyOf(keys));
        return keys.stream().filter(key -> !key.equals("c")).collect(Collectors.toMap(key -> key, key -> 1L));
    }

    private static Duration longest(Cache<String, Long> node) {
        return node.inspect("a").stream()
                .map(Sighting::freshFor)
                .max(Duration::compareTo)
                .orElseThrow();
    }

    @Test
    void whatWouldEndBeforeTheNextRunIsLoadedAnewInOneCallAndTheRestLeftAlone() throws Exception {
        one.put("a", 0L, ofSeconds(30), Set.of());
        warmUps.run("things", ofSeconds(10));
        assertThat(asked).as("a is fresh for longer").containsExactly(Set.of("b", "c"));
        assertThat(longest(two)).isLessThan(ofSeconds(31));
        List.of("b", "c").forEach(this::stored);

        WarmUps.Warmed warmed = warmUps.run("things", ofMinutes(1));

        assertThat(asked).hasSize(2);
        assertThat(asked.getLast())
                .as("b is fresh for minutes; that there is no c is not")
                .containsExactlyInAnyOrder("a", "c");
        assertThat(warmed.keys()).isEqualTo(3);
        assertThat(warmed.absent()).isEqualTo(1);
        assertThat(warmed.failed()).isZero();
        assertThat(one.get("a", this::load)).isEqualTo(1L);
        Awaitility.await().atMost(ofSeconds(30)).until(() -> longest(two).compareTo(ofMinutes(4)) > 0);
        assertThat(two.get("a", this::load)).isEqualTo(1L);
        assertThat(loads).hasValue(0);
    }

    @Test
    void aKeyThatCannotBeRenewedIsCountedAndKeepsWhatItHas() throws Exception {
        WarmUps failing = new WarmUps().add("things", one, () -> List.of("a", "b"), keys -> {
            asked.add(Set.copyOf(keys));
            if (asked.size() > 1) {
                throw new IllegalStateException("the origin is down");
            }
            return loadAll(keys);
        });
        failing.run("things");
        List.of("a", "b").forEach(this::stored);

        WarmUps.Warmed warmed = failing.run("things", ofMinutes(30));

        assertThat(warmed.failed()).isEqualTo(2);
        assertThat(one.get("a", this::load)).isEqualTo(1L);
        assertThat(loads).hasValue(0);
    }

    @Test
    void aTimeThatIsNoneIsRefused() {
        for (Duration ahead : List.of(ofSeconds(-1), ofDays(366))) {
            assertThatExceptionOfType(CacheException.class)
                    .isThrownBy(() -> warmUps.run("things", ahead))
                    .withMessageContaining("from 0 to 365 days");
        }
    }
}
