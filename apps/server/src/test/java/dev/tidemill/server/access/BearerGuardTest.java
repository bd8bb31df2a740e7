package dev.tidemill.server.access;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

final class BearerGuardTest {
    private static final String HERE = "192.0.2.1";
    private static final byte[] RIGHT = RandomSecret.digest("right");

    private final AtomicLong nanos = new AtomicLong(Long.MAX_VALUE - 1);
    private final BearerGuard guard = new BearerGuard(nanos::get);

    private static byte[] guess(int number) {
        return RandomSecret.digest("guess " + number);
    }

    private void guesses(int many, String place) {
        for (int i = 1; i <= many; i++) {
            assertThat(guard.closedTo(guess(i), place)).isZero();
            assertThat(guard.wrong(guess(i), place)).as("guess " + i).isEqualTo(i == BearerGuard.FREE);
        }
    }

    @Test
    void afterTwentyWrongOnesNothingUnknownIsLookedAtForTheRestOfTheMinute() {
        guesses(10, HERE);
        nanos.addAndGet(Duration.ofSeconds(20).toNanos());
        assertThat(guard.closedTo(RIGHT, HERE)).isZero();
        for (int i = 11; i <= 20; i++) {
            assertThat(guard.wrong(guess(i), HERE)).isEqualTo(i == 20);
        }
        assertThat(guard.closedTo(guess(21), HERE)).isEqualTo(Duration.ofSeconds(40));
        assertThat(guard.closedTo(RIGHT, HERE)).as("right, and unknown").isEqualTo(Duration.ofSeconds(40));
        assertThat(guard.closedTo(guess(21), "192.0.2.2")).as("from elsewhere").isZero();
        nanos.addAndGet(Duration.ofSeconds(40).toNanos());
        assertThat(guard.closedTo(guess(21), HERE)).isZero();
        guesses(20, HERE);
    }

    @Test
    void oneThatWasRightIsLookedAtUntilItIsWrong() {
        guard.right(RIGHT);
        guesses(20, HERE);
        assertThat(guard.closedTo(RIGHT, HERE)).isZero();
        assertThat(guard.wrong(RIGHT, HERE)).isFalse();
        assertThat(guard.closedTo(RIGHT, HERE)).isPositive();
    }

    @Test
    void aWrongOneNowAndThenClosesNothing() {
        for (int i = 0; i < 100; i++) {
            assertThat(guard.wrong(guess(i), HERE)).isFalse();
            nanos.addAndGet(Duration.ofSeconds(4).toNanos());
        }
    }

    @Test
    void strangersDoNotFillTheHeap() {
        for (int i = 0; i < 12_000; i++) {
            guard.wrong(guess(i), "place " + i);
            guard.right(guess(i));
        }
        assertThat(guard.size()).isEqualTo(10_000);
    }
}
