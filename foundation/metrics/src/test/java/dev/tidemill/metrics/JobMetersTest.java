package dev.tidemill.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.awaitility.Awaitility.await;

import dev.tidemill.jobs.AttemptOutcome;
import dev.tidemill.jobs.Backoff;
import dev.tidemill.jobs.EnqueueOptions;
import dev.tidemill.jobs.FinishedAttempt;
import dev.tidemill.jobs.JobObserver;
import dev.tidemill.jobs.JobRequest;
import dev.tidemill.jobs.JobState;
import dev.tidemill.jobs.JobView;
import dev.tidemill.jobs.Limit;
import dev.tidemill.jobs.Pause;
import dev.tidemill.jobs.Priority;
import dev.tidemill.jobs.Tidemill;
import dev.tidemill.jobs.TidemillBuilder;
import dev.tidemill.jobs.Timing;
import dev.tidemill.jobs.Unique;
import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.TestDatabase;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tag;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(FreshSchema.class)
final class JobMetersTest {
    private final TestDatabase database;
    private final MeterRegistry registry = new SimpleMeterRegistry();

    JobMetersTest(TestDatabase database) {
        this.database = database;
    }

    private TidemillBuilder mill() {
        return Tidemill.on(database.dataSource()).schema(database.schema());
    }

    private static void finished(Tidemill mill, long id, JobState state) {
        await().atMost(Duration.ofSeconds(30))
                .until(() -> mill.job(id).orElseThrow().state() == state);
    }

    private double counter(String name, String... tags) {
        return registry.get(name).tags(tags).counter().count();
    }

    @Test
    void attemptsStartsRetriesAndDeadLettersAreCountedByKindAndOutcome() {
        AtomicInteger runs = new AtomicInteger();
        try (Tidemill mill = mill().handleJson(
                                "Flaky",
                                (json, run) -> {
                                    if (runs.incrementAndGet() < 3) {
                                        throw new IllegalStateException("not yet");
                                    }
                                },
                                options -> options.queue("one").backoff(Backoff.fixed(Duration.ZERO)))
                        .handleJson(
                                "Hopeless",
                                (json, run) -> {
                                    throw new IllegalStateException("never");
                                },
                                options -> options.queue("one").attempts(1))
                        .start();
                JobMeters meters = JobMeters.of(mill)) {
            meters.bindTo(registry);
            long flaky = mill.enqueue(new JobRequest("Flaky", "1"));
            long hopeless = mill.enqueue(new JobRequest("Hopeless", "1"));
            finished(mill, flaky, JobState.SUCCEEDED);
            finished(mill, hopeless, JobState.DEAD);

            // The observer is told after the commit that the two lines above waited for.
            await().ignoreExceptions().untilAsserted(() -> {
                assertThat(registry.get("tidemill.attempts")
                                .tags("kind", "Flaky", "queue", "one", "outcome", "failed")
                                .timer()
                                .count())
                        .isEqualTo(2);
                assertThat(registry.get("tidemill.attempts")
                                .tags("kind", "Flaky", "outcome", "succeeded")
                                .timer()
                                .count())
                        .isEqualTo(1);
                assertThat(counter("tidemill.retries", "kind", "Flaky", "queue", "one"))
                        .isEqualTo(2);
                assertThat(counter("tidemill.jobs.dead", "kind", "Hopeless", "code", "HANDLER_FAILED"))
                        .isEqualTo(1);
            });
            assertThat(registry.find("tidemill.retries").tag("kind", "Hopeless").counter())
                    .isNull();
            assertThat(counter("tidemill.starts", "queue", "one", "priority", "MEDIUM", "deadline", "met"))
                    .isEqualTo(4);
            assertThat(counter("tidemill.starts", "queue", "one", "priority", "MEDIUM", "deadline", "missed"))
                    .isZero();
            assertThat(registry.get("tidemill.start.delay")
                            .tags("queue", "one", "priority", "MEDIUM")
                            .timer()
                            .count())
                    .isEqualTo(4);
            // The two retries, and of the two enqueues those that the process did not start at once.
            assertThat(counter("tidemill.jobs.claimed")).isBetween(2.0, 4.0);
            assertThat(registry.get("tidemill.claims").timer().count()).isPositive();
            assertThat(registry.get("tidemill.node.ready").gauge().value()).isEqualTo(1);
            assertThat(counter("tidemill.jobs.enqueued", "kind", "Flaky", "queue", "one", "priority", "MEDIUM"))
                    .isEqualTo(1);
        }
    }

    @Test
    void theDelayOfAStartCountsFromWhenTheJobWasDue() throws Exception {
        BlockingQueue<FinishedAttempt> seen = new LinkedBlockingQueue<>();
        try (Tidemill enqueuing = mill().start()) {
            long id = enqueuing.enqueue(
                    new JobRequest("Waits", "1"),
                    EnqueueOptions.priority(Priority.HIGH).onQueue("waits"));
            try (Tidemill mill = mill().handleJson("Waits", (json, run) -> {}, options -> options.queue("waits"))
                            .start();
                    Tidemill.Observation observation = mill.observe(new JobObserver() {
                        @Override
                        public void finished(FinishedAttempt attempt) {
                            seen.add(attempt);
                        }
                    })) {
                long later = mill.enqueue(
                        new JobRequest("Waits", "2"),
                        EnqueueOptions.delay(Duration.ofMillis(300)).onQueue("waits"));
                finished(mill, later, JobState.SUCCEEDED);
                JobView job = mill.job(id).orElseThrow();
                Instant started = job.attempts().getFirst().startedAt();
                // The observer is added when the mill has started, and may have missed the first attempt.
                mill.enqueue(new JobRequest("Waits", "3"), EnqueueOptions.queue("waits"));
                FinishedAttempt attempt = find(seen, later);
                assertThat(attempt.outcome()).isEqualTo(AttemptOutcome.SUCCEEDED);
                assertThat(attempt.delayMicros()).isBetween(0L, 5_000_000L);
                // By the process's idea of the database's clock it may begin a little before it was due.
                assertThat(Math.max(
                                0, attempt.lateMicros() + Duration.ofMinutes(5).toNanos() / 1_000))
                        .isEqualTo(attempt.delayMicros());
                JobView delayed = mill.job(later).orElseThrow();
                Duration sinceCreated = Duration.between(
                        delayed.createdAt(), delayed.attempts().getFirst().startedAt());
                assertThat(attempt.delayMicros())
                        .isCloseTo(sinceCreated.minusMillis(300).toNanos() / 1_000, within(100_000L));
                assertThat(started).isAfterOrEqualTo(job.createdAt());
                assertThat(observation).isNotNull();
            }
        }
    }

    private static FinishedAttempt find(BlockingQueue<FinishedAttempt> seen, long job) throws InterruptedException {
        FinishedAttempt attempt;
        do {
            attempt = Objects.requireNonNull(seen.poll(30, TimeUnit.SECONDS), "no attempt of job " + job);
        } while (attempt.job() != job);
        return attempt;
    }

    @Test
    void enqueuesAreCountedHoweverTheyCome() throws Exception {
        try (Tidemill mill = mill().start();
                JobMeters meters = JobMeters.of(mill, Tag.of("mill", "a"))) {
            meters.bindTo(registry);
            mill.enqueueAll(IntStream.range(0, 700)
                    .mapToObj(i -> new JobRequest(i % 7 == 0 ? "Odd" : "Even", "1"))
                    .toList());
            mill.inTransaction(transaction -> transaction.enqueue(new JobRequest("Even", "1")));
            EnqueueOptions once = EnqueueOptions.unique(Unique.key("k"));
            assertThat(mill.enqueueUnique(new JobRequest("Only", "1"), once).created())
                    .isTrue();
            assertThat(mill.enqueueUnique(new JobRequest("Only", "1"), once).created())
                    .isFalse();
            assertThat(counter("tidemill.jobs.enqueued", "kind", "Odd", "mill", "a"))
                    .isEqualTo(100);
            assertThat(counter("tidemill.jobs.enqueued", "kind", "Even")).isEqualTo(601);
            assertThat(counter("tidemill.jobs.enqueued", "kind", "Only")).isEqualTo(1);
            assertThat(counter("tidemill.jobs.deduplicated", "kind", "Only", "how", "kept"))
                    .isEqualTo(1);
            mill.enqueueAll(
                    List.of(new JobRequest("Only", "2"), new JobRequest("Only", "3")),
                    EnqueueOptions.delay(Duration.ofHours(1))
                            .onlyOne(Unique.key("later").replace()));
            assertThat(counter("tidemill.jobs.enqueued", "kind", "Only")).isEqualTo(2);
            assertThat(counter("tidemill.jobs.deduplicated", "kind", "Only", "how", "replaced"))
                    .isEqualTo(1);

            mill.schedules().put("often", Timing.every(Duration.ofSeconds(1)), new JobRequest("Fired", "1"));
            await().atMost(Duration.ofSeconds(30))
                    .ignoreExceptions()
                    .untilAsserted(() -> assertThat(counter("tidemill.jobs.enqueued", "kind", "Fired"))
                            .isGreaterThanOrEqualTo(1));
            mill.schedules().remove("often");
            mill.schedules().put("rarely", Timing.every(Duration.ofDays(1)), new JobRequest("Triggered", "1"));
            mill.schedules().trigger("rarely");
            assertThat(counter("tidemill.jobs.enqueued", "kind", "Triggered")).isEqualTo(1);
        }
    }

    @Test
    void theSchemaIsReadWhenItIsRefreshedAndAbsentWhileTheDatabaseDoesNotAnswer() {
        try (Tidemill mill = mill().handleJson("Known", (json, run) -> {}).start();
                JobMeters meters = JobMeters.of(mill)) {
            meters.bindTo(registry);
            mill.enqueue(new JobRequest("Unknown", "1"));
            mill.limits().put(Limit.ofQueue("narrow").concurrency(1));
            mill.pauses().pause(Pause.Scope.QUEUE, "narrow", "test", "");
            await().atMost(Duration.ofSeconds(30)).ignoreExceptions().untilAsserted(() -> {
                meters.refresh();
                assertThat(registry.get("tidemill.jobs.ready")
                                .tags("queue", "default", "priority", "MEDIUM")
                                .gauge()
                                .value())
                        .isPositive();
                assertThat(registry.get("tidemill.jobs.unhandled")
                                .tags("kind", "Unknown")
                                .gauge()
                                .value())
                        .isPositive();
                assertThat(registry.get("tidemill.limit.held")
                                .tags("scope", "queue", "name", "narrow", "per_key", "false")
                                .gauge()
                                .value())
                        .isZero();
                assertThat(registry.get("tidemill.pauses")
                                .tags("scope", "queue")
                                .gauge()
                                .value())
                        .isEqualTo(1);
                assertThat(registry.get("tidemill.partitions")
                                .tags("family", "job")
                                .gauge()
                                .value())
                        .isPositive();
                assertThat(registry.get("tidemill.doctor.findings")
                                .tags("code", "PAUSED")
                                .gauge()
                                .value())
                        .isEqualTo(1);
            });
            assertThat(registry.get("tidemill.nodes").gauge().value()).isEqualTo(1);
            assertThat(registry.get("tidemill.database.up").gauge().value()).isEqualTo(1);

            meters.refresh(Optional.empty());
            assertThat(registry.get("tidemill.database.up").gauge().value()).isZero();
            assertThat(registry.find("tidemill.nodes").gauge()).isNull();
            assertThat(registry.find("tidemill.doctor.findings").gauge()).isNull();
            mill.pauses().resume(Pause.Scope.QUEUE, "narrow", "test");
        }
    }

    @Test
    void namesFromOutsideMakeNoMoreThanSoManySeries() {
        try (Tidemill mill = mill().start();
                JobMeters meters = JobMeters.of(mill)) {
            meters.bindTo(registry);
            mill.enqueueAll(IntStream.range(0, Names.LIMIT + 50)
                    .mapToObj(i -> new JobRequest("Kind" + i, "1"))
                    .toList());
            assertThat(registry.get("tidemill.jobs.enqueued").counters()).hasSize(Names.LIMIT + 1);
            assertThat(counter("tidemill.jobs.enqueued", "kind", Names.OTHER)).isEqualTo(50);
        }
    }

    @Test
    void itRefreshesByItselfAndStopsCountingWhenClosed() {
        try (Tidemill mill = mill().start()) {
            JobMeters meters = JobMeters.of(mill).refreshing(Duration.ofSeconds(1));
            meters.bindTo(registry);
            await().atMost(Duration.ofSeconds(30))
                    .ignoreExceptions()
                    .untilAsserted(() -> assertThat(
                                    registry.get("tidemill.database.up").gauge().value())
                            .isEqualTo(1));
            mill.enqueue(new JobRequest("Counted", "1"));
            meters.close();
            mill.enqueue(new JobRequest("Counted", "1"));
            assertThat(counter("tidemill.jobs.enqueued", "kind", "Counted")).isEqualTo(1);
            assertThatThrownBy(() -> JobMeters.of(mill).refreshing(Duration.ofMillis(10)))
                    .hasMessageContaining("PT0.01S");
        }
    }

    @Test
    void anObserverThatBreaksChangesNothing() {
        try (Tidemill mill = mill().handleJson("Sturdy", (json, run) -> {}, options -> options.queue("sturdy"))
                        .start();
                Tidemill.Observation broken = mill.observe(new JobObserver() {
                    @Override
                    public void enqueued(String kind, String queue, Priority priority, int jobs) {
                        throw new IllegalStateException("broken");
                    }

                    @Override
                    public void finished(FinishedAttempt attempt) {
                        throw new IllegalStateException("broken");
                    }

                    @Override
                    public void claimed(int jobs, Duration took) {
                        throw new IllegalStateException("broken");
                    }
                })) {
            for (int i = 0; i < 3; i++) {
                finished(mill, mill.enqueue(new JobRequest("Sturdy", "1")), JobState.SUCCEEDED);
            }
            assertThat(broken).isNotNull();
        }
    }
}
