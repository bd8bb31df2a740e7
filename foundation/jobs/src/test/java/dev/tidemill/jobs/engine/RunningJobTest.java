package dev.tidemill.jobs.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

/** How long heartbeats keep an attempt going. */
final class RunningJobTest {
    private static final Duration MINUTE = Duration.ofMinutes(1);
    private static final long STARTED = -7;

    private static long left(Duration limit, Duration beat, Duration now) {
        return RunningJob.nanosLeft(limit, STARTED, STARTED + beat.toNanos(), STARTED + now.toNanos());
    }

    @Test
    void aLimitCountsFromTheLastHeartbeat() {
        assertThat(left(MINUTE, Duration.ZERO, Duration.ofSeconds(20)))
                .isEqualTo(Duration.ofSeconds(40).toNanos());
        assertThat(left(MINUTE, Duration.ofSeconds(50), Duration.ofSeconds(70)))
                .isEqualTo(Duration.ofSeconds(40).toNanos());
    }

    @Test
    void anAttemptLastsNoLongerThanAHundredTimesItsLimitHoweverOftenItsHeartBeats() {
        assertThat(left(MINUTE, Duration.ofSeconds(5_990), Duration.ofSeconds(5_995)))
                .isEqualTo(Duration.ofSeconds(5).toNanos());
        assertThat(left(MINUTE, Duration.ofMinutes(100), Duration.ofMinutes(100)))
                .isZero();
    }

    @Test
    void norLongerThanThirtyDays() {
        Duration day = Duration.ofDays(1);
        assertThat(left(
                        day,
                        day.multipliedBy(30).minusHours(1),
                        day.multipliedBy(30).minusHours(1)))
                .isEqualTo(Duration.ofHours(1).toNanos());
    }
}
