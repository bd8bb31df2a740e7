package dev.tidemill.postgres;

import static dev.tidemill.jobs.EnqueueOptions.priority;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.tidemill.jobs.AttemptOutcome;
import dev.tidemill.jobs.EnqueueOptions;
import dev.tidemill.jobs.JobState;
import dev.tidemill.jobs.JobView;
import dev.tidemill.jobs.Priorities;
import dev.tidemill.jobs.Priority;
import dev.tidemill.jobs.Tidemill;
import dev.tidemill.jobs.TidemillBuilder;
import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.TestDatabase;
import java.sql.Connection;
import java.time.Duration;
import java.time.LocalTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.slf4j.MDC;

/** A node at work: how many at a time, when, and what it does when it stops. */
@ExtendWith(FreshSchema.class)
final class WorkingTest {
    record Task(String name) {}

    private final TestDatabase database;

    WorkingTest(TestDatabase database) {
        this.database = database;
    }

    private TidemillBuilder mill() {
        return Tidemill.on(database.dataSource()).schema(database.schema());
    }

    @Test
    void whatAnIdleNodeEnqueuesRunsWithoutPassingThroughTheQueue() {
        Sql sql = new Sql(database);
        Set<Long> ran = ConcurrentHashMap.newKeySet();
        Set<Long> atOnce = ConcurrentHashMap.newKeySet();
        try (Tidemill mill =
                mill().handle(Task.class, (job, run) -> ran.add(run.jobId())).start()) {
            // A node that has just started has not found yet that nothing waits.
            await().atMost(Jobs.SOON).until(() -> {
                try (Connection lock = sql.begin()) {
                    sql.run(lock, "lock table {schema}.ready in exclusive mode");
                    CompletableFuture<Long> enqueued = Aside.run(() -> mill.enqueue(new Task("at once")));
                    await().atMost(Jobs.SOON)
                            .until(() -> enqueued.isDone()
                                    || sql.number("select count(*) from pg_stat_activity where wait_event_type = 'Lock'"
                                                    + " and query like '%{schema}%add_ready%'")
                                            > 0);
                    if (enqueued.isDone()) {
                        atOnce.add(enqueued.get());
                        await().atMost(Jobs.SOON).until(() -> ran.containsAll(atOnce));
                    }
                    lock.rollback();
                    return !atOnce.isEmpty();
                }
            });
        }
    }

    @Test
    void noMoreRunAtATimeThanTheQueueAllowsAndReservedSlotsGoToCriticalJobs() throws Exception {
        CountDownLatch release = new CountDownLatch(1);
        AtomicInteger running = new AtomicInteger();
        AtomicInteger most = new AtomicInteger();
        AtomicInteger critical = new AtomicInteger();
        try (Tidemill mill = mill().queue("q1", queue -> queue.concurrency(5).reservedForCritical(2))
                .handle(
                        Task.class,
                        (job, run) -> {
                            most.accumulateAndGet(running.incrementAndGet(), Math::max);
                            critical.addAndGet(run.priority() == Priority.CRITICAL ? 1 : 0);
                            release.await();
                            running.decrementAndGet();
                        },
                        options -> options.queue("q1"))
                .start()) {
            List<Long> ids = new ArrayList<>(mill.enqueueAll(
                    IntStream.range(0, 40).mapToObj(i -> new Task("m" + i)).toList()));
            await().atMost(Jobs.SOON).until(() -> running.get() == 3);
            ids.addAll(mill.enqueueAll(
                    IntStream.range(0, 9).mapToObj(i -> new Task("c" + i)).toList(), priority(Priority.CRITICAL)));
            await().atMost(Jobs.SOON).until(() -> running.get() == 5);
            assertThat(critical).hasValue(2);
            release.countDown();
            for (long id : ids) {
                Jobs.in(mill, id, JobState.SUCCEEDED);
            }
            assertThat(most).hasValue(5);
        }
    }

    @Test
    void stoppingGivesBackWhatHasNotStartedAndReleasesWhatRunsUncounted() throws Exception {
        CountDownLatch started = new CountDownLatch(4);
        Tidemill mill = mill().queue("q3", queue -> queue.concurrency(4).reservedForCritical(0))
                .handle(
                        Task.class,
                        (job, run) -> {
                            started.countDown();
                            new CountDownLatch(1).await();
                        },
                        options -> options.queue("q3").attempts(1))
                .start();
        List<Long> ids = mill.enqueueAll(
                IntStream.range(0, 30).mapToObj(i -> new Task("t" + i)).toList());
        Jobs.await30(started);
        mill.stop(Duration.ofMillis(50));
        mill.stop(Duration.ZERO);
        List<List<AttemptOutcome>> outcomes = new ArrayList<>();
        try (Tidemill other = mill().handle(Task.class, (job, run) -> {}, options -> options.queue("q3"))
                .start()) {
            for (long id : ids) {
                outcomes.add(Jobs.outcomes(Jobs.in(other, id, JobState.SUCCEEDED)));
            }
        }
        assertThat(outcomes)
                .filteredOn(of -> of.equals(List.of(AttemptOutcome.RELEASED, AttemptOutcome.SUCCEEDED)))
                .hasSize(4);
        assertThat(outcomes)
                .filteredOn(of -> of.equals(List.of(AttemptOutcome.SUCCEEDED)))
                .hasSize(26);
    }

    @Test
    void stoppingLetsHandlersEndWithinTheGrace() throws Exception {
        CountDownLatch started = new CountDownLatch(1);
        CountDownLatch release = new CountDownLatch(1);
        Tidemill mill = mill().handle(Task.class, (job, run) -> {
                    started.countDown();
                    release.await();
                })
                .start();
        long id = mill.enqueue(new Task("t"));
        Jobs.await30(started);
        CompletableFuture<Boolean> stopping = Aside.run(() -> {
            mill.stop(Duration.ofSeconds(30));
            return true;
        });
        release.countDown();
        assertThat(stopping.get(30, TimeUnit.SECONDS)).isTrue();
        try (Tidemill reader = mill().start()) {
            assertThat(Jobs.outcomes(reader.job(id).orElseThrow())).containsExactly(AttemptOutcome.SUCCEEDED);
            assertThat(reader.stats().nodes()).isEmpty();
        }
    }

    @Test
    void aProcessThatOnlyEnqueuesStartsAndStops() {
        Tidemill mill = mill().declare(
                        Task.class, options -> options.queue("elsewhere").priority(Priority.HIGH))
                .start();
        JobView job = mill.job(mill.enqueue(new Task("t"))).orElseThrow();
        assertThat(job.queue()).isEqualTo("elsewhere");
        assertThat(job.priority()).isEqualTo(Priority.HIGH);
        mill.close();
        mill.close();
    }

    @Test
    void logsOfAHandlerCarryJobAttemptNodeAndTrace() throws Exception {
        AtomicReference<Map<String, String>> context = new AtomicReference<>();
        CountDownLatch ran = new CountDownLatch(1);
        try (Tidemill mill = mill().nodeName("the-node")
                .handle(
                        Task.class,
                        (job, run) -> {
                            context.set(MDC.getCopyOfContextMap());
                            ran.countDown();
                        },
                        options -> options.queue("q4"))
                .start()) {
            MDC.put("trace", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
            long id = mill.enqueue(new Task("t"));
            MDC.clear();
            Jobs.await30(ran);
            assertThat(context.get())
                    .containsEntry("job", Long.toString(id))
                    .containsEntry("attempt", "1")
                    .containsEntry("node", "the-node")
                    .containsEntry("trace", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
        }
    }

    @Test
    void aJobOfOurOwnTransactionIsWokenAtItsCommit() throws Exception {
        CountDownLatch ran = new CountDownLatch(40);
        try (Tidemill mill = mill().handle(Task.class, (job, run) -> ran.countDown(), options -> options.queue("q5"))
                .start()) {
            List<Duration> plain = new ArrayList<>();
            List<Duration> within = new ArrayList<>();
            for (int i = 0; i < 20; i++) {
                plain.add(waited(mill, mill.enqueue(new Task("t"))));
                within.add(waited(mill, mill.callInTransaction(transaction -> transaction.enqueue(new Task("t")))));
            }
            Jobs.await30(ran);
            plain.sort(null);
            within.sort(null);
            assertThat(within.get(10))
                    .as("the median; polling would take 75 ms more than a plain enqueue")
                    .isLessThan(plain.get(10).plusMillis(40));
        }
    }

    private static Duration waited(Tidemill mill, long id) {
        JobView job = Jobs.in(mill, id, JobState.SUCCEEDED);
        return Duration.between(job.createdAt(), job.attempts().getFirst().startedAt());
    }

    @Test
    void offPeakJobsRunInsideTheirWindowOnly() {
        LocalTime now = LocalTime.now(ZoneOffset.UTC);
        Priorities.Window closed = new Priorities.Window(now.plusHours(2), now.plusHours(3), ZoneOffset.UTC);
        Priorities.Window open = new Priorities.Window(now.minusHours(1), now.plusHours(1), ZoneOffset.UTC);
        EnqueueOptions offPeak = priority(Priority.OFF_PEAK);
        long waits;
        try (Tidemill mill = mill().priorities(Priorities.standard().offPeak(closed))
                .handle(Task.class, (job, run) -> {}, options -> options.queue("q6"))
                .start()) {
            waits = mill.enqueue(new Task("batch"), offPeak);
            Jobs.in(mill, mill.enqueue(new Task("plain"), priority(Priority.LOW)), JobState.SUCCEEDED);
            assertThat(mill.job(waits).orElseThrow().state()).isEqualTo(JobState.READY);
        }
        try (Tidemill mill = mill().priorities(Priorities.standard().offPeak(closed, open))
                .handle(Task.class, (job, run) -> {}, options -> options.queue("q6"))
                .start()) {
            Jobs.in(mill, waits, JobState.SUCCEEDED);
        }
    }
}
