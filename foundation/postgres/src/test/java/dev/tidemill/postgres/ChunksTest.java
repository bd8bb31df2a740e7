package dev.tidemill.postgres;

import static dev.tidemill.jobs.EnqueueOptions.priority;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.tidemill.jobs.AttemptOutcome;
import dev.tidemill.jobs.Backoff;
import dev.tidemill.jobs.Cancellation;
import dev.tidemill.jobs.Chunk;
import dev.tidemill.jobs.ChunkHandler;
import dev.tidemill.jobs.ChunkOptions;
import dev.tidemill.jobs.ChunkStats;
import dev.tidemill.jobs.EnqueueOptions;
import dev.tidemill.jobs.ErrorCode;
import dev.tidemill.jobs.HandlerOptions;
import dev.tidemill.jobs.JobState;
import dev.tidemill.jobs.Priority;
import dev.tidemill.jobs.Retry;
import dev.tidemill.jobs.Tidemill;
import dev.tidemill.jobs.TidemillException;
import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.TestDatabase;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Jobs that are handled many at a time. */
@ExtendWith(FreshSchema.class)
final class ChunksTest {
    record Mail(int number) {}

    private static final Duration WAIT = Duration.ofMillis(500);

    private final TestDatabase database;
    private final Sql sql;
    private final List<List<Integer>> calls = new CopyOnWriteArrayList<>();

    ChunksTest(TestDatabase database) {
        this.database = database;
        this.sql = new Sql(database);
    }

    @BeforeEach
    void effectsTable() throws SQLException {
        new Migrations(database.dataSource(), database.schema()).apply();
        sql.run("create table if not exists {schema}.effect (job bigint, attempt integer)");
        sql.run("truncate {schema}.effect");
    }

    private Tidemill start(ChunkHandler<Mail> handler, UnaryOperator<HandlerOptions> options) {
        return Tidemill.on(database.dataSource())
                .schema(database.schema())
                .queue("default", queue -> queue.concurrency(4).reservedForCritical(1))
                .handleChunks(
                        Mail.class,
                        chunk -> {
                            calls.add(chunk.jobs().stream()
                                    .map(Mail::number)
                                    .sorted()
                                    .toList());
                            handler.handle(chunk);
                        },
                        given -> options.apply(given.attempts(2).backoff(Backoff.fixed(Duration.ofMillis(1)))))
                .start();
    }

    private static List<Mail> mails(int count) {
        return IntStream.range(0, count).mapToObj(Mail::new).toList();
    }

    private static void refuse(Chunk<Mail> chunk, int poison) {
        if (chunk.jobs().contains(new Mail(poison))) {
            throw new IllegalStateException("poison");
        }
    }

    private void effects(Connection connection, Chunk<Mail> chunk) throws SQLException {
        for (Chunk.Item<Mail> item : chunk.items()) {
            sql.run(connection, "insert into {schema}.effect values (" + item.jobId() + ", " + item.attempt() + ")");
        }
    }

    private static void allIn(Tidemill mill, List<Long> ids, JobState state) {
        ids.forEach(id -> Jobs.in(mill, id, state));
    }

    @Test
    void jobsAreHandledTogetherAndOneCallOccupiesOneSlot() throws Exception {
        CountDownLatch both = new CountDownLatch(2);
        try (Tidemill mill = start(
                chunk -> {
                    both.countDown();
                    Jobs.await30(both);
                },
                options -> options.chunk(8, WAIT))) {
            List<Long> ids = mill.enqueueAll(mails(16));
            allIn(mill, ids, JobState.SUCCEEDED);
            assertThat(calls).hasSize(2).allSatisfy(call -> assertThat(call).hasSize(8));
            assertThat(mill.chunks()).singleElement().satisfies(stats -> {
                assertThat(stats.kind()).isEqualTo("Mail");
                assertThat(stats.size()).isEqualTo(8);
                assertThat(stats.lastJobs()).isEqualTo(8);
                assertThat(stats.calls()).isEqualTo(2);
                assertThat(stats.isolated()).isZero();
            });
            await().atMost(Jobs.SOON).until(() -> sql.number("select count(*) from {schema}.lease") == 0);
        }
    }

    @Test
    void aChunkThatDoesNotFillRunsOnceItsFirstJobHasWaited() {
        try (Tidemill mill = start(chunk -> {}, options -> options.chunk(8, WAIT))) {
            // At once, so that both are there before the first has waited.
            allIn(mill, mill.enqueueAll(mails(2)), JobState.SUCCEEDED);
            assertThat(calls).containsExactly(List.of(0, 1));
        }
    }

    @Test
    void criticalJobsWaitForNobody() {
        Duration wait = Duration.ofSeconds(10);
        try (Tidemill mill = start(chunk -> {}, options -> options.chunk(8, wait))) {
            long began = System.nanoTime();
            long id = mill.enqueue(new Mail(1), priority(Priority.CRITICAL));
            Jobs.in(mill, id, JobState.SUCCEEDED);
            assertThat(Duration.ofNanos(System.nanoTime() - began)).isLessThan(wait);
        }
    }

    @Test
    void onlyThePoisonHasAFailedAttempt() {
        try (Tidemill mill = start(chunk -> refuse(chunk, 5), options -> options.chunk(16, WAIT.multipliedBy(2)))) {
            List<Long> ids = mill.enqueueAll(mails(16));
            Jobs.in(mill, ids.get(5), JobState.DEAD);
            for (int i = 0; i < 16; i++) {
                if (i != 5) {
                    assertThat(Jobs.outcomes(Jobs.in(mill, ids.get(i), JobState.SUCCEEDED)))
                            .containsExactly(AttemptOutcome.SUCCEEDED);
                }
            }
            assertThat(Jobs.outcomes(mill.job(ids.get(5)).orElseThrow()))
                    .containsExactly(AttemptOutcome.FAILED, AttemptOutcome.FAILED);
            // 16, 8, 4, 2 and 1 with it, 8, 4, 2 and 1 without, and its second attempt.
            assertThat(calls).hasSize(10);
            assertThat(mill.chunks().getFirst().isolated()).isEqualTo(4);
            assertThat(mill.deadLetters(null, 10).getFirst().error()).contains("poison");
        }
    }

    @Test
    void aHandlerReportsSingleJobs() {
        try (Tidemill mill = start(
                chunk -> {
                    for (Chunk.Item<Mail> item : chunk.items()) {
                        switch (item.job().number()) {
                            case 0 -> item.fail(Retry.never("no such address"));
                            case 1 -> {
                                if (item.attempt() == 1) {
                                    item.fail(Retry.after(Duration.ofMillis(1), "later")
                                            .notCounted());
                                }
                            }
                            case 2 -> item.done();
                            default -> {}
                        }
                    }
                    if (chunk.jobs().contains(new Mail(3)) && chunk.size() > 1) {
                        throw new IllegalStateException("after the reports");
                    }
                },
                options -> options.chunk(4, WAIT))) {
            List<Long> ids = mill.enqueueAll(mails(4));
            Jobs.in(mill, ids.get(0), JobState.DEAD);
            assertThat(Jobs.outcomes(Jobs.in(mill, ids.get(1), JobState.SUCCEEDED)))
                    .containsExactly(AttemptOutcome.SNOOZED, AttemptOutcome.SUCCEEDED);
            assertThat(Jobs.outcomes(Jobs.in(mill, ids.get(2), JobState.SUCCEEDED)))
                    .containsExactly(AttemptOutcome.SUCCEEDED);
            assertThat(Jobs.outcomes(Jobs.in(mill, ids.get(3), JobState.SUCCEEDED)))
                    .containsExactly(AttemptOutcome.SUCCEEDED);
            assertThat(calls).as("what was reported does not run again").contains(List.of(3));
        }
    }

    @Test
    void aRetryHoldsForTheWholeChunkAndIsolatesNothing() {
        try (Tidemill mill = start(
                chunk -> {
                    if (chunk.items().getFirst().attempt() == 1) {
                        throw Retry.after(Duration.ofMillis(1), "the provider is busy")
                                .notCounted();
                    }
                },
                options -> options.chunk(8, WAIT))) {
            List<Long> ids = mill.enqueueAll(mails(8));
            allIn(mill, ids, JobState.SUCCEEDED);
            assertThat(calls.getFirst()).hasSize(8);
            assertThat(mill.chunks().getFirst().isolated()).isZero();
        }
    }

    @Test
    void whatCannotBeReadKeepsNobodyElseFromRunning() {
        try (Tidemill mill = start(chunk -> {}, options -> options.chunk(4, WAIT))) {
            long bad = mill.enqueue(new dev.tidemill.jobs.JobRequest("Mail", "\"text\"", EnqueueOptions.NONE));
            long good = mill.enqueue(new Mail(1));
            Jobs.in(mill, good, JobState.SUCCEEDED);
            Jobs.in(mill, bad, JobState.DEAD);
            assertThat(mill.deadLetters(null, 1).getFirst().code()).isEqualTo("PAYLOAD_UNREADABLE");
        }
    }

    @Test
    void aChunkThatRunsPastItsLimitIsTakenApartAndOnlyTheSlowJobTimesOut() throws Exception {
        CountDownLatch never = new CountDownLatch(1);
        try (Tidemill mill = start(
                chunk -> {
                    if (chunk.jobs().contains(new Mail(2))) {
                        never.await();
                    }
                },
                options -> options.chunk(4, WAIT).timeout(Duration.ofMillis(150)))) {
            List<Long> ids = mill.enqueueAll(mails(4));
            Jobs.in(mill, ids.get(2), JobState.DEAD);
            assertThat(Jobs.outcomes(mill.job(ids.get(2)).orElseThrow()))
                    .containsExactly(AttemptOutcome.TIMED_OUT, AttemptOutcome.TIMED_OUT);
            for (int i : new int[] {0, 1, 3}) {
                assertThat(Jobs.outcomes(Jobs.in(mill, ids.get(i), JobState.SUCCEEDED)))
                        .containsExactly(AttemptOutcome.SUCCEEDED);
            }
        }
    }

    @Test
    void aChunkCompletesInOneTransactionOfItsOwn() throws Exception {
        AtomicReference<Throwable> second = new AtomicReference<>();
        try (Tidemill mill = start(
                chunk -> {
                    try (Connection connection = sql.begin()) {
                        effects(connection, chunk);
                        chunk.completeIn(connection);
                        try {
                            chunk.completeIn(connection);
                        } catch (TidemillException refused) {
                            second.set(refused);
                        }
                        connection.commit();
                    }
                },
                options -> options.chunk(8, WAIT))) {
            List<Long> ids = mill.enqueueAll(mails(8));
            allIn(mill, ids, JobState.SUCCEEDED);
            assertThat(second.get()).hasMessageContaining("once");
            assertThat(sql.number("select count(*) from {schema}.effect")).isEqualTo(8);
            await().atMost(Jobs.SOON).until(() -> sql.number("select count(*) from {schema}.lease") == 0);
            assertThat(sql.number(
                            "select count(*) from {schema}.attempt where job in (select job from {schema}.effect)"))
                    .isEqualTo(8);
        }
    }

    @Test
    void aRolledBackChunkIsTakenApartAndEveryEffectHappensOnce() throws Exception {
        try (Tidemill mill = start(
                chunk -> {
                    try (Connection connection = sql.begin()) {
                        effects(connection, chunk);
                        chunk.completeIn(connection);
                        if (chunk.jobs().contains(new Mail(3))) {
                            connection.rollback();
                        } else {
                            connection.commit();
                        }
                    }
                },
                options -> options.chunk(4, WAIT).attempts(1))) {
            List<Long> ids = mill.enqueueAll(mails(4));
            Jobs.in(mill, ids.get(3), JobState.DEAD);
            for (int i = 0; i < 3; i++) {
                Jobs.in(mill, ids.get(i), JobState.SUCCEEDED);
            }
            assertThat(sql.number("select count(*) from {schema}.effect")).isEqualTo(3);
            assertThat(sql.number("select count(distinct job) from {schema}.effect"))
                    .isEqualTo(3);
        }
    }

    @Test
    void aCompletionStillOpenWhenTheHandlerReturnsIsWaitedFor() throws Exception {
        AtomicReference<Connection> open = new AtomicReference<>();
        CountDownLatch returning = new CountDownLatch(1);
        try (Tidemill mill = start(
                chunk -> {
                    Connection connection = sql.begin();
                    effects(connection, chunk);
                    chunk.completeIn(connection);
                    open.set(connection);
                    returning.countDown();
                },
                options -> options.chunk(2, WAIT))) {
            List<Long> ids = mill.enqueueAll(mails(2));
            Jobs.await30(returning);
            try (Connection connection = open.get()) {
                int pid = Sql.pid(connection);
                long asking = await().atMost(Jobs.SOON).until(() -> sql.waiterOf(pid), waiter -> waiter != 0);
                await().atMost(Jobs.SOON).until(() -> sql.waiterOf(pid), waiter -> waiter != 0 && waiter != asking);
                connection.commit();
            }
            allIn(mill, ids, JobState.SUCCEEDED);
            assertThat(sql.number("select count(*) from {schema}.effect")).isEqualTo(2);
        }
    }

    /** One hangs as a pair and the other alone, after their chunks of four were taken apart. */
    @Test
    void aCallThatNeverComesBackHasTimedOutAndTheOthersOfItsChunkRunElsewhere() {
        CountDownLatch never = new CountDownLatch(1);
        try (Tidemill mill = start(
                chunk -> {
                    if (chunk.items().getFirst().attempt() > 1) {
                        return;
                    }
                    if (chunk.size() == 4 || (chunk.size() == 2 && chunk.jobs().contains(new Mail(4)))) {
                        throw new IllegalStateException("taken apart");
                    }
                    if (chunk.jobs().contains(new Mail(0)) || chunk.jobs().contains(new Mail(4))) {
                        Jobs.awaitStubbornly(never);
                    }
                },
                options -> options.chunk(4, WAIT).timeout(Duration.ofMillis(150)))) {
            try {
                List<Long> ids = mill.enqueueAll(mails(8));
                for (int i = 0; i < 8; i++) {
                    boolean hung = i == 0 || i == 1 || i == 4;
                    assertThat(Jobs.outcomes(Jobs.in(mill, ids.get(i), JobState.SUCCEEDED)))
                            .as("%s", i)
                            .containsExactly(
                                    hung ? AttemptOutcome.TIMED_OUT : AttemptOutcome.RELEASED,
                                    AttemptOutcome.SUCCEEDED);
                }
            } finally {
                never.countDown();
            }
        }
    }

    @Test
    void theShortestLimitOfItsJobsHoldsForACall() {
        CountDownLatch never = new CountDownLatch(1);
        try (Tidemill mill = start(
                chunk -> {
                    if (chunk.jobs().contains(new Mail(0))) {
                        never.await();
                    }
                },
                options -> options.chunk(2, WAIT).timeout(Duration.ofHours(1)))) {
            long patient = mill.enqueue(new Mail(1));
            long brief = mill.enqueue(
                    new Mail(0),
                    EnqueueOptions.NONE.timeout(Duration.ofMillis(150)).attempts(1));
            assertThat(Jobs.outcomes(Jobs.in(mill, brief, JobState.DEAD))).containsExactly(AttemptOutcome.TIMED_OUT);
            Jobs.in(mill, patient, JobState.SUCCEEDED);
        }
    }

    @Test
    void aJobThatIsCancelledLeavesItsChunkAndTheOthersGoOn() throws Exception {
        CountDownLatch running = new CountDownLatch(1);
        CountDownLatch go = new CountDownLatch(1);
        try (Tidemill mill = start(
                chunk -> {
                    running.countDown();
                    Jobs.await30(go);
                },
                options -> options.chunk(2, WAIT))) {
            List<Long> ids = mill.enqueueAll(mails(2));
            Jobs.await30(running);
            assertThat(mill.cancel(ids.getFirst())).isEqualTo(Cancellation.INTERRUPTED);
            Jobs.in(mill, ids.getFirst(), JobState.CANCELLED);
            go.countDown();
            assertThat(Jobs.outcomes(Jobs.in(mill, ids.getLast(), JobState.SUCCEEDED)))
                    .containsExactly(AttemptOutcome.SUCCEEDED);
            assertThat(mill.job(ids.getFirst()).orElseThrow().state()).isEqualTo(JobState.CANCELLED);
            assertThat(calls).hasSize(1);
        }
    }

    @Test
    void aStoppingNodeGivesBackWhatGathersAndReleasesWhatRunsAndIsNotDone() throws Exception {
        CountDownLatch running = new CountDownLatch(1);
        List<Long> ids;
        try (Tidemill mill = start(
                chunk -> {
                    chunk.items().getFirst().done();
                    running.countDown();
                    new CountDownLatch(1).await();
                },
                options -> options.chunk(4, Duration.ofSeconds(10)))) {
            ids = mill.enqueueAll(mails(5));
            Jobs.await30(running);
            mill.stop(Duration.ZERO);
        }
        assertThat(sql.number("select count(*) from {schema}.attempt where outcome = " + AttemptOutcome.RELEASED.code()
                        + " and job >= " + ids.getFirst()))
                .isEqualTo(3);
        assertThat(sql.number("select count(*) from {schema}.ready"))
                .as("but for the one that was reported as done")
                .isEqualTo(4);
        try (Tidemill mill = start(chunk -> {}, options -> options.chunk(8, WAIT))) {
            allIn(mill, ids, JobState.SUCCEEDED);
        }
    }

    @Test
    void chunksThatTakeTooLongGetSmallerAndTheSizeIsShown() {
        try (Tidemill mill = start(
                chunk -> assertThat(new CountDownLatch(1).await(20L * chunk.size(), TimeUnit.MILLISECONDS))
                        .isFalse(),
                options -> options.chunk(new ChunkOptions(200, Duration.ofMillis(20), Duration.ofMillis(100))))) {
            allIn(mill, mill.enqueueAll(mails(48)), JobState.SUCCEEDED);
            assertThat(size(mill)).isBetween(1, 8);
            assertThat(mill.chunks().getFirst().lastTook()).isPositive();
        }
    }

    private static int size(Tidemill mill) {
        return mill.chunks().stream().mapToInt(ChunkStats::size).sum();
    }

    @Test
    void optionsThatDoNotGoTogetherAreRefused() {
        assertThatThrownBy(() -> Tidemill.on(database.dataSource())
                        .handle(Mail.class, (job, run) -> {}, options -> options.chunk(10, WAIT)))
                .isInstanceOfSatisfying(
                        TidemillException.class,
                        refused -> assertThat(refused.code()).isEqualTo(ErrorCode.INVALID_OPTION))
                .hasMessageContaining("handleChunks");
        for (int jobs : new int[] {0, 1_001}) {
            assertThatThrownBy(() -> HandlerOptions.STANDARD.chunk(jobs, WAIT)).hasMessageContaining("1 to 1,000");
        }
        assertThatThrownBy(() -> HandlerOptions.STANDARD.chunk(1, Duration.ofSeconds(11)))
                .hasMessageContaining("10 s");
    }
}
