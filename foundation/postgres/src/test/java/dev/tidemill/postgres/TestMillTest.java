package dev.tidemill.postgres;

import static dev.tidemill.jobs.EnqueueOptions.priority;
import static dev.tidemill.jobs.Priority.CRITICAL;
import static dev.tidemill.jobs.Priority.HIGH;
import static dev.tidemill.jobs.Priority.LOW;
import static java.time.Duration.ofHours;
import static java.time.Duration.ofMinutes;
import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tidemill.jobs.AttemptOutcome;
import dev.tidemill.jobs.Backoff;
import dev.tidemill.jobs.EnqueueOptions;
import dev.tidemill.jobs.HandMill.Ran;
import dev.tidemill.jobs.JobRequest;
import dev.tidemill.jobs.JobState;
import dev.tidemill.jobs.Retry;
import dev.tidemill.jobs.Tidemill;
import dev.tidemill.jobs.TidemillBuilder;
import dev.tidemill.testkit.EnqueuedJob;
import dev.tidemill.testkit.FreshMill;
import dev.tidemill.testkit.JobRuns;
import dev.tidemill.testkit.TestMill;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.slf4j.MDC;

/** The testing kit, by what an application's tests do with it. */
final class TestMillTest {
    private final List<String> done = new ArrayList<>();
    private final List<Thread> threads = new ArrayList<>();

    @RegisterExtension
    private final FreshMill fresh = FreshMill.with(this::jobs);

    record Welcome(String email) {}

    record Chain(int left) {}

    record Broken(String how) {}

    record Charge(String card) {}

    private TidemillBuilder jobs(TidemillBuilder builder) {
        return builder.handle(Welcome.class, (job, run) -> {
                    done.add(job.email());
                    threads.add(Thread.currentThread());
                })
                .handleJson(
                        "Chain",
                        (json, run) -> done.add(json),
                        options -> options.queue("chains").alias("Links"))
                .handle(
                        Broken.class,
                        (job, run) -> {
                            throw new IllegalStateException(job.how());
                        },
                        options -> options.attempts(3).backoff(Backoff.fixed(ofMinutes(10))))
                .handle(
                        Charge.class,
                        (job, run) -> {
                            try (Connection connection = dataSource()) {
                                connection.setAutoCommit(false);
                                run.completeIn(connection);
                                connection.commit();
                            }
                            done.add("charged " + job.card());
                        },
                        options -> options.timeout(ofSeconds(20)));
    }

    private TestMill mill;

    @BeforeEach
    void take(TestMill given) {
        mill = given;
    }

    private Connection dataSource() throws SQLException {
        return mill.dataSource().getConnection();
    }

    @Test
    void nothingRunsUntilTheTestSaysSoAndThenInItsThread() {
        long id = mill.tidemill().enqueue(new Welcome("ada"));
        assertThat(done).isEmpty();

        mill.runDue().succeeded(1);

        assertThat(done).containsExactly("ada");
        assertThat(threads).containsExactly(Thread.currentThread());
        assertThat(mill.tidemill().job(id).orElseThrow().state()).isEqualTo(JobState.SUCCEEDED);
        assertThat(mill.runDue().isEmpty()).isTrue();
    }

    @Test
    void theOrderIsTheSameEveryTime() {
        Tidemill tidemill = mill.tidemill();
        tidemill.enqueue(new Welcome("low"), priority(LOW));
        tidemill.enqueue(new Welcome("first"));
        tidemill.enqueue(new Welcome("second"));
        tidemill.enqueue(new Welcome("high"), priority(HIGH));
        tidemill.enqueue(new Welcome("critical"), priority(CRITICAL));
        tidemill.enqueue(new JobRequest("Chain", "{}"));

        mill.runDue().succeeded(6);

        assertThat(done).containsExactly("{}", "critical", "high", "first", "second", "low");
    }

    @Test
    void aKindRunsAloneAlsoUnderItsFormerName() {
        mill.tidemill().enqueue(new Welcome("ada"));
        mill.tidemill().enqueue(new JobRequest("Links", "{\"left\":1}", EnqueueOptions.queue("chains")));
        mill.tidemill().enqueue(new JobRequest("Chain", "{\"left\":2}"));

        assertThat(mill.runDue("Links").size()).isEqualTo(1);
        assertThat(mill.runDue("Chain").size()).isEqualTo(1);
        assertThat(done).containsExactly("{\"left\":1}", "{\"left\":2}");
        assertThat(mill.runDue(Welcome.class).size()).isEqualTo(1);
        assertThat(mill.runDue("Nobody").isEmpty()).isTrue();
    }

    @Test
    void theClockStandsStillUntilItIsMoved() {
        Instant begin = mill.clock().now();
        long id = mill.tidemill().enqueue(new Welcome("ada"), EnqueueOptions.delay(ofHours(3)));
        assertThat(mill.tidemill().job(id).orElseThrow().dueAt()).isEqualTo(begin.plus(ofHours(3)));

        mill.clock().advance(ofHours(3).minusNanos(1_000));
        assertThat(mill.runDue().isEmpty()).isTrue();
        mill.clock().advance(ofSeconds(0).plusNanos(1_000));
        Ran ran = mill.runDue().succeeded(1).all().getFirst();

        assertThat(mill.clock().now()).isEqualTo(begin.plus(ofHours(3)));
        assertThat(ran.attempt().startedAt())
                .isBetween(begin.plus(ofHours(3)), begin.plus(ofHours(3)).plusSeconds(5));
    }

    @Test
    void theClockCanBeSetBackAndWhatIsEnqueuedThenStillRuns() {
        mill.tidemill().enqueue(new Welcome("today"));
        mill.runDue().succeeded(1);
        mill.clock().set(Instant.parse("2026-03-29T00:59:59Z"));
        long id = mill.tidemill().enqueue(new Welcome("back then"));

        mill.runDue().succeeded(1);

        assertThat(mill.tidemill().job(id).orElseThrow().createdAt()).isEqualTo(Instant.parse("2026-03-29T00:59:59Z"));
        assertThatThrownBy(() -> mill.clock().set(Instant.EPOCH)).hasMessageContaining("between the years");
        assertThatThrownBy(() -> mill.clock().advance(ofHours(-1))).hasMessageContaining("0 or more");
    }

    @Test
    void theClockCanRunAndStop() {
        mill.clock().advance(ofHours(5));
        Instant stood = mill.clock().now();
        mill.clock().run();
        assertThat(mill.clock().now()).isAfter(stood).isBefore(stood.plusSeconds(60));
        mill.clock().stop();
        assertThat(mill.clock().now()).isEqualTo(mill.clock().now());
    }

    @Test
    void aFailureIsSeenAndItsRetriesFollowTheClock() {
        long id = mill.tidemill().enqueue(new Broken("no mail server"));

        JobRuns first = mill.runDue();

        assertThat(first.failures()).hasSize(1);
        assertThat(first.failures().getFirst().error())
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("no mail server");
        assertThat(first.failures().getFirst().job().dueAt())
                .isEqualTo(mill.clock().now().plus(ofMinutes(10)));
        assertThat(mill.runDue().isEmpty()).isTrue();
        mill.clock().advance(ofMinutes(10));
        assertThat(mill.runDue().size()).isEqualTo(1);
        mill.clock().advance(ofMinutes(10));
        assertThat(mill.runDue().size()).isEqualTo(1);
        assertThat(mill.tidemill().job(id).orElseThrow().state()).isEqualTo(JobState.DEAD);
    }

    @Test
    void anErrorIsThrownOnDemandWithItsCauseAndWhatHappened() {
        long id = mill.tidemill().enqueue(new Broken("no mail server"));
        mill.tidemill().enqueue(new Welcome("ada"));
        JobRuns runs = mill.runDue();

        assertThatExceptionOfType(AssertionError.class)
                .isThrownBy(runs::allSucceeded)
                .withMessageContaining("1 of 2 jobs did not succeed:")
                .withMessageContaining("job " + id + " (Broken), attempt 1: FAILED, now SCHEDULED until 2")
                .withMessageContaining("IllegalStateException: no mail server")
                .withCauseInstanceOf(IllegalStateException.class);
        assertThatExceptionOfType(AssertionError.class)
                .isThrownBy(() -> mill.runDue().succeeded(1))
                .withMessage("Expected 1 job to be due; none was.");
    }

    @Test
    void aPayloadThatTheClassCannotReadIsAnErrorToo() {
        mill.tidemill().enqueue(new JobRequest("Welcome", "[1]"));

        Ran ran = mill.runDue().all().getFirst();

        assertThat(ran.job().state()).isEqualTo(JobState.DEAD);
        assertThat(ran.error()).hasMessageContaining("Welcome");
    }

    @Test
    void untilEmptyRunsEveryRetryAndDelayOnTheWay() {
        Instant begin = mill.clock().now();
        mill.tidemill().enqueue(new Broken("always"));
        mill.tidemill().enqueue(new Welcome("tomorrow"), EnqueueOptions.delay(ofHours(24)));

        JobRuns runs = mill.runUntilEmpty(10);

        assertThat(runs.all())
                .extracting(ran -> ran.attempt().outcome())
                .containsExactly(
                        AttemptOutcome.FAILED, AttemptOutcome.FAILED, AttemptOutcome.FAILED, AttemptOutcome.SUCCEEDED);
        assertThat(mill.clock().now()).isEqualTo(begin.plus(ofHours(24)));
    }

    @Test
    void handlersThatEnqueueWithoutEndAreStopped() {
        try (TestMill endless = endless()) {
            endless.tidemill().enqueue(new Chain(1));
            assertThatExceptionOfType(AssertionError.class)
                    .isThrownBy(() -> endless.runUntilEmpty(20))
                    .withMessageContaining("More than 20 jobs ran")
                    .withMessageContaining("(Chain)");
        }
    }

    private static TestMill endless() {
        Tidemill[] own = new Tidemill[1];
        TestMill endless =
                TestMill.start(builder -> builder.handle(Chain.class, (job, run) -> own[0].enqueue(new Chain(1))));
        own[0] = endless.tidemill();
        return endless;
    }

    @Test
    void completeInAndRetryNeverWorkAsEver() {
        mill.tidemill().enqueue(new Charge("4711"));
        mill.runDue().succeeded(1);
        assertThat(done).containsExactly("charged 4711");
        try (TestMill own = TestMill.start(builder -> builder.handle(Charge.class, (job, run) -> {
            throw Retry.never("declined");
        }))) {
            long id = own.tidemill().enqueue(new Charge("0"));
            assertThat(own.runDue().failures().getFirst().error()).hasMessage("declined");
            assertThat(own.tidemill().job(id).orElseThrow().state()).isEqualTo(JobState.DEAD);
        }
    }

    @Test
    void aTimeLimitInterruptsTheHandlerAndNotTheTest() throws Exception {
        try (TestMill slow = TestMill.start(builder -> builder.handle(
                Charge.class,
                (job, run) -> new CountDownLatch(1).await(),
                options -> options.timeout(ofSeconds(0).plusMillis(50))))) {
            slow.tidemill().enqueue(new Charge("0"));
            assertThat(slow.runDue().all().getFirst().attempt().outcome()).isEqualTo(AttemptOutcome.TIMED_OUT);
            assertThat(Thread.currentThread().isInterrupted()).isFalse();
        }
    }

    @Test
    void aHandlerThatRunsJobsIsRefused() {
        TestMill[] own = new TestMill[1];
        try (TestMill nested = TestMill.start(builder ->
                builder.handle(Chain.class, (job, run) -> own[0].runDue().allSucceeded()))) {
            own[0] = nested;
            nested.tidemill().enqueue(new Chain(1));
            assertThat(nested.runDue().failures().getFirst().error())
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessageContaining("outside of handlers");
        }
    }

    @Test
    void theLoggingContextOfTheTestStays() {
        MDC.put("test", "mine");
        try {
            mill.tidemill().enqueue(new Welcome("ada"));
            mill.runDue().succeeded(1);
            assertThat(MDC.getCopyOfContextMap()).isEqualTo(Map.of("test", "mine"));
        } finally {
            MDC.clear();
        }
    }

    @Test
    void whatWasEnqueuedIsListedAsObjectsWithAllThatBelongsToThem() {
        mill.tidemill()
                .enqueue(new Welcome("ada"), priority(HIGH).onQueue("mail").tag("userId", "7"));

        EnqueuedJob<Welcome> job = mill.assertThatEnqueued(Welcome.class)
                .onQueue("mail")
                .withPriority(HIGH)
                .withTag("userId", "7")
                .dueNow()
                .single();

        assertThat(job.job()).isEqualTo(new Welcome("ada"));
        assertThat(job.state()).isEqualTo(JobState.READY);
        mill.assertThatEnqueued(Welcome.class)
                .containsExactly(new Welcome("ada"))
                .contains(new Welcome("ada"))
                .matching("to ada", welcome -> welcome.email().equals("ada"))
                .hasSize(1);
        mill.assertThatEnqueued(Broken.class).isEmpty();
        assertThat(mill.enqueued(Welcome.class)).extracting(EnqueuedJob::tags).containsExactly(Map.of("userId", "7"));
        assertThat(mill.enqueued("Welcome")).hasSize(1);
    }

    @Test
    void aFailedAssertionListsTheJobsAndWhichWereMeant() {
        long ada = mill.tidemill().enqueue(new Welcome("ada"), EnqueueOptions.NONE.tag("userId", "7"));
        long bob = mill.tidemill().enqueue(new Welcome("bob"), EnqueueOptions.delay(ofHours(1)));
        Instant due = mill.clock().now().plus(ofHours(1));

        assertThatThrownBy(() -> mill.assertThatEnqueued(Welcome.class)
                        .withTag("userId", "7")
                        .onQueue("mail")
                        .hasSize(1))
                .isInstanceOf(AssertionError.class)
                .hasMessage("Expected 1 Welcome with tag userId=7, on queue mail; found 0 of 2 Welcome (marked x):"
                        + "\n    job " + ada + ": Welcome[email=ada], MEDIUM on default, READY, tags {userId=7}"
                        + "\n    job " + bob + ": Welcome[email=bob], MEDIUM on default, SCHEDULED until " + due);
        assertThatThrownBy(
                        () -> mill.assertThatEnqueued(Welcome.class).dueAt(due).isEmpty())
                .hasMessageContaining("Expected no Welcome due at " + due + "; found 1 of 2")
                .hasMessageContaining("\n  x job " + bob);
        assertThatThrownBy(() ->
                        mill.assertThatEnqueued(Welcome.class).containsExactly(new Welcome("ada"), new Welcome("eve")))
                .hasMessageContaining("missing [Welcome[email=eve]], not expected [Welcome[email=bob]]; found 2:");
        assertThatThrownBy(() -> mill.assertThatEnqueued(Broken.class).hasSize(1))
                .hasMessage("Expected 1 Broken; found no Broken at all."
                        + "\n  Enqueued in this schema: 2 Welcome. What an open transaction enqueued counts once that is"
                        + " committed.");
    }

    @Test
    void everyTestHasASchemaOfItsOwnThatGoesWithIt() throws SQLException {
        String schema;
        try (TestMill other = TestMill.start(mill.dataSource(), builder -> builder.schema("ignored"))) {
            schema = other.schema();
            assertThat(Set.of("ignored", mill.schema())).doesNotContain(schema);
        }
        assertThat(count("select count(*) from pg_namespace where nspname = '" + schema + "'"))
                .isZero();
    }

    @Test
    void nodesAtWorkOutliveAJumpOfTheClockAndFollowIt() {
        CountDownLatch ran = new CountDownLatch(1);
        try (Tidemill working = Tidemill.on(mill.dataSource())
                .schema(mill.schema())
                .handleJson("Elsewhere", (json, run) -> ran.countDown())
                .start()) {
            long epoch = working.stats().nodes().stream()
                    .filter(node -> node.kinds().contains("Elsewhere"))
                    .findFirst()
                    .orElseThrow()
                    .epoch();
            long id = working.enqueue(new JobRequest("Elsewhere", "{}"), EnqueueOptions.delay(ofHours(3)));
            mill.clock().advance(ofHours(3));
            assertThat(Jobs.in(working, id, JobState.SUCCEEDED).attempts()).hasSize(1);
            assertThat(working.stats().nodes())
                    .anySatisfy(node -> assertThat(node.epoch()).isEqualTo(epoch));
        }
    }

    @Test
    void aHandThatWasTakenForDeadGoesOnUnderANewEpoch() throws SQLException {
        mill.tidemill().enqueue(new Welcome("ada"));
        mill.runDue().succeeded(1);
        try (JobStoreAside store = new JobStoreAside(mill)) {
            store.rescueAll();
        }
        mill.tidemill().enqueue(new Welcome("bob"));
        mill.runDue().succeeded(1);
        assertThat(done).containsExactly("ada", "bob");
    }

    private long count(String sql) throws SQLException {
        try (Connection connection = dataSource();
                var statement = connection.createStatement();
                var rows = statement.executeQuery(sql)) {
            rows.next();
            return rows.getLong(1);
        }
    }

    /** Another process, as the hand sees it: one that takes every node for dead. */
    private static final class JobStoreAside implements AutoCloseable {
        private final PostgresJobStore store;

        JobStoreAside(TestMill mill) {
            this.store = new PostgresJobStore(mill.dataSource(), mill.schema());
        }

        void rescueAll() {
            assertThat(store.upkeep().rescue(ofSeconds(-1), ofSeconds(-1)).nodes())
                    .isEqualTo(1);
        }

        @Override
        public void close() {
            store.close();
        }
    }
}
