package dev.tidemill.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.tidemill.jobs.Limit;
import dev.tidemill.jobs.store.ClaimedJob;
import dev.tidemill.jobs.store.Workplace;
import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.StoreHand;
import dev.tidemill.testkit.TestDatabase;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** The buckets that keys leave behind. */
@ExtendWith(FreshSchema.class)
final class BucketsTest {
    private static final String BUCKETS = "select count(*) from {schema}.bucket";
    private static final String PRUNE = "select {schema}.prune_buckets()";

    private final TestDatabase database;
    private final Sql sql;
    private StoreHand hand;
    private Workplace place;

    BucketsTest(TestDatabase database) {
        this.database = database;
        this.sql = new Sql(database);
    }

    @BeforeEach
    void openStore() {
        hand = new StoreHand(new PostgresJobStoreProvider().open(database.dataSource(), database.schema(), true));
        hand.store().control().putLimit(limit(), "tester");
        place = hand.join();
    }

    @AfterEach
    void closeStore() {
        hand.store().control().removeLimit(limit(), "tester");
        hand.close();
    }

    private Limit limit() {
        return Limit.ofQueue(hand.queue()).rate(5, Duration.ofHours(1)).forEachKey();
    }

    private void refill() throws SQLException {
        sql.run("update {schema}.bucket set at = at - 3600000000");
    }

    @Test
    void aBucketThatIsFullAgainIsRemovedAndOthersAreNot() throws SQLException {
        hand.add(3, hand.keyed(hand.job(), "a"));
        assertThat(hand.claim(place, 10)).hasSize(3);
        refill();
        hand.add(3, hand.keyed(hand.job(), "b"));
        assertThat(hand.claim(place, 10)).hasSize(3);
        assertThat(sql.number(BUCKETS)).isEqualTo(2);
        assertThat(sql.number(PRUNE)).isEqualTo(1);
        hand.add(9, hand.keyed(hand.job(), "b"));
        assertThat(hand.claim(place, 10)).as("b has used three of five").hasSize(2);
    }

    @Test
    void manyBucketsAreRemovedWithinAFewRounds() throws SQLException {
        sql.run("insert into {schema}.bucket select id, g * 2000000000000000, 0, 0 from {schema}.limit_rule,"
                + " generate_series(-4000, 4000) g");
        long removed = 0;
        for (int i = 0; i < 50 && removed < 8_001; i++) {
            removed += sql.number(PRUNE);
        }
        assertThat(removed).isEqualTo(8_001);
    }

    @Test
    void aBucketThatIsRemovedWhileItIsChargedIsMadeAnew() throws Exception {
        hand.add(1, hand.keyed(hand.job(), "a"));
        assertThat(hand.claim(place, 10)).hasSize(1);
        refill();
        hand.add(9, hand.keyed(hand.job(), "a"));
        try (Connection pruning = sql.begin()) {
            assertThat(sql.number(pruning, PRUNE)).isEqualTo(1);
            CompletableFuture<List<ClaimedJob>> claimed = Aside.run(() -> hand.claim(place, 3));
            int pid = Sql.pid(pruning);
            await().atMost(Jobs.SOON).until(() -> claimed.isDone() || sql.waiterOf(pid) != 0);
            pruning.commit();
            assertThat(claimed.join()).hasSize(3);
        }
        assertThat(sql.number(BUCKETS)).isEqualTo(1);
        assertThat(hand.claim(place, 10)).hasSize(2);
    }

    @Test
    void upkeepRemovesThem() throws SQLException {
        hand.add(1, hand.keyed(hand.job(), "a"));
        assertThat(hand.claim(place, 10)).hasSize(1);
        refill();
        hand.store().upkeep().rollUp(Duration.ZERO);
        assertThat(sql.number(BUCKETS)).isZero();
    }
}
