package dev.tidemill.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tidemill.jobs.AttemptView;
import dev.tidemill.jobs.JobState;
import dev.tidemill.jobs.store.ClaimedJob;
import dev.tidemill.jobs.store.EpochClosedException;
import dev.tidemill.jobs.store.Workplace;
import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.StoreHand;
import dev.tidemill.testkit.TestDatabase;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** How long a node is remembered after its end, and that nothing depends on it afterwards. */
@ExtendWith(FreshSchema.class)
final class ClosedEpochsTest {
    private static final Duration YEAR = Duration.ofDays(365);

    private final TestDatabase database;
    private Almanac almanac;
    private StoreHand hand;

    ClosedEpochsTest(TestDatabase database) {
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

    private void prune() throws Exception {
        // Between two counts has to be more time than the last one took.
        almanac.pass(Duration.ofMinutes(1));
        hand.store().upkeep().rollUp(Duration.ZERO);
    }

    private boolean isRemembered(Workplace place) throws Exception {
        return almanac.sql().number("select count(*) from {schema}.node where epoch = " + place.epoch()) == 1;
    }

    private ClaimedJob succeed(Workplace place) {
        hand.add(hand.job());
        ClaimedJob job = hand.claimOne(place);
        StoreHand.finish(place, StoreHand.success(job));
        return job;
    }

    @Test
    void itLeavesWithTheLastOfItsAttemptsAndNotBefore() throws Exception {
        Workplace gone = hand.join();
        Workplace alive = hand.join();
        ClaimedJob job = succeed(gone);
        succeed(alive);
        gone.leave();
        for (int day = 0; day < 7; day++) {
            almanac.day();
            prune();
            assertThat(hand.store().desk().job(job.id()).orElseThrow().attempts())
                    .as("day %s", day)
                    .extracting(AttemptView::node)
                    .containsExactly("node-0");
            assertThat(isRemembered(gone)).isTrue();
        }
        almanac.passHistory();
        prune();
        assertThat(hand.store().desk().job(job.id())).isEmpty();
        assertThat(isRemembered(gone)).isFalse();
        assertThat(almanac.sql().number("select count(*) from {schema}.closing where epoch = " + gone.epoch()))
                .isZero();
        assertThat(isRemembered(alive)).as("alive, however old").isTrue();
        succeed(alive);
    }

    @Test
    void itStaysAsLongAsAnAttemptOfItIsKept() throws Exception {
        Workplace gone = hand.join();
        long waiting = hand.add(hand.job());
        StoreHand.finish(gone, StoreHand.retry(hand.claimOne(gone), Duration.ofDays(40), true));
        gone.leave();
        almanac.passHistory();
        almanac.passHistory();
        prune();
        assertThat(almanac.isKept(waiting)).isTrue();
        assertThat(isRemembered(gone)).isTrue();
        assertThat(hand.store().desk().job(waiting).orElseThrow().attempts())
                .extracting(AttemptView::node)
                .containsExactly("node-0");
        almanac.pass(Duration.ofDays(40));
        hand.store().upkeep().moveDue();
        Workplace next = hand.join();
        StoreHand.finish(next, StoreHand.success(hand.claimOne(next)));
        almanac.passHistory();
        almanac.passHistory();
        prune();
        assertThat(hand.store().desk().job(waiting)).isEmpty();
        assertThat(isRemembered(gone)).isFalse();
    }

    @Test
    void oneThatWasOnlyFrozenCanDoNothingWhenItWakesUpAndFindsItselfForgotten() throws Exception {
        Workplace frozen = hand.join();
        long id = hand.add(hand.job());
        ClaimedJob held = hand.claimOne(frozen);
        hand.store().upkeep().rescue(Duration.ZERO, Duration.ZERO);
        Workplace next = hand.join();
        ClaimedJob again = hand.claimOne(next);
        assertThat(again.id()).isEqualTo(id);
        almanac.passHistory();
        prune();
        assertThat(isRemembered(frozen))
                .as("a job of its is still to come to an end")
                .isTrue();
        StoreHand.finish(next, StoreHand.success(again));
        almanac.passHistory();
        almanac.passHistory();
        prune();
        assertThat(isRemembered(frozen)).isFalse();
        long other = hand.add(hand.job());
        assertThatThrownBy(() -> StoreHand.finish(frozen, StoreHand.dead(held)))
                .isInstanceOf(EpochClosedException.class);
        assertThatThrownBy(() -> hand.claim(frozen, 1)).isInstanceOf(EpochClosedException.class);
        assertThatThrownBy(() -> frozen.heartbeat(0, List.of())).isInstanceOf(EpochClosedException.class);
        frozen.leave();
        assertThat(isRemembered(frozen)).isFalse();
        assertThat(hand.state(other)).isEqualTo(JobState.READY);
        almanac.pass(YEAR);
        prune();
        assertThat(almanac.sql().number("select count(*) from {schema}.closing where epoch = " + frozen.epoch()))
                .as("what it left when it went")
                .isZero();
    }

    @Test
    void manyLeaveInPiecesAndOneThatAnOlderProgramEndedLeavesToo() throws Exception {
        almanac.sql()
                .run("insert into {schema}.node (name, host, pid, kinds, queues, started, heartbeat, ended)"
                        + " select 'old-' || g, 'here', g, '{}', '{}', 1, 1, 1 from generate_series(1, 1200) g");
        prune();
        assertThat(old()).as("nobody knows yet what they claimed").isEqualTo(1_200);
        Workplace alive = hand.join();
        succeed(alive);
        almanac.passHistory();
        for (int piece = 0; piece < 6; piece++) {
            prune();
        }
        assertThat(old()).isZero();
        assertThat(isRemembered(alive)).isTrue();
    }

    private long old() throws Exception {
        return almanac.sql().number("select count(*) from {schema}.node where name like 'old-%'");
    }
}
