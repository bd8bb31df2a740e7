package dev.tidemill.testkit;

import static dev.tidemill.testkit.StoreHand.ids;
import static dev.tidemill.testkit.StoreHand.retry;
import static dev.tidemill.testkit.StoreHand.success;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemill.jobs.JobState;
import dev.tidemill.jobs.Limit;
import dev.tidemill.jobs.Priorities;
import dev.tidemill.jobs.store.ClaimedJob;
import dev.tidemill.jobs.store.Control.Changed;
import dev.tidemill.jobs.store.JobStore;
import dev.tidemill.jobs.store.Outcome;
import dev.tidemill.jobs.store.Workplace;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What every store owes to limits and rates. */
public abstract class LimitsContract {
    private static final String BY = "tester";

    private StoreHand hand;

    /** For the class that names the store. */
    protected LimitsContract() {}

    /** Opens the store under test, on a schema of its own. */
    protected abstract JobStore open();

    @BeforeEach
    void openStore() {
        hand = new StoreHand(open());
    }

    @AfterEach
    void closeStore() {
        hand.close();
    }

    private void limit(Limit limit) {
        hand.store().control().putLimit(limit, BY);
    }

    @Test
    void aQueueRunsNoMoreAtATimeThanItsLimitOverAllNodes() {
        limit(Limit.ofQueue(hand.queue()).concurrency(3));
        Workplace one = hand.join();
        Workplace other = hand.join();
        hand.add(10, hand.job());
        List<ClaimedJob> first = hand.claim(one, 2);
        List<ClaimedJob> second = hand.claim(other, 10);
        assertThat(first).hasSize(2);
        assertThat(second).hasSize(1);
        assertThat(hand.claim(one, 10)).isEmpty();
        one.finish(List.of(success(first.getFirst())), List.of(), List.of());
        assertThat(hand.claim(other, 10)).hasSize(1);
        assertThat(hand.claim(other, 10)).isEmpty();
    }

    @Test
    void manyClaimedAtOnceGiveAllTheirSlotsBack() {
        limit(Limit.ofQueue(hand.queue()).concurrency(150));
        Workplace place = hand.join();
        hand.add(320, hand.job());
        List<ClaimedJob> first = hand.claim(place, 200);
        assertThat(first).hasSize(150);
        assertThat(hand.claim(place, 200)).isEmpty();
        StoreHand.finish(place, first.stream().map(StoreHand::success).toArray(Outcome[]::new));
        assertThat(first).allSatisfy(job -> assertThat(hand.state(job.id())).isEqualTo(JobState.SUCCEEDED));
        assertThat(hand.claim(place, 200)).as("every slot is free again").hasSize(150);
    }

    @Test
    void nothingIsTakenAtOnceWhereThereIsARule() {
        Workplace place = hand.join();
        hand.claim(place, 1);
        assertThat(place.take(List.of(hand.job()))).hasSize(1);
        limit(Limit.ofQueue(hand.queue()).concurrency(1));
        assertThat(place.take(List.of(hand.job())))
                .as("the rules it remembers are no longer those")
                .isEmpty();
        hand.claim(place, 1);
        assertThat(place.take(List.of(hand.job()))).as("it has read them again").isEmpty();
        assertThat(hand.claimAll(hand.join())).as("nothing was written").isEmpty();
    }

    @Test
    void aJobFinishedTwiceGivesItsSlotBackOnce() {
        limit(Limit.ofQueue(hand.queue()).concurrency(1));
        Workplace place = hand.join();
        hand.add(3, hand.job());
        ClaimedJob job = hand.claimOne(place);
        StoreHand.finish(place, success(job));
        StoreHand.finish(place, success(job));
        assertThat(hand.claim(place, 10)).hasSize(1);
        StoreHand.finish(place, success(job));
        assertThat(hand.claim(place, 10)).isEmpty();
    }

    @Test
    void aFinishedJobFreesItsSlotWhileOthersOfTheSameClaimRun() {
        limit(Limit.ofQueue(hand.queue()).concurrency(5));
        Workplace place = hand.join();
        hand.add(20, hand.job());
        List<ClaimedJob> claimed = hand.claim(place, 20);
        assertThat(claimed).hasSize(5);
        place.finish(List.of(success(claimed.get(0)), success(claimed.get(3))), List.of(), List.of());
        assertThat(hand.claim(place, 20)).hasSize(2);
    }

    @Test
    void whatIsFinishedOfALargeClaimNoLongerCountsForItsKey() {
        countsWhatRuns(Limit.ofQueue(hand.queue()).concurrency(100).forEachKey());
    }

    @Test
    void whatIsFinishedOfALargeClaimNoLongerCountsForItsQueue() {
        countsWhatRuns(Limit.ofQueue(hand.queue()).concurrency(100));
    }

    @Test
    void whatIsFinishedOfALargeClaimNoLongerCountsForItsKind() {
        countsWhatRuns(Limit.ofKind(hand.kind()).concurrency(100));
    }

    @Test
    void whatIsFinishedOfALargeClaimNoLongerCountsForAKeyOfItsKind() {
        countsWhatRuns(Limit.ofKind(hand.kind()).concurrency(100).forEachKey());
    }

    /** Under a limit of 100: where there is room for all, and where there is not, what runs counts and nothing else. */
    private void countsWhatRuns(Limit limit) {
        limit(limit);
        Workplace place = hand.join();
        hand.add(400, hand.keyed(hand.job(), "k"));
        List<ClaimedJob> first = hand.claim(place, 60);
        assertThat(first).hasSize(60).as("there was room to spare").noneMatch(ClaimedJob::limited);
        assertThat(held(limit)).isEqualTo(60);
        place.finish(first.subList(0, 20).stream().map(StoreHand::success).toList(), List.of(), List.of());
        assertThat(held(limit)).isEqualTo(40);
        List<ClaimedJob> second = hand.claim(hand.join(), 300);
        assertThat(second).hasSize(60).as("there was not").allMatch(ClaimedJob::limited);
        assertThat(held(limit)).isEqualTo(100);
        assertThat(hand.claimAll(place)).isEmpty();
        place.finish(first.subList(20, 25).stream().map(StoreHand::success).toList(), List.of(), List.of());
        assertThat(hand.claimAll(place)).hasSize(5);
        place.giveBack(first.subList(25, 35));
        assertThat(held(limit)).isEqualTo(90);
        assertThat(hand.claimAll(hand.join())).hasSize(10);
        assertThat(hand.claimAll(place)).isEmpty();
    }

    private long held(Limit limit) {
        return hand.store().control().limits().stream()
                .filter(view -> view.limit().equals(limit))
                .findFirst()
                .orElseThrow()
                .held();
    }

    @Test
    void aKeyAtItsLimitHoldsNoOthersBackAndKeepsItsTurn() {
        Limit limit = Limit.ofQueue(hand.queue()).concurrency(30).forEachKey();
        limit(limit);
        Workplace place = hand.join();
        List<Long> busy = hand.add(100, hand.keyed(hand.job(), "busy"));
        List<ClaimedJob> running = hand.claim(place, 30);
        assertThat(ids(running)).containsExactlyInAnyOrderElementsOf(busy.subList(0, 30));
        assertThat(hand.claim(place, 30)).isEmpty();
        List<Long> others = hand.add(20, hand.keyed(hand.job(), "other"));
        assertThat(hand.claimAll(place)).containsExactlyInAnyOrderElementsOf(others);
        StoreHand.finish(place, running.stream().map(StoreHand::success).toArray(Outcome[]::new));
        assertThat(hand.claimAll(place)).containsExactlyInAnyOrderElementsOf(busy.subList(30, 60));
    }

    @Test
    void eachKeyHasALimitForItself() {
        limit(Limit.ofQueue(hand.queue()).concurrency(2).forEachKey());
        Workplace place = hand.join();
        List<Long> big = hand.add(300, hand.keyed(hand.job(), "big"));
        List<Long> small = hand.add(3, hand.keyed(hand.job(), "small"));
        List<Long> free = hand.add(4, hand.job());
        List<Long> claimed = hand.claimAll(place);
        assertThat(claimed)
                .hasSize(8)
                .containsAll(free)
                .containsAll(small.subList(0, 2))
                .containsAll(big.subList(0, 2));
        assertThat(hand.claim(place, 50)).isEmpty();
    }

    @Test
    void jobsOfAKeyStartInTheOrderOfTheirEnqueuesUnderALimitOfOne() {
        limit(Limit.ofQueue(hand.queue()).concurrency(1).forEachKey());
        Workplace place = hand.join();
        List<Long> added = new ArrayList<>();
        for (int i = 0; i < 6; i++) {
            added.addAll(hand.add(5, hand.keyed(hand.job(), "account")));
        }
        List<Long> started = new ArrayList<>();
        for (int i = 0; i < 30; i++) {
            ClaimedJob job = hand.claimOne(place);
            started.add(job.id());
            StoreHand.finish(place, success(job));
        }
        assertThat(started).isEqualTo(added);
    }

    @Test
    void aKindIsLimitedInAnyQueueAndOthersAreNot() {
        limit(Limit.ofKind(hand.kind()).concurrency(1));
        Workplace place = hand.join(Set.of(hand.kind(), hand.kind() + "b"), Priorities.standard());
        hand.add(5, hand.job());
        hand.add(5, hand.ofKind(hand.job(), hand.kind() + "b"));
        List<ClaimedJob> claimed = new ArrayList<>(hand.claim(place, 20));
        claimed.addAll(hand.claim(place, 20));
        assertThat(claimed.stream().map(ClaimedJob::kind).filter(hand.kind()::equals))
                .hasSize(1);
        assertThat(claimed).hasSize(6);
    }

    @Test
    void allLimitsOnAJobHold() {
        limit(Limit.ofQueue(hand.queue()).concurrency(4));
        limit(Limit.ofQueue(hand.queue()).concurrency(2).forEachKey());
        limit(Limit.ofKind(hand.kind()).concurrency(3));
        Workplace place = hand.join(Set.of(hand.kind(), hand.kind() + "b"), Priorities.standard());
        hand.add(9, hand.keyed(hand.job(), "a"));
        hand.add(9, hand.keyed(hand.ofKind(hand.job(), hand.kind() + "b"), "b"));
        hand.add(9, hand.keyed(hand.job(), "c"));
        List<ClaimedJob> claimed = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            claimed.addAll(hand.claim(place, 20));
        }
        assertThat(claimed).hasSize(4);
        assertThat(claimed.stream()
                        .map(ClaimedJob::kind)
                        .filter(hand.kind()::equals)
                        .count())
                .isLessThanOrEqualTo(3);
    }

    @Test
    void aRateLetsItsBurstThroughAndNoMore() {
        limit(Limit.ofQueue(hand.queue()).rate(5, Duration.ofHours(1)));
        Workplace place = hand.join();
        hand.add(20, hand.job());
        List<ClaimedJob> claimed = hand.claim(place, 20);
        assertThat(claimed).hasSize(5);
        claimed.forEach(job -> StoreHand.finish(place, success(job)));
        assertThat(hand.claim(place, 20)).isEmpty();
    }

    @Test
    void onlyJobsThatMayStartTakeTokensOfAllTheRatesThereAre() {
        limit(Limit.ofQueue(hand.queue()).rate(5, Duration.ofHours(1)).forEachKey());
        limit(Limit.ofKind(hand.kind()).rate(8, Duration.ofHours(1)));
        Workplace place = hand.join();
        hand.add(4, hand.keyed(hand.job(), "a"));
        assertThat(hand.claim(place, 20)).hasSize(4);
        hand.add(3, hand.keyed(hand.job(), "a"));
        hand.add(2, hand.keyed(hand.job(), "b"));
        assertThat(hand.claim(place, 20)).as("one of a, two of b").hasSize(3);
        hand.add(5, hand.keyed(hand.job(), "c"));
        assertThat(hand.claim(place, 20)).as("what the kind has left").hasSize(1);
        hand.add(5, hand.keyed(hand.job(), "d"));
        assertThat(hand.claim(place, 20)).isEmpty();
    }

    @Test
    void whatTheLimitOfAWholeQueueHoldsBackIsCounted() {
        Limit rate = Limit.ofQueue(hand.queue()).rate(5, Duration.ofHours(1));
        limit(rate);
        Workplace place = hand.join();
        hand.add(20, hand.job());
        assertThat(waiting(rate)).as("five of them may start").isEqualTo(15);
        assertThat(hand.claim(place, 20)).hasSize(5);
        assertThat(waiting(rate)).isEqualTo(15);
        Limit concurrency = Limit.ofQueue(hand.queue()).concurrency(18);
        limit(concurrency);
        assertThat(waiting(concurrency)).as("five run, thirteen may").isEqualTo(2);
        limit(Limit.ofQueue(hand.queue()).concurrency(1_000_000));
        assertThat(waiting(Limit.ofQueue(hand.queue()).concurrency(1_000_000))).isZero();
    }

    private long waiting(Limit limit) {
        return hand.store().control().limits().stream()
                .filter(view -> view.limit().equals(limit))
                .findFirst()
                .orElseThrow()
                .waiting();
    }

    @Test
    void tokensComeBackWithTime() {
        limit(Limit.ofQueue(hand.queue())
                .rate(1_000, Duration.ofSeconds(1))
                .burst(2)
                .forEachKey());
        Workplace place = hand.join();
        hand.add(40, hand.keyed(hand.job(), "k"));
        List<Long> claimed = new ArrayList<>();
        while (claimed.size() < 40) {
            List<ClaimedJob> jobs = hand.claim(place, 40);
            assertThat(jobs).hasSizeLessThanOrEqualTo(2);
            claimed.addAll(ids(jobs));
        }
        assertThat(claimed).doesNotHaveDuplicates();
    }

    @Test
    void whatADeadNodeHeldNoLongerCounts() {
        limit(Limit.ofQueue(hand.queue()).concurrency(2));
        hand.add(5, hand.keyed(hand.job(), "k"));
        Workplace dying = hand.join();
        assertThat(hand.claim(dying, 5)).hasSize(2);
        Workplace living = hand.join();
        assertThat(hand.claim(living, 5)).isEmpty();
        dying.leave();
        assertThat(hand.claim(living, 5)).hasSize(2);
    }

    @Test
    void aLimitCountsWhatRanBeforeItWasSet() {
        Workplace place = hand.join();
        hand.add(6, hand.keyed(hand.job(), "k"));
        assertThat(hand.claim(place, 2)).hasSize(2);
        limit(Limit.ofQueue(hand.queue()).concurrency(3).forEachKey());
        assertThat(hand.claim(place, 2)).hasSize(1);
        assertThat(hand.claim(place, 6)).isEmpty();
    }

    @Test
    void aRemovedLimitHoldsNothingBack() {
        Limit limit = Limit.ofQueue(hand.queue()).concurrency(1).forEachKey();
        limit(limit);
        Workplace place = hand.join();
        hand.add(10, hand.keyed(hand.job(), "k"));
        assertThat(hand.claim(place, 10)).hasSize(1);
        assertThat(hand.store().control().limits())
                .filteredOn(view -> view.limit().equals(limit))
                .allMatch(view -> view.waiting() == 9 && view.held() == 1 && view.waitingKeys() == 1)
                .hasSize(1);
        Changed changed = hand.store().control().removeLimit(limit, BY);
        assertThat(changed.done()).isTrue();
        changed.hints().forEach(place::hint);
        assertThat(hand.claim(place, 10)).hasSize(9);
        assertThat(hand.store().control().removeLimit(limit, BY).done()).isFalse();
    }

    @Test
    void retriesOfLimitedJobsKeepTheirKey() {
        limit(Limit.ofQueue(hand.queue()).concurrency(1).forEachKey());
        Workplace place = hand.join();
        hand.add(2, hand.keyed(hand.job(), "k"));
        ClaimedJob job = hand.claimOne(place);
        StoreHand.finish(place, retry(job, Duration.ZERO, true)).forEach(place::hint);
        hand.store().upkeep().moveDue().hints().forEach(place::hint);
        assertThat(hand.claim(place, 5)).hasSize(1);
        assertThat(hand.claim(place, 5)).isEmpty();
    }

    @Test
    void whatIsGivenBackNoLongerCountsAndKeepsItsKey() {
        limit(Limit.ofQueue(hand.queue()).concurrency(2).forEachKey());
        Workplace place = hand.join();
        hand.add(3, hand.keyed(hand.job(), "k"));
        List<ClaimedJob> claimed = hand.claim(place, 3);
        place.giveBack(claimed);
        assertThat(hand.claim(hand.join(), 3)).hasSize(2);
    }
}
