package dev.tidemill.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemill.jobs.Cancellation;
import dev.tidemill.jobs.JobState;
import dev.tidemill.jobs.Limit;
import dev.tidemill.jobs.Priorities;
import dev.tidemill.jobs.Priority;
import dev.tidemill.jobs.Steered;
import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.StoreHand;
import dev.tidemill.testkit.TestDatabase;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** What a person decides about jobs that are older than history, and how long it is remembered. */
@ExtendWith(FreshSchema.class)
final class SteeringHistoryTest {
    private static final Duration YEARS = Duration.ofDays(730);

    private final TestDatabase database;
    private Almanac almanac;
    private StoreHand hand;

    SteeringHistoryTest(TestDatabase database) {
        this.database = database;
    }

    @BeforeEach
    void open() throws Exception {
        almanac = new Almanac(database);
        hand = almanac.hand();
    }

    @AfterEach
    void close() {
        almanac.close();
    }

    @Test
    void aJobWhoseBodyWasKeptIsCancelledAndGivenAnotherPriority() throws Exception {
        long later = hand.add(hand.delayed(hand.job(), YEARS));
        long ready = hand.add(hand.ofKind(hand.job(), "nobody"));
        almanac.passHistory();
        assertThat(almanac.isKept(later)).isTrue();
        assertThat(almanac.isKept(ready)).isTrue();
        assertThat(hand.store()
                        .actions()
                        .prioritize(later, Priority.HIGH, Priorities.standard(), "ada")
                        .said())
                .isEqualTo(Steered.DONE);
        assertThat(hand.store().desk().job(later).orElseThrow().priority()).isEqualTo(Priority.HIGH);
        assertThat(hand.store().control().cancel(later, "ada")).isEqualTo(Cancellation.CANCELLED);
        assertThat(hand.store().control().cancel(ready, "ada")).isEqualTo(Cancellation.WILL_NOT_START);
        assertThat(List.of(later, ready)).allMatch(id -> hand.state(id) == JobState.CANCELLED);
    }

    @Test
    void theAuditTrailForgetsAfterFourHundredDaysAndNotBefore() throws Exception {
        hand.store().control().putLimit(Limit.ofQueue("old").concurrency(1), "ada");
        almanac.pass(Duration.ofDays(399));
        hand.store().control().putLimit(Limit.ofQueue("new").concurrency(1), "ada");
        hand.store().upkeep().rollUp(Duration.ZERO);
        assertThat(lines()).isEqualTo(2);
        almanac.pass(Duration.ofDays(2));
        hand.store().upkeep().rollUp(Duration.ZERO);
        assertThat(lines()).isEqualTo(1);
    }

    private int lines() {
        return hand.store().auditTrail().lines(Long.MAX_VALUE, 10, null, null).size();
    }
}
