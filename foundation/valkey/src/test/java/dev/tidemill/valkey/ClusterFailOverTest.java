package dev.tidemill.valkey;

import static java.time.Duration.ofMinutes;
import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemill.cache.Cache;
import dev.tidemill.cache.CachePolicy;
import dev.tidemill.cache.Caches;
import dev.tidemill.cache.Keys;
import dev.tidemill.cache.Source;
import dev.tidemill.cache.ValueType;
import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.TestDatabase;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Nodes on a cluster one of whose servers dies; the log of invalidations is in the database. */
@Tag("redis")
@ExtendWith(FreshSchema.class)
final class ClusterFailOverTest {
    private static final Duration BOUND = ofSeconds(2);
    /** So many that every server has some. */
    private static final List<String> KEYS =
            IntStream.range(0, 60).mapToObj(i -> "key" + i).toList();

    private final TestDatabase database;
    private final AtomicLong origin = new AtomicLong(1);

    ClusterFailOverTest(TestDatabase database) {
        this.database = database;
    }

    private Caches caches(RedisServers servers) {
        return Caches.on(database.dataSource())
                .schema(database.schema())
                .staleness(BOUND)
                .tierTimeout(ofSeconds(3))
                .shared(ValkeyTier.cluster(servers.addresses(), ofSeconds(2)))
                .open();
    }

    private static Cache<String, Long> node(Caches caches, String name) {
        return caches.cache(name, Keys.STRINGS, ValueType.of(Long.class))
                .policy(CachePolicy.of(ofMinutes(5)))
                .open();
    }

    private Map<String, Long> load(Set<String> keys) {
        Map<String, Long> values = new HashMap<>();
        keys.forEach(key -> values.put(key, origin.get()));
        return values;
    }

    private Map<String, Long> all(Cache<String, Long> node) {
        return node.getMany(KEYS, this::load).orThrow();
    }

    private static boolean areShared(Cache<String, Long> node) {
        return KEYS.stream()
                .allMatch(key -> node.inspect(key).stream().anyMatch(seen -> seen.source() == Source.SHARED));
    }

    /** Has all keys loaded until another node can find them; while the tier is away a load is not stored. */
    private void share(Cache<String, Long> one, Cache<String, Long> other) {
        Awaitility.await().atMost(ofSeconds(60)).pollInterval(ofSeconds(1)).until(() -> {
            if (!areShared(other)) {
                one.invalidateEverything();
                all(one);
            }
            return areShared(other);
        });
    }

    /** Changes what is true, and asks both nodes until the time is over; what they answered too late is returned. */
    private List<String> changeAndAsk(Cache<String, Long> one, Cache<String, Long> two, Duration length) {
        long before = origin.getAndIncrement();
        one.invalidateEverything();
        long committed = System.nanoTime();
        List<String> lies = new ArrayList<>();
        while (System.nanoTime() - committed < length.toNanos()) {
            for (Cache<String, Long> node : List.of(one, two)) {
                long began = System.nanoTime();
                Map<String, Long> seen = all(node);
                if (began - committed > BOUND.toNanos() && seen.containsValue(before)) {
                    lies.add("after " + (began - committed) / 1_000_000 + " ms: " + seen);
                }
            }
        }
        return lies;
    }

    @Test
    void aServerThatDiesIsReplacedByItsReplicaAndNothingOldIsServedMeanwhile() {
        try (RedisServers servers = RedisServers.clusterWithReplicas();
                Caches first = caches(servers);
                Caches second = caches(servers)) {
            Cache<String, Long> one = node(first, "replaced");
            Cache<String, Long> two = node(second, "replaced");
            share(one, two);
            assertThat(all(two).values()).containsOnly(1L);
            assertThat(two.stats().sharedHits()).isEqualTo(KEYS.size());
            servers.kill(0);
            assertThat(changeAndAsk(one, two, ofSeconds(8))).isEmpty();
            servers.awaitCluster();
            assertThat(changeAndAsk(one, two, ofSeconds(3))).isEmpty();
            try (Caches third = caches(servers)) {
                Cache<String, Long> fresh = node(third, "replaced");
                share(one, fresh);
                assertThat(all(fresh).values()).containsOnly(3L);
                assertThat(fresh.stats().misses()).isZero();
            }
        }
    }

    @Test
    void withoutReplicasTheNodesGoOnWithWhatTheyHaveAndTheOrigin() {
        try (RedisServers servers = RedisServers.clusterOfThree();
                Caches first = caches(servers);
                Caches second = caches(servers)) {
            Cache<String, Long> one = node(first, "lost");
            Cache<String, Long> two = node(second, "lost");
            share(one, two);
            servers.kill(0);
            assertThat(changeAndAsk(one, two, ofSeconds(6))).isEmpty();
            assertThat(all(one).values()).containsOnly(2L);
            assertThat(first.stats().sharedTierErrors() + second.stats().sharedTierErrors())
                    .isPositive();
            assertThat(first.stats().inContact()).isTrue();
        }
    }
}
