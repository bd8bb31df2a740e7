package dev.tidemill.cache;

import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.util.List;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;

/** What is invalidated in a process by itself, and what is on its way meanwhile. */
final class LocalInvalidationTest extends OneProcess {
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
}
