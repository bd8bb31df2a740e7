package dev.tidemill.cache;

import static java.time.Duration.ofMinutes;
import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;

/** One process by itself: flights, many keys, bounds, bad input. */
final class LocalCacheTest extends OneProcess {
    @Test
    void aThousandConcurrentMissesAreOneLoad() throws Exception {
        Cache<Long, User> users = users(CachePolicy.USER_PROFILES);
        CountDownLatch gate = new CountDownLatch(1);
        Map<User, Boolean> seen = new ConcurrentHashMap<>();
        List<Thread> callers = IntStream.range(0, 1_000)
                .mapToObj(i -> Thread.ofVirtual().start(() -> {
                    User user = users.get(7L, id -> {
                        gate.await();
                        return load(id);
                    });
                    if (user != null) {
                        seen.put(user, true);
                    }
                }))
                .toList();
        Awaitility.await().atMost(ofSeconds(30)).until(() -> users.stats().joined() == 999);
        gate.countDown();
        for (Thread caller : callers) {
            assertThat(caller.join(ofSeconds(30))).isTrue();
        }
        assertThat(calls).hasValue(1);
        assertThat(seen).containsOnlyKeys(new User(7, "user 7"));
        assertThat(users.get(7L, this::load)).isEqualTo(new User(7, "user 7"));
        assertThat(calls).hasValue(1);
    }

    @Test
    void callersThatComeAsALoadLandsDoNotLoadAgain() throws Exception {
        Cache<Long, User> users = users(CachePolicy.USER_PROFILES);
        for (long key = 0; key < 300; key++) {
            long id = key;
            List<Thread> callers = IntStream.range(0, 20)
                    .mapToObj(i -> Thread.ofVirtual().start(() -> users.get(id, this::load)))
                    .toList();
            for (Thread caller : callers) {
                assertThat(caller.join(ofSeconds(30))).isTrue();
            }
        }
        assertThat(calls).hasValue(300);
    }

    @Test
    void thatThereIsNothingIsRememberedAndIsNull() {
        Cache<Long, User> users = users(CachePolicy.of(ofMinutes(5)));
        Loader<Long, User> nobody = id -> {
            calls.incrementAndGet();
            return null;
        };
        assertThat(users.get(1L, nobody)).isNull();
        assertThat(users.get(1L, nobody)).isNull();
        assertThat(calls).hasValue(1);
        Answer<User> answer = users.ask(1L, nobody);
        assertThat(answer.value()).isNull();
        assertThat(answer.source()).isEqualTo(Source.LOCAL);
    }

    @Test
    void manyKeysAreOneCallAndEachStandsForItself() {
        Cache<Long, User> users = users(CachePolicy.USER_PROFILES);
        users.get(1L, this::load);
        List<Set<Long>> asked = new java.util.concurrent.CopyOnWriteArrayList<>();
        Many<Long, User> many = users.getMany(List.of(1L, 2L, 3L, 4L, 3L), wanted -> {
            asked.add(new TreeSet<>(wanted));
            throw new PartialLoadException(Map.of(2L, load(2)), Map.of(3L, new IllegalStateException("three")));
        });
        assertThat(asked).containsExactly(Set.of(2L, 3L, 4L));
        assertThat(many.values()).containsOnlyKeys(1L, 2L);
        assertThat(many.absent()).containsExactly(4L);
        assertThat(many.failures()).containsOnlyKeys(3L);
        assertThatExceptionOfType(CacheException.class)
                .isThrownBy(many::orThrow)
                .withMessageContaining("three");
        assertThat(users.getMany(List.of(1L, 2L, 4L), wanted -> Map.of()).orThrow())
                .containsOnlyKeys(1L, 2L);
    }

    @Test
    void manyKeysWaitForWhatOthersLoadAlready() throws Exception {
        Cache<Long, User> users = users(CachePolicy.USER_PROFILES);
        CountDownLatch gate = new CountDownLatch(1);
        Thread first = Thread.ofVirtual()
                .start(() -> users.get(1L, id -> {
                    gate.await();
                    return load(id);
                }));
        Awaitility.await().atMost(ofSeconds(30)).until(() -> users.stats().misses() == 1);
        Thread second = Thread.ofVirtual().start(() -> {
            Many<Long, User> many = users.getMany(List.of(1L, 2L), wanted -> {
                assertThat(wanted).containsExactly(2L);
                gate.countDown();
                Map<Long, User> found = new HashMap<>();
                wanted.forEach(id -> found.put(id, load(id)));
                return found;
            });
            assertThat(many.orThrow()).hasSize(2);
        });
        assertThat(first.join(ofSeconds(30)) && second.join(ofSeconds(30))).isTrue();
        assertThat(calls).hasValue(2);
        assertThat(users.stats().localEntries()).isEqualTo(2);
    }

    @Test
    void thereAreNeverMoreEntriesThanAllowed() {
        Cache<String, String> texts = texts(CachePolicy.STATIC.localEntries(100));
        for (int i = 0; i < 1_000; i++) {
            texts.get("k" + i, key -> "v");
        }
        Awaitility.await().atMost(ofSeconds(30)).untilAsserted(() -> {
            texts.local.sweep();
            assertThat(texts.stats().localEntries()).isLessThanOrEqualTo(100);
        });
        assertThat(texts.stats().evicted()).isGreaterThanOrEqualTo(900);
    }

    @Test
    void thereAreNeverMoreBytesThanAllowed() {
        Cache<String, String> texts = texts(CachePolicy.STATIC.localBytes(10_000));
        for (int i = 0; i < 100; i++) {
            texts.get("k" + i, key -> "v".repeat(1_000));
        }
        Awaitility.await().atMost(ofSeconds(30)).untilAsserted(() -> {
            texts.local.sweep();
            assertThat(texts.stats().localBytes()).isBetween(1L, 10_000L);
        });
    }

    @Test
    void aRefreshLoadsWhateverIsThere() {
        Cache<Long, User> users = users(CachePolicy.USER_PROFILES);
        users.get(1L, id -> new User(id, "old"));
        assertThat(users.refresh(1L, this::load)).isEqualTo(new User(1, "user 1"));
        assertThat(users.get(1L, id -> new User(id, "never"))).isEqualTo(new User(1, "user 1"));
    }

    @Test
    void aFunctionRemembersWhatItReturned() {
        Cache.Memoised<Long, User> find = users(CachePolicy.USER_PROFILES).memoise(this::load);
        assertThat(find.of(3L)).isEqualTo(find.of(3L));
        assertThat(calls).hasValue(1);
    }

    @Test
    void pagesAreCachedOneByOneAndLeaveTogether() {
        Pages<User> feed = caches.pages("feed", User.class, CachePolicy.FEED);
        Pages.PageLoader<User> loader = page -> List.of(load(page));
        feed.page("of 42", 0, loader);
        feed.page("of 42", 1, loader);
        feed.page("of 43", 0, loader);
        assertThat(feed.page("of 42", 1, loader)).containsExactly(new User(1, "user 1"));
        assertThat(calls).hasValue(3);
        feed.invalidate("of 42");
        feed.page("of 43", 0, loader);
        assertThat(calls).hasValue(3);
        feed.page("of 42", 0, loader);
        feed.page("of 42", 1, loader);
        assertThat(calls).hasValue(5);
        assertThatExceptionOfType(CacheException.class).isThrownBy(() -> feed.page("of 42", -1, loader));
    }

    @Test
    void badInputGetsOneClearError() {
        Cache<String, String> texts = texts(CachePolicy.STATIC);
        assertThatExceptionOfType(CacheException.class)
                .isThrownBy(() -> texts.get("k".repeat(513), key -> "v"))
                .withMessageContaining("513 bytes; it may have 512")
                .satisfies(thrown -> assertThat(thrown.error()).isEqualTo(CacheError.KEY_INVALID));
        assertThatExceptionOfType(CacheException.class).isThrownBy(() -> texts.get("\u00e4".repeat(257), key -> "v"));
        assertThat(texts.get("\u00e4".repeat(256), key -> "v")).isEqualTo("v");
        for (String bad : List.of("", "a\u0000b", "a\nb", "\ud800", "\udc00x")) {
            assertThatExceptionOfType(CacheException.class)
                    .isThrownBy(() -> texts.get(bad, key -> "v"))
                    .satisfies(thrown -> assertThat(thrown.error()).isEqualTo(CacheError.KEY_INVALID));
        }
        for (String everything : List.of("*", "***")) {
            assertThatExceptionOfType(CacheException.class)
                    .isThrownBy(() -> texts.invalidatePattern(everything))
                    .withMessageContaining("invalidateEverything()");
        }
        assertThatExceptionOfType(CacheException.class)
                .isThrownBy(() -> CachePolicy.of(ofSeconds(10)).staleWhileRevalidate(ofSeconds(5)))
                .withMessageContaining("none may be shorter");
        assertThatExceptionOfType(CacheException.class)
                .isThrownBy(() -> texts(CachePolicy.STATIC))
                .withMessageContaining("There is a cache 'texts'");
        caches.close();
        assertThatExceptionOfType(CacheException.class)
                .isThrownBy(() -> texts.get("other", key -> "v"))
                .satisfies(thrown -> assertThat(thrown.error()).isEqualTo(CacheError.CLOSED));
    }

    @Test
    void aWarmUpLoadsInBatchesWhatIsNotThere() throws Exception {
        Cache<Long, User> users = users(CachePolicy.USER_PROFILES.localEntries(10_000));
        users.get(7L, this::load);
        List<Integer> batches = new java.util.concurrent.CopyOnWriteArrayList<>();
        List<Long> ids = LongStream.range(0, 1_201).boxed().toList();
        WarmUps warmUps = new WarmUps().add("all", users, () -> ids, wanted -> {
            batches.add(wanted.size());
            Map<Long, User> found = new HashMap<>();
            wanted.forEach(id -> found.put(id, load(id)));
            found.remove(1_200L);
            return found;
        });
        WarmUps.Warmed warmed = warmUps.run("all");
        assertThat(warmed.keys()).isEqualTo(1_201);
        assertThat(warmed.absent()).isEqualTo(1);
        assertThat(warmed.failed()).isZero();
        assertThat(batches).containsExactly(499, 500, 201);
        assertThat(warmUps.run("all").keys()).isEqualTo(1_201);
        assertThat(batches).hasSize(3);
        assertThat(warmUps.names()).containsExactly("all");
        assertThatExceptionOfType(CacheException.class)
                .isThrownBy(() -> warmUps.run("none"))
                .withMessageContaining("there are [all]");
        assertThatExceptionOfType(CacheException.class)
                .isThrownBy(() -> warmUps.add("all", users, List::of, wanted -> Map.of()));
    }

    @Test
    void aWarmUpThatLooksAheadLoadsAnewWhatWouldEndBeforeLong() throws Exception {
        Cache<Long, User> users = users(CachePolicy.of(ofMinutes(5)));
        List<Integer> batches = new java.util.concurrent.CopyOnWriteArrayList<>();
        WarmUps warmUps = new WarmUps().add("all", users, () -> List.of(1L, 2L), wanted -> {
            batches.add(wanted.size());
            return wanted.stream().collect(java.util.stream.Collectors.toMap(id -> id, this::load));
        });
        warmUps.run("all", ofMinutes(4));
        warmUps.run("all", ofMinutes(4));
        assertThat(batches).containsExactly(2);
        warmUps.run("all", ofMinutes(6));
        assertThat(batches).containsExactly(2, 2);
    }

    @Test
    void theLargestEntriesAreToldFirst() {
        Cache<String, String> texts = texts(CachePolicy.STATIC.localBytes(1_000_000));
        for (int i = 1; i <= 9; i++) {
            texts.get("k" + i, key -> "v".repeat(100 * Integer.parseInt(key.substring(1))));
        }
        assertThat(texts.heaviest(2)).extracting(Cache.Weight::key).containsExactly("k9", "k8");
        assertThat(texts.heaviest(1).getFirst().bytes()).isEqualTo(904);
    }
}
