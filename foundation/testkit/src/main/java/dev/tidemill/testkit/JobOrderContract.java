package dev.tidemill.testkit;

import static dev.tidemill.testkit.StoreHand.ids;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemill.jobs.Priorities;
import dev.tidemill.jobs.Priority;
import dev.tidemill.jobs.store.ClaimedJob;
import dev.tidemill.jobs.store.JobStore;
import dev.tidemill.jobs.store.Workplace;
import dev.tidemill.jobs.store.Workplace.Demand;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** In which order every job store hands out what is ready. */
public abstract class JobOrderContract {
    private static final Duration OVERDUE = Duration.ofMinutes(-10);

    private StoreHand hand;

    /** For the class that names the store. */
    protected JobOrderContract() {}

    /** Opens the store under test. */
    protected abstract JobStore open();

    @BeforeEach
    final void openStore() {
        hand = new StoreHand(open());
    }

    @AfterEach
    final void closeStore() {
        hand.close();
    }

    private List<Long> claimOneByOne(Workplace place, int count) {
        List<Long> order = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            order.add(hand.claimOne(place).id());
        }
        return order;
    }

    @Test
    void theEarliestDeadlineGoesFirstWhateverItsPriority() {
        long low = hand.add(hand.job(Priority.LOW, Duration.ofSeconds(20)));
        long high = hand.add(hand.job(Priority.HIGH, Duration.ofSeconds(30)));
        long medium = hand.add(hand.job(Priority.MEDIUM, Duration.ofSeconds(10)));
        long offPeak = hand.add(hand.job(Priority.OFF_PEAK, Duration.ofSeconds(25)));
        assertThat(claimOneByOne(hand.join(), 4)).containsExactly(medium, low, offPeak, high);
    }

    @Test
    void oneClaimReturnsTheMostUrgentFirst() {
        List<Long> added = new ArrayList<>();
        for (int seconds : new int[] {50, 10, 40, 20, 30}) {
            added.add(hand.add(hand.job(Priority.MEDIUM, Duration.ofSeconds(seconds))));
        }
        long low = hand.add(hand.job(Priority.LOW, Duration.ofSeconds(25)));
        long critical = hand.add(hand.job(Priority.CRITICAL, Duration.ofHours(1)));
        assertThat(ids(hand.claim(hand.join(), 10)))
                .containsExactly(critical, added.get(1), added.get(3), low, added.get(4), added.get(2), added.get(0));
    }

    @Test
    void criticalGoesBeforeEverythingOverdue() {
        hand.add(50, hand.job(Priority.HIGH, OVERDUE));
        long critical = hand.add(hand.job(Priority.CRITICAL, Duration.ofHours(1)));
        assertThat(hand.claimOne(hand.join()).id()).isEqualTo(critical);
    }

    @Test
    void slotsReservedForCriticalJobsAreFilledByNoOthers() {
        hand.add(20, hand.job(Priority.HIGH, OVERDUE));
        Workplace place = hand.join();
        assertThat(place.claim(List.of(new Demand(hand.queue(), 0, 5, false, true))))
                .isEmpty();
        hand.add(3, hand.job(Priority.CRITICAL, Duration.ofSeconds(1)));
        List<ClaimedJob> claimed = place.claim(List.of(new Demand(hand.queue(), 4, 6, false, true)));
        assertThat(claimed)
                .as("two of the three critical jobs fit what is reserved, one takes a slot of the others")
                .hasSize(6)
                .filteredOn(job -> job.priority() == Priority.CRITICAL)
                .hasSize(3);
    }

    @Test
    void overdueClassesShareByWeight() {
        hand.add(3_000, hand.job(Priority.LOW, OVERDUE));
        hand.add(3_000, hand.job(Priority.HIGH, OVERDUE.dividedBy(2)));
        hand.add(3_000, hand.job(Priority.MEDIUM, OVERDUE.dividedBy(3)));
        Map<Priority, Integer> share = new EnumMap<>(Priority.class);
        hand.claim(hand.join(), 1_400).forEach(job -> share.merge(job.priority(), 1, Integer::sum));
        assertThat(share.get(Priority.HIGH)).isBetween(780, 820);
        assertThat(share.get(Priority.MEDIUM)).isBetween(380, 420);
        assertThat(share.get(Priority.LOW)).isBetween(180, 220);
    }

    @Test
    void sharesHoldWhenJobsAreTakenOneAtATime() {
        hand.add(300, hand.job(Priority.LOW, OVERDUE));
        hand.add(300, hand.job(Priority.HIGH, OVERDUE.dividedBy(2)));
        Workplace place = hand.join();
        int low = 0;
        for (int i = 0; i < 200; i++) {
            low += hand.claimOne(place).priority() == Priority.LOW ? 1 : 0;
        }
        assertThat(low).as("a fifth of 200 on average, within five sigma").isBetween(12, 68);
    }

    @Test
    void aShareThatNobodyUsesGoesToTheOthers() {
        hand.add(10, hand.job(Priority.HIGH, OVERDUE));
        hand.add(200, hand.job(Priority.LOW, OVERDUE));
        assertThat(hand.claim(hand.join(), 100))
                .hasSize(100)
                .filteredOn(job -> job.priority() == Priority.HIGH)
                .hasSize(10);
    }

    @Test
    void weightsAreTheNodesOwn() {
        hand.add(500, hand.job(Priority.LOW, OVERDUE));
        hand.add(500, hand.job(Priority.HIGH, OVERDUE));
        Workplace place = hand.join(
                Set.of(hand.kind()),
                Priorities.standard().weight(Priority.HIGH, 1).weight(Priority.LOW, 9));
        assertThat(hand.claim(place, 100))
                .filteredOn(job -> job.priority() == Priority.LOW)
                .hasSizeBetween(85, 95);
    }

    @Test
    void strictPriorityLetsTheLowerWaitHoweverLate() {
        hand.add(5, hand.job(Priority.LOW, OVERDUE));
        hand.add(5, hand.job(Priority.HIGH, Duration.ofHours(1)));
        Workplace place = hand.join();
        List<ClaimedJob> claimed = place.claim(List.of(new Demand(hand.queue(), 6, 6, true, true)));
        assertThat(claimed).extracting(ClaimedJob::priority).startsWith(Priority.HIGH, Priority.HIGH, Priority.HIGH);
        assertThat(claimed).filteredOn(job -> job.priority() == Priority.LOW).hasSize(1);
    }

    @Test
    void offPeakJobsWaitForTheirWindow() {
        long id = hand.add(hand.job(Priority.OFF_PEAK, OVERDUE));
        Workplace place = hand.join();
        for (boolean strict : new boolean[] {false, true}) {
            assertThat(place.claim(List.of(new Demand(hand.queue(), 5, 5, strict, false))))
                    .isEmpty();
        }
        assertThat(ids(hand.claim(place, 5))).containsExactly(id);
    }

    @Test
    void aKindThatTheNodeDoesNotHandleWaits() {
        long other = hand.add(hand.ofKind(hand.job(Priority.CRITICAL, OVERDUE), hand.kind() + "-other"));
        long mine = hand.add(hand.job());
        Workplace place = hand.join();
        assertThat(ids(hand.claim(place, 5))).containsExactly(mine);
        assertThat(hand.claim(place, 5)).isEmpty();
        Workplace newer = hand.join(Set.of(hand.kind(), hand.kind() + "-other"), Priorities.standard());
        ClaimedJob claimed = hand.claimOne(newer);
        assertThat(claimed.id()).isEqualTo(other);
        assertThat(claimed.attempt()).as("waiting burns no attempt").isEqualTo(1);
    }

    @Test
    void oneClaimServesSeveralQueuesEachWithinItsSlots() {
        StoreHand second = new StoreHand(hand.store());
        hand.add(10, hand.job());
        second.add(10, hand.ofKind(second.job(), hand.kind()));
        List<ClaimedJob> claimed = hand.join().claim(List.of(hand.demand(3), second.demand(4)));
        assertThat(claimed).filteredOn(job -> job.queue().equals(hand.queue())).hasSize(3);
        assertThat(claimed)
                .filteredOn(job -> job.queue().equals(second.queue()))
                .hasSize(4);
    }

    @Test
    void aClaimerThatHeardNothingFindsEarlierJobsAndGoesOnFromThere() {
        StoreHand idle = new StoreHand(hand.store());
        Workplace place = hand.join();
        hand.add(20, hand.job(Priority.MEDIUM, Duration.ofHours(1)));
        assertThat(place.claim(List.of(hand.demand(20), idle.demand(20)))).hasSize(20);
        List<Long> earlier = hand.addInSilence(20, hand.job()).ids();
        List<Demand> demands = List.of(hand.demand(5), idle.demand(20));
        List<Long> seen = new ArrayList<>();
        long end = System.nanoTime() + Duration.ofSeconds(10).toNanos();
        while (seen.isEmpty() && System.nanoTime() - end < 0) {
            seen.addAll(ids(place.claim(demands)));
        }
        for (int i = 0; i < 3; i++) {
            seen.addAll(ids(place.claim(demands)));
        }
        assertThat(seen).containsExactlyElementsOf(earlier);
    }
}
