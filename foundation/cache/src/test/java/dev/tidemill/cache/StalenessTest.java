package dev.tidemill.cache;

import static java.time.Duration.ofMillis;
import static java.time.Duration.ofMinutes;
import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.TestDatabase;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.function.ToLongFunction;
import java.util.stream.IntStream;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The promise, under random partitions, delays, late commits and slow loaders: a get that begins more than the bound after
 * an invalidation committed does not return what was there before. The origin answers while the log does not, which is
 * the harder case. What is compared is moments of one clock, so that a slow machine makes no difference.
 */
@ExtendWith(FreshSchema.class)
final class StalenessTest {
    private static final Duration BOUND = ofMillis(400);
    private static final Duration LENGTH = ofSeconds(8);
    private static final Duration LONGEST = ofMinutes(1);
    private static final int KEYS = 6;
    private static final int NODES = 3;

    private final Site site;
    private final List<ConcurrentSkipListMap<Long, Long>> committed = IntStream.range(0, KEYS)
            .mapToObj(key -> new ConcurrentSkipListMap<Long, Long>())
            .toList();
    private final Queue<String> lies = new ConcurrentLinkedQueue<>();
    private final AtomicLong gets = new AtomicLong();
    private final AtomicLong behind = new AtomicLong();
    private final AtomicLong refused = new AtomicLong();
    private volatile boolean over;

    StalenessTest(TestDatabase database) {
        this.site = new Site(database);
    }

    /** A node behind a network of its own. */
    private record Node(Caches caches, Cache<String, Long> cache, Relay relay) {}

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3})
    void afterTheBoundNobodyServesWhatWasThereBefore(long seed) throws Exception {
        site.caches().open().close();
        site.run("drop table if exists {schema}.thing");
        site.makeThings();
        List<Node> nodes = new ArrayList<>();
        for (int i = 0; i < NODES; i++) {
            nodes.add(node("things" + seed));
        }
        List<Thread> threads = new ArrayList<>();
        Random random = new Random(seed);
        for (int i = 0; i < 2; i++) {
            Random own = new Random(random.nextLong());
            Node writing = nodes.get(i);
            threads.add(Thread.ofPlatform().start(() -> write(own, writing.cache)));
        }
        for (Node node : nodes) {
            for (int i = 0; i < 3; i++) {
                Random own = new Random(random.nextLong());
                threads.add(Thread.ofPlatform().start(() -> read(own, node.cache)));
            }
            Random own = new Random(random.nextLong());
            threads.add(Thread.ofPlatform().start(() -> disturb(own, node.relay)));
        }
        boolean tried = stormUntilAllWasMet(nodes);
        over = true;
        for (Thread thread : threads) {
            assertThat(thread.join(ofSeconds(60))).isTrue();
        }
        assertThat(lies).isEmpty();
        assertThat(refused).as("gets that failed").hasValueLessThan(gets.get() / 10 + 1);
        assertThat(tried)
                .as("the storm met all that could have made it fail: %s, %s old within the bound", stats(nodes), behind)
                .isTrue();
        for (Node node : nodes) {
            node.caches.close();
            node.relay.close();
        }
    }

    /**
     * Lets the storm go on for its length, and then until it could have failed: there were hits in both tiers, old values
     * within the bound, and times out of contact. How soon a storm meets all of them is chance.
     */
    private boolean stormUntilAllWasMet(List<Node> nodes) {
        long began = System.nanoTime();
        LockSupport.parkNanos(LENGTH.toNanos());
        while (!allWasMet(stats(nodes))) {
            if (System.nanoTime() - began > LONGEST.toNanos()) {
                return false;
            }
            LockSupport.parkNanos(ofMillis(100).toNanos());
        }
        return true;
    }

    private boolean allWasMet(List<CacheStats> stats) {
        return sum(stats, CacheStats::localHits) > 1_000
                && sum(stats, CacheStats::sharedHits) > 0
                && sum(stats, CacheStats::outOfContact) > 0
                && sum(stats, CacheStats::invalidated) > 0
                && behind.get() > 0;
    }

    private static List<CacheStats> stats(List<Node> nodes) {
        return nodes.stream().map(node -> node.cache.stats()).toList();
    }

    private static long sum(List<CacheStats> stats, ToLongFunction<CacheStats> figure) {
        return stats.stream().mapToLong(figure).sum();
    }

    private Node node(String name) {
        Relay relay = new Relay(site.port());
        Caches caches = site.cachesThrough(relay)
                .staleness(BOUND)
                .lookEvery(ofMillis(20))
                .tierTimeout(ofMillis(150))
                .open();
        Cache<String, Long> cache = caches.cache(name, Keys.STRINGS, ValueType.of(Long.class))
                .policy(CachePolicy.of(ofMinutes(5)).timeout(ofSeconds(30)).breaker(0, ofSeconds(1)))
                .tags((key, value) -> Set.of("all", "of:" + key))
                .open();
        return new Node(caches, cache, relay);
    }

    /** Changes things, and says so in the transaction, in one of the ways; some transactions stay open for a while. */
    private void write(Random random, Cache<String, Long> cache) {
        while (!over) {
            int number = random.nextInt(KEYS);
            String key = "thing:" + number;
            try (Connection connection = site.begin()) {
                boolean before = random.nextBoolean();
                if (before) {
                    invalidate(random, cache, connection, key);
                }
                long version = site.raise(connection, key);
                if (!before) {
                    invalidate(random, cache, connection, key);
                }
                LockSupport.parkNanos(ofMillis(random.nextInt(4) == 0 ? random.nextInt(600) : 1)
                        .toNanos());
                if (random.nextInt(5) == 0) {
                    connection.rollback();
                } else {
                    connection.commit();
                    committed.get(number).put(System.nanoTime(), version);
                }
            } catch (SQLException failed) {
                lies.add("a write failed: " + failed);
            }
            LockSupport.parkNanos(ofMillis(random.nextInt(120)).toNanos());
        }
    }

    private static void invalidate(Random random, Cache<String, Long> cache, Connection connection, String key) {
        switch (random.nextInt(5)) {
            case 0 -> cache.invalidateTag(connection, "of:" + key);
            case 1 -> cache.invalidatePattern(connection, "thing:*");
            case 2 -> cache.invalidatePattern(connection, "*" + key.charAt(key.length() - 1));
            case 3 -> cache.invalidateTag(connection, "all");
            default -> cache.invalidate(connection, key);
        }
    }

    private void read(Random random, Cache<String, Long> cache) {
        while (!over) {
            int number = random.nextInt(KEYS);
            String key = "thing:" + number;
            long began = System.nanoTime();
            try {
                Answer<Long> answer = cache.ask(key, id -> {
                    Long version = site.version(id);
                    // The longer between reading and storing, the likelier is a commit in between.
                    LockSupport.parkNanos(ofMillis(random.nextInt(3) == 0 ? random.nextInt(300) : 0)
                            .toNanos());
                    return version;
                });
                gets.incrementAndGet();
                judge(number, began, answer);
            } catch (CacheException failed) {
                refused.incrementAndGet();
            }
            LockSupport.parkNanos(ofMillis(random.nextInt(3)).toNanos());
        }
    }

    private void judge(int number, long began, Answer<Long> answer) {
        Long value = answer.value();
        long got = value == null ? 0 : value;
        var past = committed.get(number).floorEntry(began - BOUND.toNanos() - 1);
        if (past != null && got < past.getValue()) {
            lies.add("thing " + number + ": " + got + " from " + answer + " by a get that began "
                    + ofMillis((began - past.getKey()) / 1_000_000) + " after the commit of " + past.getValue());
        }
        var last = committed.get(number).floorEntry(began);
        if (last != null && got < last.getValue()) {
            behind.incrementAndGet();
        }
    }

    private void disturb(Random random, Relay relay) {
        while (!over) {
            LockSupport.parkNanos(ofMillis(200 + random.nextInt(800)).toNanos());
            switch (random.nextInt(4)) {
                case 0 -> relay.cut();
                case 1 -> relay.delay(random.nextInt(120));
                case 2 -> relay.delay(0);
                default -> {
                    relay.hang();
                    LockSupport.parkNanos(ofMillis(random.nextInt(1_200)).toNanos());
                    if (random.nextBoolean()) {
                        relay.cut();
                    }
                    relay.resume();
                }
            }
        }
        relay.delay(0);
        relay.resume();
    }
}
