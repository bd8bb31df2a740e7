package dev.tidemill.jobs.engine;

import dev.tidemill.jobs.AttemptOutcome;
import dev.tidemill.jobs.store.ClaimedJob;
import dev.tidemill.jobs.store.EpochClosedException;
import dev.tidemill.jobs.store.Hint;
import dev.tidemill.jobs.store.Outcome;
import dev.tidemill.jobs.store.Report;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes outcomes in groups: at once when idle, in batches when busy. A flush that failed is repeated as it was (the
 * store makes that harmless) until it succeeds or the epoch is closed; what the handlers finish meanwhile gathers
 * behind it, and {@link #congested} keeps the claimer from adding more than can be remembered.
 */
final class Finisher {
    private static final Logger LOG = LoggerFactory.getLogger(Finisher.class);
    private static final int BATCH_LIMIT = 2_000;
    private static final int CONGESTED_AT = 10_000;
    private static final int BUSY_AT = 64;
    private static final Duration GATHER = Duration.ofMillis(4);

    /**
     * An outcome under its epoch; written ones only need their lease ended and their count taken. Null for a job that
     * was given back, which only may be the last of its lease.
     */
    private record Item(
            EpochWork epoch,
            ClaimedJob job,
            @Nullable Outcome outcome,
            boolean written,
            @Nullable Report report,
            @Nullable CompletableFuture<Boolean> told) {}

    /** A flush under way. */
    private record Batch(
            EpochWork epoch,
            List<Outcome> outcomes,
            List<Outcome> written,
            List<Report> reports,
            List<Long> endedLeases,
            List<CompletableFuture<Boolean>> told,
            AtomicInteger items) {}

    private final ConcurrentLinkedQueue<Item> queue = new ConcurrentLinkedQueue<>();
    private final AtomicInteger pending = new AtomicInteger();
    private final Tallies tallies;
    private final Consumer<Outcome> observer;
    private final Consumer<List<Hint>> committed;
    private final Loop loop;
    private volatile boolean idle = true;
    private @Nullable Batch unfinished;
    private int lastSize;

    Finisher(Tallies tallies, Consumer<List<Hint>> committed) {
        this(tallies, outcome -> {}, committed);
    }

    /** One that tells this observer of each outcome that was written. */
    Finisher(Tallies tallies, Consumer<Outcome> observer, Consumer<List<Hint>> committed) {
        this.observer = observer;
        this.tallies = tallies;
        this.committed = committed;
        this.loop = new Loop("finish", this::flush);
    }

    void start() {
        loop.start();
    }

    void add(EpochWork epoch, Outcome outcome) {
        add(epoch, outcome, null);
    }

    /** An outcome, and what its handler reported last. */
    void add(EpochWork epoch, Outcome outcome, @Nullable Report report) {
        add(new Item(epoch, outcome.job(), outcome, false, report, null));
    }

    /** The same, for somebody who waits to hear whether it was written, or came too late. */
    void add(EpochWork epoch, Outcome outcome, @Nullable Report report, CompletableFuture<Boolean> told) {
        add(new Item(epoch, outcome.job(), outcome, false, report, told));
    }

    /** An outcome that the handler's own transaction, or a settlement, has written. */
    void addWritten(EpochWork epoch, Outcome outcome) {
        addWritten(epoch, outcome, null);
    }

    /** The same, and what its handler reported last, which is not written yet. */
    void addWritten(EpochWork epoch, Outcome outcome, @Nullable Report report) {
        add(new Item(epoch, outcome.job(), outcome, true, report, null));
    }

    /** Jobs that went back without having started: their leases end with the outcomes of the others in them. */
    void givenBack(EpochWork epoch, List<ClaimedJob> jobs) {
        jobs.forEach(job -> add(new Item(epoch, job, null, true, null, null)));
    }

    private void add(Item item) {
        queue.add(item);
        pending.incrementAndGet();
        if (idle) {
            loop.wake();
        }
    }

    boolean congested() {
        return pending.get() > CONGESTED_AT;
    }

    /** Whether everything that was added has been written or has become void. */
    boolean settled() {
        return pending.get() == 0;
    }

    private Duration flush() {
        if (unfinished == null) {
            idle = true;
            if (queue.isEmpty()) {
                return Duration.ofSeconds(1);
            }
            idle = false;
            if (lastSize >= BUSY_AT && pending.get() < BATCH_LIMIT / 2 && !loop.stopping()) {
                lastSize = 0;
                return GATHER;
            }
            unfinished = gather();
        }
        Batch batch = unfinished;
        if (batch == null) {
            return Duration.ZERO;
        }
        write(batch);
        unfinished = null;
        lastSize = batch.outcomes.size();
        pending.addAndGet(-batch.items.get());
        return Duration.ZERO;
    }

    private @Nullable Batch gather() {
        Item first = queue.peek();
        if (first == null) {
            return null;
        }
        EpochWork epoch = first.epoch;
        Batch batch = new Batch(
                epoch,
                new ArrayList<>(),
                new ArrayList<>(),
                new ArrayList<>(),
                new ArrayList<>(),
                new ArrayList<>(),
                new AtomicInteger());
        Item item;
        while (batch.items.get() < BATCH_LIMIT && (item = queue.peek()) != null && item.epoch == epoch) {
            queue.poll();
            batch.items.incrementAndGet();
            if (item.outcome != null) {
                (item.written ? batch.written : batch.outcomes).add(item.outcome);
            }
            if (item.report != null) {
                batch.reports.add(item.report);
            }
            if (item.told != null) {
                batch.told.add(item.told);
            }
            if (epoch.through(item.job)) {
                batch.endedLeases.add(item.job.lease());
            }
        }
        return batch;
    }

    private void write(Batch batch) {
        if (batch.epoch.state() == EpochWork.State.CLOSED) {
            dropped(batch);
            return;
        }
        try {
            List<ClaimedJob> written = batch.written.stream()
                    .map(Outcome::job)
                    .filter(ClaimedJob::limited)
                    .toList();
            if (!batch.reports.isEmpty()) {
                committed.accept(batch.epoch
                        .place()
                        .reports()
                        .finish(batch.outcomes, written, batch.reports, batch.endedLeases));
                batch.epoch.ended(batch.endedLeases);
            } else if (!batch.outcomes.isEmpty() || !batch.endedLeases.isEmpty() || !written.isEmpty()) {
                committed.accept(batch.epoch.place().finish(batch.outcomes, written, batch.endedLeases));
                batch.epoch.ended(batch.endedLeases);
            }
            batch.outcomes.forEach(tallies::count);
            batch.written.forEach(tallies::count);
            batch.outcomes.forEach(observer);
            batch.written.forEach(observer);
            batch.told.forEach(told -> told.complete(true));
        } catch (EpochClosedException closed) {
            dropped(batch);
        }
    }

    private static void dropped(Batch batch) {
        batch.told.forEach(told -> told.complete(false));
        long done = batch.outcomes.stream()
                .filter(outcome -> outcome.outcome() == AttemptOutcome.SUCCEEDED)
                .count();
        LOG.warn(
                "{} outcomes ({} of them successes) came too late: the epoch is closed and the jobs run again.",
                batch.outcomes.size(),
                done);
    }

    /** Writes everything now, where no loop does; what the store refuses is thrown, and written by the next call. */
    void flushByHand() {
        while (!settled()) {
            flush();
        }
    }

    /** Writes what is left, for at most this long; false if some could not be written. */
    boolean drain(Duration atMost) {
        long end = System.nanoTime() + atMost.toNanos();
        while (!settled() && end - System.nanoTime() > 0) {
            loop.wake();
            LockSupport.parkNanos(1_000_000L);
        }
        return settled();
    }

    void stop() {
        loop.stop();
        loop.join(Duration.ofSeconds(5));
    }
}
