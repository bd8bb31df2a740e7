package dev.tidemill.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.tidemill.jobs.EnqueueOptions;
import dev.tidemill.jobs.Enqueued;
import dev.tidemill.jobs.Enqueued.How;
import dev.tidemill.jobs.Handler;
import dev.tidemill.jobs.JobRequest;
import dev.tidemill.jobs.JobState;
import dev.tidemill.jobs.Limit;
import dev.tidemill.jobs.ScheduleOptions;
import dev.tidemill.jobs.Tidemill;
import dev.tidemill.jobs.TidemillException;
import dev.tidemill.jobs.Unique;
import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.StoreHand;
import dev.tidemill.testkit.TestDatabase;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Unique jobs under concurrency: enqueues against each other, and against claims. */
@ExtendWith(FreshSchema.class)
final class UniqueTest {
    record Count(String of, int value) {}

    private final TestDatabase database;
    private final Sql sql;
    private final ExecutorService threads = Executors.newCachedThreadPool();

    UniqueTest(TestDatabase database) {
        this.database = database;
        this.sql = new Sql(database);
    }

    @AfterEach
    void endThreads() {
        threads.shutdownNow();
    }

    private Tidemill start() {
        return Tidemill.on(database.dataSource()).schema(database.schema()).start();
    }

    private Tidemill start(Handler<Count> handler) {
        return Tidemill.on(database.dataSource())
                .schema(database.schema())
                .handle(Count.class, handler)
                .start();
    }

    private static EnqueueOptions only(Unique unique) {
        return EnqueueOptions.unique(unique);
    }

    private static <T> T soon(Future<T> future) throws Exception {
        return future.get(Jobs.SOON.toSeconds(), TimeUnit.SECONDS);
    }

    private long keysLike(String pattern) throws SQLException {
        return sql.number("select count(*) from {schema}.unique_key where key like '" + pattern + "'");
    }

    @Test
    void manyThreadsWithOneKeyMakeOneJobAndAllGetItsId() throws Exception {
        int many = 16;
        CyclicBarrier together = new CyclicBarrier(many);
        try (Tidemill mill = start()) {
            List<Future<Enqueued>> futures = new ArrayList<>();
            for (int i = 0; i < many; i++) {
                int value = i;
                futures.add(threads.submit(() -> {
                    together.await();
                    return mill.enqueueUnique(new Count("a", value), only(Unique.key("one")));
                }));
            }
            Set<Long> ids = new HashSet<>();
            int created = 0;
            for (Future<Enqueued> future : futures) {
                ids.add(soon(future).id());
                created += soon(future).created() ? 1 : 0;
            }
            assertThat(ids).hasSize(1);
            assertThat(created).isEqualTo(1);
            assertThat(mill.enqueue(new Count("a", 0), only(Unique.key("one"))))
                    .isEqualTo(ids.iterator().next());
            assertThat(sql.number("select count(*) from {schema}.job")).isEqualTo(1);
        }
    }

    @Test
    void whoComesSecondWaitsForTheFirstOnesTransactionAndWinsIfThatRollsBack() throws Exception {
        try (Tidemill mill = start();
                Connection first = sql.begin()) {
            int pid = Sql.pid(first);
            for (boolean commit : new boolean[] {false, true}) {
                Unique unique = Unique.key("open-" + commit);
                Enqueued mine = mill.enqueueUnique(first, new Count("a", 1), only(unique));
                Future<Enqueued> other = threads.submit(() -> mill.enqueueUnique(new Count("a", 2), only(unique)));
                await().atMost(Jobs.SOON).until(() -> sql.waitingFor(pid) == 1);
                // Nobody else in the process waits with it.
                mill.enqueue(new Count("plain", 1));
                if (commit) {
                    first.commit();
                    assertThat(soon(other)).isEqualTo(new Enqueued(mine.id(), How.KEPT));
                } else {
                    first.rollback();
                    assertThat(soon(other).created()).isTrue();
                }
            }
        }
    }

    @Test
    void ofTwoThatFindAKeyFreeOneTakesItAndTheOtherGetsItsJob() throws Exception {
        Unique unique = Unique.key("freed");
        try (Tidemill mill = start();
                Connection locked = sql.begin()) {
            long over = mill.enqueue(new Count("a", 1), only(unique));
            mill.cancel(over);
            sql.run(locked, "select from {schema}.unique_key where key = 'freed' for update");
            List<Future<Enqueued>> both = IntStream.range(0, 2)
                    .mapToObj(i -> threads.submit(() -> mill.enqueueUnique(new Count("a", i), only(unique))))
                    .toList();
            await().atMost(Jobs.SOON).until(this::addingThatWait, waiting -> waiting == 2);
            locked.rollback();
            assertThat(soon(both.getFirst()).id())
                    .isEqualTo(soon(both.getLast()).id())
                    .isNotEqualTo(over);
            assertThat(List.of(soon(both.getFirst()).how(), soon(both.getLast()).how()))
                    .containsExactlyInAnyOrder(How.CREATED, How.KEPT);
        }
    }

    private long addingThatWait() throws SQLException {
        return sql.number("select count(*) from pg_stat_activity"
                + " where wait_event_type = 'Lock' and query like '%{schema}.add_unique%'");
    }

    /** Both wait: one for the key in the middle, the other for it or for that one. Unsorted, each has what the other needs. */
    @Test
    void callsThatTakeManyKeysInOppositeOrdersDoNotDeadlock() throws Exception {
        List<JobRequest> up = IntStream.range(0, 31)
                .mapToObj(i -> new JobRequest("Many", "{}", only(Unique.key("many-" + (10 + i)))))
                .toList();
        try (Tidemill mill = start();
                Connection middle = sql.begin()) {
            mill.enqueueUnique(middle, up.get(15), EnqueueOptions.NONE);
            List<Future<List<Long>>> both = List.of(up, up.reversed()).stream()
                    .map(jobs -> threads.submit(() -> mill.enqueueAll(jobs)))
                    .toList();
            await().atMost(Jobs.SOON).until(this::addingThatWait, waiting -> waiting == 2);
            middle.rollback();
            assertThat(soon(both.getFirst())).isEqualTo(soon(both.getLast()).reversed());
        }
    }

    @Test
    void aClaimDoesNotWaitForATransactionThatReplacesThePayloadAndTheJobRunsWithIt() throws Exception {
        Map<String, Integer> ran = new ConcurrentHashMap<>();
        Unique unique = Unique.key("replace").replace();
        Enqueued first;
        try (Tidemill idle = start();
                Connection open = sql.begin()) {
            first = idle.enqueueUnique(new Count("replaced", 1), only(unique));
            assertThat(idle.enqueueUnique(open, new Count("replaced", 2), only(unique)))
                    .isEqualTo(new Enqueued(first.id(), How.REPLACED));
            try (Tidemill mill = start((job, run) -> ran.put(job.of(), job.value()))) {
                for (int i = 0; i < 20; i++) {
                    Jobs.in(mill, mill.enqueue(new Count("plain", i)), JobState.SUCCEEDED);
                }
                assertThat(ran).doesNotContainKey("replaced");
                open.commit();
                Jobs.in(mill, first.id(), JobState.SUCCEEDED);
                assertThat(ran).containsEntry("replaced", 2);
                await().atMost(Jobs.SOON).until(() -> keysLike("replace") == 0);
            }
        }
    }

    @Test
    void anEnqueueWaitsForAClaimUnderWayAndMakesTheNextJob() throws Exception {
        try (StoreHand node = new StoreHand(new PostgresJobStore(database.dataSource(), database.schema()));
                Tidemill idle = start();
                Connection claim = sql.begin()) {
            node.join();
            EnqueueOptions options = only(Unique.key("claimed").replace()).onQueue("claimed");
            Enqueued first = idle.enqueueUnique(new Count("claimed", 1), options);
            long epoch = sql.number("select max(epoch) from {schema}.node");
            assertThat(sql.claim(claim, epoch, "claimed")).isEqualTo(first.id());
            Future<Enqueued> next = threads.submit(() -> idle.enqueueUnique(new Count("claimed", 2), options));
            await().atMost(Jobs.SOON).until(() -> sql.waitingFor(Sql.pid(claim)) == 1);
            claim.commit();
            assertThat(soon(next).created()).isTrue();
            assertThat(idle.job(first.id()).orElseThrow().payload()).contains("1");
        }
    }

    @Test
    void aClaimAtALimitDoesNotWaitForTheReplacingOfAParkedPayload() throws Exception {
        Map<String, Integer> ran = new ConcurrentHashMap<>();
        CountDownLatch started = new CountDownLatch(1);
        CountDownLatch go = new CountDownLatch(1);
        EnqueueOptions tenant = EnqueueOptions.queue("parked").key("tenant");
        EnqueueOptions unique = tenant.onlyOne(Unique.key("parked").replace());
        try (Connection open = sql.begin();
                Tidemill mill = Tidemill.on(database.dataSource())
                        .schema(database.schema())
                        .queue("parked", queue -> queue.concurrency(4))
                        .handle(Count.class, (job, run) -> {
                            ran.put(job.of(), job.value());
                            if (job.of().equals("first")) {
                                started.countDown();
                                Jobs.await30(go);
                            }
                        })
                        .start()) {
            mill.limits().put(Limit.ofQueue("parked").concurrency(1).forEachKey());
            mill.enqueue(new Count("first", 1), tenant);
            Jobs.await30(started);
            long parked = mill.enqueue(new Count("parked", 1), unique);
            await().atMost(Jobs.SOON).until(() -> sql.number("select count(*) from {schema}.parked") == 1);
            assertThat(mill.enqueueUnique(open, new Count("parked", 2), unique).how())
                    .isEqualTo(How.REPLACED);
            go.countDown();
            for (int i = 0; i < 10; i++) {
                long other = mill.enqueue(
                        new Count("other", i), EnqueueOptions.queue("parked").key("other"));
                Jobs.in(mill, other, JobState.SUCCEEDED);
            }
            assertThat(ran).doesNotContainKey("parked");
            open.commit();
            Jobs.in(mill, parked, JobState.SUCCEEDED);
            assertThat(ran).containsEntry("parked", 2);
        }
    }

    @Test
    void whatACallerRollsBackHasReplacedNothing() throws Exception {
        Unique unique = Unique.key("undone").replace();
        try (Tidemill idle = start();
                Connection open = sql.begin()) {
            Enqueued first = idle.enqueueUnique(new Count("undone", 1), only(unique));
            assertThat(idle.enqueueUnique(open, new Count("undone", 2), only(unique))
                            .how())
                    .isEqualTo(How.REPLACED);
            assertThat(idle.enqueueUnique(open, new Count("undone", 3), only(Unique.key("undone too")))
                            .created())
                    .isTrue();
            open.rollback();
            assertThat(idle.job(first.id()).orElseThrow().payload()).contains("1");
            assertThat(keysLike("undone%")).isEqualTo(1);
        }
    }

    /** Whatever a claim and a replacement do to each other: what the caller was told is what runs. */
    @Test
    void thePayloadThatRunsIsTheLastThatWasAccepted() throws Exception {
        int writers = 4;
        Map<Long, Integer> ran = new ConcurrentHashMap<>();
        Map<Long, Integer> accepted = new ConcurrentHashMap<>();
        CountDownLatch done = new CountDownLatch(writers);
        try (Tidemill mill = start((job, run) -> {
            if (job.of().equals("last")) {
                ran.merge(run.jobId(), job.value(), (one, other) -> -1);
            }
        })) {
            List<Future<Integer>> futures = new ArrayList<>();
            for (int w = 0; w < writers; w++) {
                Unique plain = Unique.key("key-" + w);
                boolean debounced = w % 2 == 1;
                Unique tight =
                        debounced ? plain.debounce(Duration.ofMillis(5), Duration.ofMillis(20)) : plain.replace();
                // Where no commit is through in five milliseconds, each job runs before the next is written.
                Unique wide = plain.debounce(Duration.ofSeconds(2), Duration.ofSeconds(4));
                futures.add(threads.submit(() -> {
                    int replaced = 0;
                    for (int value = 1; value <= 150 || (debounced && replaced == 0 && value <= 160); value++) {
                        Enqueued enqueued =
                                mill.enqueueUnique(new Count("last", value), only(value <= 150 ? tight : wide));
                        assertThat(enqueued.how()).isNotEqualTo(How.KEPT);
                        accepted.put(enqueued.id(), value);
                        replaced += enqueued.how() == How.REPLACED ? 1 : 0;
                    }
                    done.countDown();
                    return replaced;
                }));
            }
            int replaced = 0;
            for (Future<Integer> future : futures) {
                replaced += soon(future);
            }
            Jobs.await30(done);
            await().atMost(Jobs.SOON).until(() -> ran.size() == accepted.size());
            assertThat(ran).isEqualTo(accepted);
            assertThat(replaced).isPositive();
            await().atMost(Jobs.SOON).until(() -> keysLike("key-%") == 0);
        }
    }

    @Test
    void whatACrashLeavesBehindIsTidiedAway() throws SQLException {
        try (Tidemill mill = start()) {
            sql.run("insert into {schema}.unique_key values (1, 'left-gone', 17, 0, 0, true, false)");
            sql.run("insert into {schema}.unique_key values (1, 'left-over', 18, 0, 1, false, false)");
            sql.run("insert into {schema}.unique_key values (1, 'left-window', 19, 0, 9e15, true, false)");
            long waits = mill.enqueue(new Count("a", 1), only(Unique.key("left-waits")));
            await().atMost(Jobs.SOON).until(() -> keysLike("left-%") == 2);
            assertThat(sql.number("select job from {schema}.unique_key where key = 'left-waits'"))
                    .isEqualTo(waits);
            assertThat(keysLike("left-window"))
                    .as("its job is through, its window is not over")
                    .isEqualTo(1);
        }
    }

    @Test
    void aRefusedWishSaysWhatIsWrong() {
        assertThatThrownBy(() -> Unique.key("")).isInstanceOf(TidemillException.class);
        assertThatThrownBy(() -> Unique.key("k").debounce(Duration.ofSeconds(2), Duration.ofSeconds(1)))
                .isInstanceOf(TidemillException.class)
                .hasMessageContaining("PT2S");
        assertThatThrownBy(() -> Unique.key("k").within(Duration.ZERO))
                .isInstanceOf(TidemillException.class)
                .hasMessageContaining("365 days");
        assertThatThrownBy(() -> ScheduleOptions.NONE.job(only(Unique.key("k"))))
                .isInstanceOf(TidemillException.class)
                .hasMessageContaining("overlap");
        assertThatThrownBy(() -> only(Unique.key("k").debounce(Duration.ofSeconds(1), Duration.ofSeconds(2)))
                        .in(Duration.ofMinutes(1)))
                .isInstanceOf(TidemillException.class)
                .hasMessageContaining("delay");
    }
}
