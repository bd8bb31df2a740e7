package dev.tidemill.testkit;

import static dev.tidemill.testkit.StoreHand.ids;
import static dev.tidemill.testkit.StoreHand.retry;
import static dev.tidemill.testkit.StoreHand.success;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemill.jobs.Cancellation;
import dev.tidemill.jobs.JobState;
import dev.tidemill.jobs.Limit;
import dev.tidemill.jobs.Pause;
import dev.tidemill.jobs.Priorities;
import dev.tidemill.jobs.store.ClaimedJob;
import dev.tidemill.jobs.store.Control.Changed;
import dev.tidemill.jobs.store.JobStore;
import dev.tidemill.jobs.store.Workplace;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What every store owes to those who steer claims by hand: pauses and cancelling. */
public abstract class ControlContract {
    private static final String BY = "tester";

    private StoreHand hand;

    /** For the class that names the store. */
    protected ControlContract() {}

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

    @Test
    void pausedQueuesAndKindsDoNotStartAndRunOnceResumed() {
        Workplace place = hand.join(Set.of(hand.kind(), hand.kind() + "b"), Priorities.standard());
        hand.add(2, hand.job());
        hand.add(2, hand.ofKind(hand.job(), hand.kind() + "b"));
        assertThat(hand.store().control().pause(Pause.Scope.KIND, hand.kind(), BY, "why"))
                .isTrue();
        assertThat(hand.store().control().pause(Pause.Scope.KIND, hand.kind(), BY, "why"))
                .isFalse();
        List<ClaimedJob> claimed = hand.claim(place, 1);
        assertThat(claimed).extracting(ClaimedJob::kind).containsOnly(hand.kind() + "b");
        hand.store().control().pause(Pause.Scope.QUEUE, hand.queue(), BY, "");
        assertThat(hand.claim(place, 10)).isEmpty();
        assertThat(hand.store().control().pauses()).hasSize(2);
        hand.store().control().resume(Pause.Scope.QUEUE, hand.queue(), BY);
        assertThat(hand.claim(place, 10)).hasSize(1);
        assertThat(hand.store()
                        .control()
                        .resume(Pause.Scope.KIND, hand.kind(), BY)
                        .done())
                .isTrue();
        assertThat(hand.store()
                        .control()
                        .resume(Pause.Scope.KIND, hand.kind(), BY)
                        .done())
                .isFalse();
        assertThat(hand.claim(place, 10)).hasSize(2);
    }

    @Test
    void everythingCanBePaused() {
        Workplace place = hand.join();
        hand.add(2, hand.job());
        hand.store().control().pause(Pause.Scope.EVERYTHING, Pause.ALL, BY, "");
        assertThat(hand.claim(place, 10)).isEmpty();
        hand.store().control().resume(Pause.Scope.EVERYTHING, Pause.ALL, BY);
        assertThat(hand.claim(place, 10)).hasSize(2);
    }

    @Test
    void aPausedKeyHoldsItsJobsBackAndNoOthers() {
        Workplace place = hand.join();
        List<Long> held = hand.add(200, hand.keyed(hand.job(), "tenant"));
        List<Long> others = hand.add(5, hand.keyed(hand.job(), "other"));
        List<Long> plain = hand.add(5, hand.job());
        hand.store().control().pause(Pause.Scope.KEY, "tenant", BY, "");
        List<Long> claimed = hand.claimAll(place);
        assertThat(claimed).containsAll(others).containsAll(plain).hasSize(10);
        Changed resumed = hand.store().control().resume(Pause.Scope.KEY, "tenant", BY);
        resumed.hints().forEach(place::hint);
        Set<Long> then = hand.claim(place, 500).stream().map(ClaimedJob::id).collect(Collectors.toSet());
        assertThat(then).containsExactlyInAnyOrderElementsOf(held);
    }

    @Test
    void aCancelledJobDoesNotStartWhereverItWaits() {
        hand.store()
                .control()
                .putLimit(Limit.ofQueue(hand.queue()).concurrency(1).forEachKey(), BY);
        Workplace place = hand.join();
        long ready = hand.add(hand.job());
        long scheduled = hand.add(hand.delayed(hand.job(), Duration.ofMillis(1)));
        hand.add(hand.keyed(hand.job(), "k"));
        assertThat(hand.store().control().cancel(ready, BY)).isEqualTo(Cancellation.WILL_NOT_START);
        assertThat(hand.state(ready)).isEqualTo(JobState.CANCELLED);
        assertThat(hand.store().control().cancel(scheduled, BY)).isEqualTo(Cancellation.CANCELLED);
        assertThat(hand.claim(place, 10)).hasSize(1);
        long parked = hand.add(hand.keyed(hand.job(), "k"));
        assertThat(hand.claim(place, 10)).isEmpty();
        assertThat(hand.store().control().cancel(parked, BY)).isEqualTo(Cancellation.CANCELLED);
        hand.store().upkeep().moveDue().hints().forEach(place::hint);
        assertThat(hand.claim(place, 10)).isEmpty();
        for (long job : List.of(ready, scheduled, parked)) {
            assertThat(hand.state(job)).isEqualTo(JobState.CANCELLED);
            assertThat(hand.store().control().cancel(job, BY)).isEqualTo(Cancellation.CANCELLED);
        }
    }

    @Test
    void aCancelledJobIsPassedOverByAClaimWithoutLimits() {
        Workplace place = hand.join();
        List<Long> added = hand.add(3, hand.job());
        assertThat(hand.store().control().cancel(added.get(1), BY)).isEqualTo(Cancellation.WILL_NOT_START);
        assertThat(ids(hand.claim(place, 10))).containsExactly(added.get(0), added.get(2));
        assertThat(hand.state(added.get(1))).isEqualTo(JobState.CANCELLED);
    }

    @Test
    void aRunningJobThatWasCancelledIsNotTriedAgain() {
        Workplace place = hand.join();
        long id = hand.add(hand.job());
        ClaimedJob job = hand.claimOne(place);
        assertThat(hand.store().control().cancel(id, BY)).isEqualTo(Cancellation.INTERRUPTED);
        assertThat(place.cancelRequests()).contains(id);
        StoreHand.finish(place, retry(job, Duration.ZERO, true)).forEach(place::hint);
        assertThat(hand.state(id)).isEqualTo(JobState.CANCELLED);
        assertThat(hand.claim(place, 10)).isEmpty();
        assertThat(place.cancelRequests()).doesNotContain(id);
    }

    @Test
    void aRepeatedFlushCarriesNoCancelOutThatCameAfterItsFirst() {
        Workplace place = hand.join();
        long id = hand.add(hand.job());
        ClaimedJob job = hand.claimOne(place);
        StoreHand.finish(place, retry(job, Duration.ZERO, true)).forEach(place::hint);
        ClaimedJob again = hand.claimOne(place);
        assertThat(hand.store().control().cancel(id, BY)).isEqualTo(Cancellation.INTERRUPTED);
        StoreHand.finish(place, retry(job, Duration.ZERO, true));
        assertThat(place.cancelRequests()).contains(id);
        StoreHand.finish(place, success(again));
        assertThat(hand.state(id)).isEqualTo(JobState.SUCCEEDED);
    }

    @Test
    void aJobThatIsDoneIsNotCancelled() {
        Workplace place = hand.join();
        long id = hand.add(hand.job());
        StoreHand.finish(place, success(hand.claimOne(place)));
        assertThat(hand.store().control().cancel(id, BY)).isEqualTo(Cancellation.SUCCEEDED);
        assertThat(hand.state(id)).isEqualTo(JobState.SUCCEEDED);
        assertThat(hand.store().control().cancel(id + 1_000_000, BY)).isEqualTo(Cancellation.NOT_FOUND);
        assertThat(place.cancelRequests()).doesNotContain(id, id + 1_000_000);
    }
}
