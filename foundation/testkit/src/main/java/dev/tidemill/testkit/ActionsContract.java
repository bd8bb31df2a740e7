package dev.tidemill.testkit;

import static dev.tidemill.testkit.StoreHand.dead;
import static dev.tidemill.testkit.StoreHand.ids;
import static dev.tidemill.testkit.StoreHand.retry;
import static dev.tidemill.testkit.StoreHand.success;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import dev.tidemill.jobs.AuditLine;
import dev.tidemill.jobs.ErrorCode;
import dev.tidemill.jobs.JobAction;
import dev.tidemill.jobs.JobFilter;
import dev.tidemill.jobs.JobState;
import dev.tidemill.jobs.JobView;
import dev.tidemill.jobs.Limit;
import dev.tidemill.jobs.Pause;
import dev.tidemill.jobs.Priorities;
import dev.tidemill.jobs.Priority;
import dev.tidemill.jobs.QueuePage;
import dev.tidemill.jobs.Steered;
import dev.tidemill.jobs.store.Actions.Done;
import dev.tidemill.jobs.store.Actions.Order;
import dev.tidemill.jobs.store.Actions.Progress;
import dev.tidemill.jobs.store.Actions.Step;
import dev.tidemill.jobs.store.Actions.Steps;
import dev.tidemill.jobs.store.ClaimedJob;
import dev.tidemill.jobs.store.Hint;
import dev.tidemill.jobs.store.JobStore;
import dev.tidemill.jobs.store.NewJob;
import dev.tidemill.jobs.store.NodeInfo;
import dev.tidemill.jobs.store.Roster;
import dev.tidemill.jobs.store.StoreException;
import dev.tidemill.jobs.store.Workplace;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What every store owes to people: other times and priorities, actions on many jobs, drained nodes, the audit trail. */
public abstract class ActionsContract {
    private static final String BY = "tester";
    private static final Priorities PRIORITIES = Priorities.standard();

    private final Instant later = Instant.now().plus(Duration.ofDays(2));

    private StoreHand hand;

    /** For the class that names the store. */
    protected ActionsContract() {}

    /** Opens the store under test, on a schema of its own. */
    protected abstract JobStore open();

    @BeforeEach
    void openStore() {
        hand = new StoreHand(open());
    }

    @AfterEach
    void closeStore() {
        hand.close();
    }

    private Steered reschedule(long job, @Nullable Instant at, Workplace... told) {
        return tell(hand.store().actions().reschedule(job, at, PRIORITIES, BY), told);
    }

    private Steered prioritize(long job, Priority priority, Workplace... told) {
        return tell(hand.store().actions().prioritize(job, priority, PRIORITIES, BY), told);
    }

    private static Steered tell(Done done, Workplace... told) {
        for (Workplace place : told) {
            done.hints().stream().filter(hint -> hint.dueMicros() == 0).forEach(place::hint);
        }
        return done.said();
    }

    private JobView job(long id) {
        return hand.store().desk().job(id).orElseThrow();
    }

    private long parked(Workplace place) {
        hand.store()
                .control()
                .putLimit(Limit.ofQueue(hand.queue()).concurrency(1).forEachKey(), BY);
        hand.add(hand.keyed(hand.job(), "k"));
        assertThat(hand.claim(place, 5)).hasSize(1);
        long parked = hand.add(hand.keyed(hand.job(), "k"));
        assertThat(hand.claim(place, 5)).isEmpty();
        return parked;
    }

    /** Does it to all that fits; returns how many it were. */
    private long all(JobFilter filter, JobAction action, int most, boolean dryRun, Workplace... told) {
        Order order = new Order(filter, action, PRIORITIES, BY);
        try (Steps steps = hand.store().actions().begin(order)) {
            @Nullable Progress at = null;
            int left = most;
            while (true) {
                Step step = steps.next(at, left, dryRun);
                for (Workplace place : told) {
                    step.hints().forEach(place::hint);
                }
                at = step.progress();
                left -= step.fitting();
                if (step.through() || left == 0) {
                    return at.count();
                }
            }
        }
    }

    private JobFilter mine() {
        return JobFilter.ANY.queue(hand.queue());
    }

    private List<AuditLine> audit(String target) {
        return hand.store().auditTrail().lines(Long.MAX_VALUE, 10, null, target);
    }

    @Test
    void aWaitingJobBecomesDueAtAnotherTimeWhereverItWaits() {
        Workplace place = hand.join();
        long ready = hand.add(hand.job());
        long scheduled = hand.add(hand.delayed(hand.job(), Duration.ofHours(1)));
        assertThat(reschedule(ready, later, place)).isEqualTo(Steered.DONE);
        assertThat(reschedule(scheduled, later, place)).isEqualTo(Steered.DONE);
        for (long id : List.of(ready, scheduled)) {
            assertThat(job(id).state()).isEqualTo(JobState.SCHEDULED);
            assertThat(Duration.between(later, job(id).dueAt()).abs()).isLessThan(Duration.ofMillis(1));
        }
        assertThat(hand.claim(place, 5)).isEmpty();
        assertThat(reschedule(ready, null, place)).isEqualTo(Steered.DONE);
        assertThat(reschedule(scheduled, Instant.now().minusSeconds(60), place)).isEqualTo(Steered.DONE);
        assertThat(ids(hand.claim(place, 5))).containsExactlyInAnyOrder(ready, scheduled);
        assertThat(audit("JOB " + ready))
                .extracting(AuditLine::action, AuditLine::by, AuditLine::detail)
                .containsExactly(tuple("reschedule", BY, "now"), tuple("reschedule", BY, later.toString()));
    }

    @Test
    void aJobAtALimitBecomesDueLaterAndComesBack() {
        Workplace place = hand.join();
        long parked = parked(place);
        assertThat(reschedule(parked, null)).isEqualTo(Steered.UNCHANGED);
        assertThat(reschedule(parked, later)).isEqualTo(Steered.DONE);
        assertThat(job(parked).state()).isEqualTo(JobState.SCHEDULED);
        assertThat(reschedule(parked, null, place)).isEqualTo(Steered.DONE);
        assertThat(hand.claim(place, 5)).isEmpty();
        hand.store()
                .control()
                .removeLimit(Limit.ofQueue(hand.queue()).forEachKey(), BY)
                .hints()
                .forEach(place::hint);
        assertThat(ids(hand.claim(place, 5))).containsExactly(parked);
    }

    @Test
    void anotherPriorityIsShownClaimedByAndKeptByARetry() {
        Workplace place = hand.join();
        List<Long> before = hand.add(20, hand.job());
        long id = hand.add(hand.job(Priority.LOW, Duration.ofHours(1)));
        assertThat(prioritize(id, Priority.CRITICAL, place)).isEqualTo(Steered.DONE);
        assertThat(prioritize(id, Priority.CRITICAL, place)).isEqualTo(Steered.UNCHANGED);
        assertThat(job(id).priority()).isEqualTo(Priority.CRITICAL);
        ClaimedJob job = hand.claimOne(place);
        assertThat(job.id()).isEqualTo(id);
        assertThat(job.priority()).isEqualTo(Priority.CRITICAL);
        StoreHand.finish(place, retry(job, Duration.ofHours(1), true));
        assertThat(prioritize(id, Priority.HIGH, place)).isEqualTo(Steered.DONE);
        assertThat(reschedule(id, null, place)).isEqualTo(Steered.DONE);
        List<ClaimedJob> rest = hand.claim(place, 30);
        assertThat(rest).hasSize(before.size() + 1);
        assertThat(rest.stream().filter(one -> one.id() == id).findFirst().orElseThrow())
                .matches(one -> one.priority() == Priority.HIGH && one.failures() == 1 && one.attempt() == 2);
    }

    @Test
    void anotherPriorityMovesTheStartDeadlineByTheDifferenceSoThatTheTimeWaitedCounts() {
        Workplace place = hand.join();
        long id = hand.add(hand.job(Priority.LOW, PRIORITIES.deadline(Priority.LOW)));
        assertThat(prioritize(id, Priority.HIGH, place)).isEqualTo(Steered.DONE);
        assertThat(Instant.EPOCH.plus(hand.claimOne(place).startByMicros(), ChronoUnit.MICROS))
                .isEqualTo(job(id).createdAt().plus(PRIORITIES.deadline(Priority.HIGH)));
    }

    @Test
    void anotherPriorityHoldsWhenTheJobWaitsAtALimitAndWhenItsNodeDies() {
        Workplace place = hand.join();
        long parked = parked(place);
        assertThat(prioritize(parked, Priority.HIGH, place)).isEqualTo(Steered.DONE);
        hand.store()
                .control()
                .removeLimit(Limit.ofQueue(hand.queue()).forEachKey(), BY)
                .hints()
                .forEach(place::hint);
        assertThat(hand.claimOne(place)).matches(job -> job.id() == parked && job.priority() == Priority.HIGH);
        place.leave();
        Workplace other = hand.join();
        List<ClaimedJob> again = hand.claim(other, 5);
        assertThat(again.stream()
                        .filter(job -> job.id() == parked)
                        .findFirst()
                        .orElseThrow()
                        .priority())
                .isEqualTo(Priority.HIGH);
    }

    @Test
    void whatDoesNotWaitIsLeftAloneAndSaidToBeSo() {
        Workplace place = hand.join();
        long running = hand.add(hand.job());
        ClaimedJob job = hand.claimOne(place);
        assertThat(reschedule(running, later)).isEqualTo(Steered.RUNNING);
        assertThat(prioritize(running, Priority.HIGH)).isEqualTo(Steered.RUNNING);
        StoreHand.finish(place, success(job));
        assertThat(reschedule(running, later)).isEqualTo(Steered.SUCCEEDED);
        long failing = hand.add(hand.job());
        StoreHand.finish(place, dead(hand.claimOne(place)));
        assertThat(prioritize(failing, Priority.HIGH)).isEqualTo(Steered.DEAD);
        long cancelled = hand.add(hand.job());
        hand.store().control().cancel(cancelled, BY);
        assertThat(reschedule(cancelled, later)).isEqualTo(Steered.CANCELLED);
        assertThat(reschedule(cancelled + 1_000_000, later)).isEqualTo(Steered.NOT_FOUND);
        assertThat(audit("JOB " + running)).isEmpty();
        assertThatThrownBy(() -> reschedule(hand.add(hand.job()), Instant.now().plus(Duration.ofDays(9_000))))
                .isInstanceOf(StoreException.class)
                .matches(refused -> ((StoreException) refused).code() == ErrorCode.INVALID_OPTION);
    }

    @Test
    void aDeadLetterIsReplayedWithAnotherPayload() {
        Workplace place = hand.join();
        long id = hand.add(hand.job());
        assertThat(hand.store().actions().replayEdited(id, "[1]", PRIORITIES, BY))
                .isEmpty();
        StoreHand.finish(place, dead(hand.claimOne(place)));
        List<Hint> hints = hand.store()
                .actions()
                .replayEdited(id, "{\"to\":\"a secret address\"}", PRIORITIES, BY)
                .orElseThrow();
        hints.forEach(place::hint);
        assertThat(job(id).payload()).isEqualTo("{\"to\":\"a secret address\"}");
        ClaimedJob again = hand.claimOne(place);
        assertThat(again.payload()).isEqualTo("{\"to\":\"a secret address\"}");
        assertThat(again).matches(job -> job.attempt() == 2 && job.failures() == 0);
        assertThat(hand.store().actions().replayEdited(id, "[1]", PRIORITIES, BY))
                .isEmpty();
        assertThat(audit("JOB " + id)).hasSize(1).allMatch(line -> line.detail().equals("with another payload"));
    }

    @Test
    void allThatFitsIsCancelledAndNothingElse() {
        Workplace place = hand.join();
        List<Long> plain = hand.add(1_500, hand.job());
        List<Long> keyed = hand.add(5, hand.keyed(hand.job(), "tenant"));
        List<Long> later = hand.add(7, hand.keyed(hand.delayed(hand.job(), Duration.ofHours(1)), "tenant"));
        JobFilter tenant = mine().key("tenant");
        assertThat(all(tenant, new JobAction.Cancel(), 100, true)).isEqualTo(12);
        assertThat(audit("JOBS " + tenant)).isEmpty();
        assertThat(all(tenant.state(JobState.SCHEDULED), new JobAction.Cancel(), 100, false))
                .isEqualTo(7);
        assertThat(later).allMatch(id -> hand.state(id) == JobState.CANCELLED);
        assertThat(all(tenant, new JobAction.Cancel(), 3, false)).isEqualTo(3);
        assertThat(all(tenant, new JobAction.Cancel(), 100, false)).isEqualTo(2);
        assertThat(keyed).allMatch(id -> hand.state(id) == JobState.CANCELLED);
        assertThat(audit("JOBS " + tenant))
                .extracting(AuditLine::action, AuditLine::detail)
                .containsExactly(tuple("cancel all", "2 jobs"), tuple("cancel all", "3 jobs"));
        List<Long> claimed = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            claimed.addAll(ids(hand.claim(place, 1_000)));
        }
        assertThat(claimed).containsExactlyInAnyOrderElementsOf(plain);
        assertThat(all(mine(), new JobAction.Cancel(), 5_000, false)).isZero();
    }

    @Test
    void jobsAreFoundByTheirTagsAndDeadLettersByTheirKeys() {
        Workplace place = hand.join();
        hand.add(4, hand.keyed(hand.job(), "other"));
        List<Long> tagged = hand.add(3, tagged(hand.keyed(hand.job(), "tenant")));
        JobFilter order = mine().tag("order", "7");
        assertThat(all(mine().tag("order", "8"), new JobAction.Cancel(), 10, true))
                .isZero();
        assertThat(all(order, new JobAction.Cancel(), 1, false)).isEqualTo(1);
        assertThat(tagged)
                .filteredOn(id -> hand.state(id) == JobState.CANCELLED)
                .hasSize(1);
        List<ClaimedJob> claimed = hand.claim(place, 10);
        assertThat(claimed).hasSize(6);
        claimed.forEach(job -> StoreHand.finish(place, dead(job)));
        assertThat(all(order, new JobAction.Discard(), 10, true)).isEqualTo(2);
        assertThat(all(mine().key("tenant"), new JobAction.Discard(), 10, true)).isEqualTo(2);
        assertThat(all(mine().key("other"), new JobAction.Replay(), 10, false)).isEqualTo(4);
        assertThat(all(order, new JobAction.Replay(), 10, false)).isEqualTo(2);
    }

    private static NewJob tagged(NewJob job) {
        return new NewJob(
                job.kind(),
                job.queue(),
                job.priority(),
                job.payload(),
                job.meta(),
                job.key(),
                Map.of("order", "7"),
                job.startWithinMicros(),
                job.delayMicros(),
                job.atMicros());
    }

    @Test
    void waitingJobsAreFoundByWhenTheyWereEnqueued() {
        List<Long> first = hand.add(3, hand.job());
        Instant between = hand.store()
                .desk()
                .job(first.getLast())
                .orElseThrow()
                .createdAt()
                .plusNanos(1_000);
        List<Long> second = hand.add(2, hand.delayed(hand.job(), Duration.ofHours(1)));
        assertThat(all(mine().enqueuedFrom(between), new JobAction.Cancel(), 10, true))
                .isEqualTo(2);
        assertThat(all(mine().enqueuedBefore(between), new JobAction.Cancel(), 10, false))
                .isEqualTo(3);
        assertThat(first).allMatch(id -> hand.state(id) == JobState.CANCELLED);
        assertThat(second).allMatch(id -> hand.state(id) == JobState.SCHEDULED);
    }

    @Test
    void allThatFitsIsMovedInPagesUnderOneLine() {
        Workplace place = hand.join();
        parked(place);
        hand.add(2_500, hand.job());
        hand.add(10, hand.delayed(hand.job(), Duration.ofHours(1)));
        assertThat(all(mine(), new JobAction.Reschedule(later), 100_000, false)).isEqualTo(2_511);
        assertThat(all(mine(), new JobAction.Reschedule(later), 100_000, false)).isZero();
        assertThat(all(mine().state(JobState.READY), new JobAction.Cancel(), 10, true))
                .isZero();
        assertThat(audit("JOBS " + mine()))
                .hasSize(1)
                .allMatch(line -> line.detail().equals("2511 jobs to " + later));
        assertThat(all(mine(), new JobAction.Prioritize(Priority.HIGH), 100_000, false))
                .isEqualTo(2_511);
        assertThat(all(mine(), new JobAction.Reschedule(null), 1_700, false, place))
                .isEqualTo(1_700);
        List<ClaimedJob> claimed = hand.claim(place, 1_000);
        assertThat(claimed).isNotEmpty().allMatch(job -> job.priority() == Priority.HIGH);
        assertThat(all(mine(), new JobAction.Prioritize(Priority.LOW), 100_000, false))
                .isEqualTo(2_511 - claimed.size());
    }

    @Test
    void deadLettersThatFitAreReplayedOrPutAside() {
        Workplace place = hand.join();
        hand.add(30, hand.job());
        for (ClaimedJob job : hand.claim(place, 30)) {
            StoreHand.finish(place, dead(job));
        }
        JobFilter broken = mine().code("HANDLER_FAILED");
        assertThat(all(broken.code("TIMED_OUT"), new JobAction.Replay(), 100, false))
                .isZero();
        assertThat(all(broken.kind("another"), new JobAction.Replay(), 100, false))
                .isZero();
        assertThat(all(broken.enqueuedBefore(Instant.EPOCH), new JobAction.Replay(), 100, false))
                .isZero();
        assertThat(all(broken.enqueuedFrom(Instant.EPOCH), new JobAction.Replay(), 12, false, place))
                .isEqualTo(12);
        List<ClaimedJob> again = hand.claim(place, 50);
        assertThat(again).hasSize(12).allMatch(job -> job.attempt() == 2 && job.failures() == 0);
        assertThat(all(mine(), new JobAction.Discard(), 100, false)).isEqualTo(18);
        assertThat(all(mine(), new JobAction.Discard(), 100, false)).isZero();
        assertThat(all(mine(), new JobAction.Replay(), 100, false)).isZero();
    }

    @Test
    void aDrainedNodeClaimsNothingUntilItIsCalledBackUnderWhateverEpoch() {
        Workplace place = hand.join();
        Roster roster = hand.store().roster();
        assertThat(roster.drain("nobody", BY, "")).isEqualTo(Roster.Answer.NOT_FOUND);
        hand.add(3, hand.job());
        List<ClaimedJob> held = hand.claim(place, 1);
        assertThat(roster.drain(Long.toString(place.epoch()), BY, "a new disk")).isEqualTo(Roster.Answer.DONE);
        assertThat(roster.drain("node-0", BY, "")).isEqualTo(Roster.Answer.WAS_SO);
        assertThat(place.drained()).isTrue();
        assertThat(hand.claim(place, 5)).isEmpty();
        assertThat(roster.drained())
                .hasSize(1)
                .allMatch(
                        one -> one.node().equals("node-0") && one.reason().equals("a new disk") && one.holding() == 1);
        assertThat(hand.store().desk().stats(QueuePage.ALL).nodes())
                .filteredOn(node -> node.epoch() == place.epoch())
                .allMatch(node -> node.duty().name().equals("DRAINING"));
        StoreHand.finish(place, success(held.getFirst()));
        assertThat(hand.store().desk().stats(QueuePage.ALL).nodes())
                .filteredOn(node -> node.epoch() == place.epoch())
                .hasSize(1)
                .allMatch(node -> node.duty().name().equals("DRAINED"));
        Workplace other = hand.join();
        assertThat(hand.claim(other, 1)).hasSize(1);
        place.leave();
        Workplace rejoined = hand.store()
                .join(new NodeInfo("node-0", "here", 1, Set.of(hand.kind()), List.of(hand.queue()), PRIORITIES));
        try (rejoined) {
            assertThat(rejoined.drained()).isTrue();
            assertThat(hand.claim(rejoined, 5)).isEmpty();
            assertThat(roster.undrain("node-0", BY)).isTrue();
            assertThat(roster.undrain("node-0", BY)).isFalse();
            assertThat(hand.claim(rejoined, 5)).hasSize(1);
            rejoined.leave();
        }
        assertThat(audit("NODE node-0")).extracting(AuditLine::action).containsExactly("undrain", "drain");
    }

    @Test
    void theTrailShowsTheNewestFirstByPageActionAndTarget() {
        Workplace place = hand.join();
        hand.store().control().pause(Pause.Scope.QUEUE, hand.queue(), "ada", "why");
        hand.store().control().resume(Pause.Scope.QUEUE, hand.queue(), "bob");
        hand.add(3, hand.job());
        for (ClaimedJob job : hand.claim(place, 3)) {
            StoreHand.finish(place, dead(job));
        }
        List<Long> letters = hand.store().desk().deadLetters(Long.MAX_VALUE, 0, 3).stream()
                .map(letter -> letter.jobId())
                .toList();
        hand.store().desk().replay(letters.subList(0, 2), PRIORITIES, "cleo");
        hand.store().desk().discard(List.of(letters.get(2)), "dan");
        List<AuditLine> newest = hand.store().auditTrail().lines(Long.MAX_VALUE, 2, null, null);
        assertThat(newest).extracting(AuditLine::by).containsExactly("dan", "cleo");
        assertThat(newest.getLast().target()).startsWith("JOBS ").contains(String.valueOf(letters.getFirst()));
        assertThat(newest.getFirst().target()).isEqualTo("JOB " + letters.get(2));
        List<AuditLine> next = hand.store().auditTrail().lines(newest.getLast().id(), 2, null, null);
        assertThat(next).extracting(AuditLine::action).containsExactly("resume", "pause");
        assertThat(hand.store().auditTrail().lines(Long.MAX_VALUE, 9, "pause", "QUEUE " + hand.queue()))
                .hasSize(1)
                .allMatch(line -> line.by().equals("ada") && line.detail().equals("why"));
    }
}
