package dev.tidemill.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemill.jobs.Breaker;
import dev.tidemill.jobs.BreakerView;
import dev.tidemill.jobs.BreakerView.State;
import dev.tidemill.jobs.store.Calls.Count;
import dev.tidemill.jobs.store.Calls.Probe;
import dev.tidemill.jobs.store.Calls.Result;
import dev.tidemill.jobs.store.Workplace;
import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.StoreHand;
import dev.tidemill.testkit.TestDatabase;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** How breakers count, and who may probe them: each rule by itself, by a clock that the test sets. */
@ExtendWith(FreshSchema.class)
final class BreakerBookTest {
    private static final Duration FIRST = Duration.ofSeconds(10);
    private static final Duration LONGEST = Duration.ofSeconds(35);

    private final TestDatabase database;
    private Almanac almanac;
    private StoreHand hand;
    private Workplace place;

    BreakerBookTest(TestDatabase database) {
        this.database = database;
    }

    @BeforeEach
    void open() throws Exception {
        almanac = new Almanac(database);
        hand = almanac.hand();
        place = hand.join();
    }

    @AfterEach
    void close() {
        almanac.close();
    }

    private void define(Breaker... breakers) {
        hand.store()
                .breakers()
                .define(
                        List.of(breakers),
                        Map.of(
                                hand.kind(),
                                Set.copyOf(List.of(breakers).stream()
                                        .map(Breaker::name)
                                        .toList())),
                        "a test");
    }

    private static Breaker of(String name) {
        return Breaker.of(name).openFor(FIRST, LONGEST);
    }

    private BreakerView breaker(String name) {
        return hand.store().breakers().list().stream()
                .filter(view -> view.breaker().name().equals(name))
                .findFirst()
                .orElseThrow();
    }

    private void calls(String name, int failures, int trailing, int successes) {
        place.calls()
                .tell(List.of(new Count(name, failures, trailing, successes, failures > 0 ? "no" : null)), List.of());
    }

    private boolean reserves(Workplace prober) throws Exception {
        return almanac.sql()
                        .number("select cardinality({schema}.reserve_probe(" + prober.epoch()
                                + ", 0, array(select k.id from {schema}.kind k)))")
                > 0;
    }

    private boolean begins(Workplace prober, long job) throws Exception {
        return almanac.sql()
                        .number("select {schema}.begin_probe(" + prober.epoch() + ", 0, " + job + ", " + job
                                + ")::integer")
                == 1;
    }

    private void ends(long job, Result result, @Nullable String down) {
        place.calls().tell(List.of(), List.of(new Probe(job, job, result, down, down == null ? null : "still no")));
    }

    /** How long until the next probe, from the database's now on. */
    private Duration wait(String name) throws Exception {
        return Duration.ofMillis(almanac.sql()
                        .number("select (until - {schema}.now_micros()) / 1000 from {schema}.breaker where name = '"
                                + name + "'")
                + 999);
    }

    @Test
    void aSuccessBeginsTheRowOfFailuresAnew() {
        define(of("smtp").failures(3));
        calls("smtp", 2, 2, 0);
        calls("smtp", 0, 0, 1);
        calls("smtp", 2, 2, 0);
        assertThat(breaker("smtp").failuresInRow()).isEqualTo(2);
        calls("smtp", 5, 1, 3);
        assertThat(breaker("smtp").failuresInRow()).as("after the last success").isEqualTo(1);
        assertThat(breaker("smtp").state()).isEqualTo(State.CLOSED);
        calls("smtp", 2, 2, 0);
        assertThat(breaker("smtp").state()).isEqualTo(State.OPEN);
    }

    @Test
    void aShareIsOfEnoughCallsWithinTheTimeAndOfNoOthers() throws Exception {
        define(of("smtp").failures(10_000).ratio(0.5, 10, Duration.ofMinutes(1)));
        calls("smtp", 8, 8, 0);
        assertThat(breaker("smtp").state()).as("eight calls say little").isEqualTo(State.CLOSED);
        almanac.pass(Duration.ofMinutes(2));
        calls("smtp", 4, 4, 5);
        assertThat(breaker("smtp").state()).as("those of before are forgotten").isEqualTo(State.CLOSED);
        calls("smtp", 0, 0, 1);
        assertThat(breaker("smtp").state()).as("four of ten").isEqualTo(State.CLOSED);
        calls("smtp", 2, 2, 0);
        assertThat(breaker("smtp").state()).as("six of twelve").isEqualTo(State.OPEN);
    }

    @Test
    void failuresThatComeLateDoNotOpenWhatIsOpen() throws Exception {
        define(of("smtp").failures(1));
        calls("smtp", 1, 1, 0);
        almanac.pass(Duration.ofSeconds(6));
        calls("smtp", 4, 4, 0);
        assertThat(wait("smtp")).as("counted from when it opened").isLessThan(Duration.ofSeconds(6));
        assertThat(breaker("smtp").failuresInRow()).isZero();
        assertThat(hand.store().auditTrail().lines(Long.MAX_VALUE, 10, null, "BREAKER smtp"))
                .hasSize(1);
    }

    @Test
    void everyProbeThatFailsDoublesTheTimeUpToTheLongest() throws Exception {
        define(of("smtp").failures(1));
        calls("smtp", 1, 1, 0);
        for (long seconds : List.of(20L, 35L, 35L)) {
            almanac.pass(LONGEST);
            assertThat(reserves(place)).isTrue();
            assertThat(begins(place, 1_000)).isTrue();
            ends(1_000, Result.DOWN, "smtp");
            assertThat(wait("smtp")).isBetween(Duration.ofSeconds(seconds - 2), Duration.ofSeconds(seconds + 1));
        }
        assertThat(breaker("smtp").opened()).isEqualTo(4);
        almanac.pass(LONGEST);
        assertThat(reserves(place)).isTrue();
        assertThat(begins(place, 1_000)).isTrue();
        ends(1_000, Result.UNTOLD, null);
        assertThat(wait("smtp")).as("says nothing, so the next may go soon").isLessThan(Duration.ofSeconds(3));
        assertThat(breaker("smtp").opened()).isEqualTo(4);
    }

    @Test
    void ofSeveralThatAProbeIsAboutTheOneThatIsDownIsBlamed() throws Exception {
        define(of("smtp").failures(1), of("dns").failures(1));
        calls("smtp", 1, 1, 0);
        calls("dns", 1, 1, 0);
        almanac.pass(FIRST);
        assertThat(reserves(place)).isTrue();
        assertThat(begins(place, 1_000)).isTrue();
        ends(1_000, Result.DOWN, "dns");
        assertThat(breaker("dns").opened()).isEqualTo(2);
        assertThat(breaker("dns").lastError()).isEqualTo("still no");
        assertThat(breaker("smtp").opened()).isEqualTo(1);
        assertThat(breaker("smtp").lastError()).isEqualTo("no");
        assertThat(wait("smtp")).isLessThan(Duration.ofSeconds(3));
    }

    @Test
    void aProbeIsOneNodesAtATimeAndBegunByWhoReservedIt() throws Exception {
        Workplace other = hand.join();
        define(of("smtp").failures(1));
        calls("smtp", 1, 1, 0);
        assertThat(reserves(place)).as("not yet").isFalse();
        almanac.pass(FIRST);
        assertThat(reserves(place)).isTrue();
        assertThat(reserves(other)).isFalse();
        almanac.pass(Duration.ofSeconds(6));
        assertThat(reserves(other)).as("a reservation holds for five seconds").isTrue();
        assertThat(begins(place, 1_000)).isFalse();
        assertThat(begins(other, 1_001)).isTrue();
        assertThat(reserves(place)).isFalse();
        other.leave();
        assertThat(reserves(place)).as("with its epoch its probe ends").isTrue();
    }

    @Test
    void nobodyProbesWhatAPersonOpened() throws Exception {
        define(of("smtp").failures(1));
        hand.store().breakers().open("smtp", "ada");
        almanac.pass(Duration.ofDays(1));
        assertThat(reserves(place)).isFalse();
        assertThat(breaker("smtp").nextProbe()).isNull();
    }
}
