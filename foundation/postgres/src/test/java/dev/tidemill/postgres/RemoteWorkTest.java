package dev.tidemill.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.awaitility.Awaitility.await;

import dev.tidemill.jobs.AttemptOutcome;
import dev.tidemill.jobs.AttemptView;
import dev.tidemill.jobs.Breaker;
import dev.tidemill.jobs.BreakerView.State;
import dev.tidemill.jobs.DeadLetter;
import dev.tidemill.jobs.EnqueueOptions;
import dev.tidemill.jobs.ErrorCode;
import dev.tidemill.jobs.JobRequest;
import dev.tidemill.jobs.JobState;
import dev.tidemill.jobs.JobView;
import dev.tidemill.jobs.Limit;
import dev.tidemill.jobs.LogLevel;
import dev.tidemill.jobs.LogLine;
import dev.tidemill.jobs.RemoteWork.Beat;
import dev.tidemill.jobs.RemoteWork.Failure;
import dev.tidemill.jobs.RemoteWork.Handle;
import dev.tidemill.jobs.RemoteWork.Held;
import dev.tidemill.jobs.RemoteWork.Line;
import dev.tidemill.jobs.RemoteWork.Request;
import dev.tidemill.jobs.RemoteWork.Step;
import dev.tidemill.jobs.Stats.Unhandled;
import dev.tidemill.jobs.Tidemill;
import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.TestDatabase;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Jobs in the hands of workers that are not this process. */
@ExtendWith(FreshSchema.class)
final class RemoteWorkTest extends WorkersElsewhere {
    RemoteWorkTest(TestDatabase database) {
        super(database);
    }

    @Test
    void aWorkerGetsTheJobAndItsWordIsTheOutcome() throws Exception {
        long id = mill.enqueue(
                new JobRequest(kind, "{\"image\": 7}"),
                EnqueueOptions.NONE.tag("order", "12").key("a"));
        Held held = claimOne();
        assertThat(held.handle().job()).isEqualTo(id);
        assertThat(held.kind()).isEqualTo(kind);
        assertThat(held.payload()).contains("7");
        assertThat(held.tags()).isEqualTo(Map.of("order", "12"));
        assertThat(held.key()).isEqualTo("a");
        assertThat(held.handle().attempt()).isEqualTo(1);
        assertThat(mill.job(id).orElseThrow().state()).isEqualTo(JobState.RUNNING);

        mill.remote()
                .heartbeat(
                        held.handle(),
                        new Step(1, 2, "half of it"),
                        List.of(new Line(LogLevel.WARN, "the image is large")));
        await().atMost(Jobs.SOON).until(() -> mill.job(id).orElseThrow().progress() != null);
        mill.remote().finish(held.handle(), "{\"width\": 100}");

        JobView job = mill.job(id).orElseThrow();
        assertThat(job.state()).isEqualTo(JobState.SUCCEEDED);
        assertThat(job.attempts()).hasSize(1);
        assertThat(job.attempts().getFirst().result()).contains("100");
        assertThat(job.attempts().getFirst().node()).isEqualTo("server-1");
        assertThat(mill.log(id, 10)).extracting(LogLine::text).containsExactly("the image is large");
    }

    @Test
    void aWorkerThatWaitsHearsOfTheJobAndOneThatDoesNotIsAnsweredAtOnce() throws Exception {
        assertThat(claimNow(5)).isEmpty();
        CompletableFuture<Held> waiting = CompletableFuture.supplyAsync(() -> {
            try {
                return claimOne();
            } catch (InterruptedException interrupted) {
                throw new IllegalStateException(interrupted);
            }
        });
        await().atMost(Jobs.SOON)
                .until(() -> mill.stats().nodes().stream()
                        .anyMatch(node -> node.kinds().contains(kind)));
        long id = enqueue();
        assertThat(waiting.get(10, java.util.concurrent.TimeUnit.SECONDS)
                        .handle()
                        .job())
                .isEqualTo(id);
    }

    @Test
    void aWordThatIsRepeatedIsAnsweredAsBeforeAndAnotherOneIsNot() throws Exception {
        enqueue();
        Held held = claimOne();
        mill.remote().finish(held.handle(), null);
        mill.remote().finish(held.handle(), null);
        refused(() -> mill.remote().fail(held.handle(), Failure.retry("late")), ErrorCode.LEASE_LOST);
        Handle guessed = new Handle(held.handle().job(), 2, held.handle().token());
        refused(() -> mill.remote().finish(guessed, null), ErrorCode.LEASE_LOST);
    }

    @Test
    void whatAFailureStandsForDecidesWhatFollows() throws Exception {
        long retried = enqueue();
        mill.remote()
                .fail(
                        claimOne().handle(),
                        new Failure(
                                dev.tidemill.jobs.ErrorCategory.RETRY,
                                "try later",
                                Duration.ofHours(1),
                                null,
                                true,
                                null));
        JobView later = mill.job(retried).orElseThrow();
        assertThat(later.state()).isEqualTo(JobState.SCHEDULED);
        AttemptView failed = later.attempts().getFirst();
        assertThat(failed.outcome()).isEqualTo(AttemptOutcome.FAILED);
        assertThat(failed.error()).isEqualTo("try later");

        long limited = enqueue();
        mill.remote().fail(claimOne().handle(), Failure.rateLimited("429", Duration.ofMinutes(10)));
        JobView waits = mill.job(limited).orElseThrow();
        assertThat(waits.dueAt())
                .isCloseTo(waits.createdAt().plus(Duration.ofMinutes(10)), within(1, ChronoUnit.MINUTES));
        assertThat(Jobs.outcomes(waits)).containsExactly(AttemptOutcome.SNOOZED);

        long hopeless = enqueue();
        mill.remote().fail(claimOne().handle(), Failure.permanent("no such image\0"));
        assertThat(mill.job(hopeless).orElseThrow().state()).isEqualTo(JobState.DEAD);
        DeadLetter letter = mill.deadLetters(null, 1000).stream()
                .filter(dead -> dead.jobId() == hopeless)
                .findFirst()
                .orElseThrow();
        assertThat(letter.code()).isEqualTo("GIVEN_UP");
        refused(
                () -> new Failure(dev.tidemill.jobs.ErrorCategory.RETRY, "at once, for ever", null, null, false, null),
                ErrorCode.INVALID_OPTION);
    }

    @Test
    void theAttemptsOfAJobAreAsManyAsItMayHave() throws Exception {
        long id = mill.enqueue(new JobRequest(kind, "{}"), EnqueueOptions.NONE.attempts(1));
        mill.remote().fail(claimOne().handle(), Failure.retry("broken"));
        assertThat(mill.job(id).orElseThrow().state()).isEqualTo(JobState.DEAD);
    }

    @Test
    void aCancelledAndATimedOutJobAreTakenFromTheWorkerWhichIsTold() throws Exception {
        long id = enqueue();
        Held cancelled = claimOne();
        mill.cancel(id);
        await().atMost(Jobs.SOON).untilAsserted(() -> {
            Beat beat = mill.remote().heartbeat(cancelled.handle(), null, List.of());
            assertThat(beat.goOn()).isFalse();
            assertThat(beat.ended()).isEqualTo(AttemptOutcome.CANCELLED);
        });
        refused(() -> mill.remote().finish(cancelled.handle(), null), ErrorCode.LEASE_LOST);

        long slow = mill.enqueue(new JobRequest(kind, "{}"), EnqueueOptions.NONE.timeout(Duration.ofMillis(200)));
        Held late = claimOne();
        assertThat(late.timeout()).isEqualTo(Duration.ofMillis(200));
        await().atMost(Jobs.SOON)
                .untilAsserted(() -> assertThat(mill.remote()
                                .heartbeat(late.handle(), null, List.of())
                                .ended())
                        .isEqualTo(AttemptOutcome.TIMED_OUT));
        await().atMost(Jobs.SOON)
                .untilAsserted(() ->
                        assertThat(Jobs.outcomes(mill.job(slow).orElseThrow())).contains(AttemptOutcome.TIMED_OUT));
    }

    @Test
    void aJobThatAWorkerGivesBackGoesToAnotherAndIsNotCounted() throws Exception {
        enqueue();
        mill.remote().release(claimOne().handle());
        Held again = claimOne();
        assertThat(again.failures()).isZero();
        assertThat(again.handle().attempt()).isEqualTo(2);
        mill.remote().recall();
        Held third = claimOne();
        refused(() -> mill.remote().finish(again.handle(), null), ErrorCode.LEASE_LOST);
        mill.remote().finish(third.handle(), null);
    }

    @Test
    void limitsHoldForWhatWorkersHave() throws Exception {
        mill.limits().put(Limit.ofKind(kind).concurrency(2));
        List<Long> ids = List.of(enqueue(), enqueue(), enqueue());
        List<Held> two = claimNow(10);
        assertThat(two).hasSize(2);
        assertThat(claimNow(10)).isEmpty();
        mill.remote().finish(two.getFirst().handle(), null);
        Held third = claimOne();
        assertThat(ids).contains(third.handle().job());
    }

    @Test
    void aPausedKindIsNotHandedOut() throws Exception {
        mill.pauses().pause(dev.tidemill.jobs.Pause.Scope.KIND, kind, "a tester", "");
        enqueue();
        assertThat(claimNow(1)).isEmpty();
        mill.pauses().resume(dev.tidemill.jobs.Pause.Scope.KIND, kind, "a tester");
        assertThat(claimOne().handle().attempt()).isEqualTo(1);
    }

    @Test
    void workersGetWhatTheyHandleFromTheQueuesTheyNameAlone() throws Exception {
        String other = kind + "Other";
        long mine = enqueue();
        long others = mill.enqueue(new JobRequest(other, "{}"));
        long elsewhere = mill.enqueue(new JobRequest(kind, "{}"), EnqueueOptions.NONE.onQueue("images"));
        assertThat(claimNow(10)).extracting(held -> held.handle().job()).containsExactly(mine);
        Request both = new Request(
                "go-1",
                Set.of(kind, other),
                Set.of("default", "images"),
                10,
                Duration.ofSeconds(30),
                Duration.ofSeconds(30));
        assertThat(mill.remote().claim(both))
                .extracting(held -> held.handle().job())
                .containsExactlyInAnyOrder(others, elsewhere);
    }

    /** A claim for workers goes queue by queue. */
    @Test
    void aServerThatStartsFindsWhatWaitedInEveryQueueAtOnce() throws Exception {
        List<Long> waiting = new ArrayList<>();
        for (String queue : List.of("old-a", "old-b", "old-c")) {
            waiting.add(mill.enqueue(new JobRequest(kind, "{}"), EnqueueOptions.queue(queue)));
        }
        try (Tidemill other = builder().nodeName("server-2").start()) {
            Request all = new Request(
                    "python-1",
                    Set.of(kind),
                    Set.of("old-a", "old-b", "old-c"),
                    10,
                    Duration.ofSeconds(30),
                    Duration.ofSeconds(30));
            assertThat(other.remote().claim(all))
                    .extracting(held -> held.handle().job())
                    .containsExactlyInAnyOrderElementsOf(waiting);
        }
    }

    @Test
    void aKindThatAWorkerAskedForLatelyCountsAsHandled() throws Exception {
        long id = mill.enqueue(new JobRequest(kind, "{}"), EnqueueOptions.NONE.in(Duration.ofMillis(1)));
        await().atMost(Jobs.SOON).until(() -> mill.job(id).orElseThrow().state() == JobState.READY);
        assertThat(mill.remote()).isNotNull();
        assertThat(mill.why(id).orElseThrow().reasons())
                .extracting(reason -> reason.cause().name())
                .contains("KIND_UNHANDLED");
        Held held = claimOne();
        long waits = enqueue();
        assertThat(mill.why(waits).orElseThrow().reasons())
                .extracting(reason -> reason.cause().name())
                .doesNotContain("KIND_UNHANDLED");
        assertThat(mill.stats().unhandled()).extracting(Unhandled::kind).doesNotContain(kind);
        assertThat(held.handle().job()).isEqualTo(id);
    }

    @Test
    void aWorkersWordOpensTheBreakerAndItsProbeClosesIt() throws Exception {
        mill.remote()
                .dependOn(
                        Map.of(kind, Set.of("imaging")),
                        List.of(Breaker.of("imaging")
                                .failures(2)
                                .openFor(Duration.ofMillis(300), Duration.ofMillis(300))));
        enqueue();
        enqueue();
        for (Held held : mill.remote().claim(asking(2, Duration.ofSeconds(30), Duration.ofSeconds(30)))) {
            mill.remote().fail(held.handle(), Failure.dependencyDown("503", "imaging"));
        }
        await().atMost(Jobs.SOON).until(() -> state("imaging") != State.CLOSED);
        Held probe = claimOne();
        mill.remote().finish(probe.handle(), null);
        await().atMost(Jobs.SOON).until(() -> state("imaging") == State.CLOSED);
    }

    @Test
    void whatIsNoRequestIsRefusedWithItsRule() {
        refused(() -> new Request("w", Set.of(), Set.of(), 1, Duration.ZERO, SHORT), ErrorCode.INVALID_OPTION);
        refused(() -> new Request("w", Set.of("no kind"), Set.of(), 1, Duration.ZERO, SHORT), ErrorCode.INVALID_KIND);
        refused(() -> new Request("w", Set.of("A"), Set.of(), 101, Duration.ZERO, SHORT), ErrorCode.INVALID_OPTION);
        refused(
                () -> new Request("w", Set.of("A"), Set.of(), 1, Duration.ofMinutes(1), SHORT),
                ErrorCode.INVALID_OPTION);
        refused(() -> new Request(" ", Set.of("A"), Set.of(), 1, Duration.ZERO, SHORT), ErrorCode.INVALID_OPTION);
        refused(() -> asking(1, Duration.ZERO, Duration.ofMillis(10)), ErrorCode.INVALID_OPTION);
    }
}
