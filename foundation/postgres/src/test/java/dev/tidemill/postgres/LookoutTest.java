package dev.tidemill.postgres;

import static dev.tidemill.testkit.StoreHand.ids;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.tidemill.jobs.Priority;
import dev.tidemill.jobs.store.ClaimedJob;
import dev.tidemill.jobs.store.Workplace;
import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.StoreHand;
import dev.tidemill.testkit.TestDatabase;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** How long the first claim of a process waits for the look that finds what waited before it came. */
@ExtendWith(FreshSchema.class)
final class LookoutTest {
    private static final Duration LONG_AGO = Duration.ofMinutes(-10);

    private final TestDatabase database;
    private final Sql sql;
    private StoreHand hand;

    LookoutTest(TestDatabase database) {
        this.database = database;
        this.sql = new Sql(database);
    }

    @BeforeEach
    void openStore() {
        hand = new StoreHand(new PostgresJobStoreProvider().open(database.dataSource(), database.schema(), true));
    }

    @AfterEach
    void closeStore() throws SQLException {
        sql.run("drop function {schema}.look(integer[], integer[]);"
                + " alter function {schema}.quick_look(integer[], integer[]) rename to look");
        hand.close();
    }

    /** As millions of dead entries at the head of a lane do it. */
    private void lookTakes(Duration time) throws SQLException {
        sql.run("alter function {schema}.look(integer[], integer[]) rename to quick_look");
        sql.run("create function {schema}.look(p_queues integer[], p_kinds integer[])"
                + " returns table (queue integer, priority integer, start_by bigint) language plpgsql as $$"
                + " begin perform pg_sleep(" + time.toMillis() / 1_000.0 + ");"
                + " return query select * from {schema}.quick_look(p_queues, p_kinds); end $$");
    }

    @Test
    void theFirstClaimWaitsForALookOfAQuarterOfASecond() throws SQLException {
        lookTakes(Duration.ofMillis(250));
        List<Long> waiting = hand.add(3, hand.job(Priority.MEDIUM, LONG_AGO));
        assertThat(ids(hand.claim(hand.join(), 10))).isEqualTo(waiting);
    }

    @Test
    void aLookThatTakesLongerIsTakenAsideWhileClaimsBeginWithWhatIsNew() throws SQLException {
        lookTakes(Duration.ofMillis(1_500));
        List<Long> waiting = hand.add(3, hand.job(Priority.MEDIUM, LONG_AGO));
        Workplace place = hand.join();
        List<Long> fresh = hand.add(2, hand.job(Priority.MEDIUM, Duration.ofHours(1)));
        assertThat(ids(hand.claim(place, 10))).isEqualTo(fresh);
        List<ClaimedJob> found = await().atMost(Duration.ofSeconds(20))
                .pollInterval(Duration.ofMillis(20))
                .until(() -> hand.claim(place, 10), jobs -> !jobs.isEmpty());
        assertThat(ids(found)).isEqualTo(waiting);
    }
}
