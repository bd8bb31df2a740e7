package dev.tidemill.cache;

import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.TestDatabase;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.stream.Collectors;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** One load across nodes: claims, and what becomes of who loses one. */
@ExtendWith(FreshSchema.class)
final class OneLoadTest extends TwoNodes {
    OneLoadTest(TestDatabase database) {
        super(database);
    }

    @Test
    void aThousandConcurrentMissesOnFourNodesAreOneLoad() throws Exception {
        List<Cache<String, Long>> nodes = List.of(one, two, node(CachePolicy.STATIC), node(CachePolicy.STATIC));
        CountDownLatch gate = new CountDownLatch(1);
        List<Thread> callers = new ArrayList<>();
        for (int i = 0; i < 1_000; i++) {
            Cache<String, Long> node = nodes.get(i % 4);
            callers.add(Thread.ofVirtual()
                    .start(() -> node.get("a", id -> {
                        gate.await();
                        return load(id);
                    })));
        }
        Awaitility.await()
                .atMost(ofSeconds(30))
                .until(() ->
                        nodes.stream().mapToLong(node -> node.stats().joined()).sum() == 996);
        Awaitility.await()
                .atMost(ofSeconds(30))
                .until(() -> nodes.stream()
                                .mapToLong(node -> node.stats().awaitedOthers())
                                .sum()
                        == 3);
        gate.countDown();
        for (Thread caller : callers) {
            assertThat(caller.join(ofSeconds(30))).isTrue();
        }
        assertThat(loads).hasValue(1);
    }

    @Test
    void aSlowLoaderThatLostItsClaimStoresNothing() throws Exception {
        CountDownLatch inside = new CountDownLatch(1);
        CountDownLatch gate = new CountDownLatch(1);
        Thread slow = Thread.ofVirtual()
                .start(() -> one.get("a", id -> {
                    inside.countDown();
                    gate.await();
                    return -1L;
                }));
        inside.await();
        // As if its process had stood still for longer than its claim.
        site.run("update {schema}.cache_fill set until = now() - interval '1 s'");
        assertThat(two.get("a", id -> 5L)).isEqualTo(5L);
        Awaitility.await().atMost(ofSeconds(30)).until(() -> two.inspect("a").size() == 2);
        gate.countDown();
        assertThat(slow.join(ofSeconds(30))).isTrue();
        Awaitility.await().atMost(ofSeconds(30)).until(() -> one.stats().fencedOut() == 1);
        assertThat(node(CachePolicy.STATIC).get("a", this::load)).isEqualTo(5L);
    }

    @Test
    void aClaimIsRenewedWhileItsLoadGoesOn() throws Exception {
        CountDownLatch gate = new CountDownLatch(1);
        String mine = " from {schema}.cache_fill where cache = '" + name + "' and key = 'a'";
        Thread slow = Thread.ofVirtual()
                .start(() -> one.get("a", id -> {
                    gate.await();
                    return 5L;
                }));
        Awaitility.await().atMost(ofSeconds(30)).until(() -> site.number("select count(*)" + mine) == 1);
        String until = "select (extract(epoch from until) * 1000)::bigint" + mine;
        long first = site.number(until);
        Awaitility.await().atMost(ofSeconds(30)).until(() -> site.number(until) > first + 1_500);
        gate.countDown();
        assertThat(slow.join(ofSeconds(30))).isTrue();
        Awaitility.await().atMost(ofSeconds(30)).until(() -> site.number("select count(*)" + mine) == 0);
        assertThat(two.get("a", this::load)).isEqualTo(5L);
    }

    @Test
    void manyKeysAreReadAtOnceAndOnlyTheRestIsLoaded() {
        one.getMany(List.of("a", "b"), keys -> Map.of("a", 1L, "b", 2L));
        stored("b");
        List<Set<String>> asked = new ArrayList<>();
        Many<String, Long> many = two.getMany(List.of("a", "b", "c", "d"), keys -> {
            asked.add(keys);
            return keys.stream().filter(key -> key.equals("c")).collect(Collectors.toMap(key -> key, key -> 3L));
        });
        assertThat(asked).containsExactly(Set.of("c", "d"));
        assertThat(many.values()).containsExactlyInAnyOrderEntriesOf(Map.of("a", 1L, "b", 2L, "c", 3L));
        assertThat(many.absent()).containsExactly("d");
        assertThat(two.stats().sharedHits()).isEqualTo(2);
    }
}
