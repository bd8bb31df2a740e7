package dev.tidemill.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.tidemill.jobs.AttemptOutcome;
import dev.tidemill.jobs.AttemptView;
import dev.tidemill.jobs.Backoff;
import dev.tidemill.jobs.FailureAlarm;
import dev.tidemill.jobs.Handler;
import dev.tidemill.jobs.JobState;
import dev.tidemill.jobs.Retry;
import dev.tidemill.jobs.Stats.Alarm;
import dev.tidemill.jobs.Tidemill;
import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.TestDatabase;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.ExecutionException;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** What follows which kind of failure. */
@ExtendWith(FreshSchema.class)
final class ErrorsTest {
    record Call(String outcome) {}

    private static final Duration SHORT = Duration.ofMillis(50);

    private final TestDatabase database;

    ErrorsTest(TestDatabase database) {
        this.database = database;
    }

    private Tidemill start(Handler<Call> handler) {
        return Tidemill.on(database.dataSource())
                .schema(database.schema())
                .errors(rules -> rules.on(IllegalArgumentException.class)
                        .permanent()
                        .on(SocketTimeoutException.class)
                        .rateLimited(SHORT)
                        .on(ArithmeticException.class)
                        .rateLimited(broken -> {
                            throw new IllegalStateException("the rule itself breaks");
                        }))
                .handle(
                        Call.class,
                        handler,
                        options -> options.attempts(1)
                                .backoff(Backoff.fixed(SHORT))
                                .alarm(new FailureAlarm(0.6, 5, Duration.ofMinutes(5))))
                .start();
    }

    private static void failFirst(int attempt, Exception failure) throws Exception {
        if (attempt <= 2) {
            throw failure;
        }
    }

    @Test
    void whatIsNobodysFaultBurnsNoAttempt() {
        try (Tidemill mill = start((job, run) -> failFirst(
                run.attempt(),
                switch (job.outcome()) {
                    case "limited" -> Retry.rateLimited(SHORT, "429");
                    case "limited until" -> Retry.rateLimitedUntil(run.startBy().minusSeconds(10_000), "429");
                    case "wrapped" -> new ExecutionException(Retry.rateLimited(SHORT, "429"));
                    default -> new IllegalStateException(new SocketTimeoutException("by a rule"));
                }))) {
            List<Long> ids = mill.enqueueAll(
                    List.of(new Call("limited"), new Call("limited until"), new Call("wrapped"), new Call("rule")));
            for (long id : ids) {
                assertThat(Jobs.outcomes(Jobs.in(mill, id, JobState.SUCCEEDED)))
                        .containsExactly(AttemptOutcome.SNOOZED, AttemptOutcome.SNOOZED, AttemptOutcome.SUCCEEDED);
            }
        }
    }

    @Test
    void rateLimitedUntilATimeWaitsForIt() {
        try (Tidemill mill = start((job, run) -> {
            throw Retry.rateLimitedUntil(Instant.parse("2300-01-01T00:00:00Z"), "in a while");
        })) {
            long id = mill.enqueue(new Call(""));
            Instant due =
                    Objects.requireNonNull(Jobs.in(mill, id, JobState.SCHEDULED).dueAt());
            assertThat(due).as("bounded by a year").isAfter(Instant.now().plus(Duration.ofDays(360)));
        }
    }

    @Test
    void aDependencyThatIsDownIsAskedAgainInSecondsNotCounted() {
        try (Tidemill mill = start((job, run) -> {
            throw Retry.dependencyDown("stripe", "503");
        })) {
            long id = mill.enqueue(new Call(""));
            var seen = Jobs.in(mill, id, JobState.SCHEDULED);
            // Whoever looks late sees a later attempt: it was not counted either, and has waited twice as long.
            assertThat(Jobs.outcomes(seen)).isNotEmpty().containsOnly(AttemptOutcome.SNOOZED);
            AttemptView last = seen.attempts().getLast();
            Instant ended = last.startedAt().plus(last.took());
            Duration longest = Duration.ofSeconds(5L << (seen.attempts().size() - 1));
            assertThat(Objects.requireNonNull(seen.dueAt()))
                    .isBetween(
                            ended.plus(longest.dividedBy(2)),
                            ended.plus(longest).plusSeconds(1));
        }
    }

    @Test
    void permanentFailuresBecomeDeadLettersAtOnceAndBrokenRulesDoNotLoseTheJob() {
        try (Tidemill mill = start((job, run) -> {
            throw job.outcome().equals("permanent")
                    ? new IllegalStateException(new IllegalArgumentException("never"))
                    : new ArithmeticException("its rule breaks");
        })) {
            long permanent = mill.enqueue(new Call("permanent"));
            long broken = mill.enqueue(new Call("broken"));
            Jobs.in(mill, permanent, JobState.DEAD);
            Jobs.in(mill, broken, JobState.DEAD);
            assertThat(mill.deadLetters(null, 10))
                    .anySatisfy(letter -> {
                        assertThat(letter.jobId()).isEqualTo(permanent);
                        assertThat(letter.code()).isEqualTo("GIVEN_UP");
                    })
                    .anySatisfy(letter -> {
                        assertThat(letter.jobId()).isEqualTo(broken);
                        assertThat(letter.code()).isEqualTo("HANDLER_FAILED");
                    });
        }
    }

    @Test
    void aKindThatFailsTooOftenRaisesItsAlarm() {
        try (Tidemill mill = Tidemill.on(database.dataSource())
                .schema(database.schema())
                .heartbeat(Duration.ofMillis(100), Duration.ofSeconds(10))
                .handleJson(
                        "Shaky",
                        (json, run) -> {
                            if (!json.equals("0")) {
                                throw Retry.never("shaky");
                            }
                        },
                        options -> options.alarm(new FailureAlarm(0.6, 5, Duration.ofMinutes(5))))
                .handleJson("Fine", (json, run) -> {})
                .start()) {
            IntStream.range(0, 5)
                    .forEach(i -> mill.enqueue(new dev.tidemill.jobs.JobRequest("Shaky", Integer.toString(i % 5))));
            mill.enqueue(new dev.tidemill.jobs.JobRequest("Fine", "{}"));
            List<Alarm> alarms = await().atMost(Jobs.SOON)
                    .until(
                            () -> mill.stats().alarms(),
                            all -> !all.isEmpty() && all.getFirst().attempts() == 5);
            assertThat(alarms).singleElement().satisfies(alarm -> {
                assertThat(alarm.kind()).isEqualTo("Shaky");
                assertThat(alarm.failed()).isEqualTo(4);
                assertThat(alarm.ratio()).isEqualTo(0.8);
                assertThat(alarm.alarm().atLeast()).isEqualTo(5);
            });
        }
    }
}
