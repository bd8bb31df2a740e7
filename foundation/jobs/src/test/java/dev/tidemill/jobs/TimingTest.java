package dev.tidemill.jobs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** When schedules fire, above all where clocks change. */
final class TimingTest {
    private static List<String> between(Timing timing, String from, String to) {
        List<String> times = new ArrayList<>();
        Instant end = Instant.parse(to);
        for (Optional<Instant> next = timing.next(Instant.parse(from));
                next.isPresent() && next.get().isBefore(end);
                next = timing.next(next.get())) {
            times.add(next.get().toString());
        }
        return times;
    }

    @Test
    void aNightlyJobInTheSpringGapOfBerlinFiresWhenTheGapEnds() {
        assertThat(between(Timing.cron("30 2 * * *", "Europe/Berlin"), "2027-03-26T12:00:00Z", "2027-03-30T00:00:00Z"))
                .containsExactly("2027-03-27T01:30:00Z", "2027-03-28T01:00:00Z", "2027-03-29T00:30:00Z");
    }

    @Test
    void aNightlyJobInTheAutumnOverlapOfBerlinFiresTheFirstTimeOnly() {
        assertThat(between(Timing.cron("30 2 * * *", "Europe/Berlin"), "2026-10-24T12:00:00Z", "2026-10-27T00:00:00Z"))
                .containsExactly("2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z");
    }

    @Test
    void newYorkIsTreatedAlikeOnBothEdges() {
        Timing nightly = Timing.cron("30 2 * * *", "America/New_York");
        assertThat(between(nightly, "2027-03-13T12:00:00Z", "2027-03-16T00:00:00Z"))
                .containsExactly("2027-03-14T07:00:00Z", "2027-03-15T06:30:00Z");
        Timing early = Timing.cron("30 1 * * *", "America/New_York");
        assertThat(between(early, "2026-10-31T12:00:00Z", "2026-11-03T00:00:00Z"))
                .containsExactly("2026-11-01T05:30:00Z", "2026-11-02T06:30:00Z");
    }

    @Test
    void lordHowesHalfHourIsTreatedAlikeOnBothEdges() {
        Timing spring = Timing.cron("15 2 * * *", "Australia/Lord_Howe");
        assertThat(between(spring, "2026-10-03T00:00:00Z", "2026-10-05T00:00:00Z"))
                .containsExactly("2026-10-03T15:30:00Z", "2026-10-04T15:15:00Z");
        Timing autumn = Timing.cron("45 1 * * *", "Australia/Lord_Howe");
        assertThat(between(autumn, "2027-04-03T00:00:00Z", "2027-04-05T00:00:00Z"))
                .containsExactly("2027-04-03T14:45:00Z", "2027-04-04T15:15:00Z");
    }

    @Test
    void aRhythmGoesOnThroughBothEdges() {
        Timing rhythm = Timing.cron("*/15 * * * *", "Europe/Berlin");
        assertThat(between(rhythm, "2027-03-27T22:59:59Z", "2027-03-28T22:00:00Z"))
                .hasSize(23 * 4)
                .doesNotHaveDuplicates();
        List<String> autumn = between(rhythm, "2026-10-24T21:59:59Z", "2026-10-25T23:00:00Z");
        assertThat(autumn).hasSize(25 * 4).doesNotHaveDuplicates().isSorted();
        assertThat(between(
                        Timing.cron("0 0-23 * * *", "Europe/Berlin"), "2026-10-24T21:59:59Z", "2026-10-25T23:00:00Z"))
                .hasSize(25);
    }

    @Test
    void severalTimesInTheGapAreOneFire() {
        assertThat(between(
                        Timing.cron("0/20 2 * * *", "Europe/Berlin"), "2027-03-28T00:00:00Z", "2027-03-28T12:00:00Z"))
                .containsExactly("2027-03-28T01:00:00Z");
    }

    @Test
    void aZoneWithoutChangesAndUtcAreWhatTheySay() {
        assertThat(between(Timing.cron("30 2 * * *", "Asia/Kolkata"), "2027-03-27T12:00:00Z", "2027-03-29T12:00:00Z"))
                .containsExactly("2027-03-27T21:00:00Z", "2027-03-28T21:00:00Z");
        assertThat(between(Timing.cron("30 2 * * *", ZoneId.of("UTC")), "2027-03-27T12:00:00Z", "2027-03-29T12:00:00Z"))
                .containsExactly("2027-03-28T02:30:00Z", "2027-03-29T02:30:00Z");
    }

    @Test
    void aRateKeepsItsRhythmWhateverClocksDo() {
        Timing daily = Timing.every(Duration.ofDays(1)).startingAt(Instant.parse("2026-10-24T00:30:00Z"));
        assertThat(between(daily, "2026-10-20T00:00:00Z", "2026-10-27T00:00:00Z"))
                .containsExactly("2026-10-24T00:30:00Z", "2026-10-25T00:30:00Z", "2026-10-26T00:30:00Z");
        assertThat(daily.previous(Instant.parse("2026-10-25T00:29:59Z")))
                .contains(Instant.parse("2026-10-24T00:30:00Z"));
        assertThat(daily.previous(Instant.parse("2026-10-24T00:29:59Z"))).isEmpty();
    }

    @Test
    void sixFieldsBeginWithSeconds() {
        assertThat(between(Timing.cron("10,40 59 23 31 12 *", "UTC"), "2026-12-01T00:00:00Z", "2027-01-02T00:00:00Z"))
                .containsExactly("2026-12-31T23:59:10Z", "2026-12-31T23:59:40Z");
    }

    @Test
    void eitherDayFieldIsEnoughAsUnixHasIt() {
        assertThat(between(Timing.cron("0 0 13 * FRI", "UTC"), "2026-11-01T00:00:00Z", "2026-11-16T00:00:00Z"))
                .containsExactly("2026-11-06T00:00:00Z", "2026-11-13T00:00:00Z");
    }

    @Test
    void aLeapDayIsWaitedForHoweverLongItTakes() {
        assertThat(Timing.cron("0 2 29 2 *", "Europe/Berlin").next(Instant.parse("2096-03-01T00:00:00Z")))
                .contains(Instant.parse("2104-02-29T01:00:00Z"));
    }

    @Test
    void whatIsWrittenIsReadAgain() {
        for (Timing timing : List.of(
                Timing.cron(" 30  2 * * MON-FRI ", "Europe/Berlin"),
                Timing.cron("0 30 2 * * *", ZoneId.of("+05:30")),
                Timing.every(Duration.ofMinutes(5)),
                Timing.every(Duration.ofMillis(1_500)).startingAt(Instant.parse("2026-10-24T00:30:00.000001Z")),
                Timing.afterEach(Duration.ofHours(2)),
                Timing.once(Instant.parse("2030-01-01T00:00:00Z")))) {
            assertThat(Timing.parse(timing.toString())).isEqualTo(timing);
        }
        assertThat(Timing.cron(" 30  2 * * 1 ", "UTC")).hasToString("cron 30 2 * * 1 @ UTC");
    }

    @Test
    void aBadCronIsRefusedWithTheFieldThatIsWrong() {
        refused("61 * * * *", "The minute field '61'", "[0, 59]");
        refused("* 24 * * *", "The hour field '24'");
        refused("* * 32 * *", "The day of month field '32'");
        refused("* * * 13 *", "The month field '13'");
        refused("* * * * 8", "The day of week field '8'");
        refused("60 * * * * *", "The second field '60'");
        refused("*/0 * * * *", "The minute field '*/0'");
        refused("1,,2 * * * *", "The minute field '1,,2'");
        refused("0 22-2 * * *", "The hour field '22-2'");
        refused("* * * *", "has 4 fields", "five", "six");
        refused("", "has 0 fields");
        refused("@daily", "has 1 fields");
        refused("0 0 30 2 *", "never fires");
        refused("0 0 31 4,6,9,11 *", "never fires");
        refused("*".repeat(201), "201 characters");
    }

    private static void refused(String expression, String... parts) {
        assertThatThrownBy(() -> Timing.cron(expression, "UTC"))
                .isInstanceOfSatisfying(
                        TidemillException.class,
                        refused -> assertThat(refused.code()).isEqualTo(ErrorCode.INVALID_OPTION))
                .hasMessageContainingAll(parts);
    }

    @Test
    void zonesPeriodsAndNamesOutOfBoundsAreRefused() {
        assertThatThrownBy(() -> Timing.cron("* * * * *", "Mars/Base"))
                .isInstanceOf(TidemillException.class)
                .hasMessageContaining("'Mars/Base' is unknown");
        for (Duration period : List.of(Duration.ofMillis(999), Duration.ofDays(3654), Duration.ofSeconds(-5))) {
            assertThatThrownBy(() -> Timing.every(period)).hasMessageContaining("between 1 s and 3653 days");
            assertThatThrownBy(() -> Timing.afterEach(period)).hasMessageContaining("between 1 s and 3653 days");
        }
        assertThatThrownBy(() -> Timing.once(Instant.MAX)).hasMessageContaining("beyond");
        assertThatThrownBy(() -> CatchUp.bounded(1_000)).hasMessageContaining("between 0 and 999, or ALL");
        assertThatThrownBy(() -> CatchUp.parse("1000")).hasMessageContaining("between 0 and 999, or ALL");
        assertThat(CatchUp.parse("all")).isEqualTo(CatchUp.ALL).hasToString("ALL");
        assertThatThrownBy(() -> CatchUp.parse("some")).hasMessageContaining("NONE, LAST, ALL");
        assertThatThrownBy(() -> Overlap.parse("some")).hasMessageContaining("SKIP, QUEUE or ALLOW");
        assertThatThrownBy(() -> ScheduleOptions.NONE.job(EnqueueOptions.delay(Duration.ofSeconds(1))))
                .hasMessageContaining("no delay, time or trace");
        assertThatThrownBy(() -> ScheduleOptions.NONE.job(EnqueueOptions.NONE.tag("schedule", "x")))
                .hasMessageContaining("the schedule's own");
    }
}
