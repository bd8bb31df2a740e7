package dev.tidemill.testkit;

import static dev.tidemill.testkit.StoreHand.dead;
import static dev.tidemill.testkit.StoreHand.finish;
import static dev.tidemill.testkit.StoreHand.ids;
import static dev.tidemill.testkit.StoreHand.retry;
import static dev.tidemill.testkit.StoreHand.success;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tidemill.jobs.AttemptOutcome;
import dev.tidemill.jobs.AttemptView;
import dev.tidemill.jobs.JobState;
import dev.tidemill.jobs.LeaseView;
import dev.tidemill.jobs.Leases.Revoked;
import dev.tidemill.jobs.Priorities;
import dev.tidemill.jobs.Priority;
import dev.tidemill.jobs.QueuePage;
import dev.tidemill.jobs.Stats;
import dev.tidemill.jobs.Stats.LaneStats;
import dev.tidemill.jobs.store.ClaimedJob;
import dev.tidemill.jobs.store.Desk;
import dev.tidemill.jobs.store.EpochClosedException;
import dev.tidemill.jobs.store.Hint;
import dev.tidemill.jobs.store.JobStore;
import dev.tidemill.jobs.store.LeaseBook;
import dev.tidemill.jobs.store.Outcome;
import dev.tidemill.jobs.store.Tally;
import dev.tidemill.jobs.store.Upkeep.Rescued;
import dev.tidemill.jobs.store.Workplace;
import dev.tidemill.jobs.store.Workplace.Settled;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What every job store owes to the epochs of its nodes: while they live, and when they are closed. */
public abstract class EpochContract {
    private static final Duration LONG = Duration.ofHours(1);

    private StoreHand hand;

    /** For the class that names the store. */
    protected EpochContract() {}

    /** Opens the store under test. */
    protected abstract JobStore open();

    /** Opens a connection that a handler's transaction may use. */
    protected abstract Connection connect() throws SQLException;

    @BeforeEach
    final void openStore() {
        hand = new StoreHand(open());
    }

    @AfterEach
    final void closeStore() {
        hand.close();
    }

    private List<AttemptOutcome> outcomes(long id) {
        return hand.store().desk().job(id).orElseThrow().attempts().stream()
                .map(AttemptView::outcome)
                .toList();
    }

    @Test
    void finishingTwiceRetriesNothingTwice() {
        Workplace place = hand.join();
        hand.add(2, hand.job());
        List<ClaimedJob> both = hand.claim(place, 2);
        Outcome[] flush = {retry(both.getFirst(), Duration.ZERO, true), dead(both.getLast())};
        assertThat(finish(place, flush)).hasSize(1);
        assertThat(finish(place, flush)).isEmpty();
        assertThat(ids(hand.claim(place, 10))).containsExactly(both.getFirst().id());
        assertThat(hand.store()
                        .desk()
                        .replay(List.of(both.getLast().id()), Priorities.standard(), "tester")
                        .ids())
                .hasSize(1);
        assertThat(finish(place, flush)).isEmpty();
        assertThat(ids(hand.claim(place, 10))).containsExactly(both.getLast().id());
    }

    @Test
    void aRetryIsAnnounced() {
        Workplace place = hand.join();
        hand.add(2, hand.job());
        List<ClaimedJob> both = hand.claim(place, 2);
        List<Hint> hints =
                finish(place, retry(both.getFirst(), Duration.ZERO, true), retry(both.getLast(), LONG, true));
        assertThat(hints).hasSize(2).extracting(Hint::queue).containsOnly(hand.queue());
        assertThat(hints).extracting(hint -> hint.dueMicros() > 0).containsExactlyInAnyOrder(true, false);
    }

    @Test
    void whatIsGivenBackIsReadyAsItWas() {
        Workplace place = hand.join();
        hand.add(4, hand.job());
        List<ClaimedJob> claimed = hand.claim(place, 4);
        List<ClaimedJob> untouched = claimed.subList(1, 3);
        place.giveBack(untouched);
        place.giveBack(untouched);
        assertThat(hand.state(claimed.get(1).id())).isEqualTo(JobState.READY);
        assertThat(hand.state(claimed.get(0).id())).isEqualTo(JobState.RUNNING);
        Workplace other = hand.join();
        List<ClaimedJob> again = hand.claim(other, 10);
        assertThat(ids(again)).containsExactlyInAnyOrderElementsOf(ids(untouched));
        assertThat(again).allMatch(job -> job.attempt() == 1 && job.failures() == 0);
        assertThat(again)
                .extracting(ClaimedJob::startByMicros)
                .containsExactlyInAnyOrderElementsOf(
                        untouched.stream().map(ClaimedJob::startByMicros).toList());
        finish(place, success(claimed.get(0)), success(claimed.get(3)));
        assertThat(hand.state(claimed.get(3).id())).isEqualTo(JobState.SUCCEEDED);
    }

    @Test
    void aLeaseThatTheNodeDoesNotKnowIsReturned() {
        Workplace place = hand.join();
        hand.add(3, hand.job());
        ClaimedJob known = hand.claimOne(place);
        List<ClaimedJob> lost = hand.claim(place, 2);
        assertThat(place.reconcile(Set.of(known.lease()))).isEqualTo(1);
        assertThat(place.reconcile(Set.of(known.lease()))).isZero();
        List<ClaimedJob> again = hand.claim(place, 10);
        assertThat(ids(again)).containsExactlyInAnyOrderElementsOf(ids(lost));
        assertThat(again).as("nobody ran them").allMatch(job -> job.attempt() == 1);
    }

    @Test
    void whatIsFinishedInAnUnknownLeaseStaysFinished() {
        Workplace place = hand.join();
        hand.add(2, hand.job());
        List<ClaimedJob> both = hand.claim(place, 2);
        place.finish(List.of(success(both.getFirst())), List.of(), List.of());
        assertThat(place.reconcile(Set.of())).isEqualTo(1);
        assertThat(ids(hand.claim(place, 10))).containsExactly(both.getLast().id());
    }

    @Test
    void completeCommitsAndRollsBackWithTheCaller() throws SQLException {
        Workplace place = hand.join();
        hand.add(2, hand.job());
        List<ClaimedJob> both = hand.claim(place, 2);
        try (Connection connection = connect()) {
            connection.setAutoCommit(false);
            assertThat(place.complete(connection, both.getFirst(), 1)).isTrue();
            assertThat(place.complete(connection, both.getFirst(), 1))
                    .as("once")
                    .isFalse();
            connection.commit();
            assertThat(place.complete(connection, both.getLast(), 1)).isTrue();
            connection.rollback();
        }
        assertThat(place.settle(retry(both.getFirst(), Duration.ZERO, true))).isEqualTo(Settled.COMPLETED);
        assertThat(place.settle(retry(both.getLast(), Duration.ZERO, true))).isEqualTo(Settled.WRITTEN);
        assertThat(hand.state(both.getFirst().id())).isEqualTo(JobState.SUCCEEDED);
        assertThat(hand.claimOne(place).id()).isEqualTo(both.getLast().id());
        assertThat(hand.claim(place, 10)).isEmpty();
    }

    @Test
    void aCompletionThatIsStillOpenIsNotJudged() throws SQLException {
        Workplace place = hand.join();
        hand.add(hand.job());
        ClaimedJob job = hand.claimOne(place);
        try (Connection connection = connect()) {
            connection.setAutoCommit(false);
            place.complete(connection, job, 1);
            assertThat(place.settle(retry(job, Duration.ZERO, true))).isEqualTo(Settled.OPEN);
            connection.commit();
        }
        assertThat(place.settle(retry(job, Duration.ZERO, true))).isEqualTo(Settled.COMPLETED);
        assertThat(hand.claim(place, 10)).isEmpty();
    }

    @Test
    void aClosedEpochWritesNothing() throws SQLException {
        Workplace place = hand.join();
        hand.add(3, hand.job());
        List<ClaimedJob> claimed = hand.claim(place, 2);
        place.leave();
        assertThatThrownBy(() -> hand.claim(place, 1)).isInstanceOf(EpochClosedException.class);
        assertThatThrownBy(() -> finish(place, success(claimed.getFirst()))).isInstanceOf(EpochClosedException.class);
        assertThatThrownBy(() -> finish(place, dead(claimed.getLast()))).isInstanceOf(EpochClosedException.class);
        assertThatThrownBy(() -> place.giveBack(claimed)).isInstanceOf(EpochClosedException.class);
        assertThatThrownBy(() -> place.reconcile(Set.of())).isInstanceOf(EpochClosedException.class);
        assertThatThrownBy(() -> place.heartbeat(0, List.of())).isInstanceOf(EpochClosedException.class);
        try (Connection connection = connect()) {
            connection.setAutoCommit(false);
            assertThat(place.complete(connection, claimed.getFirst(), 1)).isFalse();
            connection.commit();
        }
        assertThat(outcomes(claimed.getFirst().id())).containsExactly(AttemptOutcome.RELEASED);
        assertThat(hand.store().desk().deadLetters(Long.MAX_VALUE, 0, 1000))
                .noneMatch(letter -> letter.jobId() == claimed.getLast().id());
        assertThat(hand.claim(hand.join(), 10)).hasSize(3);
    }

    /** The rules for claims are known from a claim on. */
    private Workplace atRest() {
        Workplace place = hand.join();
        assertThat(hand.claim(place, 10)).isEmpty();
        return place;
    }

    @Test
    void whatIsTakenAtOnceIsInTheNodesHandsAndInNobodyElses() {
        Workplace place = atRest();
        List<ClaimedJob> taken = place.take(List.of(hand.job(), hand.job()));
        assertThat(taken)
                .hasSize(2)
                .allMatch(job -> job.attempt() == 1 && job.kind().equals(hand.kind()));
        assertThat(taken)
                .extracting(ClaimedJob::lease)
                .containsOnly(taken.getFirst().lease());
        assertThat(hand.state(taken.getFirst().id())).isEqualTo(JobState.RUNNING);
        assertThat(hand.claim(place, 10)).isEmpty();
        assertThat(hand.claim(hand.join(), 10)).isEmpty();
        finish(place, success(taken.getFirst()), retry(taken.getLast(), Duration.ZERO, true));
        assertThat(hand.state(taken.getFirst().id())).isEqualTo(JobState.SUCCEEDED);
        assertThat(ids(hand.claim(place, 10))).containsExactly(taken.getLast().id());
    }

    @Test
    void whatWasTakenAtOnceRunsElsewhereWhenItsNodeDies() {
        Workplace dying = atRest();
        ClaimedJob taken = dying.take(List.of(hand.job())).getFirst();
        hand.store().upkeep().rescue(Duration.ZERO, Duration.ZERO);
        assertThatThrownBy(() -> finish(dying, success(taken))).isInstanceOf(EpochClosedException.class);
        assertThat(ids(hand.claim(hand.join(), 10))).containsExactly(taken.id());
        assertThat(outcomes(taken.id())).containsExactly(AttemptOutcome.LOST);
    }

    @Test
    void aClosedEpochTakesNothing() {
        Workplace place = atRest();
        place.leave();
        assertThatThrownBy(() -> place.take(List.of(hand.job()))).isInstanceOf(EpochClosedException.class);
        assertThat(hand.claim(hand.join(), 10)).as("nothing was written").isEmpty();
    }

    @Test
    void whoHoldsWhatIsListed() {
        Workplace place = hand.join();
        List<Long> added = hand.add(3, hand.job());
        hand.add(hand.ofKind(hand.job(), "other-" + hand.kind()));
        List<ClaimedJob> claimed = hand.claim(place, 3);
        place.finish(List.of(success(claimed.getFirst())), List.of(), List.of());
        assertThat(held()).singleElement().satisfies(held -> {
            assertThat(held.node()).isEqualTo("node-0");
            assertThat(held.host()).isEqualTo("here");
            assertThat(held.state()).isEqualTo(LeaseView.State.LIVING);
            assertThat(held.jobs()).isEqualTo(2);
            assertThat(held.ids()).isEqualTo(added.subList(1, 3));
            assertThat(held.claimedAt()).isBeforeOrEqualTo(held.heartbeatAt().plusSeconds(60));
        });
        finish(place, success(claimed.get(1)), success(claimed.get(2)));
        assertThat(held()).isEmpty();
    }

    private List<LeaseView> held() {
        return hand.store().leases().list().stream()
                .filter(lease -> lease.kind().equals(hand.kind()))
                .toList();
    }

    @Test
    void whatIsTakenFromANodeThatHangsRunsElsewhereAndItsLateFinishChangesNothing() throws SQLException {
        Workplace stuck = hand.join();
        hand.add(4, hand.job());
        List<ClaimedJob> claimed = hand.claim(stuck, 4);
        stuck.finish(List.of(success(claimed.get(3))), List.of(), List.of());
        long epoch = held().getFirst().epoch();
        LeaseBook.Done done = hand.store().leases().revoke(Long.toString(epoch), "tester", "hangs");
        assertThat(done.epochs()).containsExactly(new Revoked("node-0", epoch, 3, true));
        assertThat(done.hints()).singleElement().matches(hint -> hint.queue().equals(hand.queue()));
        assertThat(held()).isEmpty();

        List<ClaimedJob> again = hand.claim(hand.join(), 10);
        assertThat(ids(again)).containsExactlyInAnyOrderElementsOf(ids(claimed.subList(0, 3)));
        assertThat(again).as("not its fault").allMatch(job -> job.attempt() == 2 && job.failures() == 0);
        assertThatThrownBy(() -> finish(stuck, success(claimed.get(0)))).isInstanceOf(EpochClosedException.class);
        assertThatThrownBy(() -> finish(stuck, dead(claimed.get(1)))).isInstanceOf(EpochClosedException.class);
        assertThatThrownBy(() -> stuck.giveBack(claimed)).isInstanceOf(EpochClosedException.class);
        assertThatThrownBy(() -> stuck.heartbeat(0, List.of())).isInstanceOf(EpochClosedException.class);
        try (Connection connection = connect()) {
            connection.setAutoCommit(false);
            assertThat(stuck.complete(connection, claimed.get(2), 1)).isFalse();
            connection.commit();
        }
        for (ClaimedJob job : claimed.subList(0, 3)) {
            assertThat(outcomes(job.id())).containsExactly(AttemptOutcome.RELEASED);
            assertThat(hand.state(job.id())).isEqualTo(JobState.RUNNING);
        }
        assertThat(hand.state(claimed.get(3).id())).isEqualTo(JobState.SUCCEEDED);
    }

    @Test
    void takingFromANodeIsAuditedAndNobodyIsKnownByAnotherName() {
        hand.join();
        hand.add(hand.job());
        assertThat(hand.store()
                        .leases()
                        .revoke("nobody-" + hand.kind(), "tester", "")
                        .epochs())
                .isEmpty();
        hand.store().leases().revoke("node-0", "tester", "hangs");
        assertThat(hand.store().auditTrail().lines(Long.MAX_VALUE, 10, "break leases", "NODE node-0"))
                .isNotEmpty()
                .allMatch(line -> line.by().equals("tester") && line.detail().matches("epoch \\d+, hangs"));
    }

    @Test
    void whatEndedIsTold() {
        Workplace place = hand.join();
        hand.add(3, hand.job());
        ClaimedJob early = hand.claimOne(place);
        Desk.Ended before = hand.store().desk().ended(Long.MAX_VALUE, List.of(), 10);
        assertThat(before.attempts()).isEmpty();
        assertThat(before.openLeases()).contains(early.lease());
        assertThat(before.newestLease()).isGreaterThanOrEqualTo(early.lease());
        List<ClaimedJob> late = hand.claim(place, 2);
        finish(place, success(late.getFirst()), dead(late.getLast()));
        finish(place, success(early));
        Desk.Ended after = hand.store().desk().ended(before.newestLease(), before.openLeases(), 10);
        assertThat(after.attempts())
                .extracting(ended -> ended.attempt().jobId())
                .containsExactlyInAnyOrder(
                        early.id(), late.getFirst().id(), late.getLast().id());
        assertThat(after.attempts()).extracting(ended -> ended.attempt().kind()).containsOnly(hand.kind());
        assertThat(after.openLeases()).doesNotContain(early.lease());
    }

    @Test
    void leavingReturnsWhatWasNotFinished() {
        Workplace place = hand.join();
        hand.add(3, hand.job());
        List<ClaimedJob> claimed = hand.claim(place, 3);
        place.finish(List.of(success(claimed.getFirst())), List.of(), List.of());
        place.leave();
        place.leave();
        List<ClaimedJob> again = hand.claim(hand.join(), 10);
        assertThat(ids(again)).containsExactlyInAnyOrderElementsOf(ids(claimed.subList(1, 3)));
        assertThat(again).allMatch(job -> job.attempt() == 2 && job.failures() == 0);
    }

    @Test
    void aRescueReturnsExactlyWhatNoAttemptCovers() throws SQLException {
        Workplace dying = hand.join();
        List<Long> added = hand.add(6, hand.job());
        List<ClaimedJob> claimed = hand.claim(dying, 5);
        dying.finish(
                List.of(success(claimed.get(0)), retry(claimed.get(1), LONG, true), dead(claimed.get(2))),
                List.of(),
                List.of());
        try (Connection connection = connect()) {
            connection.setAutoCommit(false);
            dying.complete(connection, claimed.get(3), 1);
            connection.commit();
        }
        Rescued rescued = hand.store().upkeep().rescue(Duration.ZERO, Duration.ZERO);
        assertThat(rescued.nodes()).isPositive();
        assertThat(rescued.hints()).anyMatch(hint -> hint.queue().equals(hand.queue()));
        Set<Long> lost = Set.of(claimed.get(4).id());
        assertThat(Set.copyOf(ids(hand.claim(hand.join(), 10))))
                .isEqualTo(added.stream()
                        .filter(id -> lost.contains(id) || !ids(claimed).contains(id))
                        .collect(Collectors.toSet()));
        assertThat(outcomes(claimed.get(4).id())).containsExactly(AttemptOutcome.LOST);
        assertThat(hand.state(claimed.get(3).id())).isEqualTo(JobState.SUCCEEDED);
        assertThat(hand.store().upkeep().rescue(LONG, LONG).nodes()).isZero();
    }

    @Test
    void aNodeThatSaysThatItLivesIsLeftAlone() {
        Workplace place = hand.join();
        hand.add(hand.job());
        ClaimedJob job = hand.claimOne(place);
        place.heartbeat(1, List.of());
        hand.store().upkeep().rescue(LONG, LONG);
        finish(place, success(job));
        assertThat(hand.state(job.id())).isEqualTo(JobState.SUCCEEDED);
    }

    @Test
    void statsTellDepthsTalliesNodesAndWhatNobodyHandles() {
        Workplace place = hand.join();
        hand.add(7, hand.job(Priority.LOW, Duration.ofMinutes(-1)));
        hand.add(2, hand.delayed(hand.job(Priority.LOW, LONG), LONG));
        hand.add(3, hand.ofKind(hand.job(), hand.kind() + "-unknown"));
        finish(place, success(hand.claimOne(place)));
        place.heartbeat(5, List.of(new Tally(hand.queue(), Priority.LOW, hand.kind(), 1, 2, 1, 2, 300)));
        hand.store().upkeep().rollUp(Duration.ZERO);
        Stats stats = hand.store().desk().stats(QueuePage.ALL);
        LaneStats low = lane(stats, Priority.LOW);
        assertThat(low.ready()).isEqualTo(6);
        assertThat(low.overdue()).isEqualTo(6);
        assertThat(low.scheduled()).isEqualTo(2);
        assertThat(low.late()).isGreaterThanOrEqualTo(Duration.ofMinutes(1));
        LaneStats medium = lane(stats, Priority.MEDIUM);
        assertThat(List.of(medium.ready(), medium.overdue(), medium.scheduled()))
                .as("in time")
                .containsExactly(3L, 0L, 0L);
        assertThat(List.of(low.succeeded(), low.failed(), low.met(), low.missed()))
                .containsExactly(1L, 2L, 1L, 2L);
        assertThat(stats.nodes()).anyMatch(node -> node.epoch() == place.epoch() && node.running() == 5);
        assertThat(stats.unhandled())
                .anyMatch(waiting -> waiting.kind().equals(hand.kind() + "-unknown") && waiting.ready() == 3)
                .noneMatch(waiting -> waiting.kind().equals(hand.kind()));
        hand.add(4, hand.job(Priority.LOW, Duration.ofMinutes(-1)));
        Stats again = hand.store().desk().stats(QueuePage.ALL);
        assertThat(lane(again, Priority.LOW).ready())
                .as("as last counted: who asks counts nothing")
                .isEqualTo(6);
        assertThat(again.depthsAt()).isEqualTo(stats.depthsAt());
        // Counting takes its share of the time, so the next count may not be due at once.
        long end = System.nanoTime() + Duration.ofSeconds(30).toNanos();
        while (stats.depthsAt().equals(again.depthsAt()) && System.nanoTime() - end < 0) {
            hand.store().upkeep().rollUp(Duration.ZERO);
            again = hand.store().desk().stats(QueuePage.ALL);
        }
        assertThat(lane(again, Priority.LOW).ready()).isEqualTo(10);
    }

    private LaneStats lane(Stats stats, Priority priority) {
        return stats.queues().stream()
                .filter(line -> line.queue().equals(hand.queue()))
                .flatMap(line -> line.lanes().stream())
                .filter(line -> line.priority() == priority)
                .findFirst()
                .orElseThrow();
    }
}
