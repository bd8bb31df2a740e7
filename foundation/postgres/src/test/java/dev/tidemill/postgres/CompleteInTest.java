package dev.tidemill.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.tidemill.jobs.AttemptOutcome;
import dev.tidemill.jobs.Backoff;
import dev.tidemill.jobs.ErrorCode;
import dev.tidemill.jobs.Handler;
import dev.tidemill.jobs.JobState;
import dev.tidemill.jobs.Tidemill;
import dev.tidemill.jobs.TidemillException;
import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.TestDatabase;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Handlers that finish inside a transaction of their own. */
@ExtendWith(FreshSchema.class)
final class CompleteInTest {
    record Pay(int amount) {}

    private final TestDatabase database;
    private final Sql sql;

    CompleteInTest(TestDatabase database) {
        this.database = database;
        this.sql = new Sql(database);
    }

    @BeforeEach
    void effectsTable() throws SQLException {
        new Migrations(database.dataSource(), database.schema()).apply();
        sql.run("create table if not exists {schema}.effect (job bigint, attempt integer)");
    }

    private Tidemill start(Duration timeout, Handler<Pay> handler) {
        return Tidemill.on(database.dataSource())
                .schema(database.schema())
                .queue("default", queue -> queue.concurrency(64).reservedForCritical(0))
                .handle(
                        Pay.class,
                        handler,
                        options -> options.timeout(timeout).attempts(3).backoff(Backoff.fixed(Duration.ofMillis(1))))
                .start();
    }

    private void effect(Connection connection, long job, int attempt) throws SQLException {
        sql.run(connection, "insert into {schema}.effect values (" + job + ", " + attempt + ")");
    }

    private long effects(long job) throws SQLException {
        return sql.number("select count(*) from {schema}.effect where job = " + job);
    }

    @Test
    void handlersThatShareALeaseCompleteAtOnceWithoutDeadlockAndLeaveNoLeaseBehind() throws Exception {
        int jobs = 48;
        CountDownLatch together = new CountDownLatch(jobs);
        Map<Long, Throwable> failures = new ConcurrentHashMap<>();
        try (Tidemill mill = start(Duration.ofMinutes(1), (job, run) -> {
            try (Connection connection = sql.begin()) {
                effect(connection, run.jobId(), run.attempt());
                run.completeIn(connection);
                together.countDown();
                Jobs.await30(together);
                connection.commit();
            } catch (Throwable failed) {
                failures.put(run.jobId(), failed);
                throw failed;
            }
        })) {
            List<Long> ids =
                    mill.enqueueAll(IntStream.range(0, jobs).mapToObj(Pay::new).toList());
            for (long id : ids) {
                Jobs.in(mill, id, JobState.SUCCEEDED);
                assertThat(effects(id)).isEqualTo(1);
            }
            assertThat(failures).isEmpty();
            await().atMost(Jobs.SOON).until(() -> sql.number("select count(*) from {schema}.lease") == 0);
        }
    }

    @Test
    void aRolledBackCompletionIsAFailureThatIsTriedAgain() throws Exception {
        try (Tidemill mill = start(Duration.ofMinutes(1), (job, run) -> {
            try (Connection connection = sql.begin()) {
                effect(connection, run.jobId(), run.attempt());
                run.completeIn(connection);
                if (run.attempt() == 1) {
                    connection.rollback();
                } else {
                    connection.commit();
                }
            }
        })) {
            long id = mill.enqueue(new Pay(1));
            assertThat(Jobs.outcomes(Jobs.in(mill, id, JobState.SUCCEEDED)))
                    .containsExactly(AttemptOutcome.FAILED, AttemptOutcome.SUCCEEDED);
            assertThat(effects(id)).isEqualTo(1);
        }
    }

    @Test
    void aCompletionStillOpenWhenTheHandlerReturnsIsWaitedFor() throws Exception {
        AtomicReference<Connection> open = new AtomicReference<>();
        CountDownLatch returning = new CountDownLatch(1);
        try (Tidemill mill = start(Duration.ofMinutes(1), (job, run) -> {
            Connection connection = sql.begin();
            effect(connection, run.jobId(), run.attempt());
            run.completeIn(connection);
            open.set(connection);
            returning.countDown();
        })) {
            long id = mill.enqueue(new Pay(1));
            Jobs.await30(returning);
            try (Connection connection = open.get()) {
                // The engine asks what became of it, for a second each time, and must not take that for an answer.
                int pid = Sql.pid(connection);
                long asking = await().atMost(Jobs.SOON).until(() -> sql.waiterOf(pid), waiter -> waiter != 0);
                await().atMost(Jobs.SOON).until(() -> sql.waiterOf(pid), waiter -> waiter != 0 && waiter != asking);
                assertThat(mill.job(id).orElseThrow().state()).isEqualTo(JobState.RUNNING);
                connection.commit();
            }
            assertThat(Jobs.outcomes(Jobs.in(mill, id, JobState.SUCCEEDED))).containsExactly(AttemptOutcome.SUCCEEDED);
            assertThat(effects(id)).isEqualTo(1);
        }
    }

    @Test
    void anAttemptThatTimedOutCannotComplete() throws Exception {
        CountDownLatch secondIsDone = new CountDownLatch(1);
        AtomicReference<TidemillException> refused = new AtomicReference<>();
        try (Tidemill mill = start(Duration.ofMillis(500), (job, run) -> {
            try (Connection connection = sql.begin()) {
                if (run.attempt() == 1) {
                    Jobs.awaitStubbornly(secondIsDone);
                }
                effect(connection, run.jobId(), run.attempt());
                try {
                    run.completeIn(connection);
                } catch (TidemillException no) {
                    connection.rollback();
                    refused.set(no);
                    return;
                }
                connection.commit();
            }
        })) {
            long id = mill.enqueue(new Pay(1));
            Jobs.in(mill, id, JobState.SUCCEEDED);
            secondIsDone.countDown();
            await().atMost(Jobs.SOON).until(() -> refused.get() != null);
            assertThat(refused.get().code()).isEqualTo(ErrorCode.NOT_COMPLETED);
            assertThat(Jobs.outcomes(mill.job(id).orElseThrow()))
                    .containsExactly(AttemptOutcome.TIMED_OUT, AttemptOutcome.SUCCEEDED);
            assertThat(effects(id)).isEqualTo(1);
        }
    }

    @Test
    void anAttemptThatIsCompletingIsNotTimedOut() throws Exception {
        CountDownLatch never = new CountDownLatch(1);
        try (Tidemill mill = start(Duration.ofMillis(300), (job, run) -> {
            try (Connection connection = sql.begin()) {
                effect(connection, run.jobId(), run.attempt());
                run.completeIn(connection);
                // Longer than the time limit, inside the transaction.
                assertThat(never.await(600, TimeUnit.MILLISECONDS)).isFalse();
                connection.commit();
            }
        })) {
            long id = mill.enqueue(new Pay(1));
            assertThat(Jobs.outcomes(Jobs.in(mill, id, JobState.SUCCEEDED))).containsExactly(AttemptOutcome.SUCCEEDED);
            assertThat(effects(id)).isEqualTo(1);
        }
    }

    @Test
    void aCompletionThatWritesNothingThrowsSoThatTheCallerRollsBack() throws Exception {
        CountDownLatch running = new CountDownLatch(1);
        CountDownLatch rescued = new CountDownLatch(1);
        AtomicReference<ErrorCode> refused = new AtomicReference<>();
        try (Tidemill mill = start(Duration.ofMinutes(1), (job, run) -> {
            try (Connection connection = sql.begin()) {
                effect(connection, run.jobId(), run.attempt());
                if (run.attempt() == 1) {
                    running.countDown();
                    Jobs.awaitStubbornly(rescued);
                }
                run.completeIn(connection);
                connection.commit();
            } catch (TidemillException no) {
                refused.set(no.code());
                throw no;
            }
        })) {
            long id = mill.enqueue(new Pay(1));
            Jobs.await30(running);
            try (var other = new PostgresJobStoreProvider().open(database.dataSource(), database.schema(), false)) {
                other.upkeep().rescue(Duration.ZERO, Duration.ZERO);
            }
            rescued.countDown();
            assertThat(Jobs.outcomes(Jobs.in(mill, id, JobState.SUCCEEDED)))
                    .containsExactly(AttemptOutcome.LOST, AttemptOutcome.SUCCEEDED);
            assertThat(refused.get()).isEqualTo(ErrorCode.NOT_COMPLETED);
            assertThat(effects(id)).isEqualTo(1);
        }
    }

    @Test
    void completingInAutoCommitIsRefused() {
        try (Tidemill mill = start(Duration.ofMinutes(1), (job, run) -> {
            try (Connection connection = database.dataSource().getConnection()) {
                run.completeIn(connection);
            }
        })) {
            long id = mill.enqueue(new Pay(1));
            Jobs.in(mill, id, JobState.DEAD);
            assertThat(mill.deadLetters(null, 10).getFirst().error()).contains("auto-commit");
        }
    }
}
