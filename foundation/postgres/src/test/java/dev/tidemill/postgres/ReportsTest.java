package dev.tidemill.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.tidemill.jobs.AttemptOutcome;
import dev.tidemill.jobs.Backoff;
import dev.tidemill.jobs.Chunk;
import dev.tidemill.jobs.ChunkHandler;
import dev.tidemill.jobs.Handler;
import dev.tidemill.jobs.HandlerOptions;
import dev.tidemill.jobs.JobState;
import dev.tidemill.jobs.JobView;
import dev.tidemill.jobs.LogLevel;
import dev.tidemill.jobs.LogLine;
import dev.tidemill.jobs.Progress;
import dev.tidemill.jobs.Retry;
import dev.tidemill.jobs.Tidemill;
import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.TestDatabase;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** What handlers report of their attempts. */
@ExtendWith(FreshSchema.class)
final class ReportsTest {
    record Import(int rows) {}

    record Outcome(int imported, List<String> refused) {}

    private final TestDatabase database;
    private final Sql sql;

    ReportsTest(TestDatabase database) {
        this.database = database;
        this.sql = new Sql(database);
    }

    private Tidemill start(Handler<Import> handler) {
        return start(handler, options -> options);
    }

    private Tidemill start(Handler<Import> handler, UnaryOperator<HandlerOptions> options) {
        return Tidemill.on(database.dataSource())
                .schema(database.schema())
                .handle(
                        Import.class,
                        handler,
                        given -> options.apply(given.attempts(2).backoff(Backoff.fixed(Duration.ofMillis(1)))))
                .start();
    }

    @Test
    void resultsAndLinesAreKeptWithTheAttemptTheyBelongTo() {
        try (Tidemill mill = start((job, run) -> {
            run.log(LogLevel.INFO, "attempt " + run.attempt());
            run.log(LogLevel.WARN, "a line with \0 in it");
            run.result(new Outcome(run.attempt(), List.of("row 7")));
            if (run.attempt() == 1) {
                throw new IllegalStateException("the first fails");
            }
        })) {
            long id = mill.enqueue(new Import(1));
            JobView seen = Jobs.in(mill, id, JobState.SUCCEEDED);
            assertThat(seen.attempts().get(0).result()).isEqualTo("{\"imported\":1,\"refused\":[\"row 7\"]}");
            assertThat(seen.attempts().get(1).result()).isEqualTo("{\"imported\":2,\"refused\":[\"row 7\"]}");
            List<LogLine> lines = mill.log(id, 100);
            assertThat(lines)
                    .extracting(LogLine::text)
                    .containsExactly("attempt 1", "a line with \uFFFD in it", "attempt 2", "a line with \uFFFD in it");
            assertThat(lines).extracting(LogLine::attempt).containsExactly(1, 1, 2, 2);
            assertThat(lines.get(1).level()).isEqualTo(LogLevel.WARN);
            assertThat(mill.log(id, 2)).extracting(LogLine::attempt).containsExactly(2, 2);
        }
    }

    /** Five is alone at fault; six is reported as failed; the rest is done, some of it after calls in halves. */
    @Test
    void jobsOfAChunkHaveResultsAndLinesOfTheirOwn() {
        try (Tidemill mill = chunks(chunk -> {
            for (Chunk.Item<Import> item : chunk.items()) {
                item.log(LogLevel.INFO, "of " + chunk.size());
                item.result(new Outcome(item.job().rows(), List.of()));
                if (item.job().rows() == 6) {
                    item.fail(Retry.never("refused"));
                }
            }
            if (chunk.jobs().contains(new Import(5))) {
                throw new IllegalStateException("the fifth fails");
            }
        })) {
            List<Long> ids =
                    mill.enqueueAll(IntStream.range(0, 8).mapToObj(Import::new).toList());
            Jobs.in(mill, ids.get(5), JobState.DEAD);
            Jobs.in(mill, ids.get(6), JobState.DEAD);
            for (int i : new int[] {0, 1, 2, 3, 4, 7}) {
                JobView seen = Jobs.in(mill, ids.get(i), JobState.SUCCEEDED);
                assertThat(seen.attempts()).hasSize(1);
                assertThat(seen.attempts().getFirst().result()).isEqualTo("{\"imported\":" + i + ",\"refused\":[]}");
            }
            assertThat(mill.log(ids.get(7), 10)).extracting(LogLine::text).startsWith("of 8");
            assertThat(mill.log(ids.get(5), 10)).extracting(LogLine::text).contains("of 8", "of 1");
        }
    }

    @Test
    void resultsOfAChunkThatCompletesAreWrittenInItsTransaction() {
        try (Tidemill mill = chunks(chunk -> {
            chunk.items().forEach(item -> item.result(new Outcome(item.job().rows(), List.of())));
            try (Connection connection = database.dataSource().getConnection()) {
                connection.setAutoCommit(false);
                chunk.completeIn(connection);
                String ids = chunk.items().stream()
                        .map(item -> Long.toString(item.jobId()))
                        .collect(Collectors.joining(", "));
                assertThat(sql.number(connection, "select count(*) from {schema}.result where job in (" + ids + ")"))
                        .isEqualTo(chunk.size());
                connection.commit();
            }
        })) {
            for (long id : mill.enqueueAll(List.of(new Import(1), new Import(2)))) {
                assertThat(Jobs.in(mill, id, JobState.SUCCEEDED)
                                .attempts()
                                .getFirst()
                                .result())
                        .startsWith("{\"imported\":");
            }
        }
    }

    private Tidemill chunks(ChunkHandler<Import> handler) {
        return Tidemill.on(database.dataSource())
                .schema(database.schema())
                .handleChunks(Import.class, handler, given -> given.attempts(1).chunk(8, Duration.ofMillis(500)))
                .start();
    }

    @Test
    void progressAndLinesOfARunningJobAreSeenAndProgressGoesWithTheAttempt() throws Exception {
        CountDownLatch go = new CountDownLatch(1);
        try (Tidemill mill = start((job, run) -> {
            run.progress(3, 10, "reading " + "x".repeat(600));
            run.log(LogLevel.DEBUG, "three of ten");
            Jobs.await30(go);
        })) {
            long id = mill.enqueue(new Import(10));
            Progress progress = Objects.requireNonNull(await().atMost(Jobs.SOON)
                    .until(() -> mill.job(id).orElseThrow().progress(), Objects::nonNull));
            assertThat(progress.done()).isEqualTo(3);
            assertThat(progress.total()).isEqualTo(10);
            assertThat(progress.message()).startsWith("reading x").hasSize(500);
            assertThat(mill.log(id, 10)).extracting(LogLine::text).containsExactly("three of ten");
            go.countDown();
            assertThat(Jobs.in(mill, id, JobState.SUCCEEDED).progress()).isNull();
            assertThat(sql.number("select count(*) from {schema}.progress")).isZero();
        }
    }

    @Test
    void aLogIsBoundedAndWhatIsDroppedIsCounted() {
        try (Tidemill mill = start((job, run) -> {
            for (int i = 0; i < 1_500; i++) {
                run.log(LogLevel.INFO, "x".repeat(i == 0 ? 3_000 : 10));
            }
        })) {
            long id = mill.enqueue(new Import(1));
            Jobs.in(mill, id, JobState.SUCCEEDED);
            List<LogLine> lines = mill.log(id, 1_000);
            assertThat(lines.getLast().text()).startsWith("500 more lines were dropped");
            assertThat(sql(id, "log_line")).isEqualTo(1_001);
        }
    }

    @Test
    void linesAreCutAndALogIsBoundedInBytesToo() {
        try (Tidemill mill = start((job, run) -> {
            run.log(LogLevel.INFO, "x".repeat(3_000));
            for (int i = 0; i < 200; i++) {
                run.log(LogLevel.INFO, "\u00fc".repeat(2_000));
            }
        })) {
            long id = mill.enqueue(new Import(1));
            Jobs.in(mill, id, JobState.SUCCEEDED);
            List<LogLine> lines = mill.log(id, 1_000);
            assertThat(lines.getFirst().text()).hasSize(2_000).endsWith("x\u2026");
            // 2,002 bytes, and 65 times 4,000, are what 256 KiB have room for.
            assertThat(lines.getLast().text()).startsWith("135 more lines were dropped");
            assertThat(lines).hasSize(67);
        }
    }

    @Test
    void aResultThatIsTooLargeIsRefusedInTheHandler() {
        try (Tidemill mill = start((job, run) -> run.result("x".repeat(70_000)), options -> options.attempts(1))) {
            long id = mill.enqueue(new Import(1));
            Jobs.in(mill, id, JobState.DEAD);
            assertThat(mill.deadLetters(null, 1).getFirst().error())
                    .contains("70002")
                    .contains("65536");
        }
    }

    @Test
    void aResultCommitsOrRollsBackWithCompleteIn() {
        try (Tidemill mill = start((job, run) -> {
            try (Connection connection = sql.begin()) {
                run.result(run.attempt());
                run.completeIn(connection);
                if (run.attempt() == 1) {
                    run.log(LogLevel.ERROR, "rolling back");
                    connection.rollback();
                } else {
                    connection.commit();
                }
            }
        })) {
            long id = mill.enqueue(new Import(1));
            JobView seen = Jobs.in(mill, id, JobState.SUCCEEDED);
            assertThat(seen.attempts().get(1).result()).isEqualTo("2");
            await().atMost(Jobs.SOON)
                    .untilAsserted(() -> assertThat(mill.log(id, 10))
                            .extracting(LogLine::text)
                            .containsExactly("rolling back"));
        }
    }

    @Test
    void heartbeatsKeepAnAttemptFromItsTimeLimitAndSilenceDoesNot() {
        try (Tidemill mill = start(
                (job, run) -> {
                    for (int i = 0; i < job.rows(); i++) {
                        run.heartbeat();
                        if (new CountDownLatch(1).await(300, TimeUnit.MILLISECONDS)) {
                            throw new IllegalStateException("nobody counts this down");
                        }
                    }
                    if (job.rows() < 6) {
                        new CountDownLatch(1).await();
                    }
                },
                options -> options.timeout(Duration.ofSeconds(1)).attempts(1))) {
            long alive = mill.enqueue(new Import(6));
            long silent = mill.enqueue(new Import(1));
            assertThat(Jobs.outcomes(Jobs.in(mill, alive, JobState.SUCCEEDED)))
                    .containsExactly(AttemptOutcome.SUCCEEDED);
            assertThat(Jobs.outcomes(Jobs.in(mill, silent, JobState.DEAD))).containsExactly(AttemptOutcome.TIMED_OUT);
        }
    }

    private long sql(long job, String table) {
        try {
            return sql.number("select count(*) from {schema}." + table + " where job = " + job);
        } catch (SQLException failed) {
            throw new IllegalStateException(failed);
        }
    }
}
