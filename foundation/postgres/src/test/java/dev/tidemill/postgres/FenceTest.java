package dev.tidemill.postgres;

import static dev.tidemill.testkit.StoreHand.finish;
import static dev.tidemill.testkit.StoreHand.ids;
import static dev.tidemill.testkit.StoreHand.success;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.tidemill.jobs.AttemptOutcome;
import dev.tidemill.jobs.AttemptView;
import dev.tidemill.jobs.JobState;
import dev.tidemill.jobs.store.ClaimedJob;
import dev.tidemill.jobs.store.Upkeep.Rescued;
import dev.tidemill.jobs.store.Workplace;
import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.StoreHand;
import dev.tidemill.testkit.TestDatabase;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.postgresql.ds.PGSimpleDataSource;

/** What keeps a closed epoch from writing, against concurrent sessions. */
@ExtendWith(FreshSchema.class)
final class FenceTest {
    private static final Duration SOON = Duration.ofSeconds(20);

    private final TestDatabase database;
    private final Sql sql;
    private StoreHand hand;

    FenceTest(TestDatabase database) {
        this.database = database;
        this.sql = new Sql(database);
    }

    @BeforeEach
    void openStore() {
        hand = new StoreHand(new PostgresJobStoreProvider().open(database.dataSource(), database.schema(), true));
    }

    @AfterEach
    void closeStore() {
        hand.close();
    }

    private CompletableFuture<Rescued> rescue() {
        return Aside.run(() -> hand.store().upkeep().rescue(Duration.ZERO, Duration.ZERO));
    }

    private static <T> T get(CompletableFuture<T> future) throws Exception {
        return future.get(SOON.toSeconds(), TimeUnit.SECONDS);
    }

    @Test
    void closingAnEpochWaitsForACompletionUnderWayAndRespectsIt() throws Exception {
        Workplace place = hand.join();
        hand.add(hand.job());
        ClaimedJob job = hand.claimOne(place);
        try (Connection handler = sql.begin()) {
            assertThat(place.complete(handler, job, 1)).isTrue();
            int pid = Sql.pid(handler);
            CompletableFuture<Rescued> rescue = rescue();
            await().atMost(SOON).until(() -> rescue.isDone() || sql.waitingFor(pid) == 1);
            assertThat(rescue).isNotDone();
            handler.commit();
            assertThat(get(rescue).hints()).noneMatch(hint -> hint.queue().equals(hand.queue()));
        }
        assertThat(hand.state(job.id())).isEqualTo(JobState.SUCCEEDED);
        assertThat(hand.claim(hand.join(), 10)).isEmpty();
    }

    @Test
    void closingAnEpochWaitsForAClaimUnderWayAndReturnsWhatItTook() throws Exception {
        Workplace place = hand.join();
        long id = hand.add(hand.job());
        try (Connection claimer = sql.begin()) {
            assertThat(sql.claim(claimer, place.epoch(), hand.queue())).isEqualTo(id);
            int pid = Sql.pid(claimer);
            CompletableFuture<Rescued> rescue = rescue();
            await().atMost(SOON).until(() -> rescue.isDone() || sql.waitingFor(pid) == 1);
            claimer.commit();
            get(rescue);
        }
        assertThat(hand.state(id))
                .as("not lost in a lease that nobody looks at any more")
                .isEqualTo(JobState.READY);
    }

    @Test
    void handlersThatCompleteAtTheSameTimeShareNoRowLock() throws Exception {
        int together = 29;
        Workplace place = hand.join();
        hand.add(together, hand.job());
        List<ClaimedJob> jobs = hand.claim(place, together);
        long before = sql.number("select mxid_age('1')");
        List<Connection> open = new ArrayList<>();
        for (ClaimedJob job : jobs) {
            Connection handler = sql.begin();
            open.add(handler);
            assertThat(place.complete(handler, job, 1)).isTrue();
        }
        hand.add(hand.job());
        finish(place, success(hand.claimOne(place)));
        for (Connection handler : open) {
            handler.commit();
            handler.close();
        }
        assertThat(sql.number("select mxid_age('1')") - before)
                .as("multixacts made, which is what sharing a row lock costs")
                .isZero();
    }

    /** Each update would leave a dead version that every later lock walks over. */
    @Test
    void nothingEverUpdatesAFence() throws Exception {
        sql.run("create function {schema}.refuse() returns trigger language plpgsql as"
                + " $$ begin raise exception 'a fence is updated'; end $$");
        sql.run(
                "create trigger refuse before update on {schema}.fence for each row execute function {schema}.refuse()");
        try {
            Workplace place = hand.join();
            hand.add(3, hand.job());
            try (Connection handler = sql.begin()) {
                assertThat(place.complete(handler, hand.claimOne(place), 1)).isTrue();
                handler.commit();
            }
            finish(place, success(hand.claimOne(place)));
            ClaimedJob left = hand.claimOne(place);
            String beat = "select heartbeat from {schema}.node where epoch = " + place.epoch();
            long before = sql.number(beat);
            place.heartbeat(0, List.of());
            assertThat(sql.number(beat)).as("heartbeats are elsewhere").isGreaterThan(before);
            assertThat(get(rescue()).nodes()).isEqualTo(1);
            assertThat(ids(hand.claim(hand.join(), 3))).containsExactly(left.id());
        } finally {
            sql.run("drop function {schema}.refuse cascade");
        }
    }

    @Test
    void aRescueDoesNotStarveBehindBusyHandlersNorEndThem() throws Exception {
        Workplace place = hand.join();
        int busy = 8;
        AtomicBoolean stop = new AtomicBoolean();
        CountDownLatch started = new CountDownLatch(busy);
        List<CompletableFuture<Boolean>> handlers = new ArrayList<>();
        for (int i = 0; i < busy; i++) {
            handlers.add(Aside.run(() -> holdTheFenceAgainAndAgain(place.epoch(), started, stop)));
        }
        try {
            assertThat(started.await(SOON.toSeconds(), TimeUnit.SECONDS)).isTrue();
            get(rescue());
            for (CompletableFuture<Boolean> handler : handlers) {
                assertThat(get(handler))
                        .as("kept out, not ended, though others went on without a gap")
                        .isTrue();
            }
        } finally {
            stop.set(true);
        }
    }

    /** Transactions one after the other on the same fence row; true once kept out. */
    private boolean holdTheFenceAgainAndAgain(long epoch, CountDownLatch started, AtomicBoolean stop) {
        try (Connection connection = sql.begin()) {
            while (!stop.get()) {
                long held = sql.number(
                        connection, "select {schema}.hold_fence(" + epoch + ", 7)::integer from pg_sleep(0.005)");
                started.countDown();
                sql.run(connection, "select pg_sleep(0.03)");
                connection.commit();
                if (held == 0) {
                    return true;
                }
            }
            return false;
        } catch (SQLException ended) {
            return false;
        }
    }

    @Test
    void sessionsFrozenWithTheFenceInHandAreAllEndedWithinOneDeadline() throws Exception {
        int frozen = 24;
        Workplace place = hand.join();
        hand.add(frozen, hand.job());
        List<ClaimedJob> jobs = hand.claim(place, frozen);
        List<Connection> open = new ArrayList<>();
        for (ClaimedJob job : jobs) {
            Connection handler = sql.begin();
            open.add(handler);
            place.complete(handler, job, 1);
        }
        long start = System.nanoTime();
        Rescued rescued = get(rescue());
        // With a second's patience for each of them it would take longer than there are sessions.
        assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(frozen - 4));
        assertThat(rescued.nodes()).isEqualTo(1);
        for (Connection handler : open) {
            assertThatThrownBy(handler::commit).isInstanceOf(SQLException.class);
            handler.close();
        }
        assertThat(ids(hand.claim(hand.join(), frozen + 1))).containsExactlyInAnyOrderElementsOf(ids(jobs));
    }

    @Test
    void anEpochThatCannotBeClosedYetKeepsNoOtherWaiting() throws Exception {
        String role = database.schema() + "_f";
        String schema = database.schema() + "_f";
        sql.run("create role " + role + " login password 'p'");
        sql.run("create schema " + schema + " authorization " + role);
        PGSimpleDataSource unprivileged = new PGSimpleDataSource();
        unprivileged.setUrl(database.jdbcUrl());
        unprivileged.setUser(role);
        unprivileged.setPassword("p");
        try (StoreHand weak = new StoreHand(new PostgresJobStoreProvider().open(unprivileged, schema, true))) {
            Workplace stuck = weak.join();
            Workplace dead = weak.join();
            weak.add(weak.job());
            ClaimedJob job = weak.claimOne(dead);
            try (Connection mightier = sql.begin()) {
                sql.run(mightier, "select from " + schema + ".fence where epoch = " + stuck.epoch() + " for key share");
                assertThat(weak.store()
                                .upkeep()
                                .rescue(Duration.ZERO, Duration.ZERO)
                                .nodes())
                        .as("one of the two; the other's holder is not this user's to end")
                        .isEqualTo(1);
                assertThat(weak.state(job.id())).isEqualTo(JobState.READY);
            }
            assertThat(weak.store()
                            .upkeep()
                            .rescue(Duration.ofHours(1), Duration.ofHours(1))
                            .nodes())
                    .as("what was begun is ended as soon as it can be")
                    .isEqualTo(1);
        } finally {
            sql.run("drop schema " + schema + " cascade");
            sql.run("drop role " + role);
        }
    }

    @Test
    void aCompletionUnderAnOldSnapshotDoesNotSlipThroughAClosedEpoch() throws Exception {
        Workplace place = hand.join();
        hand.add(hand.job());
        ClaimedJob job = hand.claimOne(place);
        try (Connection handler = sql.begin()) {
            handler.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
            sql.number(handler, "select count(*) from {schema}.job");
            get(rescue());
            assertThatThrownBy(() -> place.complete(handler, job, 1))
                    .as("serialization failure, because the fence row is gone")
                    .isInstanceOf(SQLException.class);
            handler.rollback();
        }
        assertThat(hand.claimOne(hand.join()).attempt()).isEqualTo(2);
    }

    @Test
    void anEngineTransactionUnderAnotherIsolationIsRefused() throws Exception {
        Workplace place = hand.join();
        try (Connection connection = sql.begin()) {
            connection.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
            assertThatThrownBy(() -> sql.run(connection, "select {schema}.require_fence(" + place.epoch() + ", 0)"))
                    .hasMessageContaining("READ COMMITTED");
        }
    }

    /** The node has said that it leaves, and another one's caretaker is quicker with the rest. */
    @Test
    void whatALeavingNodeHeldIsReleasedWhoeverClosesItsEpoch() throws Exception {
        Workplace place = hand.join();
        hand.add(hand.job());
        ClaimedJob job = hand.claimOne(place);
        sql.run("insert into {schema}.closing (epoch, since, outcome) values (" + place.epoch() + ", 1, 4)");
        get(rescue());
        assertThat(hand.store().desk().job(job.id()).orElseThrow().attempts())
                .extracting(AttemptView::outcome)
                .containsExactly(AttemptOutcome.RELEASED);
    }

    /** Seen without the precaution: a process frozen while it counts kept everybody from counting for as long. */
    @Test
    void whoeverCountsGivesItsLockUpWhenItFreezes() throws Exception {
        hand.store().upkeep().rollUp(Duration.ZERO);
        try (Connection frozen = sql.begin()) {
            sql.run(frozen, PostgresUpkeep.endedWhenFrozenFor(Duration.ofMillis(100)));
            sql.run(frozen, new Statements(database.schema()).get("lock_roll_up"));
            long before = sql.number("select at from {schema}.rollup where name = 'depth'");
            await().atMost(SOON).until(() -> {
                hand.store().upkeep().rollUp(Duration.ZERO);
                return sql.number("select at from {schema}.rollup where name = 'depth'") > before;
            });
        }
    }
}
