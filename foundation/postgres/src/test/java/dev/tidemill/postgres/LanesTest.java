package dev.tidemill.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemill.jobs.Priority;
import dev.tidemill.jobs.store.ClaimedJob;
import dev.tidemill.jobs.store.Hint;
import dev.tidemill.jobs.store.Workplace.Demand;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The positions that claims start from. */
final class LanesTest {
    private static final int LANE = Priority.HIGH.code();

    private final Lanes lanes = new Lanes(0);
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
        Lanes fresh = new Lanes(500);
        assertThat(fresh.begin()).isFalse();
        assertThat(fresh.asideDue()).isTrue();
        assertThat(fresh.asideDue()).as("while one is under way").isFalse();
        assertThat(position(fresh)).containsExactly(500, Long.MIN_VALUE);
        fresh.looked(List.of(hint(60)), 0);
        assertThat(position(fresh)).containsExactly(60, Long.MIN_VALUE);
    }

    @Test
    void whatALookAsideFindsOutlivesTheClaimUnderWay() {
        lanes.asideDue();
        lanes.begin();
        lanes.looked(List.of(hint(60)), 0);
        claims(false, job(100, 7));
        assertThat(position()).containsExactly(60, Long.MIN_VALUE);
    }

    @Test
    void whereLookingIsCheapClaimsLookNowAndThen() {
        lanes.asideDue();
        lanes.looked(List.of(), 0);
        assertThat(lanes.asideDue()).isFalse();
        assertThat(lanes.begin()).isTrue();
        lanes.end(demands, List.of(), List.of(), true, 40_000_000L);
        assertThat(lanes.begin()).isFalse();
    }

    @Test
    void whereLookingIsDearItIsDoneAside() {
        lanes.asideDue();
        lanes.looked(List.of(), 0);
        lanes.begin();
        claims(true, job(100, 7));
        lanes.lookEverywhere();
        assertThat(lanes.begin()).isFalse();
        assertThat(lanes.asideDue()).isTrue();
        lanes.looked(List.of(), 1_000_000_000L);
        assertThat(lanes.asideDue()).as("before fifty times what it took").isFalse();
        lanes.lookEverywhere();
        assertThat(lanes.begin()).isFalse();
        assertThat(lanes.asideDue()).isTrue();
    }

    @Test
    void aLookThatFailedIsTakenAgainSoon() {
        lanes.asideDue();
        lanes.lookFailed();
        assertThat(lanes.asideDue()).isFalse();
        lanes.lookEverywhere();
        assertThat(lanes.asideDue()).isTrue();
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
