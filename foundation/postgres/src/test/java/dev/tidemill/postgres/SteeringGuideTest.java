package dev.tidemill.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.tidemill.jobs.AttemptOutcome;
import dev.tidemill.jobs.AuditLine;
import dev.tidemill.jobs.ErrorCode;
import dev.tidemill.jobs.JobAction;
import dev.tidemill.jobs.JobActions;
import dev.tidemill.jobs.JobFilter;
import dev.tidemill.jobs.JobState;
import dev.tidemill.jobs.JobView;
import dev.tidemill.jobs.Priority;
import dev.tidemill.jobs.Retry;
import dev.tidemill.jobs.Stats.Duty;
import dev.tidemill.jobs.Steered;
import dev.tidemill.jobs.Tidemill;
import dev.tidemill.jobs.TidemillBuilder;
import dev.tidemill.jobs.TidemillException;
import dev.tidemill.jobs.Timing;
import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.TestDatabase;
import java.io.IOException;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.assertj.core.api.Assertions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** The code of docs/steering.md, compiled and run, and what real engines make of snoozes and drains. */
@ExtendWith(FreshSchema.class)
final class SteeringGuideTest {
    record SendMail(String to) {}

    private final TestDatabase database;

    SteeringGuideTest(TestDatabase database) {
        this.database = database;
    }

    private TidemillBuilder mill() {
        return Tidemill.on(database.dataSource()).schema(database.schema());
    }

    @Test
    void theGuideRuns() throws Exception {
        DocumentedCode.isIn(SteeringGuideTest.class, DocumentedCode.text("docs/steering.md"), 12);
        CountDownLatch sent = new CountDownLatch(2);
        try (Tidemill mill = mill().start()) {
            long id = mill.enqueue(new SendMail(""));
            Steered later = mill.actions().reschedule(id, Instant.parse("2030-01-31T09:00:00Z"), "ada");
            mill.actions().postpone(id, Duration.ofHours(2), "ada");
            mill.actions().prioritize(id, Priority.HIGH, "ada");
            mill.actions().runNow(id, "ada");
            assertThat(later).isEqualTo(Steered.DONE);

            try (Tidemill working = mill().nodeName("web-1")
                    .handle(SendMail.class, (job, run) -> {
                        if (job.to().isEmpty()) {
                            throw Retry.never("nobody to write to");
                        }
                        sent.countDown();
                    })
                    .start()) {
                Jobs.in(mill, id, JobState.DEAD);
                boolean done = mill.actions().replayEdited(id, "{\"to\": \"ada@example.org\"}", "ada");
                assertThat(done).isTrue();
                Jobs.in(working, id, JobState.SUCCEEDED);

                mill.nodes().drain("web-1", "ada", "a new disk");
                mill.nodes().undrain("web-1", "ada");
            }
            JobFilter broken = JobFilter.ANY.kind("SendMail").code("HANDLER_FAILED");
            JobActions.Bulk would = mill.actions().count(broken, new JobAction.Replay(), 100_000);
            JobActions.Bulk did = mill.actions().all(broken, new JobAction.Replay(), 100_000, "ada");
            assertThat(would).isEqualTo(did).isEqualTo(new JobActions.Bulk(0, false));

            mill.schedules().by("bob").put("nightly", Timing.cron("30 2 * * *", "UTC"), new SendMail("b"));
            mill.schedules().by("bob").trigger("nightly");
            mill.schedules().by("bob").remove("nightly");
            List<AuditLine> newest = mill.audit(Long.MAX_VALUE, 50);
            List<AuditLine> ofOne = mill.audit(Long.MAX_VALUE, 50, null, "NODE web-1");
            assertThat(ofOne).extracting(AuditLine::action).containsExactly("undrain", "drain");
            assertThat(newest)
                    .filteredOn(line -> line.target().equals("SCHEDULE nightly"))
                    .extracting(line -> line.by() + " " + line.action())
                    .containsExactly("bob remove", "bob trigger", "bob put");
        }
    }

    @Test
    void aSnoozedJobRunsAgainWithoutHavingFailed() {
        AtomicInteger snoozes = new AtomicInteger();
        try (Tidemill mill = mill().handle(
                        SendMail.class,
                        (job, run) -> {
                            assertThat(run.failures()).isZero();
                            if (job.to().equals("closed")) {
                                throw Retry.snooze(Duration.ofHours(1), "the shop is closed");
                            }
                            if (snoozes.incrementAndGet() == 3) {
                                throw Retry.snoozeUntil(Instant.EPOCH, "once more");
                            }
                            if (snoozes.get() < 5) {
                                throw Retry.snooze(Duration.ofMillis(5), "the shop is closed");
                            }
                        },
                        options -> options.attempts(1))
                .start()) {
            JobView job = Jobs.in(mill, mill.enqueue(new SendMail("a")), JobState.SUCCEEDED);
            assertThat(Jobs.outcomes(job))
                    .containsExactly(
                            AttemptOutcome.SNOOZED,
                            AttemptOutcome.SNOOZED,
                            AttemptOutcome.SNOOZED,
                            AttemptOutcome.SNOOZED,
                            AttemptOutcome.SUCCEEDED);
            assertThat(job.attempts().getFirst().error()).contains("the shop is closed");
            long closed = mill.enqueue(new SendMail("closed"));
            assertThat(Jobs.outcomes(Jobs.in(mill, closed, JobState.SCHEDULED)))
                    .containsExactly(AttemptOutcome.SNOOZED);
        }
    }

    @Test
    void aDrainedNodeFinishesWhatRunsAndGivesTheRestToOthers() throws Exception {
        CountDownLatch holding = new CountDownLatch(2);
        CountDownLatch release = new CountDownLatch(1);
        AtomicInteger quick = new AtomicInteger();
        AtomicInteger elsewhere = new AtomicInteger();
        int jobs = 3_000;
        try (Tidemill drained = mill().nodeName("old")
                .queue("default", queue -> queue.concurrency(2))
                .handle(SendMail.class, (job, run) -> {
                    if (quick.incrementAndGet() > jobs / 3) {
                        holding.countDown();
                        release.await();
                    }
                })
                .start()) {
            drained.enqueueAll(
                    IntStream.range(0, jobs).mapToObj(i -> new SendMail("x")).toList());
            // Quick ones have built up a stock, and two hold all the handlers.
            Jobs.await30(holding);
            assertThat(drained.nodes().drain("old", "tester", "")).isTrue();
            await().atMost(Jobs.SOON)
                    .until(() -> drained.nodes().drained().getFirst().holding() == 2);
            assertThat(drained.stats().nodes().getFirst().duty()).isEqualTo(Duty.DRAINING);
            try (Tidemill other = mill().nodeName("new")
                    .handle(SendMail.class, (job, run) -> elsewhere.incrementAndGet())
                    .start()) {
                int started = quick.get();
                await().atMost(Jobs.SOON).until(() -> elsewhere.get() == jobs - started);
                release.countDown();
                await().atMost(Jobs.SOON)
                        .until(() -> other.stats().nodes().stream()
                                .anyMatch(node -> node.name().equals("old") && node.duty() == Duty.DRAINED));
                assertThat(quick.get()).isEqualTo(started);
                assertThat(leases()).isZero();
            }
            assertThat(drained.nodes().undrain("old", "tester")).isTrue();
            Jobs.in(drained, drained.enqueue(new SendMail("again")), JobState.SUCCEEDED);
        }
    }

    private long leases() throws SQLException {
        return new Sql(database).number("select count(*) from {schema}.lease");
    }

    @Test
    void whatMakesNoSenseIsRefused() throws IOException {
        try (Tidemill mill = mill().start()) {
            for (Runnable wrong : List.<Runnable>of(
                    () -> mill.actions().runNow(1, ""),
                    () -> mill.actions().postpone(1, Duration.ofSeconds(-1), "a"),
                    () -> mill.actions().all(JobFilter.ANY, new JobAction.Cancel(), 0, "a"),
                    () -> mill.actions().count(JobFilter.ANY, new JobAction.Cancel(), 1_000_001),
                    () -> mill.actions().count(JobFilter.ANY.state(JobState.RUNNING), new JobAction.Cancel(), 10),
                    () -> JobFilter.ANY.state(JobState.READY).code("X"),
                    () -> mill.audit(1, 0),
                    () -> mill.nodes().drain("", "a", ""))) {
                Assertions.assertThatExceptionOfType(TidemillException.class)
                        .isThrownBy(wrong::run)
                        .matches(refused -> refused.code() == ErrorCode.INVALID_OPTION);
            }
            Assertions.assertThatExceptionOfType(TidemillException.class)
                    .isThrownBy(() -> mill.actions().replayEdited(1, "{", "a"))
                    .matches(refused -> refused.code() == ErrorCode.PAYLOAD_INVALID);
        }
    }
}
