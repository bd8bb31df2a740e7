package dev.tidemill.rules;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemill.rules.LocalRule.Action;
import dev.tidemill.rules.LocalRule.Settings;
import dev.tidemill.rules.capture.Definition;
import dev.tidemill.rules.capture.TableShape;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** How much a rule takes at once, and when: what follows from the times it is told. */
class InstalledTest {
    private static final Duration QUICK = Duration.ofMillis(20);
    private static final Duration SLOW = Duration.ofMillis(250);
    private static final int WAIT = 1_000;

    private static Installed<Row> rule(Settings settings, Gather gather) {
        Definition definition = new Definition("t", List.of(), "id", List.of(), List.of(), null, 10_000, false);
        TableShape table = new TableShape(1, "t", Map.of(), List.of("id"), List.of("id"), List.of("id"), 0);
        LocalRule<Row> rule = new LocalRule<>(
                "r", definition, RowMapper.plain(), null, new Action.Batch<>((changes, run) -> {}, gather), settings);
        return new Installed<>(1, rule, new RowReader(table, definition, null), new Meter());
    }

    private static Installed<Row> rule() {
        return rule(Settings.STANDARD, Gather.atOnce());
    }

    private static int after(Installed<Row> rule, int changes, Duration time) {
        rule.took(changes, time.toNanos());
        return rule.size();
    }

    @Test
    void aBatchGrowsWhileThereIsMoreAndTimeLeftAndNotBeyondItsBound() {
        Installed<Row> rule = rule();
        assertThat(rule.size()).isEqualTo(64);
        assertThat(after(rule, 63, QUICK)).as("there was no more").isEqualTo(64);
        assertThat(after(rule, 64, QUICK)).isEqualTo(128);
        assertThat(after(rule, 128, Duration.ofMillis(150)))
                .as("twice as many would take too long")
                .isEqualTo(128);
        assertThat(after(rule, 128, QUICK)).isEqualTo(256);
        assertThat(after(rule, 256, QUICK)).isEqualTo(500);
        assertThat(after(rule, 500, QUICK)).isEqualTo(500);
    }

    @Test
    void aBatchThatTakesTooLongIsHalvedDownToEight() {
        Installed<Row> rule = rule();
        assertThat(after(rule, 64, SLOW)).isEqualTo(32);
        assertThat(after(rule, 20, SLOW)).as("half of what took too long").isEqualTo(10);
        assertThat(after(rule, 10, SLOW)).isEqualTo(8);
        assertThat(after(rule, 8, SLOW)).isEqualTo(8);
        assertThat(after(rule, 8, QUICK)).isEqualTo(16);
    }

    @Test
    void aBoundBelowTheUsualSizesHoldsFromTheFirstBatchOn() {
        Installed<Row> rule = rule(Settings.STANDARD.batch(5, Duration.ofMillis(200)), Gather.atOnce());
        assertThat(rule.size()).isEqualTo(5);
        assertThat(after(rule, 5, QUICK)).isEqualTo(5);
        assertThat(after(rule, 5, SLOW)).isEqualTo(5);
    }

    @Test
    void whatWasBrokenOffStaysSmallUntilATurnIsQuick() {
        Installed<Row> rule = rule();
        rule.shrinkTo(1);
        assertThat(after(rule, 1, SLOW)).as("a slow call is no reason for more").isEqualTo(1);
        assertThat(after(rule, 1, QUICK)).isEqualTo(2);
        rule.halve();
        rule.halve();
        assertThat(rule.size()).isEqualTo(1);
    }

    @Test
    void whenTheFirstChangesWindowEndsAllThatIsThereGoesAndWhatComesLaterWaitsAgain() {
        Installed<Row> rule = rule(Settings.STANDARD, Gather.every(Duration.ofMillis(WAIT)));
        AtomicInteger asked = new AtomicInteger();
        assertThat(rule.isDue(10, WAIT - 1, asked::incrementAndGet)).isFalse();
        assertThat(rule.isDue(10, WAIT, () -> 300)).isTrue();
        assertThat(rule.isDue(74, 5, asked::incrementAndGet))
                .as("the next batch of the same round")
                .isTrue();
        assertThat(rule.isDue(300, 0, asked::incrementAndGet))
                .as("the last of it")
                .isTrue();
        assertThat(rule.isDue(301, WAIT - 1, asked::incrementAndGet)).isFalse();
        assertThat(asked).as("a round begins when a window ends").hasValue(0);
        assertThat(rule.isDue(301, WAIT, () -> 301)).isTrue();
    }

    @Test
    void withoutAWindowEverythingIsDueAtOnce() {
        assertThat(rule().isDue(1, 0, () -> 0)).isTrue();
    }
}
