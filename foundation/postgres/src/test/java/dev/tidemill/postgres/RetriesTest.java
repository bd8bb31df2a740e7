package dev.tidemill.postgres;

import static dev.tidemill.jobs.EnqueueOptions.priority;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.tidemill.jobs.AttemptOutcome;
import dev.tidemill.jobs.Backoff;
import dev.tidemill.jobs.DeadLetter;
import dev.tidemill.jobs.EnqueueOptions;
import dev.tidemill.jobs.Handler;
import dev.tidemill.jobs.HandlerOptions;
import dev.tidemill.jobs.JobState;
import dev.tidemill.jobs.JobView;
import dev.tidemill.jobs.Priority;
import dev.tidemill.jobs.Retry;
import dev.tidemill.jobs.Tidemill;
import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.TestDatabase;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** What becomes of attempts that do not succeed. */
@ExtendWith(FreshSchema.class)
final class RetriesTest {
    record Task(String name) {}

    private static final Backoff AT_ONCE = (failures, random) -> Duration.ZERO;

    private final TestDatabase database;

    RetriesTest(TestDatabase database) {
        this.database = database;
    }

    private Tidemill start(Handler<Task> handler, UnaryOperator<HandlerOptions> options) {
        return Tidemill.on(database.dataSource())
                .schema(database.schema())
                .queue("default", queue -> queue.attempts(2).backoff(AT_ONCE))
                .handle(Task.class, handler, options)
                .start();
    }

    private static Handler<Task> failing() {
        return (job, run) -> {
            throw new IllegalStateException("no");
        };
    }

    private static int attemptsUntilDead(Tidemill mill, EnqueueOptions options) {
        return Jobs.in(mill, mill.enqueue(new Task("t"), options), JobState.DEAD)
                .attempts()
                .size();
    }

    @Test
    void attemptsComeFromTheQueueUnlessTheKindOrTheJobSaysOtherwise() {
        try (Tidemill mill = start(failing(), options -> options)) {
            assertThat(attemptsUntilDead(mill, EnqueueOptions.NONE)).isEqualTo(2);
            assertThat(attemptsUntilDead(mill, EnqueueOptions.NONE.attempts(1))).isEqualTo(1);
        }
        try (Tidemill mill = start(failing(), options -> options.attempts(4))) {
            assertThat(attemptsUntilDead(mill, EnqueueOptions.NONE)).isEqualTo(4);
            assertThat(attemptsUntilDead(mill, EnqueueOptions.NONE.attempts(3))).isEqualTo(3);
        }
    }

    @Test
    void aBackoffOfTheApplicationIsAskedWithTheFailuresSoFar() {
        var asked = Collections.synchronizedList(new ArrayList<Integer>());
        try (Tidemill mill = start(
                failing(),
                // A kind of its own: jobs that other tests left for later are none of it.
                options -> options.kind("asked").attempts(4).backoff((failures, random) -> {
                    asked.add(failures);
                    return Duration.ZERO;
                }))) {
            attemptsUntilDead(mill, EnqueueOptions.NONE);
            assertThat(asked).containsExactly(1, 2, 3);
        }
    }

    @Test
    @SuppressWarnings("NullAway") // What an application without null checks may do.
    void aBackoffThatBreaksCostsNeitherTheJobNorItsSlot() {
        for (Backoff broken : new Backoff[] {
            (failures, random) -> null,
            (failures, random) -> {
                throw new IllegalStateException("broken");
            }
        }) {
            try (Tidemill mill = start(failing(), options -> options.backoff(broken))) {
                JobView job = Jobs.in(mill, mill.enqueue(new Task("t")), JobState.SCHEDULED);
                assertThat(Duration.between(job.createdAt(), job.dueAt()))
                        .as("the standard backoff")
                        .isLessThan(Duration.ofSeconds(20));
            }
        }
    }

    @Test
    void anExceptionWhoseMessageCannotBeReadIsRecordedByItsClass() {
        try (Tidemill mill = start(
                (job, run) -> {
                    throw new Unreadable();
                },
                options -> options.attempts(1))) {
            long id = mill.enqueue(new Task("t"));
            Jobs.in(mill, id, JobState.DEAD);
            assertThat(mill.deadLetters(null, 1).getFirst().error()).contains("Unreadable");
        }
    }

    private static final class Unreadable extends RuntimeException {
        private static final long serialVersionUID = 1L;

        @Override
        public String getMessage() {
            throw new IllegalStateException("even this breaks");
        }
    }

    @Test
    void neverMeansADeadLetterAtOnceAndSaysWhy() {
        try (Tidemill mill = start(
                (job, run) -> {
                    throw Retry.never("no such address").causedBy(new IllegalStateException("550"));
                },
                options -> options.attempts(5))) {
            long id = mill.enqueue(new Task("t"));
            assertThat(Jobs.in(mill, id, JobState.DEAD).attempts()).hasSize(1);
            DeadLetter letter = mill.deadLetters(null, 1).getFirst();
            assertThat(letter.code()).isEqualTo("GIVEN_UP");
            assertThat(letter.error()).contains("no such address", "550");
        }
    }

    @Test
    void aRetryAfterATimeOverridesTheBackoffAndCounts() {
        try (Tidemill mill = start(
                (job, run) -> {
                    throw Retry.after(run.attempt() == 1 ? Duration.ZERO : Duration.ofHours(2), "busy");
                },
                options -> options.attempts(3))) {
            JobView job = Jobs.in(mill, mill.enqueue(new Task("t")), JobState.SCHEDULED);
            assertThat(Jobs.outcomes(job)).containsExactly(AttemptOutcome.FAILED, AttemptOutcome.FAILED);
            assertThat(Duration.between(job.createdAt(), job.dueAt()))
                    .isBetween(Duration.ofMinutes(119), Duration.ofMinutes(121));
        }
    }

    @Test
    void whatIsNotCountedMayRepeatBeyondTheLimit() {
        try (Tidemill mill = start(
                (job, run) -> {
                    if (run.attempt() < 6) {
                        throw Retry.after(Duration.ZERO, "not yet").notCounted();
                    }
                    assertThat(run.failures()).isZero();
                },
                options -> options.attempts(1))) {
            JobView job = Jobs.in(mill, mill.enqueue(new Task("t")), JobState.SUCCEEDED);
            assertThat(Jobs.outcomes(job))
                    .hasSize(6)
                    .startsWith(AttemptOutcome.SNOOZED)
                    .endsWith(AttemptOutcome.SUCCEEDED);
        }
    }

    @Test
    void anAttemptPastItsTimeLimitIsInterruptedAndTriedAgain() throws Exception {
        CountDownLatch interrupted = new CountDownLatch(1);
        AtomicBoolean knows = new AtomicBoolean();
        try (Tidemill mill = start(
                (job, run) -> {
                    if (run.attempt() == 1) {
                        try {
                            new CountDownLatch(1).await();
                        } catch (InterruptedException expected) {
                            knows.set(run.abandoned());
                            interrupted.countDown();
                            throw expected;
                        }
                    }
                },
                options -> options.timeout(Duration.ofMillis(50)))) {
            long id = mill.enqueue(new Task("t"));
            Jobs.await30(interrupted);
            assertThat(knows).isTrue();
            JobView job = Jobs.in(mill, id, JobState.SUCCEEDED);
            assertThat(Jobs.outcomes(job)).containsExactly(AttemptOutcome.TIMED_OUT, AttemptOutcome.SUCCEEDED);
            assertThat(job.attempts().getFirst().error()).contains("time limit");
        }
    }

    @Test
    void theLastTimeOutIsADeadLetterAndTheJobsOwnLimitWins() {
        try (Tidemill mill =
                start((job, run) -> new CountDownLatch(1).await(), options -> options.timeout(Duration.ofHours(1)))) {
            long id = mill.enqueue(
                    new Task("t"), priority(Priority.HIGH).attempts(1).timeout(Duration.ofMillis(20)));
            Jobs.in(mill, id, JobState.DEAD);
            assertThat(mill.deadLetters(null, 1).getFirst().code()).isEqualTo("TIMED_OUT");
        }
    }

    @Test
    void aStubbornHandlerKeepsItsSlotUntilItEnds() throws Exception {
        CountDownLatch release = new CountDownLatch(1);
        AtomicBoolean overlapped = new AtomicBoolean();
        try (Tidemill mill = Tidemill.on(database.dataSource())
                .schema(database.schema())
                .queue("narrow", queue -> queue.concurrency(1).backoff(AT_ONCE))
                .handle(
                        Task.class,
                        (job, run) -> {
                            if (run.attempt() == 1) {
                                Jobs.awaitStubbornly(release);
                            } else {
                                overlapped.set(release.getCount() > 0);
                            }
                        },
                        options -> options.queue("narrow").timeout(Duration.ofMillis(50)))
                .start()) {
            long id = mill.enqueue(new Task("t"));
            await().atMost(Jobs.SOON)
                    .until(() -> Jobs.outcomes(mill.job(id).orElseThrow()).contains(AttemptOutcome.TIMED_OUT));
            release.countDown();
            Jobs.in(mill, id, JobState.SUCCEEDED);
            assertThat(overlapped).isFalse();
        }
    }
}
