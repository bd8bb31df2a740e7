package dev.tidemill.postgres;

import static dev.tidemill.jobs.EnqueueOptions.priority;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.tidemill.jobs.AttemptView;
import dev.tidemill.jobs.JobState;
import dev.tidemill.jobs.Priorities;
import dev.tidemill.jobs.Priority;
import dev.tidemill.jobs.Tidemill;
import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.TestDatabase;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** More overdue work than can be done, with urgent jobs trickling in. */
@ExtendWith(FreshSchema.class)
final class OverloadTest {
    private static final int OVERDUE = 200_000;

    record Bulk(int number) {}

    record Urgent(int number) {}

    private final TestDatabase database;
    private final Sql sql;

    OverloadTest(TestDatabase database) {
        this.database = database;
        this.sql = new Sql(database);
    }

    @Test
    void urgentJobsStartInTimeWhileAMountainOfOverdueOnesIsWorkedOff() throws Exception {
        AtomicInteger bulk = new AtomicInteger();
        Map<Long, Integer> bulkAtStart = new ConcurrentHashMap<>();
        Map<Long, Integer> bulkAtEnqueue = new HashMap<>();
        try (Tidemill enqueuing = Tidemill.on(database.dataSource())
                .schema(database.schema())
                .priorities(Priorities.standard().deadline(Priority.LOW, Duration.ZERO))
                .start()) {
            enqueuing.enqueueAll(IntStream.range(0, OVERDUE).mapToObj(Bulk::new).toList(), priority(Priority.LOW));
        }
        sql.run("update {schema}.ready set start_by = start_by - 3600000000");
        try (Tidemill mill = Tidemill.on(database.dataSource())
                .schema(database.schema())
                .handle(Bulk.class, (job, run) -> bulk.incrementAndGet())
                .handle(Urgent.class, (job, run) -> bulkAtStart.put(run.jobId(), bulk.get()))
                .start()) {
            await().atMost(Jobs.SOON).until(() -> bulk.get() > 0);
            List<Long> critical = new ArrayList<>();
            List<Long> high = new ArrayList<>();
            while (bulk.get() < OVERDUE * 3 / 4 && critical.size() < 100) {
                critical.add(mill.enqueue(new Urgent(1), priority(Priority.CRITICAL)));
                bulkAtEnqueue.put(critical.getLast(), bulk.get());
                high.add(mill.enqueue(new Urgent(2), priority(Priority.HIGH)));
                bulkAtEnqueue.put(high.getLast(), bulk.get());
            }
            int leftWhenAllWereEnqueued = OVERDUE - bulk.get();
            assertThat(critical).hasSizeGreaterThan(20);
            assertThat(leftWhenAllWereEnqueued).as("still overloaded").isPositive();
            // The machine may stall for a second, under all that was just written; the mountain takes several.
            assertThat(critical.stream().filter(id -> late(mill, id).isNegative()))
                    .as("of %s critical ones, those within their deadline of a second", critical.size())
                    .hasSizeGreaterThan(critical.size() * 3 / 4);
            for (long id : high) {
                assertThat(late(mill, id))
                        .as("against its deadline of 30 seconds")
                        .isLessThan(Duration.ofSeconds(-20));
            }
            // All of them, whatever the machine's speed: few of the overdue were done between their enqueue and their
            // start.
            for (Map.Entry<Long, Integer> urgent : bulkAtEnqueue.entrySet()) {
                int atStart = Objects.requireNonNull(bulkAtStart.get(urgent.getKey()));
                assertThat(atStart - urgent.getValue())
                        .as("overdue jobs that went before")
                        .isLessThan(OVERDUE / 10);
            }
        }
    }

    private static Duration late(Tidemill mill, long id) {
        AttemptView attempt = Jobs.in(mill, id, JobState.SUCCEEDED).attempts().getFirst();
        return attempt.late();
    }

    @Test
    void theOverdueKeepTheirShareWhileTheUrgentHaveTheirs() throws Exception {
        // One slow slot: what is handed out next is seen job by job.
        List<Priority> order = Collections.synchronizedList(new ArrayList<>());
        try (Tidemill enqueuing =
                Tidemill.on(database.dataSource()).schema(database.schema()).start()) {
            List<Bulk> jobs = IntStream.range(0, 400).mapToObj(Bulk::new).toList();
            for (Priority each : List.of(Priority.LOW, Priority.HIGH)) {
                enqueuing.enqueueAll(jobs, priority(each).onQueue("narrow"));
            }
        }
        sql.run("update {schema}.ready set start_by = start_by - 7200000000");
        try (Tidemill mill = Tidemill.on(database.dataSource())
                .schema(database.schema())
                .queue("narrow", queue -> queue.concurrency(1))
                .handle(Bulk.class, (job, run) -> order.add(run.priority()), options -> options.queue("narrow"))
                .start()) {
            await().atMost(Jobs.SOON).until(() -> order.size() >= 400);
            long low = List.copyOf(order).subList(0, 400).stream()
                    .filter(each -> each == Priority.LOW)
                    .count();
            assertThat(low).as("a fifth of 400, and never starved").isBetween(25L, 240L);
            assertThat(mill.ready()).isTrue();
        }
    }
}
