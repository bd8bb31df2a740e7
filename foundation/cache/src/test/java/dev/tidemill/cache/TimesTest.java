package dev.tidemill.cache;

import static java.time.Duration.ofMillis;
import static java.time.Duration.ofMinutes;
import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;

/** For how long values count, and what covers for an origin that fails. */
final class TimesTest extends OneProcess {
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
        Awaitility.await().atMost(ofSeconds(30)).until(() -> users.ask(1L, slow).stale());
        for (int i = 0; i < 50; i++) {
            Answer<User> answer = users.ask(1L, slow);
            assertThat(answer.value()).isEqualTo(new User(1, "old"));
            assertThat(answer.stale()).isTrue();
            assertThat(answer.miss()).isEqualTo(Miss.EXPIRED);
        }
        assertThat(renewals.get()).isLessThanOrEqualTo(1);
        gate.countDown();
        Awaitility.await()
                .atMost(ofSeconds(30))
                .untilAsserted(() -> assertThat(users.get(1L, slow)).isEqualTo(new User(1, "new")));
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
        Cache<Long, User> users = users(CachePolicy.of(ofMillis(20)).jitter(0).staleIfError(ofSeconds(3)));
        // The value counts from a moment between these two.
        long before = System.nanoTime();
        users.get(1L, id -> new User(id, "old"));
        long after = System.nanoTime();
        Loader<Long, User> broken = id -> {
            throw new IllegalStateException("down");
        };
        Awaitility.await()
                .atMost(ofSeconds(30))
                .until(() -> System.nanoTime() - after > ofMillis(40).toNanos());
        Answer<User> answer = users.ask(1L, broken);
        assertThat(answer.value()).isEqualTo(new User(1, "old"));
        assertThat(answer.stale()).isTrue();
        AtomicInteger served = new AtomicInteger();
        Awaitility.await().pollInterval(ofMillis(5)).until(() -> {
            long asked = System.nanoTime();
            try {
                users.get(1L, broken);
                served.incrementAndGet();
                assertThat(asked - after).isLessThan(ofSeconds(3).toNanos());
                return false;
            } catch (CacheException failed) {
                return true;
            }
        });
        assertThat(System.nanoTime() - before)
                .isGreaterThanOrEqualTo(ofSeconds(3).toNanos());
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
        Awaitility.await().atMost(ofSeconds(30)).untilTrue(interrupted);
        // Its loader too has 50 ms, which a busy machine may let pass.
        Awaitility.await()
                .atMost(ofSeconds(30))
                .ignoreExceptionsInstanceOf(CacheException.class)
                .untilAsserted(() -> assertThat(users.get(1L, this::load)).isEqualTo(new User(1, "user 1")));
    }

    @Test
    void anOriginThatFailsAgainAndAgainIsLeftAloneAndTriedByOne() {
        Cache<Long, User> users = users(CachePolicy.USER_PROFILES.breaker(3, ofSeconds(3)));
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
}
