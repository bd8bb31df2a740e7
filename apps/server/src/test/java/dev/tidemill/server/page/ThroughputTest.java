package dev.tidemill.server.page;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

final class ThroughputTest {
    private final Throughput throughput = new Throughput();
    private long nanos;

    private void after(Duration pause, long count) {
        nanos += pause.toNanos();
        throughput.add(count, nanos);
    }

    @Test
    void aSteadyPaceIsShownAsItsRate() {
        for (int second = 0; second < 20; second++) {
            after(Duration.ofSeconds(1), second * 50L);
        }
        assertThat(throughput.rates())
                .isNotEmpty()
                .allSatisfy(rate -> assertThat(rate).isEqualTo(50.0));
    }

    @Test
    void reportsThatComeEveryOtherSecondAreEvenedOut() {
        for (int second = 0; second < 20; second++) {
            after(Duration.ofSeconds(1), second / 2 * 100L);
        }
        assertThat(throughput.rates().getLast()).isBetween(45.0, 55.0);
    }

    @Test
    void aCountThatSinksLostItsOldestMinuteAndIsNoNegativeRate() {
        after(Duration.ofSeconds(1), 1000);
        for (int second = 0; second < 5; second++) {
            after(Duration.ofSeconds(1), 400);
        }
        assertThat(throughput.rates())
                .isNotEmpty()
                .allSatisfy(rate -> assertThat(rate).isZero());
    }

    @Test
    void nothingIsClaimedBeforeThereIsEnoughToGoBy() {
        after(Duration.ofSeconds(1), 0);
        after(Duration.ofMillis(100), 100_000);
        assertThat(throughput.rates()).isEmpty();
    }

    @Test
    void theLineIsBounded() {
        for (int second = 0; second < 1000; second++) {
            after(Duration.ofSeconds(1), second);
        }
        assertThat(throughput.rates()).hasSize(Throughput.POINTS);
        throughput.clear();
        assertThat(throughput.rates()).isEmpty();
    }
}
