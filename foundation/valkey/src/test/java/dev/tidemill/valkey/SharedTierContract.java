package dev.tidemill.valkey;

import static java.time.Duration.ofMillis;
import static java.time.Duration.ofMinutes;
import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemill.cache.tier.Invalidation;
import dev.tidemill.cache.tier.InvalidationLog;
import dev.tidemill.cache.tier.Position;
import dev.tidemill.cache.tier.SharedTier;
import dev.tidemill.cache.tier.SharedTier.Claimed;
import dev.tidemill.cache.tier.SharedTier.Fill;
import dev.tidemill.cache.tier.SharedTier.Stored;
import dev.tidemill.cache.tier.Target;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.stream.IntStream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;

/** What every shared tier does. */
abstract class SharedTierContract {
    private static final Duration LEASE = ofMinutes(1);
    private static final String CACHE = "things";

    /** The tier under test; entries of former tests may be in it. */
    protected abstract SharedTier tier();

    /** The log that goes with it. */
    protected abstract InvalidationLog log();

    /** A key that no other test has. */
    private static String key() {
        return "k" + Long.toString(System.nanoTime(), Character.MAX_RADIX) + Math.random();
    }

    private Stored value(String text, Duration fresh, Duration usable, Duration kept, String... tags) {
        return new Stored(
                text.getBytes(StandardCharsets.UTF_8),
                Set.of(tags),
                ofMillis(5),
                fresh,
                usable,
                kept,
                log().look(null, false).position().text(),
                0);
    }

    private Stored value(String text) {
        return value(text, ofMinutes(1), ofMinutes(2), ofMinutes(3));
    }

    private boolean store(String key, long token, Stored value) {
        return tier().store(CACHE, List.of(new Fill(key, token, value))).contains(key);
    }

    private String read(String key) {
        Stored stored = tier().read(CACHE, List.of(key)).entries().get(key);
        return stored == null ? "" : new String(stored.bytes(), StandardCharsets.UTF_8);
    }

    private static long token(Map<String, Long> claims, String key) {
        return Objects.requireNonNull(claims.get(key));
    }

    private Map<String, Long> claim(String... keys) {
        return tier().claim(CACHE, List.of(keys), LEASE).tokens();
    }

    @Test
    public void whatIsStoredUnderAClaimIsReadByAll() {
        String key = key();
        assertThat(read(key)).isEmpty();
        long token = token(claim(key), key);
        assertThat(store(key, token, value("v", ofSeconds(50), ofSeconds(60), ofSeconds(70), "t1", "t2")))
                .isTrue();
        Stored stored = Objects.requireNonNull(
                tier().read(CACHE, List.of(key, key())).entries().get(key));
        assertThat(new String(stored.bytes(), StandardCharsets.UTF_8)).isEqualTo("v");
        assertThat(stored.tags()).containsExactlyInAnyOrder("t1", "t2");
        assertThat(stored.age()).isBetween(ofMillis(1), ofSeconds(30));
        assertThat(stored.freshFor()).isBetween(ofSeconds(20), ofSeconds(50));
        assertThat(stored.usableFor().minus(stored.freshFor())).isBetween(ofMillis(9_900), ofMillis(10_100));
        assertThat(stored.keptFor().minus(stored.usableFor())).isBetween(ofMillis(9_900), ofMillis(10_100));
        assertThat(log().read(stored.asOf()).text()).isEqualTo(stored.asOf());
        assertThat(tier().read("another", List.of(key)).entries()).isEmpty();
    }

    @Test
    public void aClaimHasOneHolderUntilItIsStoredOrReleased() {
        String key = key();
        Map<String, Long> first = claim(key);
        assertThat(first).containsOnlyKeys(key);
        assertThat(claim(key)).isEmpty();
        tier().release(CACHE, Map.of(key, token(first, key) + 1));
        assertThat(claim(key)).as("only its holder releases it").isEmpty();
        tier().release(CACHE, first);
        Map<String, Long> second = claim(key);
        assertThat(second).containsOnlyKeys(key);
        assertThat(store(key, token(second, key), value("v"))).isTrue();
        assertThat(claim(key)).containsOnlyKeys(key);
    }

    @Test
    public void whoLostTheClaimStoresNothing() {
        String key = key();
        long lost = token(tier().claim(CACHE, List.of(key), ofMillis(50)).tokens(), key);
        Map<String, Long> now = new HashMap<>();
        Awaitility.await().pollInterval(ofMillis(10)).until(() -> {
            now.putAll(claim(key));
            return !now.isEmpty();
        });
        assertThat(store(key, lost, value("old"))).isFalse();
        assertThat(read(key)).isEmpty();
        assertThat(store(key, token(now, key), value("new"))).isTrue();
        assertThat(store(key, lost, value("old"))).isFalse();
        assertThat(store(key, token(now, key), value("again")))
                .as("a claim stores once")
                .isFalse();
        assertThat(read(key)).isEqualTo("new");
    }

    @Test
    public void aClaimLastsWhileItIsRenewed() {
        String key = key();
        Map<String, Long> mine =
                tier().claim(CACHE, List.of(key), ofMillis(400)).tokens();
        tier().renew(CACHE, mine, LEASE);
        long began = System.nanoTime();
        Awaitility.await().pollInterval(ofMillis(50)).until(() -> {
            assertThat(claim(key)).isEmpty();
            return System.nanoTime() - began > ofMillis(600).toNanos();
        });
        tier().renew(CACHE, Map.of(key, token(mine, key) + 1), ofMillis(1));
        assertThat(claim(key)).as("only its holder changes its end").isEmpty();
        assertThat(store(key, token(mine, key), value("v"))).isTrue();
    }

    @Test
    public void claimingFindsWhatIsThere() {
        String key = key();
        store(key, token(claim(key), key), value("v"));
        Claimed claimed = tier().claim(CACHE, List.of(key), LEASE);
        assertThat(claimed.tokens()).containsOnlyKeys(key);
        assertThat(claimed.found().entries()).containsOnlyKeys(key);
    }

    @Test
    public void manyWhoClaimAtOnceAreOneWhoHasIt() throws Exception {
        List<String> keys = IntStream.range(0, 20).mapToObj(i -> key()).toList();
        Map<String, Long> winners = new ConcurrentHashMap<>();
        List<String> twice = new ArrayList<>();
        CountDownLatch gate = new CountDownLatch(1);
        List<Thread> claimers = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            List<String> order = new ArrayList<>(keys);
            java.util.Collections.shuffle(order, new java.util.Random(i));
            claimers.add(Thread.ofPlatform().start(() -> {
                try {
                    gate.await();
                } catch (InterruptedException stopped) {
                    return;
                }
                tier().claim(CACHE, order, LEASE).tokens().forEach((key, token) -> {
                    if (winners.put(key, token) != null) {
                        synchronized (twice) {
                            twice.add(key);
                        }
                    }
                });
            }));
        }
        gate.countDown();
        for (Thread claimer : claimers) {
            assertThat(claimer.join(ofSeconds(30))).isTrue();
        }
        assertThat(winners).containsOnlyKeys(keys);
        assertThat(twice).isEmpty();
    }

    @Test
    public void whatIsPutEndsAnyClaimAndReplacesWhatWasThere() {
        String key = key();
        store(key, token(claim(key), key), value("old"));
        long loading = token(claim(key), key);
        assertThat(store(key, 0, value("put"))).isTrue();
        assertThat(store(key, loading, value("loaded"))).isFalse();
        assertThat(read(key)).isEqualTo("put");
        assertThat(store(key, 0, value("put again"))).isTrue();
        assertThat(read(key)).isEqualTo("put again");
    }

    @Test
    public void entriesEndWhenTheirTimeIsOver() {
        String key = key();
        store(key, 0, value("v", ofMillis(50), ofMillis(100), ofMillis(400)));
        Awaitility.await().pollInterval(ofMillis(20)).until(() -> read(key).isEmpty());
        String stale = key();
        store(stale, 0, value("v", ofMillis(-20), ofMillis(-10), ofMinutes(1)));
        Stored stored = Objects.requireNonNull(
                tier().read(CACHE, List.of(stale)).entries().get(stale));
        assertThat(stored.freshFor()).isNegative();
        assertThat(stored.usableFor()).isNegative();
        assertThat(stored.keptFor()).isPositive();
    }

    @Test
    public void oddKeysAndTagsAreAsGoodAsAny() {
        for (String odd : List.of("{", "}", "{}", "a}b", "{a}{b}", "%_\\", "'\"", "a b", "ä€😀", "x".repeat(512))) {
            String key = odd.length() > 400 ? odd : key() + odd;
            store(
                    key,
                    0,
                    value("v", ofMinutes(1), ofMinutes(1), ofMinutes(1), odd.substring(0, Math.min(3, odd.length()))));
            assertThat(tier().read(CACHE, List.of(key)).entries()).as(odd).containsOnlyKeys(key);
            long token = claim(key).getOrDefault(key, 0L);
            assertThat(token).as(odd).isNotZero();
            assertThat(store(key, token, value("w"))).isTrue();
            assertThat(read(key)).isEqualTo("w");
        }
    }

    @Test
    public void aHundredAreReadAndStoredAtOnce() {
        List<String> keys = IntStream.range(0, 100).mapToObj(i -> key()).toList();
        Map<String, Long> tokens = claim(keys.toArray(String[]::new));
        assertThat(tokens).hasSize(100);
        assertThat(tier().store(
                                CACHE,
                                keys.stream()
                                        .map(key -> new Fill(key, token(tokens, key), value(key)))
                                        .toList()))
                .hasSize(100);
        assertThat(tier().read(CACHE, keys).entries())
                .hasSize(100)
                .allSatisfy((key, stored) -> assertThat(new String(stored.bytes(), StandardCharsets.UTF_8))
                        .isEqualTo(key));
        assertThat(tier().size(CACHE).entries()).isGreaterThanOrEqualTo(100);
        assertThat(tier().size(null).bytes()).isPositive();
    }

    @Test
    public void aLogTellsEachNewsOnce() {
        Position before = log().look(null, false).position();
        long first = log().append(CACHE, List.of(Target.key("a"), Target.pattern("*b")));
        assertThat(before.sees(first)).isFalse();
        InvalidationLog.Look look = log().look(before, false);
        assertThat(look.complete()).isTrue();
        assertThat(look.news())
                .filteredOn(news -> news.stamp() == first)
                .containsExactlyInAnyOrder(
                        new Invalidation(first, CACHE, Target.key("a")),
                        new Invalidation(first, CACHE, Target.pattern("*b")));
        assertThat(look.position().sees(first)).isTrue();
        assertThat(log().read(look.position().text()).sees(first)).isTrue();
        assertThat(log().look(look.position(), false).news()).noneMatch(news -> news.stamp() == first);
        assertThat(log().look(null, true).news()).anyMatch(news -> news.stamp() == first);
        assertThat(log().look(null, false).news()).isEmpty();
        assertThat(look.position().life()).isEqualTo(before.life());
    }
}
