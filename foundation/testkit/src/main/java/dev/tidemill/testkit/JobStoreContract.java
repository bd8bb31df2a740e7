package dev.tidemill.testkit;

import static dev.tidemill.testkit.StoreHand.dead;
import static dev.tidemill.testkit.StoreHand.finish;
import static dev.tidemill.testkit.StoreHand.ids;
import static dev.tidemill.testkit.StoreHand.retry;
import static dev.tidemill.testkit.StoreHand.success;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemill.jobs.AttemptOutcome;
import dev.tidemill.jobs.AttemptView;
import dev.tidemill.jobs.DeadLetter;
import dev.tidemill.jobs.JobState;
import dev.tidemill.jobs.JobView;
import dev.tidemill.jobs.Priorities;
import dev.tidemill.jobs.Priority;
import dev.tidemill.jobs.store.ClaimedJob;
import dev.tidemill.jobs.store.Desk.Replayed;
import dev.tidemill.jobs.store.Hint;
import dev.tidemill.jobs.store.Intake.Added;
import dev.tidemill.jobs.store.JobStore;
import dev.tidemill.jobs.store.NewJob;
import dev.tidemill.jobs.store.Workplace;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What every job store must do with a job on its way from enqueue to outcome. */
public abstract class JobStoreContract {
    private StoreHand hand;

    /** For the class that names the store. */
    protected JobStoreContract() {}

    /** Opens the store under test. */
    protected abstract JobStore open();

    @BeforeEach
    final void openStore() {
        hand = new StoreHand(open());
    }

    @AfterEach
    final void closeStore() {
        hand.close();
    }

    @Test
    void anAddedJobIsClaimedWithEverythingItWasGiven() {
        NewJob job = new NewJob(
                hand.kind(),
                hand.queue(),
                Priority.HIGH,
                "{\"a\":1}",
                "{\"trace\":\"t\"}",
                null,
                Map.of(),
                5_000_000,
                0,
                0);
        long id = hand.add(job);
        ClaimedJob claimed = hand.claimOne(hand.join());
        assertThat(claimed.id()).isEqualTo(id);
        assertThat(claimed.attempt()).isEqualTo(1);
        assertThat(claimed.failures()).isZero();
        assertThat(claimed.kind()).isEqualTo(hand.kind());
        assertThat(claimed.queue()).isEqualTo(hand.queue());
        assertThat(claimed.priority()).isEqualTo(Priority.HIGH);
        assertThat(claimed.payload()).isEqualTo("{\"a\":1}");
        assertThat(claimed.meta()).isEqualTo("{\"trace\":\"t\"}");
    }

    @Test
    void idsArePositiveUniqueAndInTheOrderGiven() {
        List<NewJob> jobs = new ArrayList<>();
        for (int i = 0; i < 3_000; i++) {
            jobs.add(new NewJob(
                    hand.kind(), hand.queue(), Priority.LOW, "{\"i\":" + i + "}", null, null, Map.of(), 1_000, 0, 0));
        }
        List<Long> added = hand.store().intake().add(jobs).ids();
        assertThat(added).hasSize(3_000).doesNotHaveDuplicates().allMatch(id -> id > 0);
        for (int i = 0; i < 3_000; i += 499) {
            assertThat(hand.store().desk().job(added.get(i)).orElseThrow().payload())
                    .isEqualTo("{\"i\":" + i + "}");
        }
    }

    @Test
    void aJobIsClaimedOnce() {
        List<Long> added = hand.add(100, hand.job());
        Workplace one = hand.join();
        Workplace other = hand.join();
        List<Long> claimed = new ArrayList<>(ids(hand.claim(one, 60)));
        claimed.addAll(ids(hand.claim(other, 60)));
        assertThat(claimed).containsExactlyInAnyOrderElementsOf(added);
        assertThat(hand.claim(one, 10)).isEmpty();
        assertThat(hand.claim(other, 10)).isEmpty();
    }

    @Test
    void everyStateAJobCanBeInIsTold() {
        Workplace place = hand.join();
        long id = hand.add(hand.delayed(hand.job(), Duration.ofHours(1)));
        assertThat(hand.state(id)).isEqualTo(JobState.SCHEDULED);
        assertThat(hand.store().desk().job(id).orElseThrow().dueAt()).isNotNull();

        long ready = hand.add(hand.job());
        assertThat(hand.state(ready)).isEqualTo(JobState.READY);
        ClaimedJob claimed = hand.claimOne(place);
        assertThat(hand.state(ready)).isEqualTo(JobState.RUNNING);
        finish(place, retry(claimed, Duration.ofHours(1), true));
        assertThat(hand.state(ready)).isEqualTo(JobState.SCHEDULED);

        long dying = hand.add(hand.job());
        finish(place, dead(hand.claimOne(place)));
        assertThat(hand.state(dying)).isEqualTo(JobState.DEAD);
        hand.store().desk().replay(List.of(dying), Priorities.standard(), "tester");
        assertThat(hand.state(dying)).isEqualTo(JobState.READY);
        finish(place, dead(hand.claimOne(place)));
        assertThat(hand.store().desk().discard(List.of(dying, -1L), "tester")).containsExactly(dying);
        assertThat(hand.state(dying)).isEqualTo(JobState.DISCARDED);

        long done = hand.add(hand.job());
        finish(place, success(hand.claimOne(place)));
        assertThat(hand.state(done)).isEqualTo(JobState.SUCCEEDED);
        assertThat(hand.store().desk().job(Long.MAX_VALUE)).isEmpty();
    }

    @Test
    void whatIsStillRunningInALeaseDoesNotHideWhatIsFinishedInIt() {
        Workplace place = hand.join();
        hand.add(3, hand.job());
        List<ClaimedJob> jobs = hand.claim(place, 3);
        place.finish(List.of(success(jobs.get(0)), retry(jobs.get(1), Duration.ZERO, true)), List.of(), List.of());
        assertThat(hand.state(jobs.get(0).id())).isEqualTo(JobState.SUCCEEDED);
        assertThat(hand.state(jobs.get(1).id())).isEqualTo(JobState.READY);
        assertThat(hand.state(jobs.get(2).id())).isEqualTo(JobState.RUNNING);
    }

    @Test
    void aRetryKeepsCountOfAttemptsAndFailures() {
        Workplace place = hand.join();
        long id = hand.add(hand.job());
        finish(place, retry(hand.claimOne(place), Duration.ZERO, true));
        ClaimedJob second = hand.claimOne(place);
        assertThat(second.attempt()).isEqualTo(2);
        assertThat(second.failures()).isEqualTo(1);
        finish(place, retry(second, Duration.ZERO, false));
        ClaimedJob third = hand.claimOne(place);
        assertThat(third.attempt()).isEqualTo(3);
        assertThat(third.failures()).isEqualTo(1);
        finish(place, success(third));
        JobView job = hand.store().desk().job(id).orElseThrow();
        assertThat(job.attempts()).extracting(AttemptView::attempt).containsExactly(1, 2, 3);
        assertThat(job.attempts())
                .extracting(AttemptView::outcome)
                .containsExactly(AttemptOutcome.FAILED, AttemptOutcome.FAILED, AttemptOutcome.SUCCEEDED);
        assertThat(job.attempts().getFirst().error()).isEqualTo("it broke");
    }

    @Test
    void aDelayedJobBecomesReadyWhenItIsDueAndNotBefore() {
        long soon = hand.add(hand.delayed(hand.job(), Duration.ofNanos(1_000)));
        long later = hand.add(hand.delayed(hand.job(), Duration.ofHours(1)));
        assertThat(hand.store().upkeep().moveDue().nextDueMicros()).isPositive();
        assertThat(hand.state(soon)).isEqualTo(JobState.READY);
        assertThat(hand.state(later)).isEqualTo(JobState.SCHEDULED);
        assertThat(ids(hand.claim(hand.join(), 10))).containsExactly(soon);
    }

    @Test
    void aPageOfDeadLettersGoesOnThoughItsLastOneIsReplayedOrFailsAnew() {
        Workplace place = hand.join();
        List<Long> added = hand.add(3, hand.job());
        for (ClaimedJob job : hand.claim(place, 3)) {
            finish(place, dead(job));
        }
        List<DeadLetter> first = hand.store().desk().deadLetters(Long.MAX_VALUE, 0, 2);
        List<Long> seen = first.stream().map(DeadLetter::jobId).toList();
        assertThat(added).containsAll(seen);
        Long last = added.stream().filter(id -> !seen.contains(id)).findFirst().orElseThrow();

        hand.store().desk().replay(seen, Priorities.standard(), "tester");
        assertThat(after(first.getLast())).first().extracting(DeadLetter::jobId).isEqualTo(last);
        for (ClaimedJob job : hand.claim(place, 2)) {
            finish(place, dead(job));
        }
        assertThat(after(first.getLast()))
                .extracting(DeadLetter::jobId)
                .startsWith(last)
                .doesNotContainAnyElementsOf(seen);
    }

    private List<DeadLetter> after(DeadLetter letter) {
        long failedMicros = ChronoUnit.MICROS.between(Instant.EPOCH, letter.failedAt());
        return hand.store().desk().deadLetters(failedMicros, letter.jobId(), 1000);
    }

    @Test
    void deadLettersAreListedReplayedAndPutAside() {
        Workplace place = hand.join();
        List<Long> added = hand.add(3, hand.job());
        for (ClaimedJob job : hand.claim(place, 3)) {
            finish(place, dead(job));
        }
        List<DeadLetter> first = hand.store().desk().deadLetters(Long.MAX_VALUE, 0, 2);
        assertThat(first).hasSize(2).allMatch(letter -> letter.code().equals("HANDLER_FAILED"));
        List<DeadLetter> rest = after(first.getLast());
        assertThat(rest.getFirst().kind()).isEqualTo(hand.kind());

        Replayed replayed =
                hand.store().desk().replay(List.of(added.get(0), 1L, added.get(0)), Priorities.standard(), "tester");
        assertThat(replayed.ids()).containsExactly(added.get(0));
        assertThat(replayed.hints()).extracting(Hint::queue).containsExactly(hand.queue());
        ClaimedJob again = hand.claimOne(place);
        assertThat(again.id()).isEqualTo(added.get(0));
        assertThat(again.failures()).isZero();
        assertThat(again.attempt()).isEqualTo(2);

        assertThat(hand.store().desk().discard(List.of(added.get(1)), "tester")).containsExactly(added.get(1));
        assertThat(hand.store().desk().discard(List.of(added.get(1)), "tester")).isEmpty();
        assertThat(hand.store()
                        .desk()
                        .replay(List.of(added.get(1)), Priorities.standard(), "tester")
                        .ids())
                .isEmpty();
    }

    @Test
    void jobsAreFoundByTheirTagsNewestFirst() {
        NewJob tagged = new NewJob(
                hand.kind(),
                hand.queue(),
                Priority.LOW,
                "{}",
                "{\"tags\":{\"order\":\"" + hand.queue() + "\"}}",
                null,
                Map.of("order", hand.queue()),
                1_000,
                0,
                0);
        List<Long> added = hand.add(5, tagged);
        List<JobView> newest = hand.store().desk().tagged("order", hand.queue(), Long.MAX_VALUE, 3);
        assertThat(newest).extracting(JobView::id).containsExactly(added.get(4), added.get(3), added.get(2));
        assertThat(newest.getFirst().tags()).containsEntry("order", hand.queue());
        assertThat(hand.store().desk().tagged("order", hand.queue(), added.get(2), 10))
                .extracting(JobView::id)
                .containsExactly(added.get(1), added.get(0));
        assertThat(hand.store().desk().tagged("order", "none", Long.MAX_VALUE, 10))
                .isEmpty();
    }

    @Test
    void addingTellsWhatToWakeALaneEach() {
        Added added = hand.store()
                .intake()
                .add(List.of(
                        hand.job(Priority.LOW, Duration.ofMinutes(2)),
                        hand.job(Priority.LOW, Duration.ofMinutes(1)),
                        hand.delayed(hand.job(Priority.HIGH, Duration.ofMinutes(1)), Duration.ofHours(1))));
        assertThat(added.hints())
                .hasSize(2)
                .anySatisfy(hint -> {
                    assertThat(hint.priority()).isEqualTo(Priority.LOW);
                    assertThat(hint.dueMicros()).isZero();
                })
                .anySatisfy(hint -> {
                    assertThat(hint.priority()).isEqualTo(Priority.HIGH);
                    assertThat(hint.dueMicros()).isPositive();
                });
        Hint low = added.hints().stream()
                .filter(hint -> hint.priority() == Priority.LOW)
                .findFirst()
                .orElseThrow();
        assertThat(low.startByMicros())
                .as("no hint is later than the job it announces")
                .isLessThanOrEqualTo(hand.claimOne(hand.join()).startByMicros());
    }
}
