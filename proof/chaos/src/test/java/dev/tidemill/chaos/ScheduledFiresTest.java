package dev.tidemill.chaos;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.tidemill.jobs.CatchUp;
import dev.tidemill.jobs.JobRequest;
import dev.tidemill.jobs.Overlap;
import dev.tidemill.jobs.ScheduleOptions;
import dev.tidemill.jobs.Tidemill;
import dev.tidemill.jobs.Timing;
import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.TestDatabase;
import java.sql.Connection;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Schedules whose processes die and freeze around their fires: every second of each is enqueued once, and runs once. */
@ExtendWith(FreshSchema.class)
class ScheduledFiresTest {
    private static final int SCHEDULES = 5;
    private static final String RECORDING = "%insert into%schedule_fire%";
    private static final String ADVANCING = "%update%schedule%next_fire%";

    private final Site site;
    private final Ledger ledger;

    ScheduledFiresTest(TestDatabase database) {
        this.site = Stage.site(database).inFreshSchema();
        this.ledger = Ledger.open(site);
    }

    @AfterEach
    void drop() {
        ledger.drop();
    }

    private void put(int schedules) {
        try (Tidemill mill =
                Tidemill.on(site.dataSource()).schema(site.schema()).start()) {
            for (int i = 0; i < schedules; i++) {
                mill.schedules()
                        .put(
                                "s" + i,
                                Timing.cron("* * * * * *", "UTC"),
                                new JobRequest("Work", "{\"millis\":1}"),
                                ScheduleOptions.NONE.catchUp(CatchUp.ALL).overlap(Overlap.ALLOW));
            }
        }
    }

    private int fires() {
        return ledger.number("select count(*) from {s}.schedule_fire");
    }

    private void awaitMore(int more) {
        int before = fires();
        await().atMost(Duration.ofSeconds(40)).until(() -> fires() >= before + more);
    }

    /** Stops the schedules, waits for their jobs, and tells from the tables what came of every second. */
    private void assertEverySecondOnce() {
        ledger.execute("update {s}.schedule set paused = true, wake = null");
        List<Long> jobs = ledger.numbers("select id from {s}.job");
        ledger.awaitAll(jobs);
        Stage.assertAllDoneOnce(ledger, jobs);
        assertThat(ledger.numbers("""
                        select s.id from {s}.schedule s join {s}.schedule_fire f on f.schedule = s.id
                         group by s.id
                        having count(*) <> 1 + (max(f.fire) - min(f.fire)) / 1000000""")).as("seconds left out").isEmpty();
        assertThat(ledger.numbers("select fire from {s}.schedule_fire where outcome <> 0 or job is null"))
                .as("not enqueued")
                .isEmpty();
        assertThat(ledger.numbers("select job from {s}.schedule_fire order by job"))
                .as("a job a fire, and no other")
                .containsExactlyInAnyOrderElementsOf(jobs);
        assertThat(ledger.numbers("""
                        select min(a.job) from {s}.tag a join {s}.tag b on b.job = a.job and b.name = 'scheduledFor'
                         where a.name = 'schedule' group by a.value, b.value having count(*) > 1""")).as("a second enqueued twice").isEmpty();
    }

    @Test
    void workersThatAreKilledAtAnyMomentLoseAndRepeatNothing() {
        put(SCHEDULES);
        try (WorkerProcess rock = Stage.start(site, "rock", Pace.BRISK_AND_SURE, 4)) {
            for (int round = 0; round < 3; round++) {
                try (WorkerProcess victim = Stage.start(site, "victim" + round, Pace.BRISK_AND_SURE, 4)) {
                    awaitMore(2 * SCHEDULES);
                    victim.kill();
                }
            }
            awaitMore(SCHEDULES);
            assertEverySecondOnce();
            rock.stop();
        }
    }

    @Test
    void aWorkerKilledInTheMiddleOfAFireLeavesNothingOfIt() throws Exception {
        try (WorkerProcess victim = Stage.start(site, "victim", Pace.BRISK_AND_SURE, 4)) {
            try (Connection lock = ledger.lock("schedule_fire", "share")) {
                put(SCHEDULES);
                ledger.awaitBlocked("victim", RECORDING);
                victim.kill();
                lock.rollback();
            }
            assertNothingIsLeftAndAnotherGoesOn();
        }
    }

    @Test
    void aWorkerKilledWhenAFireIsRecordedAndTheNextIsNotLeavesNothingOfIt() throws Exception {
        try (WorkerProcess victim = Stage.start(site, "victim", Pace.BRISK_AND_SURE, 4)) {
            try (Connection before = ledger.lock("schedule_fire", "share")) {
                put(SCHEDULES);
                ledger.awaitBlocked("victim", RECORDING);
                // Lets schedules be locked, as the victim has, and not be written.
                try (Connection lock = ledger.lock("schedule", "share")) {
                    before.rollback();
                    ledger.awaitBlocked("victim", ADVANCING);
                    victim.kill();
                    lock.rollback();
                }
            }
            assertNothingIsLeftAndAnotherGoesOn();
        }
    }

    private void assertNothingIsLeftAndAnotherGoesOn() {
        await().atMost(Duration.ofSeconds(30))
                .until(() ->
                        ledger.number("select count(*) from pg_stat_activity where application_name = 'victim'") == 0);
        assertThat(fires()).isZero();
        assertThat(ledger.number("select count(*) from {s}.job")).isZero();
        try (WorkerProcess heir = Stage.start(site, "heir", Pace.BRISK_AND_SURE, 4)) {
            awaitMore(3 * SCHEDULES);
            assertEverySecondOnce();
            heir.stop();
        }
    }

    @Test
    void aWorkerKilledInTheMiddleOfACatchUpLeavesTheRestToTwoOthers() throws Exception {
        // Nothing fires while it is put, for what has been fired is not caught up again.
        try (Connection before = ledger.lock("schedule_fire", "share")) {
            put(1);
            ledger.execute("update {s}.schedule set next_fire = next_fire - 8000 * 1000000::bigint, wake = next_fire");
            try (WorkerProcess victim = Stage.start(site, "victim", Pace.BRISK_AND_SURE, 4)) {
                ledger.awaitBlocked("victim", RECORDING);
                // In line behind the first page, and before the second.
                CompletableFuture<Connection> behind =
                        CompletableFuture.supplyAsync(() -> ledger.lock("schedule_fire", "share"));
                ledger.awaitBlocked("ledger", "lock table%schedule_fire%");
                before.rollback();
                try (Connection lock = behind.join()) {
                    ledger.awaitBlocked("victim", RECORDING);
                    victim.kill();
                    lock.rollback();
                }
            }
            await().atMost(Duration.ofSeconds(30))
                    .until(() ->
                            ledger.number("select count(*) from pg_stat_activity where application_name = 'victim'")
                                    == 0);
        }
        assertThat(ledger.number("select count(*) from {s}.job")).as("a page").isEqualTo(1_000);
        try (WorkerProcess heir = Stage.start(site, "heir", Pace.BRISK_AND_SURE, 4);
                WorkerProcess other = Stage.start(site, "other", Pace.BRISK_AND_SURE, 4)) {
            await().atMost(Duration.ofSeconds(40))
                    .until(() ->
                            ledger.number("select count(*) from {s}.schedule where next_fire > {s}.now_micros()") == 1);
            ledger.execute("update {s}.schedule set paused = true, wake = null");
            List<Long> jobs = ledger.numbers("select id from {s}.job");
            assertThat(jobs).hasSizeGreaterThanOrEqualTo(8_000);
            assertThat(ledger.numbers("select extract(epoch from max(value::timestamptz) - min(value::timestamptz))"
                            + " + 1 from {s}.tag where name = 'scheduledFor'"))
                    .as("a job a second")
                    .containsExactly((long) jobs.size());
            assertThat(ledger.number("select count(distinct value) from {s}.tag where name = 'scheduledFor'"))
                    .as("and no other")
                    .isEqualTo(jobs.size());
            ledger.awaitAll(jobs);
            Stage.assertAllDoneOnce(ledger, jobs);
            heir.stop();
            other.stop();
        }
    }

    @Test
    void aWorkerFrozenInTheMiddleOfAFireHoldsTheSchedulesForSecondsOnly() throws Exception {
        try (WorkerProcess sleeper = Stage.start(site, "sleeper", Pace.CALM, 4)) {
            try (Connection lock = ledger.lock("schedule_fire", "share")) {
                put(SCHEDULES);
                ledger.awaitBlocked("sleeper", RECORDING);
                sleeper.freeze();
                lock.rollback();
            }
            await().atMost(Duration.ofSeconds(30)).until(() -> ledger.openTransactions("sleeper") == 1);
            try (WorkerProcess other = Stage.start(site, "other", Pace.CALM, 4)) {
                await().atMost(Duration.ofSeconds(15)).until(() -> fires() >= SCHEDULES);
                awaitMore(SCHEDULES);
                sleeper.thaw();
                awaitMore(SCHEDULES);
                assertEverySecondOnce();
                other.stop();
            }
            sleeper.stop();
        }
    }

    @Test
    void whatWasLostWithItsWorkerHasNotEndedSoThatNothingIsEnqueuedBesideIt() {
        try (Tidemill mill =
                Tidemill.on(site.dataSource()).schema(site.schema()).start()) {
            for (Overlap overlap : List.of(Overlap.SKIP, Overlap.QUEUE)) {
                mill.schedules()
                        .put(
                                overlap.name(),
                                Timing.cron("* * * * * *", "UTC"),
                                new JobRequest("Work", "{\"millis\":1200}"),
                                ScheduleOptions.NONE.overlap(overlap));
            }
        }
        for (int round = 0; round < 2; round++) {
            try (WorkerProcess victim = Stage.start(site, "victim" + round, Pace.BRISK_AND_SURE, 4)) {
                String held = "select count(*) from {s}.lease join {s}.node using (epoch) where name = '"
                        + victim.name() + "'";
                await().atMost(Duration.ofSeconds(40)).until(() -> ledger.number(held) > 0);
                victim.kill();
            }
        }
        try (WorkerProcess heir = Stage.start(site, "heir", Pace.BRISK_AND_SURE, 4)) {
            awaitMore(8);
            ledger.execute("update {s}.schedule set paused = true, wake = null");
            List<Long> jobs = ledger.numbers("select id from {s}.job");
            ledger.awaitAll(jobs);
            heir.stop();
            Stage.assertAllDoneOnce(ledger, jobs);
        }
        assertThat(ledger.number("select count(*) from {s}.attempt where outcome = 5"))
                .as("attempts that were lost")
                .isPositive();
        assertThat(ledger.numbers("""
                        select id from (
                            select j.id, j.created,
                                   lag(o.at) over (partition by t.value order by j.created) as ended_before
                              from {s}.job j
                              join {s}.tag t on t.job = j.id and t.name = 'schedule'
                              join {s}.attempt a on a.job = j.id and a.outcome = 0
                              join {s}.told o on o.job = j.id and o.attempt = a.attempt) x
                         where created < ended_before"""))
                .as("enqueued while the one before was unfinished")
                .isEmpty();
    }
}
