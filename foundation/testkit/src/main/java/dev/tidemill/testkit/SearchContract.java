package dev.tidemill.testkit;

import static dev.tidemill.testkit.StoreHand.dead;
import static dev.tidemill.testkit.StoreHand.finish;
import static dev.tidemill.testkit.StoreHand.retry;
import static dev.tidemill.testkit.StoreHand.success;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tidemill.jobs.AttemptOutcome;
import dev.tidemill.jobs.JobFilter;
import dev.tidemill.jobs.JobState;
import dev.tidemill.jobs.JobView;
import dev.tidemill.jobs.Limit;
import dev.tidemill.jobs.store.ClaimedJob;
import dev.tidemill.jobs.store.JobStore;
import dev.tidemill.jobs.store.NewJob;
import dev.tidemill.jobs.store.Outcome;
import dev.tidemill.jobs.store.Outcome.Next;
import dev.tidemill.jobs.store.Search.Found;
import dev.tidemill.jobs.store.Search.Place;
import dev.tidemill.jobs.store.StoreException;
import dev.tidemill.jobs.store.Workplace;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What every store owes to whoever looks for jobs: all that fit, each of them once, in pages of a bounded size. */
public abstract class SearchContract {
    private static final String BY = "tester";

    private StoreHand hand;

    /** For the class that names the store. */
    protected SearchContract() {}

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

    private JobFilter mine() {
        return JobFilter.ANY.queue(hand.queue());
    }

    /** All that fit, in pages of this many. */
    private List<JobView> all(JobFilter filter, int limit) {
        List<JobView> found = new ArrayList<>();
        @Nullable Place at = null;
        do {
            Found page = hand.store().search().find(filter, at, limit);
            assertThat(page.jobs()).hasSizeLessThanOrEqualTo(limit);
            found.addAll(page.jobs());
            at = page.next();
        } while (at != null);
        return found;
    }

    private List<Long> ids(JobFilter filter, int limit) {
        return all(filter, limit).stream().map(JobView::id).toList();
    }

    private List<Long> ids(JobFilter filter) {
        return ids(filter, 1000);
    }

    private NewJob tagged(NewJob job, Map<String, String> tags, @Nullable String meta) {
        return new NewJob(
                job.kind(),
                job.queue(),
                job.priority(),
                job.payload(),
                meta,
                job.key(),
                tags,
                job.startWithinMicros(),
                job.delayMicros(),
                job.atMicros());
    }

    private static Outcome failed(ClaimedJob job, String error, Next next) {
        return new Outcome(job, AttemptOutcome.FAILED, job.startByMicros() + 1_000, 500, error, next);
    }

    private static Next again() {
        return new Next.Again(0, true, 60_000_000);
    }

    /** A job in every state there is. */
    private Map<JobState, Long> oneInEveryState(Workplace place) {
        Map<JobState, Long> jobs = new EnumMap<>(JobState.class);
        hand.add(hand.job());
        ClaimedJob done = hand.claimOne(place);
        finish(place, success(done));
        jobs.put(JobState.SUCCEEDED, done.id());
        hand.add(hand.job());
        ClaimedJob broken = hand.claimOne(place);
        finish(place, dead(broken));
        jobs.put(JobState.DEAD, broken.id());
        hand.add(hand.job());
        ClaimedJob aside = hand.claimOne(place);
        finish(place, dead(aside));
        assertThat(hand.store().desk().discard(List.of(aside.id()), BY)).hasSize(1);
        jobs.put(JobState.DISCARDED, aside.id());
        hand.add(hand.job());
        jobs.put(JobState.RUNNING, hand.claimOne(place).id());
        jobs.put(JobState.SCHEDULED, hand.add(hand.delayed(hand.job(), Duration.ofHours(1))));
        long cancelled = hand.add(hand.delayed(hand.job(), Duration.ofHours(1)));
        hand.store().control().cancel(cancelled, BY);
        jobs.put(JobState.CANCELLED, cancelled);
        jobs.put(JobState.READY, hand.add(hand.job()));
        return jobs;
    }

    @Test
    void aJobIsFoundByItsStateWhicheverItIs() {
        Map<JobState, Long> jobs = oneInEveryState(hand.join());
        assertThat(jobs).hasSize(JobState.values().length);
        jobs.forEach((state, id) -> {
            assertThat(all(mine().state(state), 10))
                    .as("%s", state)
                    .singleElement()
                    .satisfies(job -> {
                        assertThat(job.id()).isEqualTo(id);
                        assertThat(job.state()).isEqualTo(state);
                    });
            assertThat(ids(JobFilter.ANY.kind(hand.kind()).state(state))).containsExactly(id);
        });
    }

    @Test
    void allOfAKindAndOfAQueueAreFoundWhateverTheirState() {
        Map<JobState, Long> jobs = oneInEveryState(hand.join());
        for (JobFilter filter : List.of(mine(), JobFilter.ANY.kind(hand.kind()))) {
            assertThat(ids(filter)).containsExactlyInAnyOrderElementsOf(jobs.values());
        }
        assertThat(ids(JobFilter.ANY)).containsAll(jobs.values());
        assertThat(ids(JobFilter.ANY.kind("Nothing.like.it"))).isEmpty();
        assertThat(ids(JobFilter.ANY.queue("nowhere"))).isEmpty();
    }

    @Test
    void theNewestComeFirstAndEachOnceHoweverSmallThePages() {
        List<Long> added = hand.add(2_500, hand.job());
        List<Long> newestFirst = added.reversed();
        assertThat(ids(mine())).isEqualTo(newestFirst);
        assertThat(ids(mine(), 7)).isEqualTo(newestFirst);
        assertThat(ids(mine().state(JobState.READY), 7)).containsExactlyInAnyOrderElementsOf(added);
    }

    @Test
    void aPageSaysHowFarItLooked() {
        hand.add(3, hand.job());
        Found first = hand.store().search().find(mine(), null, 2);
        assertThat(first.jobs()).hasSize(2);
        assertThat(first.next()).isNotNull();
        assertThat(first.examined()).isPositive();
        assertThat(first.searchedTo()).isEqualTo(first.jobs().getLast().createdAt());
        Found last = hand.store().search().find(mine(), first.next(), 1000);
        assertThat(last.jobs()).hasSize(1);
        assertThat(last.next()).isNull();
        assertThat(last.searchedTo()).isNull();
    }

    @Test
    void aJobIsFoundByItsKeyInEveryState() {
        Workplace place = hand.join();
        hand.add(hand.keyed(hand.job(), "mine"));
        ClaimedJob done = hand.claimOne(place);
        finish(place, success(done));
        long waiting = hand.add(hand.keyed(hand.job(), "mine"));
        hand.add(hand.keyed(hand.job(), "other"));
        hand.add(hand.job());
        assertThat(ids(mine().key("mine"))).containsExactly(waiting, done.id());
        assertThat(ids(mine().key("mine").state(JobState.READY))).containsExactly(waiting);
        assertThat(ids(mine().key("mine").state(JobState.SUCCEEDED))).containsExactly(done.id());
        assertThat(ids(mine().key("MINE"))).isEmpty();
    }

    @Test
    void aJobSetAsideAtALimitIsReady() {
        Workplace place = hand.join();
        hand.store()
                .control()
                .putLimit(Limit.ofQueue(hand.queue()).concurrency(1).forEachKey(), BY);
        hand.add(hand.keyed(hand.job(), "k"));
        assertThat(hand.claim(place, 5)).hasSize(1);
        long parked = hand.add(hand.keyed(hand.job(), "k"));
        assertThat(hand.claim(place, 5)).isEmpty();
        assertThat(ids(mine().state(JobState.READY))).containsExactly(parked);
        assertThat(ids(mine().state(JobState.READY).key("k"))).containsExactly(parked);
    }

    @Test
    void aTagIsFoundTogetherWithAnythingElse() {
        Workplace place = hand.join();
        Map<String, String> order = Map.of("order" + hand.kind(), "7");
        hand.add(tagged(hand.job(), order, "{\"tags\":{\"order\":\"7\"}}"));
        ClaimedJob done = hand.claimOne(place);
        finish(place, success(done));
        long ready = hand.add(tagged(hand.job(), order, null));
        hand.add(hand.job());
        JobFilter tag = JobFilter.ANY.tag("order" + hand.kind(), "7");
        assertThat(ids(tag)).containsExactly(ready, done.id());
        assertThat(ids(tag, 1)).containsExactly(ready, done.id());
        assertThat(ids(tag.state(JobState.READY))).containsExactly(ready);
        assertThat(ids(tag.state(JobState.SUCCEEDED).kind(hand.kind()))).containsExactly(done.id());
        assertThat(ids(tag.kind("Other"))).isEmpty();
        assertThat(ids(tag.queue("elsewhere"))).isEmpty();
        assertThat(all(tag.state(JobState.SUCCEEDED), 5)).singleElement().satisfies(job -> {
            assertThat(job.tags()).containsExactly(Map.entry("order", "7"));
            assertThat(job.attempts()).hasSize(1);
        });
    }

    @Test
    void aTextIsFoundInWhatFailedWhateverItsCase() {
        Workplace place = hand.join();
        hand.add(hand.job());
        ClaimedJob retried = hand.claimOne(place);
        finish(place, failed(retried, "Connection RESET by peer", new Next.Again(3_600_000_000L, true, 60_000_000)));
        hand.add(hand.job());
        ClaimedJob broken = hand.claimOne(place);
        finish(place, failed(broken, "the connection reset 100%_", new Next.DeadLetter("HANDLER_FAILED")));
        hand.add(hand.job());
        ClaimedJob other = hand.claimOne(place);
        finish(place, failed(other, "no such column", new Next.DeadLetter("GIVEN_UP")));
        JobFilter reset = mine().error("connection reset");
        assertThat(ids(reset)).containsExactly(broken.id(), retried.id());
        assertThat(ids(reset, 1)).containsExactly(broken.id(), retried.id());
        assertThat(ids(reset.state(JobState.DEAD))).containsExactly(broken.id());
        assertThat(ids(reset.state(JobState.SCHEDULED))).containsExactly(retried.id());
        assertThat(ids(mine().error("100%_"))).containsExactly(broken.id());
        assertThat(ids(mine().error("100__"))).isEmpty();
        assertThat(ids(mine().code("GIVEN_UP"))).containsExactly(other.id());
        assertThat(ids(mine().code("GIVEN_UP").error("column"))).containsExactly(other.id());
        assertThat(ids(mine().code("GIVEN_UP").error("reset"))).isEmpty();
    }

    @Test
    void aJobThatFailedOftenIsFoundOnce() {
        Workplace place = hand.join();
        List<Long> added = hand.add(3, hand.job());
        for (int i = 0; i < 4; i++) {
            List<ClaimedJob> claimed = hand.claim(place, 3);
            assertThat(claimed).hasSize(3);
            finish(
                    place,
                    claimed.stream()
                            .map(job -> failed(job, "it broke again", again()))
                            .toArray(Outcome[]::new));
        }
        assertThat(ids(mine().error("broke AGAIN"), 1)).containsExactlyInAnyOrderElementsOf(added);
        assertThat(ids(mine().error("broke AGAIN"))).containsExactlyInAnyOrderElementsOf(added);
    }

    @Test
    void aTimeLeavesOutWhatWasEnqueuedOutsideOfIt() {
        Workplace place = hand.join();
        long id = hand.add(hand.job());
        JobView job = hand.store().desk().job(id).orElseThrow();
        Instant at = job.createdAt();
        JobFilter within = mine().enqueuedFrom(at).enqueuedBefore(at.plusNanos(1_000));
        assertThat(ids(within)).containsExactly(id);
        assertThat(ids(within.state(JobState.READY))).containsExactly(id);
        assertThat(ids(mine().enqueuedFrom(at.plusNanos(1_000)))).isEmpty();
        assertThat(ids(mine().enqueuedBefore(at))).isEmpty();
        assertThat(ids(mine().enqueuedBefore(at.minus(Duration.ofDays(9))))).isEmpty();
        assertThat(ids(mine().enqueuedFrom(at.plus(Duration.ofDays(9))))).isEmpty();
        finish(place, success(hand.claimOne(place)));
        assertThat(ids(within.state(JobState.SUCCEEDED))).containsExactly(id);
        assertThat(ids(mine().state(JobState.SUCCEEDED).enqueuedBefore(at))).isEmpty();
    }

    @Test
    void jobsThatArriveMeanwhileDoNotMovePages() {
        List<Long> before = hand.add(20, hand.job());
        Found first = hand.store().search().find(mine(), null, 10);
        hand.add(20, hand.job());
        Found second = hand.store().search().find(mine(), first.next(), 10);
        List<Long> seen = new ArrayList<>();
        first.jobs().forEach(job -> seen.add(job.id()));
        second.jobs().forEach(job -> seen.add(job.id()));
        assertThat(seen).isEqualTo(before.reversed());
    }

    @Test
    void anAnswerIsBoundedInWhatItsJobsCarry() {
        NewJob large = new NewJob(
                hand.kind(),
                hand.queue(),
                hand.job().priority(),
                "\"" + "x".repeat(900_000) + "\"",
                null,
                null,
                Map.of(),
                60_000_000,
                0,
                0);
        List<Long> added = hand.add(12, large);
        Found page = hand.store().search().find(mine(), null, 1000);
        assertThat(page.jobs()).hasSizeBetween(4, 6);
        assertThat(new HashSet<>(ids(mine()))).isEqualTo(new HashSet<>(added));
        assertThat(ids(mine())).hasSize(12);
    }

    @Test
    void aListedJobHasItsLatestAttempts() {
        Workplace place = hand.join();
        long id = hand.add(hand.job());
        for (int i = 0; i < 12; i++) {
            finish(place, retry(hand.claimOne(place), Duration.ZERO, true));
        }
        assertThat(all(mine(), 5))
                .singleElement()
                .satisfies(job -> assertThat(job.attempts())
                        .hasSize(10)
                        .last()
                        .satisfies(attempt -> assertThat(attempt.attempt()).isEqualTo(12)));
        assertThat(hand.store().desk().job(id).orElseThrow().attempts()).hasSize(12);
    }

    @Test
    void aPlaceThatNoSearchGaveOutIsRefused() {
        for (Place forged : List.of(
                new Place(-1, List.of(1L)),
                new Place(99, List.of(1L)),
                new Place(0, List.of()),
                new Place(0, List.of(1L, 2L)),
                new Place(4, List.of(1L, 1L, 1L, 1L)))) {
            assertThatThrownBy(() -> hand.store().search().find(mine(), forged, 10))
                    .isInstanceOf(StoreException.class)
                    .hasMessageContaining("cursor");
        }
        assertThatThrownBy(() -> hand.store()
                        .search()
                        .find(mine().state(JobState.READY), new Place(4, List.of(1L << 40, 1L, 1L, 1L)), 10))
                .isInstanceOf(StoreException.class);
        assertThat(hand.store()
                        .search()
                        .find(mine(), new Place(0, List.of(Long.MIN_VALUE)), 10)
                        .jobs())
                .isEmpty();
    }
}
