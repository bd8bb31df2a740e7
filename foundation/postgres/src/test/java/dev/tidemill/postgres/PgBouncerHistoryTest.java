package dev.tidemill.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemill.jobs.JobState;
import dev.tidemill.jobs.store.Workplace;
import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.PgBouncer;
import dev.tidemill.testkit.StoreHand;
import dev.tidemill.testkit.TestDatabase;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** History leaves behind PgBouncer in transaction mode, where detaching has no transaction to be in. */
@Tag("pgbouncer")
@ExtendWith(FreshSchema.class)
class PgBouncerHistoryTest {
    private final TestDatabase database;

    PgBouncerHistoryTest(TestDatabase database) {
        this.database = database;
    }

    @Test
    void whatIsFinishedLeavesByPartitionAndWhatIsToRunNextYearStays() throws Exception {
        try (PgBouncer bouncer = PgBouncer.start(database, 8);
                Almanac almanac = new Almanac(database, bouncer.dataSource())) {
            StoreHand hand = almanac.hand();
            Workplace place = hand.join();
            List<Long> done = hand.add(3, hand.job());
            hand.claim(place, 3).forEach(job -> StoreHand.finish(place, StoreHand.success(job)));
            long nextYear = hand.add(hand.delayed(hand.job(), Duration.ofDays(365)));
            almanac.passHistory();
            almanac.passHistory();
            assertThat(done).allMatch(id -> hand.store().desk().job(id).isEmpty());
            assertThat(almanac.sql().number("select count(*) from {schema}.job"))
                    .isZero();
            assertThat(almanac.isKept(nextYear)).isTrue();
            assertThat(hand.state(nextYear)).isEqualTo(JobState.SCHEDULED);
        }
    }
}
