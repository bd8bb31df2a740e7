package dev.tidemill.jobs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.Random;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;

final class BackoffTest {
    private static final RandomGenerator RANDOM = new Random(4711);
    private static final Duration BASE = Duration.ofSeconds(15);
    private static final Duration MAX = Duration.ofHours(1);

    @Test
    void exponentialSpreadsOverAllOfADoublingBoundAndNeverBeyondTheMaximum() {
        Backoff backoff = Backoff.exponential(BASE, MAX);
        for (int failures = 1; failures <= 1_000; failures = failures < 12 ? failures + 1 : failures * 3) {
            Duration bound = failures > 8 ? MAX : BASE.multipliedBy(1L << (failures - 1));
            Duration smallest = MAX;
            Duration largest = Duration.ZERO;
            for (int i = 0; i < 2_000; i++) {
                Duration delay = backoff.delay(failures, RANDOM);
                assertThat(delay).isBetween(Duration.ZERO, bound);
                smallest = delay.compareTo(smallest) < 0 ? delay : smallest;
                largest = delay.compareTo(largest) > 0 ? delay : largest;
            }
            assertThat(smallest).isLessThan(bound.dividedBy(20));
            assertThat(largest).isGreaterThan(bound.multipliedBy(19).dividedBy(20));
        }
    }

    @Test
    void fixedAndLinearAreWhatTheySay() {
        assertThat(Backoff.fixed(BASE).delay(7, RANDOM)).isEqualTo(BASE);
        Backoff linear = Backoff.linear(BASE, Duration.ofMinutes(1));
        assertThat(linear.delay(0, RANDOM)).isEqualTo(BASE);
        assertThat(linear.delay(3, RANDOM)).isEqualTo(BASE.multipliedBy(3));
        assertThat(linear.delay(5, RANDOM)).isEqualTo(Duration.ofMinutes(1));
        assertThat(linear.delay(Integer.MAX_VALUE, RANDOM)).isEqualTo(Duration.ofMinutes(1));
        assertThat(Backoff.linear(MAX, BASE).delay(1, RANDOM)).isEqualTo(BASE);
    }

    @Test
    void hugeAndSenselessTimesAreBoundedOrRefused() {
        Duration huge = Duration.ofSeconds(Long.MAX_VALUE);
        assertThat(Backoff.exponential(huge, huge).delay(900, RANDOM)).isLessThanOrEqualTo(EnqueueOptions.MAX_DELAY);
        for (Duration senseless : new Duration[] {Duration.ZERO, Duration.ofMillis(-5), Duration.ofNanos(10)}) {
            assertThatThrownBy(() -> Backoff.exponential(senseless, MAX)).isInstanceOf(TidemillException.class);
            assertThatThrownBy(() -> Backoff.linear(BASE, senseless)).isInstanceOf(TidemillException.class);
        }
        assertThatThrownBy(() -> Backoff.fixed(Duration.ofMillis(-1))).isInstanceOf(TidemillException.class);
    }
}
