package dev.tidemill.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemill.jobs.Priority;
import dev.tidemill.jobs.store.ClaimedJob;
import dev.tidemill.jobs.store.Hint;
import dev.tidemill.jobs.store.Workplace.Demand;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

/** The positions that claims start from. */
final class LanesTest {
    private static final int LANE = Priority.HIGH.code();
    private static final Set<String> QUEUE = Set.of("q");

    private final AtomicLong nanos = new AtomicLong();
    private final Lanes lanes = new Lanes(0, new long[5], nanos::get);
    private final List<Demand> demands = List.of(new Demand("q", 10, 10, false, true));

    private static ClaimedJob job(long startBy, long id) {
        return new ClaimedJob(1, id, 1, 0, "k", "q", Priority.HIGH, startBy, "{}", null, false);
    }

    private static Hint hint(long startBy) {
        return new Hint("q", Priority.HIGH, startBy, 0);
    }

    /** A claim that took a tenth of a second, so that the next look from the beginning is two seconds away. */
    private void claims(boolean everywhere, ClaimedJob... jobs) {
        lanes.end(demands, List.of(jobs), List.of(jobs), everywhere, 100_000_000L);
    }

    private long[] position() {
        return position(lanes);
    }

    private long[] position(Lanes of) {
        long[] startBys = new long[5];
        long[] jobs = new long[5];
        of.fill(demands, false, startBys, jobs);
        return new long[] {startBys[LANE], jobs[LANE]};
    }

    @Test
    void theFirstLookIsTakenAsideAndClaimsGoOnFromWhereTheyStartMeanwhile() {
        Lanes fresh = new Lanes(500, new long[5]);
        assertThat(fresh.unseen(QUEUE)).isTrue();
        assertThat(fresh.begin()).isFalse();
        assertThat(fresh.asideDue(QUEUE)).isTrue();
        assertThat(fresh.asideDue(QUEUE)).as("while one is under way").isFalse();
        assertThat(position(fresh)).containsExactly(500, Long.MIN_VALUE);
        fresh.looked(QUEUE, List.of(hint(60)), 0);
        assertThat(position(fresh)).containsExactly(60, Long.MIN_VALUE);
        assertThat(fresh.unseen(QUEUE)).isFalse();
    }

    @Test
    void whereTheFirstLookIsDearClaimsBeginWithWhatIsEnqueuedFromTheStartOn() {
        long[] within = new long[5];
        within[LANE] = 200;
        Lanes cheap = new Lanes(500, within);
        cheap.asideDue(QUEUE);
        cheap.looked(QUEUE, List.of(), 1_000_000);
        assertThat(position(cheap)).containsExactly(500, Long.MIN_VALUE);
        Lanes dear = new Lanes(500, within);
        dear.asideDue(QUEUE);
        dear.looked(QUEUE, List.of(), 1_000_000_000);
        assertThat(position(dear)).containsExactly(700, Long.MIN_VALUE);
        Lanes found = new Lanes(500, within);
        found.asideDue(QUEUE);
        found.startLater(QUEUE);
        assertThat(position(found)).containsExactly(700, Long.MIN_VALUE);
        found.looked(QUEUE, List.of(hint(60)), 1_000_000_000);
        assertThat(position(found)).containsExactly(60, Long.MIN_VALUE);
        found.startLater(QUEUE);
        assertThat(position(found)).containsExactly(60, Long.MIN_VALUE);
    }

    @Test
    void eachQueueIsLookedAtOnceAndAgainWhenTheRulesHaveChanged() {
        lanes.asideDue(QUEUE);
        lanes.looked(QUEUE, List.of(), 5_000_000);
        assertThat(lanes.asideDue(QUEUE)).isFalse();
        Set<String> both = Set.of("q", "other");
        assertThat(lanes.asideDue(both)).isTrue();
        assertThat(lanes.asideDue(both)).as("while one is under way").isFalse();
        lanes.looked(both, List.of(), 5_000_000);
        assertThat(lanes.asideDue(both)).isFalse();
        lanes.lookEverywhere();
        assertThat(lanes.asideDue(QUEUE)).isTrue();
        lanes.looked(QUEUE, List.of(), 5_000_000);
        assertThat(lanes.asideDue(both)).isTrue();
    }

    @Test
    void whatALookAsideFindsOutlivesTheClaimUnderWay() {
        lanes.asideDue(QUEUE);
        lanes.begin();
        lanes.looked(QUEUE, List.of(hint(60)), 0);
        claims(false, job(100, 7));
        assertThat(position()).containsExactly(60, Long.MIN_VALUE);
    }

    @Test
    void whereLookingIsCheapClaimsLookNowAndThen() {
        lanes.asideDue(QUEUE);
        lanes.looked(QUEUE, List.of(), 0);
        assertThat(lanes.asideDue(QUEUE)).isFalse();
        assertThat(lanes.begin()).isTrue();
        lanes.end(demands, List.of(), List.of(), true, 40_000_000L);
        assertThat(lanes.begin()).isFalse();
    }

    @Test
    void whereLookingIsDearItIsDoneAside() {
        lanes.asideDue(QUEUE);
        lanes.looked(QUEUE, List.of(), 0);
        lanes.begin();
        claims(true, job(100, 7));
        lanes.lookEverywhere();
        assertThat(lanes.begin()).isFalse();
        assertThat(lanes.asideDue(QUEUE)).isTrue();
        lanes.looked(QUEUE, List.of(), 1_000_000_000L);
        assertThat(lanes.asideDue(QUEUE)).isFalse();
        lanes.lookEverywhere();
        assertThat(lanes.begin()).isFalse();
        assertThat(lanes.asideDue(QUEUE)).isTrue();
    }

    @Test
    void aDearLookIsFollowedByAnotherAfterFiftyTimesWhatItTookAndACheapOneAfterTwenty() {
        lanes.asideDue(QUEUE);
        lanes.looked(QUEUE, List.of(), 100_000_000);
        nanos.addAndGet(4_999_999_999L);
        assertThat(lanes.asideDue(QUEUE)).isFalse();
        nanos.addAndGet(1);
        assertThat(lanes.asideDue(QUEUE)).isTrue();
        lanes.looked(QUEUE, List.of(), 1_000_000);
        nanos.addAndGet(19_999_999);
        assertThat(lanes.begin()).isFalse();
        nanos.addAndGet(1);
        assertThat(lanes.begin()).isTrue();
        lanes.end(demands, List.of(), List.of(), true, 40_000_000);
        nanos.addAndGet(799_999_999);
        assertThat(lanes.begin()).isFalse();
        nanos.addAndGet(1);
        assertThat(lanes.begin()).isTrue();
    }

    @Test
    void looksTakeAtMostATwentiethOfTheTimeAndDearOnesAFiftiethOrOneAMinute() {
        assertThat(Lanes.restAfterLook(1_000_000)).isEqualTo(20_000_000);
        assertThat(Lanes.restAfterLook(100_000_000)).isEqualTo(5_000_000_000L);
        assertThat(Lanes.restAfterLook(2_000_000_000)).isEqualTo(60_000_000_000L);
        assertThat(Lanes.restAfterClaim(40_000_000)).isEqualTo(800_000_000);
        assertThat(Lanes.restAfterClaim(1_000_000_000)).isEqualTo(10_000_000_000L);
    }

    @Test
    void aLookThatFailedIsTakenAgainAfterASecondOrWhenTheRulesHaveChanged() {
        lanes.asideDue(QUEUE);
        lanes.lookFailed();
        nanos.addAndGet(999_999_999);
        assertThat(lanes.asideDue(QUEUE)).isFalse();
        nanos.addAndGet(1);
        assertThat(lanes.asideDue(QUEUE)).isTrue();
        lanes.lookFailed();
        assertThat(lanes.asideDue(QUEUE)).isFalse();
        lanes.lookEverywhere();
        assertThat(lanes.asideDue(QUEUE)).isTrue();
    }

    @Test
    void aClaimGoesOnAfterTheLastJobByDeadlineAndThenByNumber() {
        lanes.begin();
        claims(false, job(100, 7), job(100, 9), job(90, 50));
        assertThat(position()).containsExactly(100, 9);
    }

    @Test
    void aHintLowersThePositionToBeforeEveryJobOfThatDeadline() {
        lanes.begin();
        claims(false, job(100, 7));
        lanes.hint(hint(60));
        assertThat(position()).containsExactly(60, Long.MIN_VALUE);
        lanes.hint(hint(200));
        assertThat(position()).containsExactly(60, Long.MIN_VALUE);
    }

    @Test
    void aHintThatArrivesWhileAClaimIsUnderWayOutlivesIt() {
        lanes.begin();
        position();
        lanes.hint(hint(60));
        claims(false, job(100, 7));
        assertThat(position()).containsExactly(60, Long.MIN_VALUE);
    }

    @Test
    void aHintThatCameBeforeAClaimIsForgottenOnceItHasLooked() {
        lanes.hint(hint(60));
        lanes.begin();
        claims(false, job(100, 7));
        assertThat(position()).containsExactly(100, 7);
    }

    @Test
    void aLookThatFoundEarlierJobsAndMayHaveLeftSomeGoesOnFromThere() {
        lanes.begin();
        claims(false, job(100, 7));
        lanes.begin();
        ClaimedJob[] full = new ClaimedJob[10];
        for (int i = 0; i < full.length; i++) {
            full[i] = job(50 + i, i);
        }
        claims(true, full);
        assertThat(position()).containsExactly(59, 9);
    }

    @Test
    void aLookThatFoundAllThereWasKeepsThePosition() {
        lanes.begin();
        claims(false, job(100, 7));
        lanes.begin();
        claims(true, job(50, 3));
        assertThat(position()).containsExactly(100, 7);
    }
}
