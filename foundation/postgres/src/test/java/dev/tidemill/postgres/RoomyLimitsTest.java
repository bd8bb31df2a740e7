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
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** What is particular about claims of limited queues where there is room for all: leases that are whole. */
@ExtendWith(FreshSchema.class)
final class RoomyLimitsTest {
    private static final String HELD = "select coalesce(sum(cardinality(jobs)), 0) from {schema}.lease where epoch = ";

    private final TestDatabase database;
    private final Sql sql;
    private StoreHand hand;

    RoomyLimitsTest(TestDatabase database) {
        this.database = database;
        this.sql = new Sql(database);
    }

    @BeforeEach
    void openStore() {
        hand = new StoreHand(new PostgresJobStoreProvider().open(database.dataSource(), database.schema(), true));
        hand.store().control().putLimit(limit(), "tester");
    }

    @AfterEach
    void closeStore() {
        hand.store().control().removeLimit(limit(), "tester");
        hand.close();
    }

    private Limit limit() {
        return Limit.ofQueue(hand.queue()).concurrency(100).forEachKey();
    }

    private Workplace with(int jobs) {
        Workplace place = hand.join();
        hand.add(jobs, hand.keyed(hand.job(), "k"));
        return place;
    }

    private static void succeed(Workplace place, List<ClaimedJob> jobs) {
        place.finish(jobs.stream().map(StoreHand::success).toList(), List.of(), List.of());
    }

    private String claimOf(Workplace place, String function, int slots) {
        return "select count(*) from {schema}." + function + "(" + place.epoch()
                + ", 0, (select array_agg(id) from {schema}.kind), array[16, 8, 4, 2, 1], array_fill(0::bigint, array[5]),"
                + " array[(select id from {schema}.queue where name = '" + hand.queue() + "')], array[" + slots
                + "], array[" + slots + "], array[2], array_fill(0::bigint, array[5]), array_fill(0::bigint, array[5]),"
                + " (select version from {schema}.control)) where lease > 0";
    }

    /** Claims as processes of the version before do. */
    private long formerClaim(Workplace place, int slots) throws SQLException {
        return sql.number(claimOf(place, "claim_limited", slots));
    }

    @Test
    void aClaimWithRoomForAllMakesOneLease() throws SQLException {
        Workplace place = hand.join();
        for (int key = 0; key < 20; key++) {
            hand.add(40, hand.keyed(hand.job(), "key" + key));
        }
        assertThat(hand.claim(place, 800)).hasSize(800);
        assertThat(sql.number("select count(*) from {schema}.lease where whole and epoch = " + place.epoch()))
                .isEqualTo(1);
        assertThat(sql.number(HELD + place.epoch())).isEqualTo(800);
    }

    @Test
    void aClaimGoesOnWhereTheOneBeforeEnded() {
        Workplace place = hand.join();
        List<Long> added = hand.add(90, hand.keyed(hand.job(), "k"));
        assertThat(StoreHand.ids(hand.claim(place, 30))).containsExactlyElementsOf(added.subList(0, 30));
        assertThat(StoreHand.ids(hand.claim(place, 30))).containsExactlyElementsOf(added.subList(30, 60));
        assertThat(StoreHand.ids(hand.claim(place, 60))).containsExactlyElementsOf(added.subList(60, 90));
    }

    @Test
    void aFormerProcessCountsWhatRunsInAWholeLease() throws SQLException {
        Workplace place = with(300);
        List<ClaimedJob> claimed = hand.claim(place, 60);
        succeed(place, claimed.subList(0, 20));
        assertThat(formerClaim(hand.join(), 300)).isEqualTo(60);
    }

    @Test
    void whatAFormerProcessHoldsIsCounted() throws SQLException {
        Workplace place = with(300);
        assertThat(formerClaim(hand.join(), 60)).isEqualTo(60);
        assertThat(hand.claim(place, 300)).hasSize(40);
    }

    @Test
    void aClaimWaitsForOneUnderWayAndCountsWhatItTook() throws Exception {
        Workplace place = with(300);
        Workplace other = hand.join();
        // Both know the rules by now.
        succeed(place, hand.claim(place, 1));
        succeed(other, hand.claim(other, 1));
        try (Connection claiming = sql.begin()) {
            assertThat(sql.number(claiming, claimOf(place, "claim_within_limits", 60)))
                    .isEqualTo(60);
            CompletableFuture<List<ClaimedJob>> second = Aside.run(() -> hand.claim(other, 300));
            int pid = Sql.pid(claiming);
            await().atMost(Jobs.SOON).until(() -> second.isDone() || sql.waiterOf(pid) != 0);
            claiming.commit();
            assertThat(second.join()).hasSize(40);
        }
    }

    @Test
    void whatADeadNodeHeldInAWholeLeaseRunsAgainAndNoLongerCounts() {
        Workplace dying = with(300);
        succeed(dying, hand.claim(dying, 60).subList(0, 10));
        Workplace living = hand.join();
        assertThat(hand.claim(living, 300)).hasSize(50);
        dying.leave();
        assertThat(hand.claim(living, 300)).hasSize(50);
    }

    @Test
    void aLeaseThatGrowsOldShrinksToWhatStillRuns() throws SQLException {
        Workplace place = with(60);
        List<ClaimedJob> claimed = hand.claim(place, 60);
        succeed(place, claimed.subList(0, 50));
        shrink(place);
        assertThat(sql.number(HELD + place.epoch())).as("it is young").isEqualTo(60);
        makeOld(place);
        shrink(place);
        assertThat(sql.number(HELD + place.epoch())).isEqualTo(10);
        assertThat(sql.number(
                        "select count(*) from {schema}.lease l cross join unnest(l.jobs, l.keys, l.kinds) u (j, k, d)"
                                + " where l.epoch = " + place.epoch()
                                + " and (u.j is null or u.k is null or u.d is null)"))
                .isZero();
        hand.add(200, hand.keyed(hand.job(), "k"));
        assertThat(hand.claim(hand.join(), 200)).hasSize(90);
        succeed(place, claimed.subList(50, 60));
        shrink(place);
        assertThat(hand.claim(hand.join(), 200)).hasSize(10);
    }

    @Test
    void whatIsGivenBackWhileALeaseShrinksIsNotHeldAgain() throws Exception {
        Workplace place = with(10);
        List<ClaimedJob> claimed = hand.claim(place, 10);
        succeed(place, claimed.subList(0, 4));
        makeOld(place);
        ClaimedJob back = claimed.get(9);
        try (Connection giving = sql.begin()) {
            sql.run(
                    giving,
                    "select {schema}.give_back(" + place.epoch() + ", 2, array[" + back.lease() + "]::bigint[], array["
                            + back.id() + "]::bigint[], array[(select id from {schema}.kind where name = '"
                            + hand.kind()
                            + "')], array[(select id from {schema}.queue where name = '" + hand.queue()
                            + "')], array[2]::smallint[])");
            CompletableFuture<Boolean> shrunk = Aside.run(() -> {
                shrink(place);
                return true;
            });
            int pid = Sql.pid(giving);
            await().atMost(Jobs.SOON).until(() -> sql.waiterOf(pid) != 0);
            giving.commit();
            shrunk.join();
        }
        assertThat(sql.number(HELD + place.epoch())).isEqualTo(5);
        assertThat(sql.number("select count(*) from {schema}.lease where " + back.id() + " = any (jobs)"))
                .isZero();
    }

    private void makeOld(Workplace place) throws SQLException {
        sql.run("update {schema}.lease set claimed = claimed - 2000000 where epoch = " + place.epoch());
    }

    private void shrink(Workplace place) throws SQLException {
        sql.run("select {schema}.shrink_leases(" + place.epoch() + ", 0)");
    }
}
