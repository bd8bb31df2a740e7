package dev.tidemill.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
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
import dev.tidemill.jobs.RemoteWork;
import dev.tidemill.jobs.RemoteWork.Beat;
import dev.tidemill.jobs.RemoteWork.Failure;
import dev.tidemill.jobs.RemoteWork.Handle;
import dev.tidemill.jobs.RemoteWork.Held;
import dev.tidemill.jobs.RemoteWork.Line;
import dev.tidemill.jobs.RemoteWork.Request;
import dev.tidemill.jobs.RemoteWork.Step;
import dev.tidemill.jobs.Stats.Unhandled;
import dev.tidemill.jobs.Tidemill;
import dev.tidemill.jobs.TidemillBuilder;
import dev.tidemill.jobs.TidemillException;
import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.TestDatabase;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Jobs in the hands of workers that are not this process. */
@ExtendWith(FreshSchema.class)
final class RemoteWorkTest {
    private static final AtomicInteger COUNTER = new AtomicInteger();
    private static final Duration SHORT = Duration.ofSeconds(1);

    private final TestDatabase database;
    private final Tidemill mill;
    /** One of its own for each test. */
    private final String kind = "Resize" + COUNTER.incrementAndGet();

    RemoteWorkTest(TestDatabase database) {
        this.database = database;
        this.mill = builder().poisonAfter(2).nodeName("server-1").start();
    }

    private TidemillBuilder builder() {
        return Tidemill.on(database.dataSource()).schema(database.schema());
    }

    @AfterEach
    void stop() {
        mill.stop(Duration.ZERO);
    }

    private long enqueue() {
        return mill.enqueue(new JobRequest(kind, "{\"image\": 7}"));
    }

    private Request asking(int max, Duration wait, Duration lease) {
        return new Request("python-1", Set.of(kind), Set.of(), max, wait, lease);
    }

    private Held claimOne() throws InterruptedException {
        return claimOne(Duration.ofSeconds(30));
    }

    /** As a worker that nobody else is. */
    private Held claimOne(Duration lease) throws InterruptedException {
        return mill.remote()
                .claim(new Request(
                        "worker-" + COUNTER.incrementAndGet(),
                        Set.of(kind),
                        Set.of(),
                        1,
                        Duration.ofSeconds(30),
                        lease))
                .getFirst();
    }

    private Held sameWorkerClaims(Duration lease) throws InterruptedException {
        return mill.remote().claim(asking(1, Duration.ofSeconds(30), lease)).getFirst();
    }

    private List<Held> claimNow(int max) throws InterruptedException {
        return mill.remote().claim(asking(max, Duration.ZERO, Duration.ofSeconds(30)));
    }

    private static void refused(Runnable word, ErrorCode code) {
        assertThatThrownBy(word::run)
                .isInstanceOfSatisfying(
                        TidemillException.class,
                        refused -> assertThat(refused.code()).isEqualTo(code));
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
        await().until(() -> mill.job(id).orElseThrow().progress() != null);
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
        await().until(() ->
                mill.stats().nodes().stream().anyMatch(node -> node.kinds().contains(kind)));
        long id = enqueue();
        assertThat(waiting.get(10, java.util.concurrent.TimeUnit.SECONDS)
                        .handle()
                        .job())
                .isEqualTo(id);
    }

    @Test
    void aSilentWorkerLosesTheJobAndItsLateWordChangesNothing() throws Exception {
        long id = enqueue();
        Held first = sameWorkerClaims(SHORT);
        Held second = claimOne();
        assertThat(second.handle().job()).isEqualTo(id);
        assertThat(second.handle().attempt()).isEqualTo(2);
        assertThat(second.failures()).isZero();

        refused(() -> mill.remote().finish(first.handle(), null), ErrorCode.LEASE_LOST);
        refused(() -> mill.remote().fail(first.handle(), Failure.permanent("no")), ErrorCode.LEASE_LOST);
        Beat beat = mill.remote().heartbeat(first.handle(), null, List.of());
        assertThat(beat.goOn()).isFalse();
        assertThat(beat.ended()).isEqualTo(AttemptOutcome.LOST);
        assertThat(mill.job(id).orElseThrow().state()).isEqualTo(JobState.RUNNING);

        mill.remote().finish(second.handle(), null);
        JobView job = mill.job(id).orElseThrow();
        assertThat(Jobs.outcomes(job)).containsExactly(AttemptOutcome.LOST, AttemptOutcome.SUCCEEDED);
        assertThat(job.attempts().getFirst().error()).contains("python-1", "1000 ms");
    }

    @Test
    void aQuestionThatASilentWorkerLeftOpenGetsNoJob() throws Exception {
        long id = enqueue();
        assertThat(sameWorkerClaims(SHORT).handle().job()).isEqualTo(id);
        List<Held> left = mill.remote().claim(asking(1, Duration.ofSeconds(30), Duration.ofSeconds(30)));
        assertThat(left).isEmpty();
        assertThat(claimOne().handle()).extracting(Handle::job, Handle::attempt).containsExactly(id, 2);
    }

    @Test
    void heartbeatsKeepAnAttemptBeyondItsLease() throws Exception {
        long id = enqueue();
        Held held = claimOne(SHORT);
        long began = System.nanoTime();
        await().pollInterval(Duration.ofMillis(200)).until(() -> {
            assertThat(mill.remote().heartbeat(held.handle(), null, List.of()).goOn())
                    .isTrue();
            return System.nanoTime() - began > SHORT.multipliedBy(3).toNanos();
        });
        mill.remote().finish(held.handle(), null);
        assertThat(Jobs.outcomes(mill.job(id).orElseThrow())).containsExactly(AttemptOutcome.SUCCEEDED);
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
        DeadLetter letter = mill.deadLetters(0, 1000).stream()
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
        await().untilAsserted(() -> {
            Beat beat = mill.remote().heartbeat(cancelled.handle(), null, List.of());
            assertThat(beat.goOn()).isFalse();
            assertThat(beat.ended()).isEqualTo(AttemptOutcome.CANCELLED);
        });
        refused(() -> mill.remote().finish(cancelled.handle(), null), ErrorCode.LEASE_LOST);

        long slow = mill.enqueue(new JobRequest(kind, "{}"), EnqueueOptions.NONE.timeout(Duration.ofMillis(200)));
        Held late = claimOne();
        assertThat(late.timeout()).isEqualTo(Duration.ofMillis(200));
        await().untilAsserted(() -> assertThat(
                        mill.remote().heartbeat(late.handle(), null, List.of()).ended())
                .isEqualTo(AttemptOutcome.TIMED_OUT));
        await().untilAsserted(() ->
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

    @Test
    void aKindThatAWorkerAskedForLatelyCountsAsHandled() throws Exception {
        long id = mill.enqueue(new JobRequest(kind, "{}"), EnqueueOptions.NONE.in(Duration.ofMillis(1)));
        await().until(() -> mill.job(id).orElseThrow().state() == JobState.READY);
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
    void aJobWithWhichWorkersFallSilentIsBlamedInTheEndAndItsCompanyIsNot() throws Exception {
        long poison = enqueue();
        assertThat(claimOne(SHORT).handle().job()).isEqualTo(poison);
        await().until(() -> mill.job(poison).orElseThrow().state() == JobState.READY);
        long company = enqueue();
        List<Held> both = mill.remote().claim(asking(2, Duration.ofSeconds(30), SHORT));
        assertThat(both).hasSize(2);
        await().until(() -> mill.job(poison).orElseThrow().state() == JobState.DEAD);
        assertThat(mill.deadLetters(0, 1000).stream()
                        .filter(letter -> letter.jobId() == poison)
                        .map(DeadLetter::code))
                .containsExactly("POISONED");
        Held again = claimOne();
        assertThat(again.handle().job()).isEqualTo(company);
        mill.remote().finish(again.handle(), null);
    }

    @Test
    void aWorkerHasOneSuspectAtATime() throws Exception {
        List<Long> ids = List.of(enqueue(), enqueue());
        assertThat(mill.remote().claim(asking(2, Duration.ofSeconds(30), SHORT)))
                .hasSize(2);
        await().until(() ->
                ids.stream().allMatch(id -> mill.job(id).orElseThrow().state() == JobState.READY));
        Held one = sameWorkerClaims(Duration.ofSeconds(30));
        assertThat(claimNow(2)).isEmpty();
        mill.remote().finish(one.handle(), null);
        Held other = claimOne();
        mill.remote().finish(other.handle(), null);
        assertThat(ids).allMatch(id -> mill.job(id).orElseThrow().state() == JobState.SUCCEEDED);
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
        await().until(() -> state("imaging") != State.CLOSED);
        Held probe = claimOne();
        mill.remote().finish(probe.handle(), null);
        await().until(() -> state("imaging") == State.CLOSED);
    }

    private State state(String breaker) {
        return mill.breakers().list().stream()
                .filter(view -> view.breaker().name().equals(breaker))
                .findFirst()
                .orElseThrow()
                .state();
    }

    @Test
    void anotherProcessSaysWhoHandedTheJobOut() throws Exception {
        enqueue();
        Held held = claimOne();
        try (Tidemill other = builder().nodeName("server-2").start()) {
            RemoteWork there = other.remote();
            assertThatThrownBy(() -> there.finish(held.handle(), null))
                    .isInstanceOfSatisfying(
                            TidemillException.class,
                            refused -> assertThat(refused.code()).isEqualTo(ErrorCode.HELD_ELSEWHERE))
                    .hasMessageContaining("server-1");
            mill.remote().finish(held.handle(), null);
        }
    }

    @Test
    void aJobThatAStoppedProcessHadHandedOutGoesToTheNextOne() throws Exception {
        long id = enqueue();
        Held held = claimOne();
        try (Tidemill other = builder().nodeName("server-2").start()) {
            mill.stop(Duration.ZERO);
            Request asking = asking(1, Duration.ofSeconds(30), Duration.ofSeconds(30));
            Held again = other.remote().claim(asking).getFirst();
            assertThat(again.handle().job()).isEqualTo(id);
            refused(() -> other.remote().finish(held.handle(), null), ErrorCode.LEASE_LOST);
            other.remote().finish(again.handle(), null);
            assertThat(Jobs.outcomes(other.job(id).orElseThrow()))
                    .containsExactly(AttemptOutcome.RELEASED, AttemptOutcome.SUCCEEDED);
        }
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
