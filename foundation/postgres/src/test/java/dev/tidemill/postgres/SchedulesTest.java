package dev.tidemill.postgres;

import static dev.tidemill.jobs.Timing.afterEach;
import static dev.tidemill.jobs.Timing.cron;
import static dev.tidemill.jobs.Timing.every;
import static dev.tidemill.jobs.Timing.once;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.tidemill.jobs.CatchUp;
import dev.tidemill.jobs.EnqueueOptions;
import dev.tidemill.jobs.ErrorCode;
import dev.tidemill.jobs.FireOutcome;
import dev.tidemill.jobs.FireView;
import dev.tidemill.jobs.JobRequest;
import dev.tidemill.jobs.JobState;
import dev.tidemill.jobs.JobView;
import dev.tidemill.jobs.Overlap;
import dev.tidemill.jobs.Priority;
import dev.tidemill.jobs.Retry;
import dev.tidemill.jobs.ScheduleOptions;
import dev.tidemill.jobs.ScheduleView;
import dev.tidemill.jobs.Tidemill;
import dev.tidemill.jobs.TidemillBuilder;
import dev.tidemill.jobs.TidemillException;
import dev.tidemill.jobs.Timing;
import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.TestDatabase;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Schedules as an application sees them, by the real clock. */
@ExtendWith(FreshSchema.class)
final class SchedulesTest {
    record Report(String scope) {}

    record Slow() {}

    record Broken() {}

    private static final Timing NIGHTLY = cron("30 2 * * *", "Europe/Berlin");
    private static final Timing EVERY_SECOND = cron("* * * * * *", "UTC");

    private final TestDatabase database;
    private final BlockingQueue<Map<String, String>> reported = new LinkedBlockingQueue<>();
    private final CountDownLatch slowMayEnd = new CountDownLatch(1);

    SchedulesTest(TestDatabase database) {
        this.database = database;
    }

    private TidemillBuilder builder() {
        return Tidemill.on(database.dataSource()).schema(database.schema());
    }

    private TidemillBuilder worker() {
        return builder()
                .handle(
                        Report.class,
                        (job, run) -> reported.add(run.tags()),
                        options -> options.priority(Priority.HIGH))
                .handle(Slow.class, (job, run) -> Jobs.await30(slowMayEnd))
                .handle(Broken.class, (job, run) -> {
                    throw Retry.never("broken for good");
                });
    }

    @AfterEach
    void removeAll() throws SQLException {
        slowMayEnd.countDown();
        try (Tidemill mill = builder().start()) {
            mill.schedules().list().forEach(schedule -> mill.schedules().remove(schedule.name()));
        }
        new Sql(database).run("truncate {schema}.ready, {schema}.scheduled");
    }

    private static <T> T eventually(java.util.concurrent.Callable<T> value, java.util.function.Predicate<T> is) {
        return await().atMost(Jobs.SOON).pollInterval(Duration.ofMillis(20)).until(value, is);
    }

    private static long jobOf(FireView fire) {
        return Objects.requireNonNull(fire.jobId(), "no job was enqueued");
    }

    private static ErrorCode code(Throwable thrown) {
        return ((TidemillException) thrown).code();
    }

    @Test
    void aScheduleFiresAndItsJobsTellWhatTheyAreFor() throws Exception {
        try (Tidemill mill =
                worker().schedule("tick", EVERY_SECOND, new Report("all")).start()) {
            Map<String, String> first = reported.poll(20, TimeUnit.SECONDS);
            Map<String, String> second = reported.poll(20, TimeUnit.SECONDS);
            assertThat(first).containsEntry("schedule", "tick");
            assertThat(Instant.parse(second.get("scheduledFor")))
                    .isEqualTo(Instant.parse(first.get("scheduledFor")).plusSeconds(1));
            FireView fire = eventually(
                    () -> mill.schedules().history("tick", 200).getLast(),
                    oldest -> oldest.jobState() == JobState.SUCCEEDED);
            assertThat(fire.fireAt()).isEqualTo(first.get("scheduledFor"));
            assertThat(fire.outcome()).isEqualTo(FireOutcome.ENQUEUED);
            JobView job = mill.job(jobOf(fire)).orElseThrow();
            assertThat(job.priority()).isEqualTo(Priority.HIGH);
            assertThat(mill.tagged("schedule", "tick", Long.MAX_VALUE, 10)).hasSizeGreaterThan(1);
        }
    }

    @Test
    void whatWasPutIsShownWithItsNextTimes() {
        try (Tidemill mill = builder().start()) {
            ScheduleView put = mill.schedules()
                    .put(
                            "nightly",
                            NIGHTLY,
                            new Report("all"),
                            ScheduleOptions.NONE
                                    .catchUp(CatchUp.bounded(7))
                                    .overlap(Overlap.QUEUE)
                                    .job(EnqueueOptions.queue("reports")
                                            .withPriority(Priority.LOW)
                                            .attempts(9)
                                            .timeout(Duration.ofMinutes(3))
                                            .tag("team", "a")));
            assertThat(put.timing()).isEqualTo(NIGHTLY);
            assertThat(put.kind()).isEqualTo("Report");
            assertThat(put.payload()).isEqualTo("{\"scope\":\"all\"}");
            assertThat(put.queue()).isEqualTo("reports");
            assertThat(put.priority()).isEqualTo(Priority.LOW);
            assertThat(put.attempts()).isEqualTo(9);
            assertThat(put.timeout()).isEqualTo(Duration.ofMinutes(3));
            assertThat(put.tags()).isEqualTo(Map.of("team", "a"));
            assertThat(put.catchUp()).isEqualTo(CatchUp.bounded(7));
            assertThat(put.overlap()).isEqualTo(Overlap.QUEUE);
            assertThat(put.inCode()).isFalse();
            List<Instant> next = mill.schedules().next("nightly", 3);
            assertThat(next).hasSize(3).isSorted().first().isEqualTo(put.nextFireAt());
            assertThat(next.getFirst()).isEqualTo(NIGHTLY.next(put.createdAt()).orElseThrow());
            assertThat(mill.schedules().list("", 10)).containsExactly(put);
            assertThat(mill.schedules().list("nightly", 10)).isEmpty();
        }
    }

    @Test
    void aScheduleWithAKeyGivesItToItsJobs() throws Exception {
        ScheduleOptions keyed = ScheduleOptions.NONE.job(EnqueueOptions.NONE.key("tenant-17"));
        try (Tidemill mill = worker().start()) {
            ScheduleView put = mill.schedules().put("tick", EVERY_SECOND, new Report("all"), keyed);
            assertThat(put.key()).isEqualTo("tenant-17");
            assertThat(mill.schedules().get("tick").key()).isEqualTo("tenant-17");
            FireView fired = eventually(() -> mill.schedules().history("tick", 10), fires -> !fires.isEmpty())
                    .getLast();
            assertThat(mill.job(jobOf(fired)).orElseThrow().key()).isEqualTo("tenant-17");
            assertThat(mill.job(mill.schedules().trigger("tick")).orElseThrow().key())
                    .isEqualTo("tenant-17");
            assertThat(mill.schedules().put("tick", NIGHTLY, new Report("all")).key())
                    .isNull();
        }
    }

    @Test
    void aScheduleWithAKeyIsLeftToProgramsThatKnowKeys() throws SQLException {
        try (Tidemill mill = builder().start()) {
            mill.schedules()
                    .put("keyed", NIGHTLY, new Report(""), ScheduleOptions.NONE.job(EnqueueOptions.NONE.key("a")));
            mill.schedules().put("plain", NIGHTLY, new Report(""));
        }
        Sql sql = new Sql(database);
        assertThat(sql.number("select format from {schema}.schedule where name = 'keyed'"))
                .isEqualTo(2);
        assertThat(sql.number("select format from {schema}.schedule where name = 'plain'"))
                .isEqualTo(1);
    }

    @Test
    void aKeyThatTheCodeGivesALaterIsANewDefinitionAndOneWithoutLooksAsItDid() throws SQLException {
        UnaryCode plain = builder -> builder.schedule("clean", every(Duration.ofDays(1)), new Report("a"));
        UnaryCode keyed = builder -> builder.schedule(
                "clean",
                every(Duration.ofDays(1)),
                new Report("a"),
                options -> options.job(EnqueueOptions.NONE.key("tenant-17")));
        plain.on(builder()).start().close();
        assertThat(new Sql(database)
                        .number("select count(*) from {schema}.schedule where name = 'clean' and code_hash ="
                                + " '39e9cb13dce766744c69514022b29be7e4fe308d9bde2d0b1923f8a8ed9edee9'"))
                .as("what a former version stored; with another, the upgrade would undo edits")
                .isEqualTo(1);
        keyed.on(builder()).start().close();
        try (Tidemill mill = builder().start()) {
            assertThat(mill.schedules().get("clean").key()).isEqualTo("tenant-17");
        }
    }

    @Test
    void aPausedScheduleDoesNotFireUntilItIsResumed() throws Exception {
        try (Tidemill mill = worker().start()) {
            mill.schedules().put("tick", EVERY_SECOND, new Report("all"));
            reported.poll(20, TimeUnit.SECONDS);
            mill.schedules().pause("tick");
            assertThat(mill.schedules().get("tick").paused()).isTrue();
            assertThat(mill.schedules().next("tick", 5)).isEmpty();
            Instant paused = mill.schedules().history("tick", 1).getFirst().fireAt();
            await().atMost(Jobs.SOON).until(() -> Instant.now().isAfter(paused.plusSeconds(3)));
            mill.schedules().resume("tick");
            FireView resumed = eventually(
                    () -> mill.schedules().history("tick", 1).getFirst(),
                    newest -> newest.fireAt().isAfter(paused));
            assertThat(resumed.fireAt()).as("the pause is not caught up").isAfter(paused.plusSeconds(2));
        }
    }

    @Test
    void triggeringRunsTheJobNowAndLeavesTheNextFireWhereItWas() throws Exception {
        try (Tidemill mill = worker().start()) {
            Instant next =
                    mill.schedules().put("nightly", NIGHTLY, new Report("all")).nextFireAt();
            mill.schedules().pause("nightly");
            long job = mill.schedules().trigger("nightly");
            assertThat(reported.poll(20, TimeUnit.SECONDS)).containsEntry("schedule", "nightly");
            Jobs.in(mill, job, JobState.SUCCEEDED);
            FireView fire = mill.schedules().history("nightly", 10).getFirst();
            assertThat(fire.manual()).isTrue();
            assertThat(fire.jobId()).isEqualTo(job);
            mill.schedules().resume("nightly");
            assertThat(mill.schedules().get("nightly").nextFireAt()).isEqualTo(next);
        }
    }

    @Test
    void whileAJobRunsSkipLeavesOutAndQueueWaits() {
        try (Tidemill mill = worker().start()) {
            mill.schedules().put("skip", EVERY_SECOND, new Slow());
            mill.schedules().put("queue", EVERY_SECOND, new Slow(), ScheduleOptions.NONE.overlap(Overlap.QUEUE));
            eventually(() -> mill.schedules().history("skip", 200), fires -> fires.size() > 2);
            assertThat(mill.schedules().history("skip", 200))
                    .extracting(FireView::outcome)
                    .startsWith(FireOutcome.SKIPPED)
                    .endsWith(FireOutcome.ENQUEUED)
                    .filteredOn(outcome -> outcome == FireOutcome.ENQUEUED)
                    .hasSize(1);
            ScheduleView queue = eventually(() -> mill.schedules().get("queue"), seen -> seen.waiting() >= 2);
            assertThat(queue.unfinished()).isEqualTo(1);
            mill.schedules().pause("skip");
            Instant oldest = mill.schedules().history("queue", 200).getLast().fireAt();
            slowMayEnd.countDown();
            eventually(
                    () -> mill.schedules().history("queue", 200),
                    fires -> fires.stream()
                            .filter(fire -> fire.fireAt().isBefore(oldest.plusSeconds(3)))
                            .allMatch(fire -> fire.jobState() == JobState.SUCCEEDED));
        }
    }

    @Test
    void aDelayBeginsWhenTheJobHasEnded() {
        try (Tidemill mill = worker().start()) {
            mill.schedules().put("after", afterEach(Duration.ofSeconds(1)), new Slow());
            FireView running = eventually(() -> mill.schedules().history("after", 9), fires -> !fires.isEmpty())
                    .getFirst();
            Jobs.in(mill, jobOf(running), JobState.RUNNING);
            assertThat(mill.schedules().get("after").nextFireAt()).isNull();
            slowMayEnd.countDown();
            JobView ended = Jobs.in(mill, jobOf(running), JobState.SUCCEEDED);
            Instant end = ended.attempts()
                    .getFirst()
                    .startedAt()
                    .plus(ended.attempts().getFirst().took());
            FireView second = eventually(() -> mill.schedules().history("after", 9), fires -> fires.size() > 1)
                    .getFirst();
            assertThat(second.fireAt()).isEqualTo(end.plusSeconds(1));
        }
    }

    @Test
    void aOneOffFiresOnce() throws Exception {
        try (Tidemill mill = worker().start()) {
            mill.schedules().put("launch", once(Instant.now().plusMillis(300)), new Report("launch"));
            assertThat(reported.poll(20, TimeUnit.SECONDS)).containsEntry("schedule", "launch");
            ScheduleView through = eventually(() -> mill.schedules().get("launch"), seen -> seen.nextFireAt() == null);
            assertThat(through.lastFireAt()).isNotNull();
            assertThatThrownBy(() -> mill.schedules()
                            .put("launch", once(Instant.now().minus(Duration.ofHours(1))), new Report("late")))
                    .hasMessageContaining("in the past");
        }
    }

    @Test
    void codeIsStoredOnceEditsAreKeptAndNewCodeWins() {
        UnaryCode daily = builder -> builder.schedule("clean", every(Duration.ofDays(1)), new Report("a"));
        UnaryCode weekly = builder -> builder.schedule("clean", every(Duration.ofDays(7)), new Report("a"));
        ScheduleView first;
        try (Tidemill mill = daily.on(builder()).start()) {
            first = mill.schedules().get("clean");
            assertThat(first.inCode()).isTrue();
            assertThat(first.edited()).isFalse();
        }
        try (Tidemill mill = daily.on(builder()).start()) {
            assertThat(mill.schedules().get("clean")).as("unchanged").isEqualTo(first);
            mill.schedules().put("clean", every(Duration.ofHours(1)), new Report("edited"));
            mill.schedules().pause("clean");
        }
        try (Tidemill mill = daily.on(builder()).start()) {
            ScheduleView edited = mill.schedules().get("clean");
            assertThat(edited.timing()).isEqualTo(every(Duration.ofHours(1)));
            assertThat(edited.edited()).isTrue();
            assertThat(edited.paused()).isTrue();
            assertThat(edited.inCode()).isTrue();
        }
        try (Tidemill mill = weekly.on(builder()).start()) {
            ScheduleView changed = mill.schedules().get("clean");
            assertThat(changed.timing()).isEqualTo(every(Duration.ofDays(7)));
            assertThat(changed.edited()).isFalse();
            assertThat(changed.paused()).as("a pause outlives a deployment").isTrue();
        }
    }

    private interface UnaryCode {
        TidemillBuilder on(TidemillBuilder builder);
    }

    @Test
    void aChangedPayloadDoesNotMoveTheNextFire() {
        ScheduleView before;
        try (Tidemill mill = builder()
                .schedule("daily", every(Duration.ofDays(1)), new Report("a"))
                .start()) {
            before = mill.schedules().get("daily");
        }
        try (Tidemill mill = builder()
                .schedule("daily", every(Duration.ofDays(1)), new Report("b"))
                .start()) {
            ScheduleView after = mill.schedules().get("daily");
            assertThat(after.payload()).contains("\"b\"");
            assertThat(after.nextFireAt()).isEqualTo(before.nextFireAt());
        }
    }

    @Test
    void ofTwoVersionsTheOneThatStartedLastIsRight() {
        try (Tidemill mill = builder().start()) {
            PostgresJobStore store = new PostgresJobStore(database.dataSource(), database.schema());
            try (store) {
                assertThat(store.timetable()
                                .define(Drafts.of("x", EVERY_SECOND), "new", 2_000, now -> now + 1_000_000_000))
                        .isTrue();
                assertThat(store.timetable().define(Drafts.of("x", NIGHTLY), "old", 1_000, now -> now + 1_000_000_000))
                        .as("started before")
                        .isFalse();
                assertThat(store.timetable().define(Drafts.of("x", NIGHTLY), "newer", 3_000, now -> 0))
                        .isTrue();
            }
            assertThat(mill.schedules().get("x").timing()).isEqualTo(NIGHTLY);
        }
    }

    @Test
    void whatIsWrongIsRefused() {
        assertThatThrownBy(
                        () -> builder().schedule("a", NIGHTLY, new Report("")).schedule("a", NIGHTLY, new Report("")))
                .hasMessageContaining("defined twice");
        assertThatThrownBy(() -> builder().schedule("no name", NIGHTLY, new Report("")))
                .hasMessageContaining("not a schedule's name");
        try (Tidemill mill = builder().start()) {
            assertThatThrownBy(() -> mill.schedules().put("bad", NIGHTLY, new JobRequest("Kind", "{")))
                    .satisfies(refused -> assertThat(code(refused)).isEqualTo(ErrorCode.PAYLOAD_INVALID));
            for (org.assertj.core.api.ThrowableAssert.ThrowingCallable call :
                    List.<org.assertj.core.api.ThrowableAssert.ThrowingCallable>of(
                            () -> mill.schedules().get("none"),
                            () -> mill.schedules().pause("none"),
                            () -> mill.schedules().resume("none"),
                            () -> mill.schedules().trigger("none"),
                            () -> mill.schedules().next("none", 1),
                            () -> mill.schedules().history("none", 1))) {
                assertThatThrownBy(call)
                        .satisfies(refused -> assertThat(code(refused)).isEqualTo(ErrorCode.NOT_FOUND));
            }
            assertThat(mill.schedules().remove("none")).isFalse();
            mill.schedules().add("there", NIGHTLY, new Report(""), ScheduleOptions.NONE);
            assertThatThrownBy(() -> mill.schedules().add("there", NIGHTLY, new Report(""), ScheduleOptions.NONE))
                    .satisfies(refused -> assertThat(code(refused)).isEqualTo(ErrorCode.ALREADY_EXISTS));
            assertThat(mill.schedules().remove("there")).isTrue();
        }
    }
}
