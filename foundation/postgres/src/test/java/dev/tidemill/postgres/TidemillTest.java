package dev.tidemill.postgres;

import static dev.tidemill.jobs.EnqueueOptions.priority;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.tidemill.jobs.AttemptOutcome;
import dev.tidemill.jobs.Backoff;
import dev.tidemill.jobs.EnqueueOptions;
import dev.tidemill.jobs.JobState;
import dev.tidemill.jobs.JobView;
import dev.tidemill.jobs.Priority;
import dev.tidemill.jobs.Retry;
import dev.tidemill.jobs.Tidemill;
import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.TestDatabase;
import java.sql.Connection;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** What an application sees, end to end. */
@ExtendWith(FreshSchema.class)
final class TidemillTest {
    record Greet(String name) {}

    record Fail(String how) {}

    private final TestDatabase database;
    private final BlockingQueue<String> greeted = new LinkedBlockingQueue<>();

    TidemillTest(TestDatabase database) {
        this.database = database;
    }

    private Tidemill start() {
        return Tidemill.on(database.dataSource())
                .schema(database.schema())
                .handle(Greet.class, (job, run) -> greeted.add(job.name()))
                .handle(
                        Fail.class,
                        (job, run) -> {
                            switch (job.how()) {
                                case "never" -> throw Retry.never("no use");
                                case "once" -> {
                                    if (run.attempt() == 1) {
                                        throw new IllegalStateException("first time");
                                    }
                                }
                                default -> throw new IllegalStateException("always");
                            }
                        },
                        options -> options.backoff(Backoff.fixed(Duration.ofMillis(5))))
                .start();
    }

    private static JobView in(Tidemill mill, long id, JobState state) {
        return await().atMost(Duration.ofSeconds(20))
                .until(() -> mill.job(id).orElseThrow(), job -> job.state() == state);
    }

    @Test
    void aJobRunsAndItsAttemptIsRecorded() throws Exception {
        try (Tidemill mill = start()) {
            long id = mill.enqueue(new Greet("one"), priority(Priority.CRITICAL).tag("user", "7"));
            assertThat(greeted.poll(20, TimeUnit.SECONDS)).isEqualTo("one");
            JobView job = in(mill, id, JobState.SUCCEEDED);
            assertThat(job.tags()).containsEntry("user", "7");
            assertThat(job.attempts()).hasSize(1);
            assertThat(mill.tagged("user", "7", Long.MAX_VALUE, 10)).hasSize(1);
            assertThat(mill.latestAttempts(10)).isNotEmpty();
        }
    }

    @Test
    void aBulkIsTakenInByCopyAndAllOfItRuns() {
        try (Tidemill mill = start()) {
            List<Long> ids = mill.enqueueAll(IntStream.range(0, 5_000)
                    .mapToObj(i -> new Greet("bulk" + i))
                    .toList());
            assertThat(ids).hasSize(5_000).doesNotHaveDuplicates();
            await().atMost(Jobs.SOON).until(() -> greeted.size() == 5_000);
            in(mill, ids.getLast(), JobState.SUCCEEDED);
        }
    }

    @Test
    void aFailedJobIsRetriedAndOneThatGivesUpIsADeadLetterThatCanBeReplayed() {
        try (Tidemill mill = start()) {
            long once = mill.enqueue(new Fail("once"));
            long never = mill.enqueue(new Fail("never"));
            long always = mill.enqueue(new Fail("always"));
            assertThat(in(mill, once, JobState.SUCCEEDED).attempts())
                    .extracting(attempt -> attempt.outcome())
                    .containsExactly(AttemptOutcome.FAILED, AttemptOutcome.SUCCEEDED);
            assertThat(in(mill, never, JobState.DEAD).attempts()).hasSize(1);
            assertThat(in(mill, always, JobState.DEAD).attempts()).hasSize(3);
            assertThat(mill.deadLetters(null, 10)).hasSize(2);
            assertThat(mill.replay(always)).isTrue();
            await().atMost(Duration.ofSeconds(20))
                    .until(() -> mill.job(always).orElseThrow().attempts().size() == 6);
            in(mill, always, JobState.DEAD);
            assertThat(mill.discard(always)).isTrue();
            in(mill, always, JobState.DISCARDED);
        }
    }

    @Test
    void aJobOfARolledBackTransactionDoesNotExist() throws Exception {
        try (Tidemill mill = start();
                Connection connection = database.dataSource().getConnection()) {
            connection.setAutoCommit(false);
            long gone = mill.enqueue(connection, new Greet("gone"));
            connection.rollback();
            long there = mill.enqueue(connection, new Greet("there"));
            connection.commit();
            assertThat(greeted.poll(20, TimeUnit.SECONDS)).isEqualTo("there");
            assertThat(mill.job(gone)).isEmpty();
            in(mill, there, JobState.SUCCEEDED);
        }
    }

    @Test
    void aDelayedJobRunsWhenItIsDue() throws Exception {
        try (Tidemill mill = start()) {
            EnqueueOptions later = priority(Priority.HIGH).in(Duration.ofSeconds(3));
            List<Long> ids = IntStream.range(0, 5)
                    .mapToObj(i -> mill.enqueue(new Greet("later"), later))
                    .toList();
            assertThat(mill.job(ids.getLast()).orElseThrow().state()).isEqualTo(JobState.SCHEDULED);
            List<Duration> waits = ids.stream()
                    .map(id -> in(mill, id, JobState.SUCCEEDED))
                    .map(job -> Duration.between(
                            job.createdAt(), job.attempts().getFirst().startedAt()))
                    .sorted()
                    .toList();
            assertThat(waits.getFirst()).isBetween(Duration.ofMillis(2990), Duration.ofMillis(3500));
        }
    }
}
