package dev.tidemill.postgres;

import static dev.tidemill.testkit.StoreHand.ids;
import static dev.tidemill.testkit.StoreHand.retry;
import static dev.tidemill.testkit.StoreHand.success;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.tidemill.jobs.JobState;
import dev.tidemill.jobs.store.ClaimedJob;
import dev.tidemill.jobs.store.Upkeep.Rescued;
import dev.tidemill.jobs.store.Workplace;
import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.StoreHand;
import dev.tidemill.testkit.TestDatabase;
import java.sql.Connection;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.postgresql.ds.PGSimpleDataSource;

/** The store on a database whose default isolation is not READ COMMITTED. */
@ExtendWith(FreshSchema.class)
final class IsolationTest {
    private final TestDatabase database;
    private final Sql sql;
    private final PGSimpleDataSource repeatableRead = new PGSimpleDataSource();

    IsolationTest(TestDatabase database) {
        this.database = database;
        this.sql = new Sql(database);
        repeatableRead.setUrl(database.jdbcUrl());
        repeatableRead.setUser(database.user());
        repeatableRead.setPassword(database.password());
        repeatableRead.setOptions("-c default_transaction_isolation=repeatable\\ read");
    }

    private StoreHand open() {
        return new StoreHand(new PostgresJobStoreProvider().open(repeatableRead, database.schema(), true));
    }

    @Test
    void whatAClaimTakesWhileItsEpochIsClosedIsReturned() throws Exception {
        try (StoreHand hand = open();
                Connection claimer = sql.begin()) {
            Workplace place = hand.join();
            long id = hand.add(hand.job());
            assertThat(sql.claim(claimer, place.epoch(), hand.queue())).isEqualTo(id);
            int pid = Sql.pid(claimer);
            CompletableFuture<Rescued> rescue =
                    Aside.run(() -> hand.store().upkeep().rescue(Duration.ZERO, Duration.ZERO));
            await().atMost(Jobs.SOON).until(() -> rescue.isDone() || sql.waitingFor(pid) == 1);
            claimer.commit();
            rescue.get(20, TimeUnit.SECONDS);
            assertThat(hand.state(id))
                    .as("seen, because the statement after the lock has a snapshot of its own")
                    .isEqualTo(JobState.READY);
        }
    }

    @Test
    void theWholeWayOfAJobWorks() {
        try (StoreHand hand = open()) {
            Workplace place = hand.join();
            hand.add(3, hand.job());
            List<ClaimedJob> claimed = hand.claim(place, 3);
            place.giveBack(claimed.subList(2, 3));
            StoreHand.finish(place, success(claimed.get(0)), retry(claimed.get(1), Duration.ZERO, true));
            place.heartbeat(0, List.of());
            assertThat(ids(hand.claim(hand.join(), 3)))
                    .containsExactlyInAnyOrder(
                            claimed.get(1).id(), claimed.get(2).id());
        }
    }
}
