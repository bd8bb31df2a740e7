package dev.tidemill.testkit;

import dev.tidemill.jobs.AttemptOutcome;
import dev.tidemill.jobs.JobState;
import dev.tidemill.jobs.Priorities;
import dev.tidemill.jobs.Priority;
import dev.tidemill.jobs.store.ClaimedJob;
import dev.tidemill.jobs.store.Hint;
import dev.tidemill.jobs.store.Intake.Added;
import dev.tidemill.jobs.store.JobStore;
import dev.tidemill.jobs.store.NewJob;
import dev.tidemill.jobs.store.NodeInfo;
import dev.tidemill.jobs.store.Outcome;
import dev.tidemill.jobs.store.Outcome.Next;
import dev.tidemill.jobs.store.Workplace;
import dev.tidemill.jobs.store.Workplace.Demand;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;

/**
 * Short ways to do to a store what an engine does to it. Every hand has a queue and a kind that no other has, so that
 * tests on one schema do not meet. For one thread, except where a test uses the store itself.
 */
public final class StoreHand implements AutoCloseable {
    private static final AtomicInteger COUNTER = new AtomicInteger();

    private final JobStore store;
    private final List<Workplace> places = new ArrayList<>();
    private final String queue;
    private final String kind;

    /** On a store that this hand closes in the end. */
    public StoreHand(JobStore store) {
        this.store = store;
        int number = COUNTER.incrementAndGet();
        this.queue = "queue" + number;
        this.kind = "kind" + number;
    }

    /** The store. */
    public JobStore store() {
        return store;
    }

    /** The queue of this hand's jobs. */
    public String queue() {
        return queue;
    }

    /** The kind of this hand's jobs. */
    public String kind() {
        return kind;
    }

    /** A node on this hand's queue that handles its kind; left when the hand is closed. */
    public Workplace join() {
        return join(Set.of(kind), Priorities.standard());
    }

    /** A node on this hand's queue. */
    public Workplace join(Set<String> kinds, Priorities priorities) {
        Workplace place =
                store.join(new NodeInfo("node-" + places.size(), "here", 1, kinds, List.of(queue), priorities));
        places.add(place);
        return place;
    }

    /** A job of medium priority that has a minute to start. */
    public NewJob job() {
        return job(Priority.MEDIUM, Duration.ofMinutes(1));
    }

    /** A job that has this long to start; a negative time makes it overdue. */
    public NewJob job(Priority priority, Duration startWithin) {
        return new NewJob(kind, queue, priority, "{}", null, null, Map.of(), micros(startWithin), 0, 0);
    }

    /** The same job of another kind. */
    public NewJob ofKind(NewJob job, String otherKind) {
        return new NewJob(
                otherKind,
                job.queue(),
                job.priority(),
                job.payload(),
                job.meta(),
                job.key(),
                job.tags(),
                job.startWithinMicros(),
                job.delayMicros(),
                job.atMicros());
    }

    /** The same job with a key. */
    public NewJob keyed(NewJob job, String key) {
        return new NewJob(
                job.kind(),
                job.queue(),
                job.priority(),
                job.payload(),
                job.meta(),
                key,
                job.tags(),
                job.startWithinMicros(),
                job.delayMicros(),
                job.atMicros());
    }

    /** The same job, later. */
    public NewJob delayed(NewJob job, Duration delay) {
        return new NewJob(
                job.kind(),
                job.queue(),
                job.priority(),
                job.payload(),
                job.meta(),
                job.key(),
                job.tags(),
                job.startWithinMicros(),
                micros(delay),
                0);
    }

    /** Adds one job, and tells this hand's nodes. */
    public long add(NewJob job) {
        return add(1, job).getFirst();
    }

    /** Adds many of the same, and tells this hand's nodes. */
    public List<Long> add(int count, NewJob job) {
        Added added = addInSilence(count, job);
        places.forEach(place -> added.hints().forEach(place::hint));
        return added.ids();
    }

    /** Adds many of the same, and tells nobody. */
    public Added addInSilence(int count, NewJob job) {
        return store.intake().add(IntStream.range(0, count).mapToObj(i -> job).toList());
    }

    /** What a node with this many free slots asks for: off-peak open, not strict, nothing reserved. */
    public Demand demand(int slots) {
        return new Demand(queue, slots, slots, false, true);
    }

    /** Claims up to this many. */
    public List<ClaimedJob> claim(Workplace place, int slots) {
        return place.claim(List.of(demand(slots)));
    }

    /** Claims until claims bring nothing: one that passes over many jobs may bring little, or nothing at all. */
    public List<Long> claimAll(Workplace place) {
        List<Long> claimed = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            claimed.addAll(ids(claim(place, 50)));
        }
        return claimed;
    }

    /** Claims one job that must be there. */
    public ClaimedJob claimOne(Workplace place) {
        return claim(place, 1).getFirst();
    }

    /** A success. */
    public static Outcome success(ClaimedJob job) {
        return new Outcome(job, AttemptOutcome.SUCCEEDED, job.startByMicros() - 1_000, 500, null, Outcome.NOTHING);
    }

    /** A failure that is tried again. */
    public static Outcome retry(ClaimedJob job, Duration delay, boolean counted) {
        return failure(job, new Next.Again(micros(delay), counted, micros(Duration.ofMinutes(1))));
    }

    /** A failure that needs a person. */
    public static Outcome dead(ClaimedJob job) {
        return failure(job, new Next.DeadLetter("HANDLER_FAILED"));
    }

    private static Outcome failure(ClaimedJob job, Next next) {
        return new Outcome(job, AttemptOutcome.FAILED, job.startByMicros() + 1_000, 500, "it broke", next);
    }

    /** Writes outcomes and ends their leases. */
    public static List<Hint> finish(Workplace place, Outcome... outcomes) {
        List<Outcome> all = List.of(outcomes);
        return place.finish(
                all,
                List.of(),
                all.stream().map(outcome -> outcome.job().lease()).distinct().toList());
    }

    /** The state of a job. */
    public JobState state(long id) {
        return store.desk().job(id).orElseThrow().state();
    }

    /** The ids of claimed jobs. */
    public static List<Long> ids(List<ClaimedJob> jobs) {
        return jobs.stream().map(ClaimedJob::id).toList();
    }

    static long micros(Duration duration) {
        return TimeUnit.NANOSECONDS.toMicros(duration.toNanos());
    }

    /** Leaves every epoch and closes the store. */
    @Override
    public void close() {
        for (Workplace place : places) {
            place.leave();
            place.close();
        }
        store.close();
    }
}
