package dev.tidemill.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemill.chaos.Blow.Crash;
import dev.tidemill.chaos.Blow.Cut;
import dev.tidemill.chaos.Blow.Freeze;
import dev.tidemill.chaos.Blow.Hang;
import dev.tidemill.chaos.Blow.Kill;
import dev.tidemill.chaos.Blow.Place;
import dev.tidemill.chaos.Blow.Restart;
import dev.tidemill.chaos.Blow.Terminate;
import java.time.Duration;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class PlanTest {
    private static final Duration MINUTE = Duration.ofMinutes(1);

    @Test
    void aSeedAlwaysGivesTheSamePlanAndAnotherSeedAnother() {
        assertThat(Plan.random(1, MINUTE, 4, true)).isEqualTo(Plan.random(1, MINUTE, 4, true));
        assertThat(Plan.random(2, MINUTE, 4, true)).isNotEqualTo(Plan.random(1, MINUTE, 4, true));
    }

    @Test
    void everySortOfBlowFallsWithinAMinute() {
        Plan plan = Plan.random(3, MINUTE, 4, true);
        assertThat(Stream.of(
                        Kill.class, Freeze.class, Crash.class, Restart.class, Terminate.class, Cut.class, Hang.class))
                .allSatisfy(sort -> assertThat(plan.count(sort)).isPositive());
        assertThat(plan.blows().stream().filter(Freeze.class::isInstance).map(blow -> ((Freeze) blow).inside()))
                .contains(Place.values());
    }

    @Test
    void aDatabaseThatIsNotOursIsNotRestarted() {
        Plan plan = Plan.random(4, MINUTE.multipliedBy(10), 4, false);
        assertThat(plan.count(Crash.class) + plan.count(Restart.class)).isZero();
        assertThat(plan.count(Kill.class)).isPositive();
    }
}
