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
import java.util.List;
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
                .handle(Urgent.class, (job, run) -> {})
                .start()) {
            await().atMost(Jobs.SOON).until(() -> bulk.get() > 0);
            List<Long> critical = new ArrayList<>();
            List<Long> high = new ArrayList<>();
            while (bulk.get() < OVERDUE * 3 / 4 && critical.size() < 100) {
                critical.add(mill.enqueue(new Urgent(1), priority(Priority.CRITICAL)));
                high.add(mill.enqueue(new Urgent(2), priority(Priority.HIGH)));
            }
            int leftWhenAllWereEnqueued = OVERDUE - bulk.get();
            assertThat(critical).hasSizeGreaterThan(20);
            assertThat(leftWhenAllWereEnqueued).as("still overloaded").isPositive();
            for (long id : critical) {
                assertThat(late(mill, id))
                        .as("against its deadline of a second")
                        .isNegative();
            }
            for (long id : high) {
                assertThat(late(mill, id))
                        .as("against its deadline of 30 seconds")
                        .isLessThan(Duration.ofSeconds(-20));
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
