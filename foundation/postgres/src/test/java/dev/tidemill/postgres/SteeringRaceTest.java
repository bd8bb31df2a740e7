package dev.tidemill.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.tidemill.jobs.AuditLine;
import dev.tidemill.jobs.EnqueueOptions;
import dev.tidemill.jobs.JobAction;
import dev.tidemill.jobs.JobFilter;
import dev.tidemill.jobs.JobState;
import dev.tidemill.jobs.Limit;
import dev.tidemill.jobs.Pause;
import dev.tidemill.jobs.Priority;
import dev.tidemill.jobs.Steered;
import dev.tidemill.jobs.Tidemill;
import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.TestDatabase;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** People's changes against workers' claims, and against connections that die. */
@ExtendWith(FreshSchema.class)
final class SteeringRaceTest {
    record Step(int number) {}

    private static final int JOBS = 2_400;

    private final TestDatabase database;
    private final Sql sql;

    SteeringRaceTest(TestDatabase database) {
        this.database = database;
        this.sql = new Sql(database);
    }

    /** On a queue of the test's own, so that tests do not meet. */
    private Tidemill worker(String queue, Map<Long, AtomicInteger> runs) {
        return Tidemill.on(database.dataSource())
                .schema(database.schema())
                .handle(
                        Step.class,
                        (step, run) -> {
                            runs.computeIfAbsent(run.jobId(), id -> new AtomicInteger())
                                    .incrementAndGet();
                            if (step.number() % 7 == 0) {
                                // Some take a little longer than others.
                                sql.number("select count(*) from {schema}.kind");
                            }
                        },
                        options -> options.queue(queue))
                .start();
    }

    @Test
    void noJobIsLostOrDoneTwiceWhileItsTimeAndPriorityChangeUnderTheClaims() throws Exception {
        Map<Long, AtomicInteger> runs = new ConcurrentHashMap<>();
        BlockingQueue<Steered> answers = new LinkedBlockingQueue<>();
        try (Tidemill asking =
                Tidemill.on(database.dataSource()).schema(database.schema()).start()) {
            asking.limits().put(Limit.ofQueue("race").concurrency(20).forEachKey());
            List<Long> ids = new ArrayList<>();
            for (int key = 0; key < 4; key++) {
                EnqueueOptions options = EnqueueOptions.queue("race");
                options = key == 0 ? options : options.key("key-" + key);
                ids.addAll(asking.enqueueAll(
                        IntStream.range(0, JOBS / 4).mapToObj(Step::new).toList(), options));
            }
            AtomicBoolean through = new AtomicBoolean();
            try (Tidemill one = worker("race", runs);
                    Tidemill other = worker("race", runs)) {
                List<CompletableFuture<Boolean>> people = new ArrayList<>();
                for (int person = 0; person < 2; person++) {
                    Random random = new Random(person);
                    Tidemill mine = person == 0 ? one : asking;
                    people.add(Aside.run(() -> {
                        while (!through.get()) {
                            long id = ids.get(random.nextInt(ids.size()));
                            answers.add(steer(mine, id, random));
                            if (random.nextInt(30) == 0) {
                                steerMany(mine, random);
                            }
                        }
                        return true;
                    }));
                }
                await().atMost(Jobs.SOON)
                        .until(() -> runs.size() == JOBS || people.stream().anyMatch(p -> p.isDone()));
                through.set(true);
                for (CompletableFuture<Boolean> person : people) {
                    assertThat(person.get()).isTrue();
                }
                assertThat(other.ready()).isTrue();
                await().atMost(Jobs.SOON).until(() -> attempts("race") == JOBS);
            }
            assertThat(runs.values()).allMatch(count -> count.get() == 1);
            assertThat(waiting("race")).isZero();
            assertThat(answers)
                    .contains(Steered.DONE, Steered.SUCCEEDED)
                    .doesNotContain(Steered.NOT_FOUND, Steered.CANCELLED, Steered.DEAD);
        }
    }

    private static Steered steer(Tidemill mill, long id, Random random) {
        return switch (random.nextInt(4)) {
            case 0 -> mill.actions().prioritize(id, Priority.ofCode(random.nextInt(4)), "tester");
            case 1 -> mill.actions().runNow(id, "tester");
            default -> mill.actions().postpone(id, Duration.ofMillis(random.nextInt(50)), "tester");
        };
    }

    private static void steerMany(Tidemill mill, Random random) {
        JobFilter some = JobFilter.ANY.queue("race").key("key-" + random.nextInt(4));
        mill.actions()
                .all(
                        some,
                        random.nextBoolean()
                                ? new JobAction.Reschedule(null)
                                : new JobAction.Prioritize(Priority.ofCode(random.nextInt(4))),
                        2_000,
                        "tester");
    }

    private static String ofQueue(String queue) {
        return " where queue = (select id from {schema}.queue where name = '" + queue + "')";
    }

    private long attempts(String queue) throws SQLException {
        return sql.number(
                "select count(*) from {schema}.attempt a join {schema}.job j on j.id = a.job" + ofQueue(queue));
    }

    private long cancelled(String queue) throws SQLException {
        return sql.number(
                "select count(*) from {schema}.cancelled c join {schema}.job j on j.id = c.job" + ofQueue(queue));
    }

    private long waiting(String queue) throws SQLException {
        return sql.number("select (select count(*) from {schema}.ready" + ofQueue(queue)
                + ") + (select count(*) from {schema}.scheduled" + ofQueue(queue)
                + ") + (select count(*) from {schema}.parked" + ofQueue(queue) + ")");
    }

    @Test
    void aJobIsEitherCancelledWithTheRestOrRunOnce() throws Exception {
        Map<Long, AtomicInteger> runs = new ConcurrentHashMap<>();
        try (Tidemill one = worker("cancelling", runs);
                Tidemill other = worker("cancelling", runs)) {
            CompletableFuture<Boolean> enqueuing = Aside.run(() -> {
                for (int batch = 0; batch < 20; batch++) {
                    one.enqueueAll(
                            IntStream.range(0, JOBS / 20).mapToObj(Step::new).toList(),
                            EnqueueOptions.queue("cancelling").in(Duration.ofMillis(20L * batch)));
                }
                return true;
            });
            JobFilter all = JobFilter.ANY.queue("cancelling");
            long dropped = 0;
            while (!enqueuing.isDone() || dropped == 0) {
                dropped += other.actions()
                        .all(all, new JobAction.Cancel(), 20, "tester")
                        .count();
            }
            assertThat(enqueuing.get()).isTrue();
            long left = JOBS - dropped;
            await().atMost(Jobs.SOON)
                    .untilAsserted(() -> assertThat(attempts("cancelling")).isEqualTo(left));
            assertThat(runs).hasSize((int) left);
            assertThat(runs.values()).allMatch(count -> count.get() == 1);
            assertThat(cancelled("cancelling")).isEqualTo(dropped);
            assertThat(waiting("cancelling")).isZero();
        }
    }

    record Mark(int number) {}

    /** Also what an idle node would have started at once, without a claim. */
    @Test
    void nothingOfAPausedKindBeginsWhileManyEnqueueAndAllOfItRunsOnceInTheEnd() throws Exception {
        Map<Long, AtomicInteger> runs = new ConcurrentHashMap<>();
        AtomicBoolean through = new AtomicBoolean();
        try (Tidemill one = marked("pausing-one", runs);
                Tidemill other = marked("pausing-other", runs)) {
            List<CompletableFuture<Integer>> enqueuing = new ArrayList<>();
            for (Tidemill mine : List.of(one, other)) {
                enqueuing.add(Aside.run(() -> {
                    int enqueued = 0;
                    for (; !through.get(); enqueued++) {
                        mine.enqueue(
                                new Step(enqueued),
                                EnqueueOptions.queue(mine.equals(one) ? "pausing-one" : "pausing-other"));
                    }
                    return enqueued;
                }));
            }
            for (int round = 0; round < 4; round++) {
                int running = runs.size();
                await().atMost(Jobs.SOON).until(() -> runs.size() > running);
                one.pauses().pause(Pause.Scope.KIND, "Step", "tester", "");
                // What began before is through once each has claimed again, and nothing is left in its hands.
                awaitMarks(one, other);
                await().atMost(Jobs.SOON)
                        .until(() -> sql.number("select count(*) from {schema}.lease l cross join unnest(l.jobs) u (id)"
                                        + " join {schema}.job j on j.id = u.id join {schema}.kind k on k.id = j.kind"
                                        + " where k.name = 'Step'")
                                == 0);
                int before = runs.size();
                awaitMarks(one, other);
                assertThat(runs).hasSize(before);
                one.pauses().resume(Pause.Scope.KIND, "Step", "tester");
            }
            through.set(true);
            int enqueued = enqueuing.getFirst().get() + enqueuing.getLast().get();
            await().atMost(Jobs.SOON).until(() -> runs.size() == enqueued);
            assertThat(runs.values()).allMatch(count -> count.get() == 1);
        }
    }

    private Tidemill marked(String queue, Map<Long, AtomicInteger> runs) {
        return Tidemill.on(database.dataSource())
                .schema(database.schema())
                .handle(
                        Step.class,
                        (step, run) -> runs.computeIfAbsent(run.jobId(), id -> new AtomicInteger())
                                .incrementAndGet(),
                        options -> options.queue(queue))
                .handle(
                        Mark.class,
                        (mark, run) -> {},
                        options -> options.kind(queue + "-mark").queue(queue))
                .start();
    }

    private static void awaitMarks(Tidemill one, Tidemill other) {
        for (Tidemill mine : List.of(one, other)) {
            for (long id : mine.enqueueAll(
                    IntStream.range(0, 5).mapToObj(Mark::new).toList(), EnqueueOptions.priority(Priority.CRITICAL))) {
                Jobs.in(mine, id, JobState.SUCCEEDED);
            }
        }
    }

    @Test
    void ofTwoWhoReplayADeadLetterWithAnotherPayloadOneDoes() throws Exception {
        BlockingQueue<Integer> ran = new LinkedBlockingQueue<>();
        try (Tidemill mill = Tidemill.on(database.dataSource())
                .schema(database.schema())
                .handle(
                        Step.class,
                        (step, run) -> {
                            if (step.number() == 0) {
                                throw new IllegalStateException("no such step");
                            }
                            ran.add(step.number());
                        },
                        options -> options.queue("editing").attempts(1))
                .start()) {
            long id = mill.enqueue(new Step(0));
            Jobs.in(mill, id, JobState.DEAD);
            CompletableFuture<Boolean> first;
            CompletableFuture<Boolean> second;
            // The first is through with all but its line in the trail when the second comes.
            try (Connection blocking = sql.begin()) {
                sql.run(blocking, "lock table {schema}.audit in exclusive mode");
                first = Aside.run(() -> mill.actions().replayEdited(id, "{\"number\": 1}", "ada"));
                await().atMost(Jobs.SOON).until(() -> sql.waiterOf(Sql.pid(blocking)) != 0);
                int editing = (int) sql.waiterOf(Sql.pid(blocking));
                second = Aside.run(() -> mill.actions().replayEdited(id, "{\"number\": 2}", "bob"));
                await().atMost(Jobs.SOON).until(() -> second.isDone() || sql.waiterOf(editing) != 0);
                blocking.commit();
            }
            assertThat(first.get()).isTrue();
            assertThat(second.get()).isFalse();
            Jobs.in(mill, id, JobState.SUCCEEDED);
            assertThat(ran).containsExactly(1);
            assertThat(mill.audit(Long.MAX_VALUE, 10).stream().map(AuditLine::by))
                    .contains("ada")
                    .doesNotContain("bob");
        }
    }

    @Test
    void anActionWhoseConnectionDiesLeavesNothingHalfDone() throws Exception {
        try (Tidemill mill =
                Tidemill.on(database.dataSource()).schema(database.schema()).start()) {
            EnqueueOptions options = EnqueueOptions.queue("dying");
            JobFilter all = JobFilter.ANY.queue("dying");
            long newest = mill.audit(Long.MAX_VALUE, 1).stream()
                    .mapToLong(AuditLine::id)
                    .sum();
            long id = mill.enqueue(new Step(1), options);
            mill.enqueueAll(IntStream.range(0, 1_500).mapToObj(Step::new).toList(), options);
            // The last thing that an action writes is its line, so it is through with all else when it waits there.
            try (Connection blocking = sql.begin()) {
                sql.run(blocking, "lock table {schema}.audit in exclusive mode");
                for (Runnable action : List.<Runnable>of(
                        () -> mill.actions().prioritize(id, Priority.HIGH, "tester"),
                        () -> mill.actions().postpone(id, Duration.ofDays(1), "tester"),
                        () -> mill.actions().all(all, new JobAction.Cancel(), 10_000, "tester"))) {
                    CompletableFuture<Boolean> acting = Aside.run(() -> {
                        action.run();
                        return true;
                    });
                    await().atMost(Jobs.SOON).until(() -> sql.waiterOf(Sql.pid(blocking)) != 0);
                    sql.run("select pg_terminate_backend(" + sql.waiterOf(Sql.pid(blocking)) + ")");
                    assertThatThrownBy(acting::get).hasMessageContaining("database");
                }
            }
            assertThat(mill.job(id).orElseThrow())
                    .matches(job -> job.state() == JobState.READY && job.priority() == Priority.MEDIUM);
            assertThat(sql.number("select count(*) from {schema}.ready" + ofQueue("dying") + " and priority = 2"))
                    .isEqualTo(1_501);
            assertThat(cancelled("dying")).isZero();
            assertThat(mill.audit(Long.MAX_VALUE, 10)).allMatch(line -> line.id() <= newest);
            assertThat(mill.actions().prioritize(id, Priority.HIGH, "tester")).isEqualTo(Steered.DONE);
            assertThat(mill.actions()
                            .all(all, new JobAction.Cancel(), 10_000, "tester")
                            .count())
                    .isEqualTo(1_501);
        }
    }
}
