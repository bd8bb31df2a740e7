package dev.tidemill.postgres;

import static dev.tidemill.jobs.Timing.cron;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.tidemill.jobs.CatchUp;
import dev.tidemill.jobs.FireOutcome;
import dev.tidemill.jobs.FireView;
import dev.tidemill.jobs.JobRequest;
import dev.tidemill.jobs.Overlap;
import dev.tidemill.jobs.ScheduleOptions;
import dev.tidemill.jobs.Tidemill;
import dev.tidemill.jobs.Timing;
import dev.tidemill.jobs.store.Clockwork.Fire;
import dev.tidemill.jobs.store.Clockwork.Plan;
import dev.tidemill.jobs.store.Clockwork.Planner;
import dev.tidemill.jobs.store.StoreException;
import dev.tidemill.jobs.store.StoredSchedule;
import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.TestDatabase;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Every fire is enqueued once, whoever fires it and whatever happens meanwhile; by a clock that the test sets. */
@ExtendWith(FreshSchema.class)
final class FiresOnceTest {
    private static final Timing EVERY_SECOND = cron("* * * * * *", "UTC");
    private static final String START = "2026-11-22T10:00:00Z";
    private static final ScheduleOptions ALL =
            ScheduleOptions.NONE.catchUp(CatchUp.ALL).overlap(Overlap.ALLOW);

    private final TestDatabase database;
    private final Sql sql;
    private final HandClock clock;

    FiresOnceTest(TestDatabase database) throws SQLException {
        this.database = database;
        this.sql = new Sql(database);
        builder().start().close();
        this.clock = HandClock.in(sql, START);
    }

    @BeforeEach
    void startAnew() throws SQLException {
        sql.run("delete from {schema}.schedule");
        sql.run("truncate {schema}.job, {schema}.ready, {schema}.tag");
        clock.set(START);
    }

    private dev.tidemill.jobs.TidemillBuilder builder() {
        return Tidemill.on(database.dataSource()).schema(database.schema());
    }

    private void assertEachOnce(int schedules, int fires) throws SQLException {
        assertThat(sql.number("select count(*) from {schema}.schedule_fire where outcome = 0 and not manual"))
                .isEqualTo((long) schedules * fires);
        assertThat(sql.number("select count(distinct job) from {schema}.schedule_fire"))
                .isEqualTo((long) schedules * fires);
        assertThat(sql.number("select count(*) from {schema}.job")).isEqualTo((long) schedules * fires);
        assertThat(sql.number("select count(*) from (select s.value, f.value from {schema}.tag s"
                        + " join {schema}.tag f on f.job = s.job and f.name = 'scheduledFor'"
                        + " where s.name = 'schedule' group by s.value, f.value) each_fire"))
                .isEqualTo((long) schedules * fires);
    }

    @Test
    void manyNodesHammeringTheSameSchedulesFireEachTimeOnce() throws Exception {
        List<Tidemill> mills = new ArrayList<>();
        try {
            for (int i = 0; i < 6; i++) {
                mills.add(builder().start());
            }
            for (int i = 0; i < 20; i++) {
                mills.getFirst().schedules().put("s" + i, EVERY_SECOND, new JobRequest("Fired", "{}"), ALL);
            }
            for (int second = 1; second <= 20; second++) {
                clock.set("2026-11-22T10:00:%02dZ".formatted(second));
                mills.get(second % 6).schedules().resume("s1");
            }
            await().atMost(Jobs.SOON)
                    .until(() -> sql.number("select count(*) from {schema}.schedule where last_fire < "
                                    + "(select at from {schema}.hand_clock) or last_fire is null")
                            == 0);
            assertEachOnce(20, 20);
        } finally {
            mills.forEach(Tidemill::close);
        }
    }

    @Test
    void allThatWasMissedIsCaughtUpInOrderAndOnceByTwoNodes() throws Exception {
        try (Tidemill one = builder().start();
                Tidemill two = builder().start()) {
            for (String name : List.of("a", "b")) {
                one.schedules().put(name, EVERY_SECOND, new JobRequest("Fired", "{}"), ALL);
            }
            clock.set("2026-11-22T11:00:00Z");
            two.schedules().resume("a");
            await().atMost(Jobs.SOON).until(() -> sql.number("select count(*) from {schema}.job") == 7_200);
            assertThat(sql.number("select count(distinct (s.value, f.value)) from {schema}.tag s"
                            + " join {schema}.tag f on f.job = s.job and f.name = 'scheduledFor'"
                            + " where s.name = 'schedule'"))
                    .isEqualTo(7_200);
            assertThat(sql.number("select count(*) from (select f.value < lag(f.value) over (order by f.job) as back"
                            + " from {schema}.tag s join {schema}.tag f on f.job = s.job and f.name = 'scheduledFor'"
                            + " where s.name = 'schedule' and s.value = 'a') each_job where back"))
                    .as("out of order")
                    .isZero();
            assertThat(sql.number("select count(*) from {schema}.schedule_fire where outcome <> 0"))
                    .isZero();
            await().atMost(Jobs.SOON)
                    .until(() -> one.schedules().get("a").nextFireAt(), Instant.parse("2026-11-22T11:00:01Z")::equals);
        }
    }

    @Test
    void aCatchUpThatIsPausedGoesNoFurther() throws Exception {
        ExecutorService person = Executors.newSingleThreadExecutor();
        try (Tidemill mill = builder().start();
                Connection holder = sql.begin()) {
            mill.schedules().put("x", EVERY_SECOND, new JobRequest("Fired", "{}"), ALL);
            sql.run(holder, "lock table {schema}.schedule_fire in share mode");
            clock.set("2026-11-22T11:00:00Z");
            await().atMost(Jobs.SOON).until(() -> waiting("%insert into%schedule_fire%") == 1);
            Future<?> paused = person.submit(() -> mill.schedules().pause("x"));
            await().atMost(Jobs.SOON).until(() -> waiting("%set paused = true%") == 1);
            holder.rollback();
            assertThat(paused).succeedsWithin(Jobs.SOON);
            assertThat(sql.number("select count(*) from {schema}.job")).isEqualTo(1_000);
            mill.schedules().resume("x");
            assertThat(mill.schedules().get("x").nextFireAt()).isEqualTo("2026-11-22T11:00:01Z");
            clock.set("2026-11-22T11:00:01Z");
            await().atMost(Jobs.SOON).until(() -> sql.number("select count(*) from {schema}.job") == 1_001);
        } finally {
            person.shutdownNow();
        }
    }

    private long waiting(String statement) throws SQLException {
        return sql.number("select count(*) from pg_stat_activity where wait_event_type = 'Lock'"
                + " and query like replace('" + statement + "', 'schedule_fire', '{schema}.schedule_fire')");
    }

    /** Plans fires as told, without knowing what was fired before. */
    private static Planner always(long fire) {
        return (schedule, now) -> plan(schedule, fire, now);
    }

    private static Plan plan(StoredSchedule schedule, long fire, long now) {
        return new Plan(
                List.of(new Fire(fire, FireOutcome.SKIPPED, null, 0)),
                List.of(),
                schedule.nextMicros(),
                fire,
                now,
                List.of(),
                false,
                null);
    }

    @Test
    void evenAPlannerGoneWrongCannotFireATimeTwice() throws Exception {
        try (PostgresJobStore store = new PostgresJobStore(database.dataSource(), database.schema())) {
            store.timetable().put(Drafts.of("x", EVERY_SECOND), now -> now, true);
            store.clockwork().fire(always(7));
            store.clockwork().fire(always(7));
            assertThat(sql.number("select count(*) from {schema}.schedule_fire"))
                    .isEqualTo(1);
            assertThat(store.timetable().find("x").orElseThrow().error()).contains("schedule_fire_pkey");
        }
    }

    @Test
    void whatTheDatabaseRefusesForOneScheduleHoldsNoOtherUp() throws Exception {
        try (Tidemill mill = builder().start()) {
            mill.schedules().put("good", EVERY_SECOND, new JobRequest("Fired", "{}"), ALL);
            mill.schedules().put("bad", EVERY_SECOND, new JobRequest("Fired", "{}"), ALL);
            sql.run("alter table {schema}.schedule_fire add constraint no_bad_one check (schedule <> "
                    + sql.number("select id from {schema}.schedule where name = 'bad'") + ")");
            clock.set("2026-11-22T10:00:05Z");
            await().atMost(Jobs.SOON)
                    .until(() -> mill.schedules().history("good", 10).size() == 5);
            await().atMost(Jobs.SOON)
                    .untilAsserted(() ->
                            assertThat(mill.schedules().get("bad").error()).contains("no_bad_one"));
            sql.run("alter table {schema}.schedule_fire drop constraint no_bad_one");
            clock.set("2026-11-22T10:02:00Z");
            await().atMost(Jobs.SOON)
                    .until(() -> mill.schedules().history("bad", 1000).size() == 120);
            assertThat(mill.schedules().get("bad").error()).isNull();
        }
    }

    @Test
    void whatCannotBePlannedForOneScheduleHoldsNoOtherUp() throws Exception {
        try (Tidemill mill = builder().start()) {
            mill.schedules().put("good", EVERY_SECOND, new JobRequest("Fired", "{}"), ALL);
            mill.schedules().put("bad", EVERY_SECOND, new JobRequest("Fired", "{}"), ALL);
            sql.run("update {schema}.schedule set payload = 'no JSON' where name = 'bad'");
            clock.set("2026-11-22T10:00:05Z");
            await().atMost(Jobs.SOON)
                    .until(() -> mill.schedules().history("good", 10).size() == 5);
            await().atMost(Jobs.SOON)
                    .untilAsserted(() ->
                            assertThat(mill.schedules().get("bad").error()).contains("not JSON"));
        }
    }

    @Test
    void aNodeFrozenWithSchedulesLockedHoldsThemNoLongerThanSeconds() throws Exception {
        CountDownLatch frozen = new CountDownLatch(1);
        CountDownLatch thaw = new CountDownLatch(1);
        ExecutorService sleeper = Executors.newSingleThreadExecutor();
        PostgresJobStore store = new PostgresJobStore(database.dataSource(), database.schema());
        try {
            store.timetable().put(Drafts.of("a", EVERY_SECOND), now -> now + 1_000_000, true);
            clock.set("2026-11-22T10:00:02Z");
            Future<?> firing = sleeper.submit(() -> store.clockwork().fire((schedule, now) -> {
                frozen.countDown();
                Jobs.awaitStubbornly(thaw);
                return plan(schedule, 7, now);
            }));
            Jobs.await30(frozen);
            try (Tidemill mill = builder().start()) {
                await().atMost(Duration.ofSeconds(15))
                        .until(() -> mill.schedules().history("a", 10).size() == 2);
            }
            thaw.countDown();
            assertThat(firing).failsWithin(Jobs.SOON).withThrowableThat().withCauseInstanceOf(StoreException.class);
            assertEachOnce(1, 2);
        } finally {
            thaw.countDown();
            sleeper.shutdownNow();
            store.close();
        }
    }

    @Test
    void aLockedScheduleIsPassedOverAndTheOthersFire() throws Exception {
        try (Tidemill mill = builder().start();
                Connection holder = sql.begin()) {
            for (String name : List.of("held", "free")) {
                mill.schedules().put(name, EVERY_SECOND, new JobRequest("Fired", "{}"), ALL);
            }
            sql.run(holder, "select from {schema}.schedule where name = 'held' for update");
            clock.set("2026-11-22T10:00:03Z");
            await().atMost(Jobs.SOON)
                    .until(() -> mill.schedules().history("free", 10).size() == 3);
            assertThat(mill.schedules().history("held", 10)).isEmpty();
            holder.rollback();
            await().atMost(Jobs.SOON)
                    .until(() -> mill.schedules().history("held", 10).size() == 3);
        }
    }

    @Test
    void historyIsBoundedAndWhatWaitsIsNotDropped() throws Exception {
        try (Tidemill mill = builder().start()) {
            mill.schedules().put("many", EVERY_SECOND, new JobRequest("Fired", "{}"), ALL);
            clock.set("2026-11-22T10:10:00Z");
            await().atMost(Jobs.SOON).until(() -> sql.number("select count(*) from {schema}.job") == 600);
            assertThat(mill.schedules().history("many", 1000)).hasSize(200);
            mill.schedules().put("many", EVERY_SECOND, new JobRequest("Fired", "{}"), ALL.overlap(Overlap.QUEUE));
            clock.set("2026-11-22T10:20:00Z");
            await().atMost(Jobs.SOON).until(() -> mill.schedules().get("many").waiting() == Overlap.MOST_WAITING);
            assertThat(sql.number("select count(*) from {schema}.schedule_fire where outcome = 1"))
                    .isEqualTo(Overlap.MOST_WAITING);
        }
    }

    @Test
    void aPausedScheduleThatIsEditedStaysPaused() throws Exception {
        try (Tidemill mill = builder().start()) {
            for (String name : List.of("edited", "moved", "other")) {
                mill.schedules().put(name, EVERY_SECOND, new JobRequest("Fired", "{}"), ALL);
            }
            mill.schedules().pause("edited");
            mill.schedules().pause("moved");
            mill.schedules().put("edited", EVERY_SECOND, new JobRequest("Fired", "{\"new\": 1}"), ALL);
            mill.schedules().put("moved", Timing.every(Duration.ofSeconds(1)), new JobRequest("Fired", "{}"), ALL);
            clock.set("2026-11-22T10:00:03Z");
            await().atMost(Jobs.SOON)
                    .until(() -> mill.schedules().history("other", 10).size() == 3);
            assertThat(mill.schedules().history("edited", 10)).isEmpty();
            assertThat(mill.schedules().history("moved", 10)).isEmpty();
            mill.schedules().resume("edited");
            clock.set("2026-11-22T10:00:04Z");
            await().atMost(Jobs.SOON)
                    .until(() -> mill.schedules().history("edited", 10).size() == 1);
            long job = Objects.requireNonNull(
                    mill.schedules().history("edited", 1).getFirst().jobId());
            assertThat(mill.job(job).orElseThrow().payload()).contains("new");
        }
    }

    @Test
    void aJobThatWasTriggeredByHandIsUnfinishedLikeThoseOfFires() throws Exception {
        try (Tidemill mill = builder().start()) {
            mill.schedules().put("x", EVERY_SECOND, new JobRequest("Fired", "{}"), ALL.overlap(Overlap.SKIP));
            mill.schedules().trigger("x");
            clock.set("2026-11-22T10:00:03Z");
            await().atMost(Jobs.SOON)
                    .until(() -> mill.schedules().history("x", 10).size() == 4);
            assertThat(mill.schedules().history("x", 10))
                    .filteredOn(fire -> !fire.manual())
                    .extracting(FireView::outcome)
                    .containsOnly(FireOutcome.SKIPPED);
        }
    }

    @Test
    void aTimeZoneThatThisProcessDoesNotKnowIsLeftToOthers() throws Exception {
        try (Tidemill mill = builder().start()) {
            mill.schedules().put("known", EVERY_SECOND, new JobRequest("Fired", "{}"), ALL);
            mill.schedules().put("unknown", EVERY_SECOND, new JobRequest("Fired", "{}"), ALL);
            sql.run("update {schema}.schedule set timing = 'cron * * * * * * @ Mars/Base' where name = 'unknown'");
            clock.set("2026-11-22T10:00:03Z");
            await().atMost(Jobs.SOON)
                    .until(() -> mill.schedules().history("known", 10).size() == 3);
            assertThat(sql.number("select count(*) from {schema}.schedule where name = 'unknown' and error is null"
                            + " and last_fire is null"))
                    .isEqualTo(1);
        }
    }
}
