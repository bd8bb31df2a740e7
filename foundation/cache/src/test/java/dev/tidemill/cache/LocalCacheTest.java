package dev.tidemill.cache;

import static java.time.Duration.ofMillis;
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
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** One process by itself: flights, times, failures, tags and patterns. */
final class LocalCacheTest {
    record User(long id, String name) {}

    private final Caches caches = Caches.local();
    private final AtomicInteger calls = new AtomicInteger();

    @AfterEach
    void close() {
        caches.close();
    }

    private Cache<Long, User> users(CachePolicy policy) {
        return caches.cache("users", Keys.LONGS, ValueType.of(User.class))
                .policy(policy)
                .open();
    }

    private Cache<String, String> texts(CachePolicy policy) {
        return caches.cache("texts", Keys.STRINGS, ValueType.of(String.class))
                .policy(policy)
                .open();
    }

    private User load(long id) {
        calls.incrementAndGet();
        return new User(id, "user " + id);
    }

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
        Awaitility.await().until(() -> users.stats().joined() == 999);
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
    void thatThereIsNothingIsForgottenAtOnceIfThePolicySaysSo() {
        Cache<Long, User> users = users(CachePolicy.of(ofMinutes(5)).absent(ofMillis(0)));
        assertThat(users.get(1L, id -> null)).isNull();
        assertThat(users.get(1L, this::load)).isEqualTo(new User(1, "user 1"));
    }

    @Test
    void aStaleValueIsServedWhileOneRenewsIt() {
        Cache<Long, User> users = users(CachePolicy.of(ofMillis(1)).jitter(0).staleWhileRevalidate(ofMinutes(5)));
        users.get(1L, id -> new User(id, "old"));
        CountDownLatch gate = new CountDownLatch(1);
        AtomicInteger renewals = new AtomicInteger();
        Loader<Long, User> slow = id -> {
            renewals.incrementAndGet();
            gate.await();
            return new User(id, "new");
        };
        Awaitility.await().until(() -> users.ask(1L, slow).stale());
        for (int i = 0; i < 50; i++) {
            Answer<User> answer = users.ask(1L, slow);
            assertThat(answer.value()).isEqualTo(new User(1, "old"));
            assertThat(answer.stale()).isTrue();
            assertThat(answer.miss()).isEqualTo(Miss.EXPIRED);
        }
        assertThat(renewals.get()).isLessThanOrEqualTo(1);
        gate.countDown();
        Awaitility.await().untilAsserted(() -> assertThat(users.get(1L, slow)).isEqualTo(new User(1, "new")));
        assertThat(users.stats().staleServed()).isGreaterThan(50);
    }

    @Test
    void anInvalidatedValueIsNotServedAsStale() {
        Cache<Long, User> users = users(CachePolicy.of(ofMillis(1))
                .jitter(0)
                .staleWhileRevalidate(ofMinutes(5))
                .staleIfError(ofMinutes(10)));
        users.get(1L, id -> new User(id, "old"));
        users.invalidate(1L);
        assertThatExceptionOfType(CacheException.class)
                .isThrownBy(() -> users.get(1L, id -> {
                    throw new IllegalStateException("down");
                }))
                .satisfies(thrown -> assertThat(thrown.error()).isEqualTo(CacheError.LOAD_FAILED));
    }

    @Test
    void aFailingOriginIsCoveredByWhatWasThereUntilTheHardBoundAndNotAMomentLonger() {
        Cache<Long, User> users = users(CachePolicy.of(ofMillis(20)).jitter(0).staleIfError(ofMillis(700)));
        long loaded = System.nanoTime();
        users.get(1L, id -> new User(id, "old"));
        Loader<Long, User> broken = id -> {
            throw new IllegalStateException("down");
        };
        Awaitility.await().until(() -> System.nanoTime() - loaded > ofMillis(40).toNanos());
        Answer<User> answer = users.ask(1L, broken);
        assertThat(answer.value()).isEqualTo(new User(1, "old"));
        assertThat(answer.stale()).isTrue();
        AtomicInteger served = new AtomicInteger();
        Awaitility.await().pollInterval(ofMillis(5)).until(() -> {
            long before = System.nanoTime();
            try {
                users.get(1L, broken);
                served.incrementAndGet();
                assertThat(before - loaded).isLessThan(ofMillis(750).toNanos());
                return false;
            } catch (CacheException failed) {
                return true;
            }
        });
        assertThat(System.nanoTime() - loaded).isGreaterThan(ofMillis(690).toNanos());
        assertThat(served.get()).isPositive();
    }

    @Test
    void aLoaderThatDoesNotAnswerIsInterruptedAndSaidSo() {
        Cache<Long, User> users = users(CachePolicy.USER_PROFILES.timeout(ofMillis(50)));
        AtomicBoolean interrupted = new AtomicBoolean();
        assertThatExceptionOfType(CacheException.class)
                .isThrownBy(() -> users.get(1L, id -> {
                    try {
                        new CountDownLatch(1).await();
                    } catch (InterruptedException stopped) {
                        interrupted.set(true);
                        throw stopped;
                    }
                    return load(id);
                }))
                .withMessageContaining("did not answer in 50 ms")
                .satisfies(thrown -> assertThat(thrown.error()).isEqualTo(CacheError.LOAD_TIMED_OUT));
        Awaitility.await().untilTrue(interrupted);
        assertThat(users.get(1L, this::load)).isEqualTo(new User(1, "user 1"));
    }

    @Test
    void anOriginThatFailsAgainAndAgainIsLeftAloneAndTriedByOne() {
        Cache<Long, User> users = users(CachePolicy.USER_PROFILES.breaker(3, ofMillis(200)));
        Loader<Long, User> broken = id -> {
            calls.incrementAndGet();
            throw new IllegalStateException("down");
        };
        for (int i = 0; i < 20; i++) {
            long key = i;
            assertThatExceptionOfType(CacheException.class).isThrownBy(() -> users.get(key, broken));
        }
        assertThat(calls).hasValue(3);
        assertThat(users.stats().originLeftAlone()).isTrue();
        assertThat(users.stats().refusedLoads()).isEqualTo(17);
        Awaitility.await()
                .ignoreExceptionsInstanceOf(CacheException.class)
                .until(() -> users.get(99L, this::load) != null);
        assertThat(users.stats().originLeftAlone()).isFalse();
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
        Awaitility.await().until(() -> users.stats().misses() == 1);
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
    void tagsAndPatternsTakeWhatTheyAreAboutAndNothingElse() {
        Cache<String, String> posts = caches.cache("posts", Keys.STRINGS, ValueType.of(String.class))
                .tags((key, value) -> Set.of("by:" + value))
                .open();
        for (String key : List.of("42:a", "42:b", "421:a", "7:a")) {
            posts.get(key, id -> id.endsWith("a") ? "ann" : "bob");
        }
        posts.invalidatePattern("42:*");
        assertThat(held(posts, "42:a", "42:b", "421:a", "7:a")).containsExactly("421:a", "7:a");
        posts.invalidateTag("by:ann");
        assertThat(held(posts, "421:a", "7:a")).isEmpty();
        posts.get("421:b", id -> "bob");
        posts.invalidatePattern("4*b");
        assertThat(held(posts, "421:b")).isEmpty();
        posts.get("x", id -> "bob");
        posts.invalidateEverything();
        assertThat(held(posts, "x")).isEmpty();
        assertThat(posts.ask("x", id -> "bob").miss()).isEqualTo(Miss.INVALIDATED);
    }

    private static List<String> held(Cache<String, String> cache, String... keys) {
        return java.util.Arrays.stream(keys)
                .filter(key -> !cache.inspect(key).isEmpty())
                .toList();
    }

    @Test
    void whatIsInvalidatedOnItsWayIsNotKept() throws Exception {
        Cache<String, String> posts = caches.cache("posts", Keys.STRINGS, ValueType.of(String.class))
                .tags((key, value) -> Set.of("by:" + value))
                .open();
        for (Runnable invalidation : List.<Runnable>of(
                () -> posts.invalidate("1:x"),
                () -> posts.invalidateTag("by:ann"),
                () -> posts.invalidatePattern("1:*"),
                () -> posts.invalidatePattern("*x"),
                posts::invalidateEverything)) {
            CountDownLatch inside = new CountDownLatch(1);
            CountDownLatch gate = new CountDownLatch(1);
            Thread slow = Thread.ofVirtual()
                    .start(() -> posts.get("1:x", key -> {
                        inside.countDown();
                        gate.await();
                        return "ann";
                    }));
            inside.await();
            invalidation.run();
            posts.invalidateTag("by:somebody else");
            assertThat(posts.get("1:x", key -> "new"))
                    .as("a new caller does not wait for the old")
                    .isEqualTo("new");
            gate.countDown();
            assertThat(slow.join(ofSeconds(30))).isTrue();
            assertThat(posts.get("1:x", key -> "never")).isEqualTo("new");
            posts.invalidateEverything();
        }
        assertThat(posts.stats().struckLoads()).isEqualTo(5);
    }

    @Test
    void anotherTagStrikesNobody() throws Exception {
        Cache<String, String> posts = caches.cache("posts", Keys.STRINGS, ValueType.of(String.class))
                .tags((key, value) -> Set.of("by:" + value))
                .open();
        posts.get("1", key -> {
            posts.invalidateTag("by:bob");
            posts.invalidate("2");
            return "ann";
        });
        assertThat(held(posts, "1")).containsExactly("1");
    }

    @Test
    void thereAreNeverMoreEntriesThanAllowed() {
        Cache<String, String> texts = texts(CachePolicy.STATIC.localEntries(100));
        for (int i = 0; i < 1_000; i++) {
            texts.get("k" + i, key -> "v");
        }
        Awaitility.await().untilAsserted(() -> {
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
        Awaitility.await().untilAsserted(() -> {
            texts.local.sweep();
            assertThat(texts.stats().localBytes()).isBetween(1L, 10_000L);
        });
    }

    @Test
    void aValueThatWasPutIsThereAndOutlivesItsOwnInvalidation() {
        Cache<Long, User> users = users(CachePolicy.USER_PROFILES);
        users.get(1L, this::load);
        users.put(1L, new User(1, "put"));
        assertThat(users.get(1L, this::load)).isEqualTo(new User(1, "put"));
        assertThat(calls).hasValue(1);
    }

    @Test
    void aWriteThatFailsLeavesNothingBehind() {
        Cache<Long, User> users = users(CachePolicy.USER_PROFILES);
        users.get(1L, id -> new User(id, "before"));
        assertThatExceptionOfType(java.io.IOException.class)
                .isThrownBy(() -> users.writeThrough(1L, new User(1, "after"), () -> {
                    throw new java.io.IOException("perhaps written");
                }));
        assertThat(users.get(1L, this::load)).isEqualTo(new User(1, "user 1"));
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
    void jitterOnlyShortens() {
        Lifetimes lifetimes =
                new Lifetimes(CachePolicy.of(ofSeconds(100)).jitter(0.2).times());
        Set<Long> drawn = new TreeSet<>();
        for (int i = 0; i < 1_000; i++) {
            drawn.add(lifetimes.draw(false).freshNanos());
        }
        assertThat(drawn)
                .allMatch(nanos -> nanos <= ofSeconds(100).toNanos()
                        && nanos >= ofSeconds(80).toNanos());
        assertThat(drawn).hasSizeGreaterThan(900);
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
}
