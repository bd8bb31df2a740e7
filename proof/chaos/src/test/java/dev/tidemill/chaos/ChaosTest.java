package dev.tidemill.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemill.chaos.Blow.Place;
import java.time.Duration;
import org.junit.jupiter.api.Test;

/** A minute of {@code ./tidemill chaos}: all that can happen to workers and their database, many times over. */
class ChaosTest {
    private static final long SEED = 20_261_122;

    @Test
    void whateverHappensEveryJobHasOneOutcomeAndEveryEffectIsThereOnce() {
        Report report = new Chaos(SEED, Duration.ofSeconds(45), 4, 120, null).run(System.out);
        report.print(System.out);
        assertThat(report.audit().violations()).isEmpty();
        assertThat(report.jobs()).isGreaterThan(1_000);
        assertThat(report.done().kills()).isPositive();
        assertThat(report.done().restarts()).isPositive();
        assertThat(report.done().terminations()).isPositive();
        assertThat(report.done().cuts()).isPositive();
        assertThat(report.done().hangs()).isPositive();
        assertThat(report.done().freezesByPlace()).containsKeys(Place.ANYWHERE, Place.COMPLETE);
        assertThat(report.attempts().get("lost")).as("rescued").isPositive();
        assertThat(report.attempts().get("timed_out")).isPositive();
        assertThat(report.attempts().get("failed")).isPositive();
        assertThat(report.watched().get("limited_runs")).isGreaterThan(100);
        assertThat(report.watched().get("metered_starts")).isGreaterThan(20);
        assertThat(report.watched().get("singles")).isGreaterThan(5);
        assertThat(report.watched().get("cancelled")).isGreaterThan(10);
    }
}
