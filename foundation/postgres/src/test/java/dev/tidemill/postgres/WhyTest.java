package dev.tidemill.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemill.jobs.EnqueueOptions;
import dev.tidemill.jobs.JobRequest;
import dev.tidemill.jobs.JobState;
import dev.tidemill.jobs.Limit;
import dev.tidemill.jobs.Pause;
import dev.tidemill.jobs.Priorities;
import dev.tidemill.jobs.Priorities.Window;
import dev.tidemill.jobs.Priority;
import dev.tidemill.jobs.Retry;
import dev.tidemill.jobs.Tidemill;
import dev.tidemill.jobs.Unique;
import dev.tidemill.jobs.Why;
import dev.tidemill.jobs.Why.Cause;
import dev.tidemill.jobs.Why.Reason;
import dev.tidemill.testkit.FreshMill;
import dev.tidemill.testkit.TestMill;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalTime;
import java.time.ZoneOffset;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Why a job is not running, one reason after the other. */
final class WhyTest {
    private static final Window NIGHT = new Window(LocalTime.of(1, 0), LocalTime.of(5, 0), ZoneOffset.UTC);

    @RegisterExtension
    private final FreshMill fresh = FreshMill.with(jobs -> jobs.handleJson("Fine", (json, run) -> {})
            .handleJson("Fail", (json, run) -> {
                throw new IllegalStateException("no mail server");
            })
            .handleJson("GiveUp", (json, run) -> {
                throw Retry.never("no use");
            }));

    private TestMill mill;

    @BeforeEach
    void take(TestMill given) {
        mill = given;
        mill.clock().set(Instant.parse("2026-07-01T12:00:00Z"));
    }

    private Why why(long id) {
        return mill.tidemill().why(id).orElseThrow();
    }

    private Reason first(long id) {
        return why(id).reasons().getFirst();
    }

    private List<Cause> causes(long id) {
        return why(id).reasons().stream().map(Reason::cause).toList();
    }

    private long enqueue(String kind, EnqueueOptions options) {
        return mill.tidemill().enqueue(new JobRequest(kind, "{}"), options);
    }

    private void run(String sql) throws SQLException {
        try (Connection connection = mill.dataSource().getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute(Statements.forSchema(sql, mill.schema()));
        }
    }

    /** A process at work that handles this kind and nothing else, its one handler busy until the latch is down. */
    private Tidemill working(String kind, CountDownLatch started, CountDownLatch end) {
        return Tidemill.on(mill.dataSource())
                .schema(mill.schema())
                .nodeName("worker-1")
                .handleJson(kind, (json, run) -> {
                    started.countDown();
                    end.await();
                })
                .queue("default", options -> options.concurrency(1))
                .start();
    }

    @Test
    void aJobThatAnotherEnqueueMayPutOffNamesItsUniqueKey() {
        Unique quiet = Unique.key("index-42").debounce(Duration.ofMinutes(1), Duration.ofMinutes(9));
        long id = enqueue("Fine", EnqueueOptions.unique(quiet));
        assertThat(first(id).cause()).isEqualTo(Cause.DELAYED);
        assertThat(first(id).text()).contains("unique key 'index-42'");
        assertThat(mill.tidemill().job(id).orElseThrow().uniqueKey()).isEqualTo("index-42");
        mill.clock().advance(Duration.ofMinutes(2));
        mill.runDue();
        assertThat(mill.tidemill().job(id).orElseThrow().uniqueKey()).isNull();
    }

    @Test
    void aJobThatIsNotThereHasNoReason() {
        assertThat(mill.tidemill().why(4711)).isEmpty();
    }

    @Test
    void aFinishedJobSaysWhereAndWhen() {
        long id = enqueue("Fine", EnqueueOptions.NONE);
        mill.runDue().succeeded(1);
        Reason reason = first(id);
        assertThat(reason.cause()).isEqualTo(Cause.FINISHED);
        assertThat(reason.text()).contains("attempt 1").contains("2026-07-01T12:00:0");
        assertThat(reason.remedy()).isEmpty();
    }

    @Test
    void aDelayedJobSaysUntilWhenAndOneBetweenAttemptsWhatFailed() {
        long delayed = enqueue("Fine", EnqueueOptions.delay(Duration.ofHours(3)));
        assertThat(first(delayed).cause()).isEqualTo(Cause.DELAYED);
        assertThat(first(delayed).text()).isEqualTo("It was enqueued for 2026-07-01T15:00:00Z, in 3 h.");
        long failed = enqueue("Fail", EnqueueOptions.NONE);
        mill.runDue("Fail");
        assertThat(first(failed).cause()).isEqualTo(Cause.BETWEEN_ATTEMPTS);
        assertThat(first(failed).text())
                .startsWith("Attempt 1 ended as FAILED (java.lang.IllegalStateException: no mail server); the next is");
    }

    @Test
    void aJobThatNobodyMadeReadySaysSo() {
        long id = enqueue("Fine", EnqueueOptions.delay(Duration.ofMinutes(1)));
        mill.clock().advance(Duration.ofMinutes(11));
        assertThat(first(id).cause()).isEqualTo(Cause.OVERDUE);
        assertThat(first(id).text()).contains("10 min ago");
    }

    @Test
    void aDeadLetterSaysOfWhatAndSoDoesOneThatWasPutAside() {
        long id = enqueue("GiveUp", EnqueueOptions.NONE);
        mill.runDue();
        assertThat(first(id).cause()).isEqualTo(Cause.DEAD_LETTER);
        assertThat(first(id).text()).contains("(GIVEN_UP)").endsWith("no use");
        assertThat(first(id).remedy()).endsWith("./tidemill replay " + id);
        mill.tidemill().discard(id);
        assertThat(first(id).cause()).isEqualTo(Cause.DISCARDED);
    }

    @Test
    void withNoNodeAliveThatIsTheReasonAndThenThePlaceInTheLane() {
        enqueue("Fine", EnqueueOptions.NONE);
        enqueue("Fine", EnqueueOptions.priority(Priority.CRITICAL));
        long second = enqueue("Fine", EnqueueOptions.NONE);
        assertThat(causes(second)).containsExactly(Cause.NO_NODE, Cause.BEHIND);
        Reason behind = why(second).reasons().getLast();
        assertThat(behind.figures()).containsEntry("ahead", 1L).containsEntry("exact", true);
        assertThat(behind.text())
                .startsWith("1 other MEDIUM job of queue ")
                .contains(" goes first", "[CRITICAL] jobs of the queue wait too");
    }

    @Test
    void aKindOrAQueueThatNoNodeServesIsTheReason() {
        CountDownLatch none = new CountDownLatch(0);
        try (Tidemill worker = working("Other", none, none)) {
            assertThat(causes(enqueue("Fine", EnqueueOptions.NONE))).startsWith(Cause.KIND_UNHANDLED);
            assertThat(causes(enqueue("Other", EnqueueOptions.queue("elsewhere"))))
                    .startsWith(Cause.QUEUE_UNWORKED);
            assertThat(worker.ready()).isTrue();
        }
    }

    @Test
    void aPausedQueueKindOrKeyIsTheReasonWithWhoDidItAndHowToEndIt() {
        long id = enqueue("Fine", EnqueueOptions.NONE.key("tenant-7"));
        mill.tidemill().pauses().pause(Pause.Scope.EVERYTHING, "", "ann", "");
        mill.tidemill().pauses().pause(Pause.Scope.QUEUE, "default", "ann", "new partner");
        mill.tidemill().pauses().pause(Pause.Scope.KIND, "Fine", "ann", "");
        mill.tidemill().pauses().pause(Pause.Scope.KEY, "tenant-7", "ann", "");
        mill.tidemill().pauses().pause(Pause.Scope.KIND, "Other", "ann", "");
        assertThat(causes(id)).startsWith(Cause.PAUSED, Cause.PAUSED, Cause.PAUSED, Cause.PAUSED, Cause.NO_NODE);
        assertThat(why(id).reasons())
                .extracting(Reason::remedy)
                .startsWith(
                        "./tidemill resume --everything",
                        "./tidemill resume --queue default",
                        "./tidemill resume --kind Fine",
                        "./tidemill resume --key 'tenant-7'");
        assertThat(why(id).reasons().get(1).text()).contains("paused since 2026-07-01T12:00:00Z by ann (new partner).");
    }

    @Test
    void aJobAtALimitSaysWhichAndHowManyGoBeforeIt() throws Exception {
        CountDownLatch started = new CountDownLatch(1);
        CountDownLatch end = new CountDownLatch(1);
        mill.tidemill().limits().put(Limit.ofKind("Slow").concurrency(1));
        try (Tidemill worker = Tidemill.on(mill.dataSource())
                .schema(mill.schema())
                .handleJson("Slow", (json, run) -> {
                    started.countDown();
                    end.await();
                })
                .start()) {
            worker.enqueue(new JobRequest("Slow", "{}"));
            Jobs.await30(started);
            worker.enqueue(new JobRequest("Slow", "{}"));
            long last = worker.enqueue(new JobRequest("Slow", "{}"));
            Awaitility.await()
                    .atMost(Jobs.SOON)
                    .untilAsserted(() -> assertThat(causes(last)).containsExactly(Cause.LIMITED));
            assertThat(first(last).text())
                    .isEqualTo(
                            "The limit on the kind Slow (1 at a time) is used up; 1 other job waits there before it.");
            end.countDown();
        }
    }

    @Test
    void aJobAtTheLimitOfItsWholeQueueSaysSoInsteadOfItsPlace() {
        mill.tidemill().limits().put(Limit.ofQueue("default").rate(1, Duration.ofHours(1)));
        enqueue("Fine", EnqueueOptions.NONE);
        mill.runDue().succeeded(1);
        enqueue("Fine", EnqueueOptions.NONE);
        long last = enqueue("Fine", EnqueueOptions.NONE);
        mill.runDue();
        assertThat(causes(last)).containsExactly(Cause.LIMITED);
        assertThat(first(last).text())
                .isEqualTo(
                        "The limit on the queue default (1 in PT1H) is used up; 1 other MEDIUM job waits there before it.");
        assertThat(first(last).remedy()).contains("tokens come; or raise the limit");
        assertThat(first(last).figures()).containsEntry("ahead", 1L).containsEntry("limit_on", "default");
        mill.clock().advance(Duration.ofHours(1));
        assertThat(causes(last)).as("there is a token").contains(Cause.BEHIND).doesNotContain(Cause.LIMITED);
    }

    @Test
    void aCancelledJobSaysByWhom() {
        long id = enqueue("Fine", EnqueueOptions.delay(Duration.ofHours(1)));
        mill.tidemill().cancel(id, "ann");
        assertThat(first(id).cause()).isEqualTo(Cause.CANCELLED);
        assertThat(first(id).text()).isEqualTo("ann cancelled it at 2026-07-01T12:00:00Z.");
    }

    @Test
    void anOffPeakJobWaitsForTheWindowOfTheNodesWhoeverAsks() {
        EnqueueOptions offPeak = EnqueueOptions.priority(Priority.OFF_PEAK);
        try (Tidemill worker = windowed("worker-1", NIGHT)) {
            long id = worker.enqueue(new JobRequest("Batch", "{}"), offPeak);
            Reason reason = first(id);
            assertThat(reason.cause()).isEqualTo(Cause.OUTSIDE_WINDOW);
            assertThat(reason.text())
                    .isEqualTo("It is an off-peak job, and the nodes that could run it run those only within: "
                            + "01:00-05:00 Z.");
            try (Tidemill always = windowed("worker-2")) {
                Jobs.in(always, id, JobState.SUCCEEDED);
            }
            mill.clock().set(Instant.parse("2026-07-02T02:00:00Z"));
            Jobs.in(worker, worker.enqueue(new JobRequest("Batch", "{}"), offPeak), JobState.SUCCEEDED);
        }
    }

    private Tidemill windowed(String name, Window... windows) {
        return Tidemill.on(mill.dataSource())
                .schema(mill.schema())
                .nodeName(name)
                .priorities(Priorities.standard().offPeak(windows))
                .handleJson("Batch", (json, run) -> {})
                .start();
    }

    @Test
    void aRunningJobSaysWhereAndTheNextOneThatAllAreBusy() throws Exception {
        CountDownLatch started = new CountDownLatch(1);
        CountDownLatch end = new CountDownLatch(1);
        try (Tidemill worker = working("Slow", started, end)) {
            long running = worker.enqueue(new JobRequest("Slow", "{}"));
            Jobs.await30(started);
            long next = worker.enqueue(new JobRequest("Slow", "{}"));
            assertThat(first(running).cause()).isEqualTo(Cause.RUNNING);
            assertThat(first(running).text()).contains("on node worker-1 (pid ");
            Reason reason = first(next);
            assertThat(reason.cause()).isEqualTo(Cause.NEXT);
            assertThat(reason.text()).contains("; the node that could run it is running ");
            end.countDown();
        }
    }

    @Test
    void aJobInTheHandsOfTheDeadSaysSo() throws SQLException {
        long id = enqueue("Fine", EnqueueOptions.NONE);
        run("insert into {schema}.node (name, host, pid, kinds, queues, started, heartbeat) values"
                + " ('gone', 'here', 7, '{Fine}', '{default}', 0, {schema}.now_micros() - 60000000)");
        run("with taken as (delete from {schema}.ready returning *) insert into {schema}.lease"
                + " select nextval('{schema}.lease_id'), (select max(epoch) from {schema}.node), {schema}.now_micros(),"
                + " array[job], array[attempt], array[failures], array[start_by] from taken");
        assertThat(first(id).cause()).isEqualTo(Cause.NODE_SILENT);
        assertThat(first(id).text()).isEqualTo("Node gone (pid 7 on here) took it and has been silent for 60 s.");
        run("update {schema}.node set ended = {schema}.now_micros()");
        assertThat(first(id).cause()).isEqualTo(Cause.ORPHANED);
        assertThat(first(id).remedy()).isEqualTo("./tidemill doctor --repair");
    }

    @Test
    void ofAJobSeenBeforeAThousandThatGoFirstAreCounted() {
        List<JobRequest> many = new java.util.ArrayList<>();
        for (int i = 0; i < 1_200; i++) {
            many.add(new JobRequest("Fine", "{}"));
        }
        List<Long> ids = mill.tidemill().enqueueAll(many);
        Reason near = mill.tidemill()
                .why(mill.tidemill().job(ids.get(10)).orElseThrow())
                .reasons()
                .getLast();
        assertThat(near.figures()).containsEntry("ahead", 10L).containsEntry("exact", true);
        Reason far = mill.tidemill()
                .why(mill.tidemill().job(ids.getLast()).orElseThrow())
                .reasons()
                .getLast();
        assertThat(far.text()).startsWith("More than 1000 other MEDIUM jobs");
        assertThat(far.figures()).containsEntry("exact", false);
        assertThat(why(ids.getLast()).reasons().getLast().figures())
                .containsEntry("ahead", 1_199L)
                .containsEntry("exact", true);
    }
}
