package dev.tidemill.testkit;

import static dev.tidemill.testkit.StoreHand.dead;
import static dev.tidemill.testkit.StoreHand.finish;
import static dev.tidemill.testkit.StoreHand.ids;
import static dev.tidemill.testkit.StoreHand.retry;
import static dev.tidemill.testkit.StoreHand.success;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import dev.tidemill.jobs.Enqueued;
import dev.tidemill.jobs.Enqueued.How;
import dev.tidemill.jobs.JobState;
import dev.tidemill.jobs.JobView;
import dev.tidemill.jobs.Limit;
import dev.tidemill.jobs.Priorities;
import dev.tidemill.jobs.Unique;
import dev.tidemill.jobs.store.ClaimedJob;
import dev.tidemill.jobs.store.Intake.Added;
import dev.tidemill.jobs.store.JobStore;
import dev.tidemill.jobs.store.NewJob;
import dev.tidemill.jobs.store.Workplace;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What every store owes to unique jobs. */
public abstract class UniqueContract {
    private static final Duration HOUR = Duration.ofHours(1);
    private static final Duration SOON = Duration.ofSeconds(30);

    private StoreHand hand;

    /** For the class that names the store. */
    protected UniqueContract() {}

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

    private NewJob job(Unique unique, String payload) {
        Duration quiet = unique.quiet();
        return with(quiet == null ? hand.job() : hand.delayed(hand.job(), quiet), unique, payload);
    }

    private static NewJob with(NewJob plain, Unique unique, String payload) {
        return new NewJob(
                plain.kind(),
                plain.queue(),
                plain.priority(),
                payload,
                plain.meta(),
                plain.key(),
                plain.tags(),
                plain.startWithinMicros(),
                plain.delayMicros(),
                plain.atMicros(),
                unique);
    }

    private Enqueued add(Unique unique, String payload) {
        return hand.store().intake().add(List.of(job(unique, payload))).first();
    }

    private ClaimedJob claimOne(Workplace place) {
        List<ClaimedJob> claimed = new ArrayList<>();
        until(() -> {
            hand.store().upkeep().moveDue().hints().forEach(place::hint);
            claimed.addAll(hand.claim(place, 1));
            return !claimed.isEmpty();
        });
        return claimed.getFirst();
    }

    private static void until(BooleanSupplier condition) {
        long end = System.nanoTime() + SOON.toNanos();
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime()).as("it takes too long").isLessThan(end);
            LockSupport.parkNanos(1_000_000L);
        }
    }

    private JobView view(long id) {
        return hand.store().desk().job(id).orElseThrow();
    }

    @Test
    void theFirstIsKeptUntilItsEndHoweverOftenItIsTried() {
        Unique unique = Unique.key("one");
        Enqueued first = add(unique, "1");
        assertThat(first.created()).isTrue();
        assertThat(add(unique, "2")).isEqualTo(new Enqueued(first.id(), How.KEPT));
        Workplace place = hand.join();
        finish(place, retry(claimOne(place), Duration.ZERO, true));
        assertThat(add(unique, "3")).isEqualTo(new Enqueued(first.id(), How.KEPT));
        ClaimedJob again = claimOne(place);
        assertThat(again.payload()).isEqualTo("1");
        hand.store().upkeep().rollUp(Duration.ZERO);
        assertThat(add(unique, "4")).isEqualTo(new Enqueued(first.id(), How.KEPT));
        finish(place, success(again));
        Enqueued next = add(unique, "5");
        assertThat(next.created()).isTrue();
        assertThat(next.id()).isNotEqualTo(first.id());
        finish(place, dead(claimOne(place)));
        assertThat(add(unique, "6").created()).isTrue();
    }

    @Test
    void keysAreOfAKindAndOthersAreNotConcerned() {
        Unique unique = Unique.key("one");
        add(unique, "1");
        assertThat(add(Unique.key("other"), "1").created()).isTrue();
        NewJob other = with(hand.ofKind(hand.job(), hand.kind() + "-other"), unique, "1");
        assertThat(hand.store().intake().add(List.of(other)).first().created()).isTrue();
        hand.add(hand.job());
        assertThat(hand.claim(hand.join(), 10)).hasSize(3);
    }

    @Test
    void aCallWithTheSameKeyTwiceMakesOneJobBesideTheOthers() {
        Unique unique = Unique.key("twice");
        Added added = hand.store()
                .intake()
                .add(List.of(job(unique, "1"), hand.job(), job(unique.replace(), "2"), job(Unique.key("a"), "3")));
        assertThat(added.hows()).containsExactly(How.CREATED, How.CREATED, How.REPLACED, How.CREATED);
        assertThat(added.ids().get(2)).isEqualTo(added.ids().getFirst());
        assertThat(view(added.ids().getFirst()).payload()).isEqualTo("2");
        assertThat(ids(hand.claim(hand.join(), 10))).hasSize(3);
    }

    @Test
    void aPayloadIsReplacedUntilTheJobHasStarted() {
        Unique unique = Unique.key("replace").replace();
        Enqueued first = add(unique, "1");
        assertThat(add(unique, "2")).isEqualTo(new Enqueued(first.id(), How.REPLACED));
        Workplace place = hand.join();
        ClaimedJob claimed = claimOne(place);
        assertThat(claimed.payload()).isEqualTo("2");
        Enqueued next = add(unique, "3");
        assertThat(next.created()).isTrue();
        assertThat(claimOne(place).id()).isEqualTo(next.id());
        assertThat(view(first.id()).payload()).isEqualTo("2");
    }

    @Test
    void aRunningJobThatHasItsKeyToItsEndKeepsItsPayload() {
        Unique unique = Unique.key("replace").replace().releaseAtEnd();
        Enqueued first = add(unique, "1");
        Workplace place = hand.join();
        ClaimedJob claimed = claimOne(place);
        assertThat(add(unique, "2")).isEqualTo(new Enqueued(first.id(), How.KEPT));
        finish(place, retry(claimed, Duration.ZERO, true));
        assertThat(add(unique, "3")).isEqualTo(new Enqueued(first.id(), How.KEPT));
        assertThat(view(first.id()).payload()).isEqualTo("1");
    }

    @Test
    void aKeyReleasedAtTheStartLetsTheNextOneWaitWhileTheFirstRuns() {
        Unique unique = Unique.key("start").releaseAtStart();
        Enqueued first = add(unique, "1");
        assertThat(add(unique, "2").id()).isEqualTo(first.id());
        Workplace place = hand.join();
        claimOne(place);
        Enqueued next = add(unique, "3");
        assertThat(next.created()).isTrue();
        assertThat(add(unique, "4").id()).isEqualTo(next.id());
        assertThat(claimOne(place).id()).isEqualTo(next.id());
    }

    @Test
    void theLastOfADebouncedJobWinsAndItWaitsNoLongerThanItsMaximum() {
        Unique unique = Unique.key("debounce").debounce(Duration.ofMinutes(5), Duration.ofMinutes(8));
        Enqueued first = add(unique, "1");
        Instant due = Objects.requireNonNull(view(first.id()).dueAt());
        assertThat(add(unique, "2")).isEqualTo(new Enqueued(first.id(), How.REPLACED));
        assertThat(view(first.id()).dueAt()).isAfter(due).isBefore(due.plus(Duration.ofMinutes(1)));
        Unique longer = Unique.key("debounce").debounce(Duration.ofMinutes(7), Duration.ofMinutes(8));
        add(longer, "3");
        assertThat(view(first.id()).dueAt()).isBetween(due.plusSeconds(119), due.plusSeconds(179));
        Unique longest = Unique.key("debounce").debounce(Duration.ofMinutes(8), Duration.ofMinutes(8));
        add(longest, "4");
        // Five minutes after the first comes its due, and three later its maximum.
        assertThat(view(first.id()).dueAt()).isBetween(due.plusSeconds(179), due.plusSeconds(180));
        assertThat(view(first.id()).payload()).isEqualTo("4");
    }

    @Test
    void aKeyTakenAgainGoesByWhatItsNewJobWishes() {
        Workplace place = hand.join();
        Unique toTheEnd = Unique.key("wish").releaseAtEnd();
        add(toTheEnd, "1");
        finish(place, success(claimOne(place)));
        Unique toTheStart = toTheEnd.releaseAtStart();
        assertThat(add(toTheStart, "2").created()).isTrue();
        claimOne(place);
        assertThat(add(toTheStart, "3").created()).as("the second has started").isTrue();

        Unique brief = Unique.key("beat").throttle(Duration.ofMillis(20));
        add(brief, "1");
        until(() -> add(brief, "2").created());
        until(() -> add(brief.throttle(HOUR), "3").created());
        assertThat(add(brief, "4").how()).as("a window of its own").isEqualTo(How.KEPT);
    }

    @Test
    void theMaximumOfADebouncedJobCountsFromItsOwnFirst() {
        Unique brief = Unique.key("again").debounce(Duration.ofMillis(300), Duration.ofMillis(300));
        add(brief, "1");
        Workplace place = hand.join();
        finish(place, success(claimOne(place)));
        Unique unique = Unique.key("again").debounce(HOUR, HOUR);
        Enqueued second = add(unique, "2");
        Instant due = Objects.requireNonNull(view(second.id()).dueAt());
        assertThat(add(unique, "3")).isEqualTo(new Enqueued(second.id(), How.REPLACED));
        // The first one's maximum would end a third of a second before.
        assertThat(view(second.id()).dueAt()).isBetween(due.minusMillis(150), due);
    }

    @Test
    void aDebouncedJobRunsWithItsLastPayload() {
        Unique unique = Unique.key("debounce").debounce(Duration.ofMillis(50), Duration.ofSeconds(1));
        Enqueued first = add(unique, "1");
        add(unique, "2");
        ClaimedJob claimed = claimOne(hand.join());
        assertThat(claimed.id()).isEqualTo(first.id());
        assertThat(claimed.payload()).isEqualTo("2");
    }

    @Test
    void aThrottledKeyIsTakenForItsWindowWhateverBecomesOfTheJob() {
        Unique unique = Unique.key("throttle").throttle(HOUR);
        Enqueued first = add(unique, "1");
        Workplace place = hand.join();
        finish(place, success(claimOne(place)));
        assertThat(add(unique, "2")).isEqualTo(new Enqueued(first.id(), How.KEPT));
        Unique brief = Unique.key("brief").throttle(Duration.ofMillis(20));
        add(brief, "1");
        until(() -> add(brief, "2").created());
        assertThat(hand.claim(place, 10)).hasSize(2);
    }

    @Test
    void aKeyIsTakenForItsWindowEvenWhenItsJobHasEnded() {
        Unique unique = Unique.key("window").within(HOUR);
        Enqueued first = add(unique, "1");
        Workplace place = hand.join();
        finish(place, success(claimOne(place)));
        assertThat(add(unique, "2").id()).isEqualTo(first.id());
        Unique brief = Unique.key("brief").within(Duration.ofMillis(20));
        Enqueued second = add(brief, "1");
        ClaimedJob running = claimOne(place);
        assertThat(running.id()).isEqualTo(second.id());
        long windowOver = System.nanoTime() + Duration.ofMillis(25).toNanos();
        until(() -> System.nanoTime() - windowOver > 0);
        assertThat(add(brief, "2").id()).isEqualTo(second.id());
        finish(place, success(running));
        until(() -> add(brief, "3").created());
    }

    @Test
    void aCancelledJobLetsGoOfItsKey() {
        Unique unique = Unique.key("cancel");
        Enqueued first = add(unique, "1");
        hand.store().control().cancel(first.id(), "tester");
        assertThat(hand.claim(hand.join(), 1)).isEmpty();
        assertThat(hand.state(first.id())).isEqualTo(JobState.CANCELLED);
        assertThat(add(unique, "2").created()).isTrue();
    }

    @Test
    void aDeadNodeKeepsNoKeyForEver() {
        Unique unique = Unique.key("lost");
        Enqueued first = add(unique, "1");
        Workplace place = hand.join();
        claimOne(place);
        hand.store().upkeep().rescue(Duration.ZERO, Duration.ZERO);
        assertThat(add(unique, "2").id()).isEqualTo(first.id());
        Workplace other = hand.join();
        ClaimedJob again = claimOne(other);
        assertThat(again.id()).isEqualTo(first.id());
        finish(other, success(again));
        assertThat(add(unique, "3").created()).isTrue();
    }

    @Test
    void uniqueJobsInALimitedQueueAreReplacedWhileTheyWaitForTheirTurn() {
        hand.store().control().putLimit(Limit.ofQueue(hand.queue()).concurrency(1), "tester");
        Unique one = Unique.key("one").replace();
        Unique two = Unique.key("two").replace();
        add(one, "1");
        Enqueued second = add(two, "1");
        Workplace place = hand.join();
        ClaimedJob claimed = claimOne(place);
        assertThat(claimed.payload()).isEqualTo("1");
        assertThat(add(two, "2")).isEqualTo(new Enqueued(second.id(), How.REPLACED));
        finish(place, success(claimed));
        assertThat(claimOne(place).payload()).isEqualTo("2");
    }

    @Test
    void aWaitingJobThatIsToBeCancelledHasItsKeyNoLonger() {
        Unique unique = Unique.key("cancel");
        Enqueued first = add(unique, "1");
        hand.store().control().cancel(first.id(), "tester");
        Enqueued second = add(unique, "2");
        assertThat(second.created()).isTrue();
        assertThat(ids(hand.claim(hand.join(), 10))).containsExactly(second.id());
    }

    @Test
    void aReplayedDeadLetterHasItsKeyAgainUnlessAnotherTookIt() {
        Workplace place = hand.join();
        Unique unique = Unique.key("replayed");
        Enqueued first = add(unique, "1");
        finish(place, dead(claimOne(place)));
        assertThat(view(first.id()).uniqueKey()).isNull();
        hand.store().upkeep().rollUp(Duration.ZERO);
        hand.store().desk().replay(List.of(first.id()), Priorities.standard(), "tester");
        assertThat(view(first.id()).uniqueKey()).isEqualTo("replayed");
        assertThat(add(unique, "2")).isEqualTo(new Enqueued(first.id(), How.KEPT));
        assertThat(add(unique.replace().releaseAtEnd(), "2")).isEqualTo(new Enqueued(first.id(), How.KEPT));
        finish(place, dead(claimOne(place)));
        Enqueued other = add(unique, "3");
        assertThat(other.created()).isTrue();
        hand.store().desk().replay(List.of(first.id()), Priorities.standard(), "tester");
        assertThat(add(unique, "4")).isEqualTo(new Enqueued(other.id(), How.KEPT));
        assertThat(view(first.id()).uniqueKey()).isNull();
    }

    @Test
    void aJobThatWasLostAfterItsStartHasNotItsKeyAgain() {
        Unique unique = Unique.key("lost").replace();
        Enqueued first = add(unique, "1");
        claimOne(hand.join());
        hand.store().upkeep().rescue(Duration.ZERO, Duration.ZERO);
        Enqueued next = add(unique, "2");
        assertThat(next.created()).isTrue();
        assertThat(hand.claim(hand.join(), 10))
                .extracting(ClaimedJob::id, ClaimedJob::payload)
                .containsExactlyInAnyOrder(tuple(first.id(), "1"), tuple(next.id(), "2"));
    }

    @Test
    void aJobGivenBackBeforeItsStartIsReplacedAgain() {
        Unique unique = Unique.key("given back").replace();
        Enqueued first = add(unique, "1");
        Workplace place = hand.join();
        place.giveBack(List.of(claimOne(place)));
        assertThat(add(unique, "2")).isEqualTo(new Enqueued(first.id(), How.REPLACED));
        assertThat(claimOne(hand.join()).payload()).isEqualTo("2");
    }

    @Test
    void aDelayedJobIsReplacedAndKeepsItsTime() {
        Unique unique = Unique.key("delayed").replace();
        Enqueued first = hand.store()
                .intake()
                .add(List.of(with(hand.delayed(hand.job(), HOUR), unique, "1")))
                .first();
        Instant due = view(first.id()).dueAt();
        assertThat(view(first.id()).uniqueKey()).isEqualTo("delayed");
        assertThat(add(unique, "2")).isEqualTo(new Enqueued(first.id(), How.REPLACED));
        assertThat(view(first.id()).dueAt()).isEqualTo(due);
        assertThat(view(first.id()).payload()).isEqualTo("2");
    }

    @Test
    void uniqueJobsOfALimitedKeyAreReplacedWhereTheyAreParked() {
        hand.store()
                .control()
                .putLimit(Limit.ofQueue(hand.queue()).concurrency(1).forEachKey(), "tester");
        NewJob keyed = hand.keyed(hand.job(), "tenant");
        Unique one = Unique.key("one").replace();
        Unique two = Unique.key("two").replace();
        hand.store().intake().add(List.of(with(keyed, one, "1")));
        Enqueued second =
                hand.store().intake().add(List.of(with(keyed, two, "1"))).first();
        Workplace place = hand.join();
        List<ClaimedJob> claimed = hand.claim(place, 10);
        assertThat(claimed).hasSize(1);
        assertThat(hand.store().intake().add(List.of(with(keyed, two, "2"))).first())
                .isEqualTo(new Enqueued(second.id(), How.REPLACED));
        assertThat(hand.claim(place, 10)).isEmpty();
        finish(place, success(claimed.getFirst()));
        assertThat(claimOne(place).payload()).isEqualTo("2");
    }

    @Test
    void uniqueJobsTakeTheirTurnsInAFairQueue() {
        hand.store().control().share(hand.queue(), true, "tester");
        List<NewJob> jobs = new ArrayList<>();
        for (String of : List.of("big-1", "big-2", "big-3", "small-1")) {
            jobs.add(with(hand.keyed(hand.job(), of.substring(0, of.indexOf('-'))), Unique.key(of), of));
        }
        jobs.forEach(job -> hand.store().intake().add(List.of(job)));
        Workplace place = hand.join();
        List<@Nullable String> turns = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            turns.add(claimOne(place).payload());
        }
        assertThat(turns.indexOf("small-1")).isLessThanOrEqualTo(1);
        assertThat(turns).containsSubsequence("big-1", "big-2", "big-3");
    }
}
