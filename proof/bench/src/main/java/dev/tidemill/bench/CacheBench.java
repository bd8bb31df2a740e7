package dev.tidemill.bench;

import com.github.benmanes.caffeine.cache.Caffeine;
import dev.tidemill.cache.Cache;
import dev.tidemill.cache.CachePolicy;
import dev.tidemill.cache.Caches;
import dev.tidemill.cache.CachesBuilder;
import dev.tidemill.cache.Keys;
import dev.tidemill.cache.Source;
import dev.tidemill.cache.ValueType;
import dev.tidemill.valkey.ValkeyTier;
import java.io.PrintStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;

/** The cache's figures, one after the other, each beside what it is to be compared with, in one run. */
final class CacheBench {
    private static final String SCHEMA = "tidemill_bench_cache";
    private static final int LOCAL_KEYS = 1_000;
    private static final int LOCAL_GETS = 8_000_000;
    private static final int ROUNDS = 9;
    private static final int SHARED_KEYS = 5_000;
    private static final int SHARED_GETS = 20_000;
    private static final int READERS = 4;
    private static final int MISSES = 1_000;
    private static final int PROCESSES = 4;
    private static final int MANY = 100;
    private static final int MANY_ROUNDS = 21;
    private static final long ORIGIN_NANOS = Duration.ofMillis(5).toNanos();

    /** What is cached: about 200 bytes of JSON. */
    record Profile(long id, String name, String email, String text) {
        static Profile of(long id) {
            return new Profile(id, "Name " + id, "user" + id + "@example.com", "x".repeat(120));
        }
    }

    private final Target target;
    private final PrintStream progress;
    private final Figures figures = new Figures();
    private boolean sound = true;

    CacheBench(Target target, PrintStream progress) {
        this.target = target;
        this.progress = progress;
    }

    /** Whether the origin was called exactly once where it had to be. */
    boolean isSound() {
        return sound;
    }

    Figures run() throws InterruptedException {
        target.execute("drop schema if exists " + SCHEMA + " cascade");
        try {
            localHits();
            sharedHits();
            oneNode();
            fourProcesses();
            many();
            workload();
        } finally {
            target.execute("drop schema if exists " + SCHEMA + " cascade");
        }
        Conditions.of(target).forEach(figures::condition);
        return figures;
    }

    private void say(String what) {
        progress.println(what);
    }

    private CachesBuilder caches() {
        return Caches.on(target.dataSource()).schema(SCHEMA);
    }

    private static <V> Cache<String, V> open(Caches caches, String name, Class<V> type, CachePolicy policy) {
        return caches.cache(name, Keys.STRINGS, ValueType.of(type))
                .policy(policy)
                .open();
    }

    /** Gets that find their value in the process, ours and Caffeine's own in turns; a thread, a thousand keys at random. */
    private void localHits() {
        say("hits in the process, beside Caffeine");
        String[] keys = new String[LOCAL_KEYS];
        Arrays.setAll(keys, i -> "user:" + i);
        int[] order = new Random(42).ints(1 << 16, 0, LOCAL_KEYS).toArray();
        com.github.benmanes.caffeine.cache.Cache<String, Profile> raw = Caffeine.newBuilder()
                .maximumSize(2L * LOCAL_KEYS)
                .expireAfterWrite(Duration.ofMinutes(5))
                .build();
        List<Double> ours = new ArrayList<>();
        List<Double> theirs = new ArrayList<>();
        long sum = 0;
        try (Caches caches = caches().open()) {
            Cache<String, Profile> cache =
                    open(caches, "local", Profile.class, CachePolicy.USER_PROFILES.localEntries(2 * LOCAL_KEYS));
            for (int i = 0; i < LOCAL_KEYS; i++) {
                Profile profile = Profile.of(i);
                raw.put(keys[i], profile);
                cache.get(keys[i], key -> profile);
            }
            for (int round = 0; round < ROUNDS; round++) {
                long began = System.nanoTime();
                for (int i = 0; i < LOCAL_GETS; i++) {
                    Profile found = raw.get(keys[order[i & 0xffff]], key -> Profile.of(-1));
                    sum += found.id();
                }
                long between = System.nanoTime();
                for (int i = 0; i < LOCAL_GETS; i++) {
                    Profile found = cache.get(keys[order[i & 0xffff]], key -> Profile.of(-1));
                    sum += found == null ? 0 : found.id();
                }
                long ended = System.nanoTime();
                theirs.add((double) (between - began) / LOCAL_GETS);
                ours.add((double) (ended - between) / LOCAL_GETS);
            }
            if (sum == 0 || cache.stats().misses() > LOCAL_KEYS + LOCAL_KEYS / 10) {
                throw new IllegalStateException("The hits were none: " + cache.stats());
            }
        }
        double theirNanos = median(theirs);
        figures.put("l1_hit_ns", median(ours), "<= 1.5 x caffeine_hit_ns");
        figures.put("caffeine_hit_ns", theirNanos, "expireAfterWrite, maximumSize");
        figures.put("l1_to_caffeine", median(ours) / theirNanos, "<= 1.5");
    }

    /** The middle of the later two thirds: the first rounds are the JVM's. */
    private static double median(List<Double> rounds) {
        double[] sorted = rounds.subList(rounds.size() / 3, rounds.size()).stream()
                .mapToDouble(Double::doubleValue)
                .sorted()
                .toArray();
        return sorted[sorted.length / 2];
    }

    private void sharedHits() throws InterruptedException {
        say("hits in the shared tier: PostgreSQL");
        figures.put("l2_hit_ms", sharedHits(caches(), "shared").percentiles(), "p50 < 1, p99 < 10, under load");
        try (RedisProcess redis = RedisProcess.start()) {
            if (redis == null) {
                figures.put("l2_hit_ms_valkey", Map.of(), "p50 < 1, p99 < 10, under load");
                figures.condition("valkey", "not measured: redis-server was not found on the PATH");
            } else {
                say("hits in the shared tier: " + redis.version());
                figures.put(
                        "l2_hit_ms_valkey",
                        sharedHits(caches().shared(ValkeyTier.server(redis.address(), Duration.ofSeconds(5))), "valkey")
                                .percentiles(),
                        "p50 < 1, p99 < 10, under load");
                figures.condition("valkey", redis.version() + ", one server, without persistence");
            }
        }
    }

    /** Four readers that keep nothing themselves, one after the other's answer, while a fifth thread stores new values. */
    private Micros sharedHits(CachesBuilder builder, String name) throws InterruptedException {
        Micros took = new Micros();
        AtomicInteger loads = new AtomicInteger();
        AtomicBoolean over = new AtomicBoolean();
        try (Caches caches = builder.tierTimeout(Duration.ofSeconds(10)).open()) {
            Cache<String, Profile> cache = open(caches, name, Profile.class, CachePolicy.STATIC.localEntries(0));
            for (int from = 0; from < SHARED_KEYS; from += MANY) {
                List<String> keys = new ArrayList<>();
                for (int i = from; i < from + MANY; i++) {
                    keys.add("user:" + i);
                }
                cache.getMany(keys, CacheBench::profiles);
            }
            awaitStored(cache, "user:" + (SHARED_KEYS - 1));
            read(cache, new Micros(), loads, SHARED_GETS / 4);
            loads.set(0);
            Thread writer = Thread.ofPlatform().start(() -> {
                for (long i = 0; !over.get(); i++) {
                    long id = i;
                    cache.get("new:" + i, key -> Profile.of(id));
                    LockSupport.parkNanos(2_000_000);
                }
            });
            read(cache, took, loads, SHARED_GETS);
            over.set(true);
            writer.join();
        }
        if (loads.get() > SHARED_GETS / 1_000) {
            throw new IllegalStateException(loads.get() + " of " + SHARED_GETS + " reads were no hits.");
        }
        return took;
    }

    private static void awaitStored(Cache<String, Profile> cache, String key) {
        long end = System.nanoTime() + Duration.ofSeconds(20).toNanos();
        while (cache.inspect(key).stream().noneMatch(seen -> seen.source() == Source.SHARED)) {
            if (System.nanoTime() - end > 0) {
                throw new IllegalStateException("Nothing was stored in the shared tier in 20 s.");
            }
            LockSupport.parkNanos(10_000_000);
        }
    }

    private static void read(Cache<String, Profile> cache, Micros took, AtomicInteger loads, int count)
            throws InterruptedException {
        List<Thread> readers = new ArrayList<>();
        for (int reader = 0; reader < READERS; reader++) {
            Random random = new Random(reader);
            readers.add(Thread.ofPlatform().start(() -> {
                for (int i = 0; i < count / READERS; i++) {
                    String key = "user:" + random.nextInt(SHARED_KEYS);
                    long began = System.nanoTime();
                    cache.get(key, missed -> {
                        loads.incrementAndGet();
                        return Profile.of(0);
                    });
                    took.add((System.nanoTime() - began) / 1_000);
                }
            }));
        }
        for (Thread reader : readers) {
            reader.join();
        }
    }

    private static Map<String, Profile> profiles(Set<String> keys) {
        Map<String, Profile> found = new HashMap<>();
        keys.forEach(key -> found.put(key, Profile.of(Long.parseLong(key.substring(key.indexOf(':') + 1)))));
        return found;
    }

    private void oneNode() throws InterruptedException {
        say(MISSES + " concurrent misses of a key on one node");
        AtomicInteger calls = new AtomicInteger();
        try (Caches caches = caches().open()) {
            Cache<String, Profile> cache = open(caches, "crowd", Profile.class, CachePolicy.USER_PROFILES);
            CountDownLatch gate = new CountDownLatch(1);
            List<Thread> callers = new ArrayList<>();
            for (int i = 0; i < MISSES; i++) {
                callers.add(Thread.ofVirtual().start(() -> {
                    try {
                        gate.await();
                    } catch (InterruptedException stopped) {
                        return;
                    }
                    cache.get("one", key -> {
                        calls.incrementAndGet();
                        Thread.sleep(100);
                        return Profile.of(1);
                    });
                }));
            }
            gate.countDown();
            for (Thread caller : callers) {
                caller.join();
            }
        }
        sound &= calls.get() == 1;
        figures.put("origin_calls_one_node", (long) calls.get(), "1");
    }

    private void fourProcesses() {
        say(MISSES + " concurrent misses of a key in " + PROCESSES + " processes");
        target.execute("create table " + SCHEMA + ".origin_call (key text)");
        List<Child> children = new ArrayList<>();
        try {
            for (int i = 0; i < PROCESSES; i++) {
                children.add(Child.launch(
                        Child.java(
                                Child.JVM_FLAGS,
                                System.getProperty("java.class.path"),
                                CacheCrowd.class.getName(),
                                SCHEMA,
                                Integer.toString(MISSES / PROCESSES)),
                        target.url(),
                        ProcessBuilder.Redirect.INHERIT));
            }
            children.forEach(child -> child.await("ready"));
            children.forEach(child -> child.say("go"));
            children.forEach(child -> child.await("done"));
        } finally {
            children.forEach(Child::close);
        }
        long calls = target.number("select count(*) from " + SCHEMA + ".origin_call");
        sound &= calls == 1;
        figures.put("origin_calls_four_processes", calls, "1");
    }

    /** A hundred new keys from an origin that takes five milliseconds a call: at once, one by one, and without a cache. */
    private void many() {
        say("a hundred keys at once, one by one, and without a cache");
        List<Double> together = new ArrayList<>();
        List<Double> single = new ArrayList<>();
        List<Double> loop = new ArrayList<>();
        try (Caches caches = caches().open()) {
            Cache<String, Profile> cache = open(caches, "many", Profile.class, CachePolicy.USER_PROFILES);
            for (int round = 0; round < MANY_ROUNDS; round++) {
                List<String> first = keys("a" + round);
                long began = System.nanoTime();
                int found = cache.getMany(first, keys -> {
                            LockSupport.parkNanos(ORIGIN_NANOS);
                            return profiles(keys);
                        })
                        .orThrow()
                        .size();
                together.add((System.nanoTime() - began) / 1e6);
                if (found != MANY) {
                    throw new IllegalStateException(found + " of " + MANY + " keys were found.");
                }
                if (round < MANY_ROUNDS / 3) {
                    long gets = System.nanoTime();
                    keys("b" + round).forEach(key -> cache.get(key, CacheBench::slowly));
                    single.add((System.nanoTime() - gets) / 1e6);
                    long calls = System.nanoTime();
                    keys("c" + round).forEach(CacheBench::slowly);
                    loop.add((System.nanoTime() - calls) / 1e6);
                }
            }
        }
        double loopMillis = median(loop);
        figures.put("get_many_ms", median(together), "> 90 % less than origin_loop_ms");
        figures.put("gets_ms", median(single), "");
        figures.put("origin_loop_ms", loopMillis, "");
        figures.put("get_many_saves", 1 - median(together) / loopMillis, "> 0.9");
        figures.condition("origin of the hundred keys", "5 ms a call, however many keys");
    }

    private static Profile slowly(String key) {
        LockSupport.parkNanos(ORIGIN_NANOS);
        return Profile.of(Long.parseLong(key.substring(key.indexOf(':') + 1)));
    }

    private static List<String> keys(String round) {
        List<String> keys = new ArrayList<>();
        for (int i = 0; i < MANY; i++) {
            keys.add(round + ":" + i);
        }
        return keys;
    }

    /**
     * Ten thousand requests, Zipf with exponent 1 over two thousand keys, seed 42; the keys belong to the ten named
     * policies in turn, each with a hundred entries in the process, a thousand in all. Beside it what an endless cache that
     * forgets nothing would reach: all but the first request of each key.
     */
    private void workload() {
        say("the hit rate of a fixed workload");
        int[] requests = zipf(10_000, 2_000, 42);
        BitSet seen = new BitSet();
        Arrays.stream(requests).forEach(seen::set);
        List<CachePolicy> policies = List.of(
                CachePolicy.USER_PROFILES,
                CachePolicy.FEED,
                CachePolicy.CHAT_LIST,
                CachePolicy.ANALYTICS,
                CachePolicy.STATIC,
                CachePolicy.COUNTS,
                CachePolicy.API_RESPONSES,
                CachePolicy.TECHNICIANS,
                CachePolicy.PROPERTIES,
                CachePolicy.MAINTENANCE_REQUESTS);
        AtomicInteger loads = new AtomicInteger();
        long local = 0;
        long began = System.nanoTime();
        try (Caches caches = caches().open()) {
            List<Cache<String, Profile>> all = new ArrayList<>();
            for (int i = 0; i < policies.size(); i++) {
                all.add(open(
                        caches, "zipf" + i, Profile.class, policies.get(i).localEntries(LOCAL_KEYS / policies.size())));
            }
            for (int request : requests) {
                all.get(request % all.size()).get("k:" + request, key -> {
                    loads.incrementAndGet();
                    return Profile.of(request);
                });
            }
            for (Cache<String, Profile> cache : all) {
                local += cache.stats().localHits();
            }
        }
        figures.put("hit_rate", 1 - loads.get() / (double) requests.length, "best_possible_hit_rate - 0.02");
        figures.put(
                "best_possible_hit_rate",
                1 - seen.cardinality() / (double) requests.length,
                "endless, forgets nothing");
        figures.put("hit_rate_local", local / (double) requests.length, "in the process alone");
        figures.condition("workload took, s", (System.nanoTime() - began) / 1e9);
    }

    private static int[] zipf(int requests, int keys, long seed) {
        double[] cumulated = new double[keys];
        double sum = 0;
        for (int i = 0; i < keys; i++) {
            sum += 1.0 / (i + 1);
            cumulated[i] = sum;
        }
        Random random = new Random(seed);
        int[] drawn = new int[requests];
        for (int i = 0; i < requests; i++) {
            int at = Arrays.binarySearch(cumulated, random.nextDouble() * sum);
            drawn[i] = at < 0 ? -at - 1 : at;
        }
        return drawn;
    }
}
