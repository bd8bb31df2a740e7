package dev.tidemill.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.tidemill.jobs.Backoff;
import dev.tidemill.jobs.EnqueueOptions;
import dev.tidemill.jobs.Enqueued;
import dev.tidemill.jobs.Enqueued.How;
import dev.tidemill.jobs.HandlerOptions;
import dev.tidemill.jobs.Tidemill;
import dev.tidemill.jobs.Unique;
import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.TestDatabase;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Many threads with the same keys, two nodes that claim, attempts that fail, and epochs that end under them. */
@ExtendWith(FreshSchema.class)
final class UniqueStressTest {
    private static final int THREADS = 8;
    private static final int EACH = 150;
    private static final int MORE = 40;
    private static final int KEYS = 3;

    record Once(String key, int value) {}

    record Latest(String key, int value) {}

    /** An enqueue that was accepted: when it began and had returned. */
    private record Accepted(long began, long returned, int value) {}

    private final TestDatabase database;
    private final Sql sql;
    private final ExecutorService threads = Executors.newCachedThreadPool();
    private final Queue<String> violations = new ConcurrentLinkedQueue<>();
    private final Map<Long, Integer> ran = new ConcurrentHashMap<>();
    private final Map<Long, Queue<Accepted>> accepted = new ConcurrentHashMap<>();
    private final AtomicInteger numbers = new AtomicInteger();

    UniqueStressTest(TestDatabase database) {
        this.database = database;
        this.sql = new Sql(database);
    }

    @AfterEach
    void endThreads() {
        threads.shutdownNow();
    }

    private Tidemill start() {
        UnaryOperator<HandlerOptions> patient =
                kind -> kind.attempts(1000).backoff(Backoff.fixed(Duration.ofMillis(1)));
        return Tidemill.on(database.dataSource())
                .schema(database.schema())
                .handle(Once.class, (job, run) -> failNowAndThen(), patient)
                .handle(
                        Latest.class,
                        (job, run) -> {
                            Integer before = ran.put(run.jobId(), job.value());
                            if (before != null && before != job.value()) {
                                violations.add("job " + run.jobId() + " ran with " + before + " and " + job.value());
                            }
                            failNowAndThen();
                        },
                        patient)
                .start();
    }

    private static void failNowAndThen() {
        if (ThreadLocalRandom.current().nextInt(10) == 0) {
            throw new IllegalStateException("one in ten");
        }
    }

    private boolean noneIsReplaced() {
        return accepted.values().stream().noneMatch(all -> all.size() > 1);
    }

    private int enqueue(Tidemill mill) {
        int created = 0;
        // Where no commit is through in three milliseconds, each job may have run before its successor came.
        for (int i = 0; i < EACH || (i < EACH + MORE && noneIsReplaced()); i++) {
            String key = "key-" + ThreadLocalRandom.current().nextInt(KEYS);
            int value = numbers.incrementAndGet();
            if (i % 2 == 0) {
                Enqueued once = mill.enqueueUnique(new Once(key, value), EnqueueOptions.unique(Unique.key(key)));
                created += once.created() ? 1 : 0;
            } else {
                Unique latest = Unique.key(key)
                        .debounce(Duration.ofMillis(i < EACH ? 3 : 2_000), Duration.ofMillis(i < EACH ? 15 : 4_000));
                long began = System.nanoTime();
                Enqueued last = mill.enqueueUnique(new Latest(key, value), EnqueueOptions.unique(latest));
                assertThat(last.how()).isNotEqualTo(How.KEPT);
                accepted.computeIfAbsent(last.id(), id -> new ConcurrentLinkedQueue<>())
                        .add(new Accepted(began, System.nanoTime(), value));
            }
        }
        return created;
    }

    /** In one snapshot: how many jobs that are not through the busiest key has. */
    private long mostAlive() throws SQLException {
        return sql.number("select coalesce(max(a.jobs), 0) from (select count(*) as jobs from {schema}.job j"
                + " join {schema}.kind k on k.id = j.kind where k.name = 'Once' and {schema}.job_end(j.id) is null"
                + " group by j.payload::jsonb ->> 'key') a");
    }

    private void endAnEpoch() throws SQLException {
        sql.run("insert into {schema}.closing (epoch, since) select epoch, {schema}.now_micros() from {schema}.node"
                + " where ended is null order by random() limit 1 on conflict do nothing");
    }

    @Test
    void aKeyNeverHasTwoLiveJobsAndTheLastPayloadIsWhatRuns() throws Exception {
        try (Tidemill one = start();
                Tidemill other = start()) {
            List<Future<Integer>> futures = new ArrayList<>();
            for (int t = 0; t < THREADS; t++) {
                Tidemill mill = t % 2 == 0 ? one : other;
                futures.add(threads.submit(() -> enqueue(mill)));
            }
            for (int looks = 0; futures.stream().anyMatch(future -> !future.isDone()); looks++) {
                assertThat(mostAlive()).isLessThanOrEqualTo(1);
                if (looks % 40 == 20) {
                    endAnEpoch();
                }
            }
            int created = 0;
            for (Future<Integer> future : futures) {
                created += future.get(Jobs.SOON.toSeconds(), TimeUnit.SECONDS);
            }
            await().atMost(Jobs.SOON)
                    .until(() -> sql.number("select count(*) from {schema}.job j where {schema}.job_end(j.id) is null")
                            == 0);
            assertThat(violations).isEmpty();
            assertThat(created).isGreaterThan(KEYS);
            assertThat(sql.number("select count(*) from {schema}.job j join {schema}.kind k on k.id = j.kind"
                            + " where k.name = 'Once'"))
                    .isEqualTo(created);
            assertThat(ran.keySet()).isEqualTo(accepted.keySet());
            accepted.forEach((id, all) -> {
                int value = ran.getOrDefault(id, -1);
                Accepted mine = all.stream()
                        .filter(entry -> entry.value() == value)
                        .findFirst()
                        .orElseThrow();
                assertThat(all)
                        .as("nothing was accepted after what job %s ran with", id)
                        .noneMatch(entry -> entry.began() > mine.returned());
            });
            assertThat(noneIsReplaced()).as("some were replaced").isFalse();
            await().atMost(Jobs.SOON).until(() -> sql.number("select count(*) from {schema}.unique_key") == 0);
        }
    }
}
