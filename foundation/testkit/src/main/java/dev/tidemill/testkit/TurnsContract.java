package dev.tidemill.testkit;

import static dev.tidemill.testkit.StoreHand.ids;
import static dev.tidemill.testkit.StoreHand.success;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemill.jobs.KeyWeight;
import dev.tidemill.jobs.Limit;
import dev.tidemill.jobs.Pause;
import dev.tidemill.jobs.Priority;
import dev.tidemill.jobs.store.ClaimedJob;
import dev.tidemill.jobs.store.Control;
import dev.tidemill.jobs.store.JobStore;
import dev.tidemill.jobs.store.Workplace;
import dev.tidemill.jobs.store.Workplace.Demand;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What every store owes to the order in which jobs start where keys take turns, or wait at a limit. */
public abstract class TurnsContract {
    private static final String BY = "tester";

    private StoreHand hand;

    /** For the class that names the store. */
    protected TurnsContract() {}

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

    private void takeTurns() {
        hand.store().control().share(hand.queue(), true, BY);
    }

    private void setAside(Workplace place) {
        for (int i = 0; i < 20; i++) {
            hand.claim(place, 50);
        }
    }

    /** Runs a job after the other, for as many rounds, and returns what ran. */
    private List<Long> runOneByOne(Workplace place, int rounds) {
        List<Long> ran = new ArrayList<>();
        for (int i = 0; i < rounds; i++) {
            for (ClaimedJob job : hand.claim(place, 1)) {
                ran.add(job.id());
                StoreHand.finish(place, success(job));
            }
        }
        return ran;
    }

    private void finishAll(Workplace place, List<ClaimedJob> jobs) {
        jobs.forEach(job -> StoreHand.finish(place, success(job)));
    }

    @Test
    void keysOfAFairQueueTakeTurns() {
        takeTurns();
        Workplace place = hand.join();
        hand.add(2_000, hand.keyed(hand.job(), "big"));
        assertThat(hand.claim(place, 500)).hasSize(500);
        List<Long> small = hand.add(10, hand.keyed(hand.job(), "small"));
        assertThat(ids(hand.claim(place, 25))).containsAll(small);
        List<Long> third = hand.add(5, hand.keyed(hand.job(), "third"));
        assertThat(ids(hand.claim(place, 15))).containsAll(third);
    }

    @Test
    void aKeyThatComesLaterIsNotServedAloneUntilItHasCaughtUp() {
        takeTurns();
        Workplace place = hand.join();
        hand.add(1_000, hand.keyed(hand.job(), "early"));
        hand.claim(place, 400);
        Set<Long> late = Set.copyOf(hand.add(1_000, hand.keyed(hand.job(), "late")));
        long ofLate = hand.claim(place, 200).stream()
                .filter(job -> late.contains(job.id()))
                .count();
        assertThat(ofLate).isBetween(90L, 110L);
    }

    @Test
    void weightsAreListedUntilTheyAreOneAndRefusedWhereKeysTakeNoTurns() {
        Control control = hand.store().control();
        hand.add(hand.job());
        assertThat(control.weigh(hand.queue(), "heavy", 4, BY)).isFalse();
        assertThat(control.weights()).isEmpty();
        control.share(hand.queue(), true, BY);
        assertThat(control.weigh(hand.queue(), "heavy", 4, BY)).isTrue();
        assertThat(control.weigh(hand.queue(), "big", 2, BY)).isTrue();
        assertThat(control.weights())
                .containsExactly(new KeyWeight(hand.queue(), "big", 2), new KeyWeight(hand.queue(), "heavy", 4));
        assertThat(control.weigh(hand.queue(), "big", 1, BY)).isTrue();
        control.share(hand.queue(), false, BY);
        assertThat(control.weights()).containsExactly(new KeyWeight(hand.queue(), "heavy", 4));
        assertThat(control.weigh(hand.queue(), "heavy", 1, BY)).isTrue();
        assertThat(control.weights()).isEmpty();
    }

    @Test
    void aWeightGivesAKeyMoreTurns() {
        takeTurns();
        hand.store().control().weigh(hand.queue(), "heavy", 4, BY);
        Workplace place = hand.join();
        Set<Long> heavy = Set.copyOf(hand.add(1_000, hand.keyed(hand.job(), "heavy")));
        hand.add(1_000, hand.keyed(hand.job(), "light"));
        long ofHeavy = hand.claim(place, 500).stream()
                .filter(job -> heavy.contains(job.id()))
                .count();
        assertThat(ofHeavy).isBetween(380L, 420L);
    }

    @Test
    void keysThatWaitAtTheirLimitDoNotDelayOneThatComesLater() {
        takeTurns();
        limit(Limit.ofQueue(hand.queue()).concurrency(1).forEachKey());
        Workplace place = hand.join();
        for (int key = 0; key < 8; key++) {
            hand.add(100, hand.keyed(hand.job(), "backlog " + key));
        }
        List<ClaimedJob> first = hand.claim(place, 50);
        assertThat(first)
                .as("one of each key; what is left of them is set aside")
                .hasSize(8);
        assertThat(hand.claim(place, 50)).isEmpty();
        finishAll(place, first);
        List<Long> small = hand.add(10, hand.keyed(hand.job(), "small"));
        assertThat(runOneByOne(place, 150)).containsAll(small);
    }

    @Test
    void aKeyThatComesLaterSharesWithThoseThatWaitAtTheirLimit() {
        takeTurns();
        limit(Limit.ofQueue(hand.queue()).concurrency(1).forEachKey());
        Workplace place = hand.join();
        for (int key = 0; key < 4; key++) {
            hand.add(200, hand.keyed(hand.job(), "early " + key));
        }
        finishAll(place, hand.claim(place, 50));
        runOneByOne(place, 200);
        Set<Long> late = Set.copyOf(hand.add(200, hand.keyed(hand.job(), "late")));
        long ofLate = runOneByOne(place, 200).stream().filter(late::contains).count();
        assertThat(ofLate).as("a fifth, and what random turns add").isBetween(20L, 110L);
    }

    @Test
    void aKeyThatWasPausedForLongDoesNotRunAlone() {
        takeTurns();
        limit(Limit.ofQueue(hand.queue()).concurrency(50).forEachKey());
        Workplace place = hand.join();
        Set<Long> paused = Set.copyOf(hand.add(300, hand.keyed(hand.job(), "paused")));
        hand.store().control().pause(Pause.Scope.KEY, "paused", BY, "");
        setAside(place);
        hand.add(600, hand.keyed(hand.job(), "other"));
        runOneByOne(place, 300);
        hand.store().control().resume(Pause.Scope.KEY, "paused", BY);
        List<Long> ran = runOneByOne(place, 100);
        assertThat(ran.stream().filter(paused::contains).count()).isBetween(25L, 85L);
    }

    @Test
    void jobsOfAKeyKeepTheirOrderWhereOthersGoBetween() {
        limit(Limit.ofQueue(hand.queue()).concurrency(1).forEachKey());
        Workplace place = hand.join();
        List<Long> account = new ArrayList<>(hand.add(5, hand.keyed(hand.job(), "account")));
        List<ClaimedJob> running = hand.claim(place, 50);
        assertThat(hand.claim(place, 50)).isEmpty();
        List<Long> urgent = hand.add(5, hand.job(Priority.MEDIUM, Duration.ofSeconds(1)));
        account.addAll(hand.add(5, hand.keyed(hand.job(), "account")));
        finishAll(place, running);
        List<Long> ran = new ArrayList<>(ids(running));
        List<Long> all = new ArrayList<>();
        while (all.size() < 14) {
            List<ClaimedJob> claimed = hand.claim(place, 3);
            all.addAll(ids(claimed));
            finishAll(place, claimed);
        }
        all.stream().filter(account::contains).forEach(ran::add);
        assertThat(ran).isEqualTo(account);
        assertThat(all.subList(0, 6)).as("their deadlines are the earlier ones").containsAll(urgent);
    }

    @Test
    void whatWaitsAtALimitGoesByPriorityToo() {
        limit(Limit.ofQueue(hand.queue()).concurrency(2).forEachKey());
        Workplace place = hand.join();
        hand.add(40, hand.keyed(hand.job(Priority.LOW, Duration.ofMinutes(1)), "low"));
        List<ClaimedJob> running = hand.claim(place, 50);
        assertThat(hand.claim(place, 50)).isEmpty();
        finishAll(place, running);
        Set<Long> high = Set.copyOf(hand.add(5, hand.job(Priority.HIGH, Duration.ofHours(1))));
        Demand strict = new Demand(hand.queue(), 1, 1, true, true);
        for (int i = 0; i < 5; i++) {
            List<ClaimedJob> claimed = place.claim(List.of(strict));
            assertThat(claimed).extracting(ClaimedJob::id).hasSize(1).allMatch(high::contains);
            finishAll(place, claimed);
        }
        assertThat(place.claim(List.of(strict))).hasSize(1);
    }

    @Test
    void whatWaitsAtALimitTakesItsShareBesideOtherPriorities() {
        limit(Limit.ofQueue(hand.queue()).concurrency(2).forEachKey());
        Workplace place = hand.join();
        Duration overdue = Duration.ofSeconds(-5);
        Set<Long> low = Set.copyOf(hand.add(300, hand.keyed(hand.job(Priority.LOW, overdue), "low")));
        List<ClaimedJob> running = hand.claim(place, 50);
        assertThat(hand.claim(place, 50)).isEmpty();
        finishAll(place, running);
        hand.add(300, hand.job(Priority.HIGH, overdue));
        long ofLow = runOneByOne(place, 200).stream().filter(low::contains).count();
        assertThat(ofLow).as("by weight, as between lanes").isBetween(15L, 80L);
    }

    @Test
    void whatWaitsAtALimitFillsWhatNobodyElseWants() {
        limit(Limit.ofQueue(hand.queue()).concurrency(20).forEachKey());
        Workplace place = hand.join();
        hand.add(60, hand.keyed(hand.job(Priority.LOW, Duration.ofHours(1)), "low"));
        List<ClaimedJob> running = hand.claim(place, 50);
        assertThat(hand.claim(place, 50)).isEmpty();
        finishAll(place, running);
        hand.add(3, hand.job(Priority.HIGH, Duration.ofSeconds(1)));
        assertThat(place.claim(List.of(new Demand(hand.queue(), 10, 10, true, true))))
                .hasSize(10);
    }

    @Test
    void offPeakJobsThatWaitAtALimitWaitForTheirWindowToo() {
        limit(Limit.ofQueue(hand.queue()).concurrency(1).forEachKey());
        Workplace place = hand.join();
        hand.add(5, hand.keyed(hand.job(Priority.OFF_PEAK, Duration.ofHours(1)), "night"));
        finishAll(place, hand.claim(place, 5));
        assertThat(place.claim(List.of(new Demand(hand.queue(), 5, 5, false, false))))
                .as("set aside, and its window is closed")
                .isEmpty();
        assertThat(hand.claim(place, 5)).hasSize(1);
    }

    @Test
    void aCriticalJobThatWaitsAtALimitHasTheSlotsReservedForItsKind() {
        limit(Limit.ofQueue(hand.queue()).concurrency(1).forEachKey());
        Workplace place = hand.join();
        hand.add(2, hand.keyed(hand.job(Priority.CRITICAL, Duration.ofMinutes(1)), "alarm"));
        List<ClaimedJob> running = hand.claim(place, 5);
        assertThat(running).hasSize(1);
        finishAll(place, running);
        assertThat(place.claim(List.of(new Demand(hand.queue(), 0, 1, false, true))))
                .hasSize(1);
    }

    @Test
    void criticalJobsThatWaitAtALimitTakeNoMoreSlotsThanThereAre() {
        limit(Limit.ofQueue(hand.queue()).concurrency(10).forEachKey());
        Workplace place = hand.join();
        hand.add(14, hand.keyed(hand.job(Priority.CRITICAL, Duration.ofMinutes(1)), "alarm"));
        hand.add(14, hand.keyed(hand.job(Priority.LOW, Duration.ofMinutes(1)), "low"));
        List<ClaimedJob> running = hand.claim(place, 50);
        assertThat(running).hasSize(20);
        assertThat(hand.claim(place, 50)).isEmpty();
        finishAll(place, running);
        assertThat(place.claim(List.of(new Demand(hand.queue(), 2, 3, false, true))))
                .hasSize(3)
                .allMatch(job -> job.priority() == Priority.CRITICAL);
    }
}
