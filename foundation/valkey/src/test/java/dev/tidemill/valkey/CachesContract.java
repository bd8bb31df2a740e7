package dev.tidemill.valkey;

import static java.time.Duration.ofMinutes;
import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemill.cache.Cache;
import dev.tidemill.cache.CachePolicy;
import dev.tidemill.cache.Caches;
import dev.tidemill.cache.CachesBuilder;
import dev.tidemill.cache.Keys;
import dev.tidemill.cache.Many;
import dev.tidemill.cache.Source;
import dev.tidemill.cache.ValueType;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What nodes do for each other, whatever they share. */
abstract class CachesContract {
    private static final AtomicInteger NAMES = new AtomicInteger();

    private final String name = getClass().getSimpleName() + NAMES.incrementAndGet();
    private final List<Caches> open = new ArrayList<>();
    private final AtomicLong origin = new AtomicLong();
    private final AtomicInteger loads = new AtomicInteger();

    /** A node of its own on what is shared. */
    protected abstract CachesBuilder builder();

    /** One that waits for what is shared as long as a busy machine may take: each is to ask it, and none to go on alone. */
    private Cache<String, Long> node() {
        Caches caches = builder().tierTimeout(ofSeconds(20)).open();
        open.add(caches);
        return caches.cache(name, Keys.STRINGS, ValueType.of(Long.class))
                .policy(CachePolicy.of(ofMinutes(5)).timeout(ofSeconds(30)))
                .tags((key, value) -> Set.of("group:" + key.charAt(0)))
                .open();
    }

    @AfterEach
    public void close() {
        open.forEach(Caches::close);
    }

    private Long load(String key) {
        loads.incrementAndGet();
        return origin.get();
    }

    private boolean sees(Cache<String, Long> node, String key, long value) {
        return Long.valueOf(value).equals(node.get(key, this::load));
    }

    private static void stored(Cache<String, Long> cache, String key) {
        Awaitility.await()
                .atMost(ofSeconds(30))
                .until(() -> cache.inspect(key).stream().anyMatch(seen -> seen.source() == Source.SHARED));
    }

    @Test
    public void whatOneLoadedTheOtherFindsUntilItIsInvalidated() {
        Cache<String, Long> one = node();
        Cache<String, Long> two = node();
        for (Runnable invalidation : List.<Runnable>of(
                () -> one.invalidate("a:1"),
                () -> one.invalidateTag("group:a"),
                () -> one.invalidatePattern("a:*"),
                () -> one.invalidatePattern("*1"),
                one::invalidateEverything)) {
            one.get("a:1", this::load);
            one.get("b:2", this::load);
            stored(one, "a:1");
            loads.set(0);
            Awaitility.await().atMost(ofSeconds(30)).until(() -> sees(two, "a:1", origin.get()));
            assertThat(loads).hasValue(0);
            origin.incrementAndGet();
            invalidation.run();
            assertThat(one.get("a:1", this::load)).isEqualTo(origin.get());
            Awaitility.await().atMost(ofSeconds(30)).until(() -> sees(two, "a:1", origin.get()));
            assertThat(node().get("a:1", this::load)).isEqualTo(origin.get());
        }
    }

    @Test
    public void aLoadThatBeganBeforeAnInvalidationIsNeverFoundAfterIt() throws Exception {
        Cache<String, Long> one = node();
        Cache<String, Long> two = node();
        CountDownLatch inside = new CountDownLatch(1);
        CountDownLatch gate = new CountDownLatch(1);
        Thread slow = Thread.ofVirtual()
                .start(() -> one.get("a", key -> {
                    Long read = load(key);
                    inside.countDown();
                    gate.await();
                    return read;
                }));
        inside.await();
        origin.set(7);
        two.invalidate("a");
        gate.countDown();
        assertThat(slow.join(ofSeconds(30))).isTrue();
        Awaitility.await().atMost(ofSeconds(30)).until(() -> sees(one, "a", 7));
        assertThat(node().get("a", this::load)).isEqualTo(7);
        assertThat(two.get("a", this::load)).isEqualTo(7);
    }

    @Test
    public void manyMissesOnManyNodesAreOneLoad() throws Exception {
        List<Cache<String, Long>> nodes = List.of(node(), node(), node());
        CountDownLatch gate = new CountDownLatch(1);
        List<Thread> callers = new ArrayList<>();
        for (int i = 0; i < 300; i++) {
            Cache<String, Long> node = nodes.get(i % 3);
            callers.add(Thread.ofVirtual()
                    .start(() -> node.get("a", key -> {
                        gate.await();
                        return load(key);
                    })));
        }
        Awaitility.await()
                .atMost(ofSeconds(30))
                .until(() -> nodes.stream()
                                .mapToLong(node -> node.stats().awaitedOthers())
                                .sum()
                        == 2);
        gate.countDown();
        for (Thread caller : callers) {
            assertThat(caller.join(ofSeconds(30))).isTrue();
        }
        assertThat(loads).hasValue(1);
    }

    @Test
    public void whatIsPutIsForAll() {
        Cache<String, Long> one = node();
        Cache<String, Long> two = node();
        one.get("a", key -> 1L);
        stored(one, "a");
        assertThat(two.get("a", key -> 1L)).isEqualTo(1);
        one.put("a", 2L);
        Awaitility.await().atMost(ofSeconds(30)).until(() -> sees(two, "a", 2));
        assertThat(node().get("a", this::load)).isEqualTo(2);
        assertThat(loads).hasValue(0);
    }

    @Test
    public void absenceAndManyAreSharedToo() {
        Cache<String, Long> one = node();
        Cache<String, Long> two = node();
        one.getMany(List.of("a", "b", "c"), keys -> Map.of("a", 1L, "b", 2L));
        stored(one, "c");
        Many<String, Long> many = two.getMany(List.of("a", "b", "c", "d"), keys -> {
            assertThat(keys).containsExactly("d");
            return Map.of("d", 4L);
        });
        assertThat(many.orThrow()).containsExactlyInAnyOrderEntriesOf(Map.of("a", 1L, "b", 2L, "d", 4L));
        assertThat(many.absent()).containsExactly("c");
    }
}
