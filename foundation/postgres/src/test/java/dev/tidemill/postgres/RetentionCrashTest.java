package dev.tidemill.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.tidemill.jobs.JobState;
import dev.tidemill.jobs.store.ClaimedJob;
import dev.tidemill.jobs.store.JobStore;
import dev.tidemill.jobs.store.StoreException;
import dev.tidemill.jobs.store.Workplace;
import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.StoreHand;
import dev.tidemill.testkit.TestDatabase;
import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.file.Path;
import java.sql.Connection;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Dropping history while nodes die, bulks are under way and somebody reads. */
@ExtendWith(FreshSchema.class)
class RetentionCrashTest {
    private static final Duration SOON = Duration.ofSeconds(20);
    private static final Duration YEAR = Duration.ofDays(365);

    private final TestDatabase database;
    private Almanac almanac;
    private StoreHand hand;
    private Workplace place;
    private final List<Long> done = new ArrayList<>();
    private long nextYear;
    private long dead;

    RetentionCrashTest(TestDatabase database) {
        this.database = database;
    }

    /** A first partition with jobs that are through, one for next year and a dead letter, and two weeks gone by. */
    @BeforeEach
    void twoWeeksLater() throws Exception {
        almanac = new Almanac(database);
        hand = almanac.hand();
        place = hand.join();
        done.clear();
        hand.add(20, hand.job());
        for (ClaimedJob job : hand.claim(place, 20)) {
            StoreHand.finish(place, StoreHand.success(job));
            done.add(job.id());
        }
        nextYear = hand.add(hand.delayed(hand.job(), YEAR));
        dead = hand.add(hand.job());
        StoreHand.finish(place, StoreHand.dead(hand.claimOne(place)));
        hand.store().upkeep().makePartitions();
        almanac.pass(Duration.ofDays(2));
        hand.store().upkeep().makePartitions();
        almanac.pass(Duration.ofDays(12));
    }

    @AfterEach
    void close() {
        almanac.close();
    }

    private void goOn() throws Exception {
        for (int minutes = 0; minutes < 10; minutes += 2) {
            almanac.advanceAll();
            almanac.pass(Duration.ofMinutes(2));
        }
    }

    private void assertThatTheRightOnesStayed() throws Exception {
        assertThat(almanac.sql().number("select count(*) from {schema}.job")).isZero();
        assertThat(done).allMatch(id -> hand.store().desk().job(id).isEmpty());
        assertThat(almanac.isKept(nextYear)).isTrue();
        assertThat(hand.state(nextYear)).isEqualTo(JobState.SCHEDULED);
        assertThat(hand.state(dead)).isEqualTo(JobState.DEAD);
        assertThat(hand.store().desk().job(dead).orElseThrow().attempts()).hasSize(1);
        assertThat(hand.claim(place, 100)).isEmpty();
        assertThat(almanac.sql().number("select count(*) from {schema}.survivor"))
                .isZero();
    }

    @Test
    void everyStepMayBeTakenByAnotherNode() throws Exception {
        int steps = 0;
        int idle = 0;
        while (idle < 4) {
            // A store of its own for each step: a node that dies after it.
            try (JobStore node = almanac.open()) {
                if (node.history().advance()) {
                    steps++;
                    idle = 0;
                } else {
                    almanac.pass(Duration.ofMinutes(2));
                    idle++;
                }
            }
        }
        assertThat(steps).isGreaterThan(8);
        assertThatTheRightOnesStayed();
    }

    @Test
    void aNodeMayDieAnywhere() throws Exception {
        Random random = new Random(5);
        for (int round = 0; round < 12; round++) {
            CompletableFuture<Integer> working = Aside.run(almanac::advanceAll);
            long end = System.nanoTime() + random.nextInt(30) * 1_000_000L;
            await().atMost(SOON).pollInterval(Duration.ofMillis(1)).until(() -> System.nanoTime() - end > 0);
            almanac.sql()
                    .number(
                            "select count(pg_terminate_backend(pid)) from pg_stat_activity where state = 'active'"
                                    + " and pid <> pg_backend_pid() and query ~ '{schema}.*(advance_history|detach partition)'");
            working.handle((steps, failed) -> failed).get();
            almanac.pass(Duration.ofMinutes(2));
        }
        goOn();
        assertThatTheRightOnesStayed();
    }

    private Process worker() throws IOException {
        return new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-XX:TieredStopAtLevel=1",
                        "-cp",
                        System.getProperty("java.class.path"),
                        RetentionWorker.class.getName(),
                        database.jdbcUrl(),
                        database.user(),
                        database.password(),
                        database.schema())
                .redirectOutput(Redirect.DISCARD)
                .redirectError(Redirect.INHERIT)
                .start();
    }

    /**
     * Starts a process that drops history, and kills it while it waits, in the middle of the next step, for what is locked
     * here. Its session goes on or not, as sessions of killed processes do.
     *
     * @param endSession whether the database loses the session as well, as when a machine is gone
     */
    private void killWhileItWaitsFor(String locking, boolean endSession) throws Exception {
        try (Connection blocker = almanac.sql().begin()) {
            almanac.sql().number(blocker, locking);
            int pid = Sql.pid(blocker);
            Process worker = worker();
            long session;
            try {
                session = await().atMost(SOON)
                        .pollInterval(Duration.ofMillis(5))
                        .until(() -> almanac.sql().waiterOf(pid), waiter -> waiter != 0);
            } finally {
                worker.destroyForcibly();
            }
            assertThat(worker.waitFor()).as("killed").isEqualTo(137);
            if (endSession) {
                almanac.sql().run("select pg_terminate_backend(" + session + ")");
            } else {
                blocker.rollback();
            }
            await().atMost(SOON)
                    .until(() ->
                            almanac.sql().number("select count(*) from pg_stat_activity where pid = " + session) == 0);
            blocker.rollback();
        }
        almanac.pass(Duration.ofMinutes(2));
    }

    private void anotherNodeGoesOnUntil(String condition) throws Exception {
        try (JobStore node = almanac.open()) {
            int idle = 0;
            while (almanac.sql().number("select (" + condition + ")::integer") == 0) {
                if (!node.history().advance()) {
                    almanac.pass(Duration.ofMinutes(2));
                    assertThat(idle++)
                            .as("steps in which nothing was done before %s", condition)
                            .isLessThan(10);
                }
            }
        }
    }

    @Test
    void aProcessMayBeKilledInTheMiddleOfEveryStep() throws Exception {
        String parts = "select count(*) from (select from {schema}.part for update) p";
        String step = "coalesce((select max(step) from {schema}.part where family = '%s'), 0) >= %d";
        killWhileItWaitsFor(parts, false);
        anotherNodeGoesOnUntil(step.formatted("job", 1));
        almanac.pass(Duration.ofMinutes(2));
        killWhileItWaitsFor(parts, false);
        anotherNodeGoesOnUntil(step.formatted("job", 2));
        killWhileItWaitsFor("select count(*) from (select from {schema}.survivor for update) s", true);
        assertThat(almanac.isKept(nextYear)).as("rolled back with the session").isFalse();
        killWhileItWaitsFor("select count(*) from (select from {schema}.survivor for update) s", false);
        anotherNodeGoesOnUntil("not exists (select from {schema}.survivor)");
        killWhileItWaitsFor(parts, false);
        anotherNodeGoesOnUntil(step.formatted("job", 3));
        // Which partition is next is noted before it is detached.
        killWhileItWaitsFor(parts, false);
        String reading = "select count(*) from {schema}.tag";
        killWhileItWaitsFor(reading, true);
        assertThat(almanac.sql()
                        .number("select count(*) from pg_inherits where inhdetachpending and inhparent ="
                                + " '{schema}.tag'::regclass"))
                .as("left half detached")
                .isEqualTo(1);
        anotherNodeGoesOnUntil("to_regclass('{schema}.cancelled_0') is not null and not exists (select from pg_inherits"
                + " where inhrelid = '{schema}.cancelled_0'::regclass)");
        killWhileItWaitsFor(parts, true);
        assertThat(almanac.sql().number("select count(*) from {schema}.part where family = 'job' and step = 3"))
                .as("its tables are dropped, and were not when the session went")
                .isEqualTo(1);
        killWhileItWaitsFor(parts, false);
        anotherNodeGoesOnUntil("not exists (select from {schema}.part where family = 'job' and step > 0)");
        killWhileItWaitsFor(parts, true);
        goOn();
        assertThatTheRightOnesStayed();
        assertThat(almanac.sql().number("select count(*) from {schema}.part where step > 0"))
                .isZero();
    }

    /** Seen without the precaution: a plain DROP behind an open reader kept bodies from everybody for over a second. */
    @Test
    void anOpenReaderDelaysTheDropAndNobodyElse() throws Exception {
        try (Connection reader = almanac.sql().begin();
                JobStore node = almanac.open()) {
            almanac.sql().number(reader, "select count(*) from {schema}.job");
            CompletableFuture<Boolean> dropping = Aside.run(() -> {
                while (node.history().advance()) {
                    almanac.pass(Duration.ofMinutes(2));
                }
                return true;
            });
            await().atMost(SOON)
                    .until(() -> almanac.sql()
                                    .number("select count(*) from pg_inherits where inhdetachpending and inhparent ="
                                            + " '{schema}.job'::regclass")
                            == 1);
            hand.add(hand.job());
            try (Connection other = almanac.sql().begin()) {
                almanac.sql().run(other, "set local lock_timeout = '200ms'");
                assertThat(almanac.sql().number(other, "select count(*) from {schema}.job where payload = '{}'"))
                        .isEqualTo(1);
                assertThat(almanac.sql().claim(other, place.epoch(), hand.queue()))
                        .isPositive();
                other.rollback();
            }
            assertThat(hand.state(nextYear)).isEqualTo(JobState.SCHEDULED);
            // The node dies in the middle of detaching, with the reader still there: another one finishes it.
            almanac.sql()
                    .run("select pg_terminate_backend(pid) from pg_stat_activity where state = 'active'"
                            + " and query like 'alter table {schema}.%' and pid <> pg_backend_pid()");
            assertThat(dropping.handle((more, failed) -> failed).get()).isInstanceOf(StoreException.class);
            assertThat(hand.store().history().advance()).isFalse();
            reader.rollback();
        }
        StoreHand.finish(place, StoreHand.success(hand.claimOne(place)));
        almanac.pass(Duration.ofMinutes(2));
        goOn();
        assertThat(done).allMatch(id -> hand.store().desk().job(id).isEmpty());
        assertThat(hand.state(nextYear)).isEqualTo(JobState.SCHEDULED);
        assertThat(hand.state(dead)).isEqualTo(JobState.DEAD);
    }

    @Test
    void noStepOfUpkeepWaitsLongForALock() throws Exception {
        try (Connection holder = almanac.sql().begin()) {
            almanac.sql().run(holder, "lock table {schema}.part in access exclusive mode");
            assertThat(Aside.run(() -> hand.store().history().advance()))
                    .succeedsWithin(SOON)
                    .isEqualTo(false);
            assertThat(Aside.run(() -> {
                        hand.store().upkeep().makePartitions();
                        return "made a little later";
                    }))
                    .succeedsWithin(SOON);
            holder.rollback();
        }
        goOn();
        assertThatTheRightOnesStayed();
    }

    @Test
    void aStepThatItsNodesCloseBreaksOffIsNoFailure() throws Exception {
        JobStore node = almanac.open();
        try (Connection holder = almanac.sql().begin()) {
            almanac.sql().run(holder, "lock table {schema}.part in access exclusive mode");
            CompletableFuture<Boolean> step = Aside.run(() -> node.history().advance());
            await().atMost(SOON)
                    .until(() -> almanac.sql()
                                    .number("select count(*) from pg_stat_activity where wait_event_type = 'Lock'"
                                            + " and query like '%{schema}.advance_history%'")
                            == 1);
            node.close();
            assertThat(step).succeedsWithin(SOON).isEqualTo(false);
            holder.rollback();
        } finally {
            node.close();
        }
        assertThat(node.history().advance())
                .as("a step that begins after the close")
                .isFalse();
        goOn();
        assertThatTheRightOnesStayed();
    }

    /** A bulk looks whether its ids are void in one statement and writes with the next, however much later. */
    @Test
    void aBulkThatIsUnderWayIsWaitedFor() throws Exception {
        try (Connection bulk = almanac.sql().begin()) {
            String look = new Statements(database.schema()).get("begin_copy").replace("?", "1900");
            assertThat(almanac.sql().number(bulk, look)).isPositive();
            goOn();
            almanac.sql()
                    .run(
                            bulk,
                            "insert into {schema}.job (id, created, kind, queue, priority, payload)"
                                    + " values (1900, 1, 1, 1, 2, 'late');"
                                    + "insert into {schema}.scheduled (due, job, start_within, kind, queue, priority, attempt, failures)"
                                    + " values (9e17::bigint, 1900, 1, 1, 1, 2, 1, 0)");
            bulk.commit();
        }
        goOn();
        assertThat(almanac.isKept(1900)).isTrue();
        assertThatTheRightOnesStayed();
    }

    @Test
    void aBulkWithVoidIdsGetsOthers() throws Exception {
        goOn();
        List<Long> ids = hand.addInSilence(PostgresIntake.COPY_FROM, hand.job()).ids();
        long floor = almanac.sql().number("select id from {schema}.job_floor");
        assertThat(floor).isPositive();
        assertThat(ids).allMatch(id -> id >= floor);
        assertThat(hand.claim(hand.join(), 1_000)).hasSize(PostgresIntake.COPY_FROM);
    }
}
