package dev.tidemill.postgres;

import static dev.tidemill.jobs.EnqueueOptions.priority;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.tidemill.jobs.DeadLetter;
import dev.tidemill.jobs.EnqueueOptions;
import dev.tidemill.jobs.ErrorCode;
import dev.tidemill.jobs.JobRequest;
import dev.tidemill.jobs.JobState;
import dev.tidemill.jobs.Priority;
import dev.tidemill.jobs.Tidemill;
import dev.tidemill.jobs.TidemillException;
import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.StoreHand;
import dev.tidemill.testkit.TestDatabase;
import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.assertj.core.api.Assertions;
import org.assertj.core.util.Strings;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** A job that takes its process down becomes a dead letter, and nothing else does. */
@ExtendWith(FreshSchema.class)
final class PoisonTest {
    private static final Duration LONG = Duration.ofSeconds(90);
    private static final Duration BEAT = Duration.ofMillis(500);
    /** A crash is found by its session, after two beats: only a loss that was none would take this long. */
    private static final Duration DEAD_AFTER = Duration.ofSeconds(20);
    /** More than are done until the last crash, however long a rescue takes. */
    private static final int HARMLESS = 4_000;

    private final TestDatabase database;

    PoisonTest(TestDatabase database) {
        this.database = database;
    }

    private Process worker() throws IOException {
        return new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-XX:TieredStopAtLevel=1",
                        "-cp",
                        System.getProperty("java.class.path"),
                        PoisonWorker.class.getName(),
                        database.jdbcUrl(),
                        database.user(),
                        database.password(),
                        database.schema())
                .redirectOutput(Redirect.DISCARD)
                .redirectError(Redirect.INHERIT)
                .start();
    }

    @Test
    void aJobThatTakesItsProcessDownThreeTimesIsADeadLetterAndThoseLostWithItRun() throws Exception {
        try (Tidemill mill = Tidemill.on(database.dataSource())
                .schema(database.schema())
                .heartbeat(BEAT, DEAD_AFTER)
                .start()) {
            List<Long> harmless = new ArrayList<>(mill.enqueueAll(harmless(0, 40)));
            long poison = mill.enqueue(new PoisonWorker.Poison(1));
            // Urgent, so that the crash finds some at work beside it whatever the order.
            harmless.addAll(mill.enqueueAll(harmless(40, 5), priority(Priority.CRITICAL)));
            harmless.addAll(mill.enqueueAll(harmless(45, HARMLESS)));
            assertThat(crashesUntilAllAreThrough(mill, poison, harmless)).isEqualTo(3);
            assertThat(new Sql(database)
                            .number("select count(*) from {schema}.attempt a where a.outcome = 5 and a.job <> " + poison
                                    + " and a.epoch = (select max(p.epoch) from {schema}.attempt p where p.job = "
                                    + poison + ")"))
                    .as("lost with it the third time, and not blamed")
                    .isPositive();
            assertThat(mill.deadLetters(null, 10))
                    .extracting(DeadLetter::jobId, DeadLetter::code)
                    .containsOnlyOnce(Assertions.tuple(poison, "POISONED"));
        }
    }

    /** Starts a process, and another one whenever it crashes; returns how often it did. */
    private int crashesUntilAllAreThrough(Tidemill mill, long poison, List<Long> harmless) throws Exception {
        int crashes = 0;
        Process worker = worker();
        try {
            long end = System.nanoTime() + LONG.toNanos();
            boolean through = false;
            while (!through && System.nanoTime() < end) {
                // Asked before the process is, so that the crash that made it a dead letter is counted too.
                through = mill.job(poison).orElseThrow().state() == JobState.DEAD;
                if (worker.waitFor(100, TimeUnit.MILLISECONDS)) {
                    assertThat(worker.exitValue()).isEqualTo(137);
                    crashes++;
                    worker = worker();
                }
            }
            Sql sql = new Sql(database);
            String succeeded = "select count(distinct a.job) from {schema}.attempt a where a.outcome = 0 and a.job in ("
                    + Strings.join(harmless).with(", ") + ")";
            await().atMost(LONG).until(() -> sql.number(succeeded) == harmless.size());
            assertThat(worker.isAlive()).isTrue();
        } finally {
            worker.destroyForcibly().waitFor();
        }
        return crashes;
    }

    /** All of a chunk are lost together each time, until each is looked at alone. */
    @Test
    void ofAChunkThatTakesItsProcessDownOnlyThePoisonIsADeadLetter() throws Exception {
        try (Tidemill mill = Tidemill.on(database.dataSource())
                .schema(database.schema())
                .heartbeat(BEAT, DEAD_AFTER)
                .start()) {
            List<Long> harmless = new ArrayList<>(mill.enqueueAll(IntStream.range(0, 10)
                    .mapToObj(i -> new PoisonWorker.Grouped(i, i == 4))
                    .toList()));
            long poison = harmless.remove(4);
            assertThat(crashesUntilAllAreThrough(mill, poison, harmless)).isEqualTo(3);
            assertThat(new Sql(database)
                            .number("select min(n) from (select count(*) as n from {schema}.attempt where outcome = 5"
                                    + " and job in (" + Strings.join(harmless).with(", ") + ") group by job) l"))
                    .as("each of them was lost with it until it was a suspect")
                    .isGreaterThanOrEqualTo(2);
            assertThat(mill.deadLetters(null, 10))
                    .filteredOn(letter -> letter.kind().equals("Grouped"))
                    .extracting(DeadLetter::jobId, DeadLetter::code)
                    .containsExactly(Assertions.tuple(poison, "POISONED"));
        }
    }

    @Test
    void suspectsThatWaitForTheirTurnHoldNoOtherJobUp() throws Exception {
        CountDownLatch go = new CountDownLatch(1);
        AtomicInteger suspects = new AtomicInteger();
        try (StoreHand hand =
                new StoreHand(new PostgresJobStoreProvider().open(database.dataSource(), database.schema(), true))) {
            hand.add(50, hand.job());
            for (int loss = 0; loss < 2; loss++) {
                assertThat(hand.claim(hand.join(), 50)).hasSize(50);
                hand.store().upkeep().rescue(Duration.ZERO, Duration.ZERO);
            }
            try (Tidemill mill = Tidemill.on(database.dataSource())
                    .schema(database.schema())
                    .queue(hand.queue(), queue -> queue.concurrency(4))
                    .handleJson(hand.kind(), (json, run) -> {
                        if (run.attempt() > 1) {
                            suspects.incrementAndGet();
                            Jobs.await30(go);
                        }
                    })
                    .start()) {
                await().atMost(Jobs.SOON).until(() -> suspects.get() > 0);
                EnqueueOptions behind = EnqueueOptions.queue(hand.queue());
                List<Long> others = mill.enqueueAll(IntStream.range(0, 20)
                        .mapToObj(i -> new JobRequest(hand.kind(), "{}", behind))
                        .toList());
                others.forEach(id -> Jobs.in(mill, id, JobState.SUCCEEDED));
                assertThat(suspects).as("one at a time").hasValue(1);
                go.countDown();
                await().atMost(LONG).until(suspects::get, ran -> ran == 50);
            }
        }
    }

    @Test
    void theNumberOfLossesHasBounds() {
        Assertions.assertThatThrownBy(() -> Tidemill.on(database.dataSource()).poisonAfter(1))
                .isInstanceOf(TidemillException.class)
                .hasMessageContaining("2 and 100")
                .extracting(failed -> ((TidemillException) failed).code())
                .isEqualTo(ErrorCode.INVALID_OPTION);
    }

    private static List<PoisonWorker.Harmless> harmless(int from, int count) {
        return IntStream.range(from, from + count)
                .mapToObj(PoisonWorker.Harmless::new)
                .toList();
    }
}
