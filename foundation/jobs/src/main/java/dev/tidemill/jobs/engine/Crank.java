package dev.tidemill.jobs.engine;

import dev.tidemill.jobs.AttemptOutcome;
import dev.tidemill.jobs.AttemptView;
import dev.tidemill.jobs.ErrorCode;
import dev.tidemill.jobs.HandMill.Ran;
import dev.tidemill.jobs.JobView;
import dev.tidemill.jobs.Priority;
import dev.tidemill.jobs.TidemillException;
import dev.tidemill.jobs.store.ClaimedJob;
import dev.tidemill.jobs.store.EpochClosedException;
import dev.tidemill.jobs.store.Hint;
import dev.tidemill.jobs.store.JobStore;
import dev.tidemill.jobs.store.Upkeep.Moved;
import dev.tidemill.jobs.store.Workplace;
import dev.tidemill.jobs.store.Workplace.Demand;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.MDC;

/**
 * Runs one job at a time in the caller's thread, through the claims, slots, retries and outcomes that a node uses. It
 * has no heart but while {@link #runDue} lasts: every job begins with a heartbeat, and with a new epoch if the old one was closed meanwhile. Positions
 * are lowered before every claim, because whoever turns by hand may also turn the clock back, or write without hints.
 * A choice of kinds is an epoch of its own, since an epoch claims all of its kinds.
 */
public final class Crank {
    private static final Logger LOG = LoggerFactory.getLogger(Crank.class);
    private static final int MOVES_LIMIT = 10_000;

    private final JobStore store;
    private final Scheduler scheduler;
    private final Function<Set<String>, Workplace> join;
    private final Settings settings;
    private final Set<String> handled;
    private final Tallies tallies = new Tallies();
    private final Finisher finisher;
    private final Wires wires;
    private final boolean tellsCalls;
    private final Workshop shop;
    private final Map<String, QueueRunner> runners = new TreeMap<>();
    private final Map<Set<String>, EpochWork> epochs = new HashMap<>();
    private @Nullable Throwable thrown;
    private volatile @Nullable EpochWork underWay;
    private boolean turning;

    Crank(
            JobStore store,
            Scheduler scheduler,
            Function<Set<String>, Workplace> join,
            Registry registry,
            Settings settings,
            Traces traces,
            Observers observers,
            Consumer<List<Hint>> committed) {
        this.store = store;
        this.scheduler = scheduler;
        this.join = join;
        this.settings = settings;
        this.handled = registry.handledKinds();
        Registry observed = registry.observed(failure -> thrown = failure);
        this.wires = new Wires(observed, () -> null);
        this.tellsCalls = observed.hasDependencies();
        this.finisher = new Finisher(
                tallies,
                outcome -> {
                    wires.ended(outcome);
                    observers.finished(outcome);
                },
                committed);
        this.shop = new Workshop(
                observed,
                new RetryPolicy(observed, settings, wires),
                new DatabaseClock(),
                finisher,
                wires,
                "by-hand",
                traces);
        settings.queues().forEach((name, options) -> runners.put(name, QueueRunner.byHand(name, options)));
    }

    /** Runs the next due job of these kinds; empty if there is none that is handled here. */
    public Optional<Ran> runNext(Set<String> kinds) {
        Set<String> mine = new HashSet<>(kinds);
        mine.retainAll(handled);
        if (mine.isEmpty()) {
            return Optional.empty();
        }
        if (turning) {
            throw new IllegalStateException("A handler called for the next job; run jobs from outside of handlers.");
        }
        turning = true;
        Map<String, String> context = MDC.getCopyOfContextMap();
        try {
            return Engine.translated(() -> turn(mine));
        } finally {
            turning = false;
            if (context != null) {
                MDC.setContextMap(context);
            }
        }
    }

    /** Runs due jobs of these kinds, so many at most, beginning none after that time; says meanwhile that it lives. */
    public List<Ran> runDue(Set<String> kinds, int most, Duration within) {
        long end = System.nanoTime() + within.toNanos();
        List<Ran> all = new ArrayList<>();
        Thread heart = Thread.ofVirtual().name("tidemill-hand").start(this::beatWhileRunning);
        try {
            Optional<Ran> ran;
            do {
                ran = runNext(kinds);
                ran.ifPresent(all::add);
            } while (ran.isPresent() && all.size() < most && end - System.nanoTime() > 0);
        } finally {
            heart.interrupt();
        }
        return all;
    }

    private void beatWhileRunning() {
        while (!Thread.currentThread().isInterrupted()) {
            LockSupport.parkNanos(this, settings.heartbeat().toNanos());
            EpochWork epoch = underWay;
            if (epoch != null && !Thread.currentThread().isInterrupted()) {
                try {
                    epoch.place().heartbeat(1, List.of());
                } catch (RuntimeException missed) {
                    // What becomes of the attempt shows when it is written; the next job begins with a heartbeat
                    // anyway.
                    LOG.debug("A heartbeat of the hand did not get through: {}", missed.getMessage());
                }
            }
        }
    }

    private Optional<Ran> turn(Set<String> kinds) {
        finisher.flushByHand();
        EpochWork epoch = beat(kinds);
        scheduler.fireByHand();
        moveDue();
        boolean offPeakOpen = settings.priorities().offPeakOpen(shop.clock().now());
        for (QueueRunner runner : runners.values()) {
            for (Priority priority : Priority.values()) {
                epoch.place().hint(new Hint(runner.name(), priority, Long.MIN_VALUE, 0));
            }
            List<ClaimedJob> jobs = epoch.place().claim(List.of(new Demand(runner.name(), 1, 1, true, offPeakOpen)));
            if (!jobs.isEmpty()) {
                return Optional.of(run(jobs, epoch, runner));
            }
        }
        return Optional.empty();
    }

    private EpochWork beat(Set<String> kinds) {
        EpochWork known = epochs.get(kinds);
        if (known != null) {
            try {
                shop.clock().read(known.place().heartbeat(0, tallies.take()));
                return known;
            } catch (EpochClosedException closed) {
                LOG.debug("The hand rested so long that its epoch was closed; it goes on under a new one.");
                known.close();
            }
        }
        EpochWork fresh = new EpochWork(join.apply(kinds));
        epochs.put(kinds, fresh);
        shop.clock().read(fresh.place().heartbeat(0, List.of()));
        return fresh;
    }

    private Moved moveDue() {
        Moved moved = store.upkeep().moveDue();
        for (int i = 0; i < MOVES_LIMIT && !moved.hints().isEmpty(); i++) {
            moved = store.upkeep().moveDue();
        }
        return moved;
    }

    private Ran run(List<ClaimedJob> jobs, EpochWork epoch, QueueRunner runner) {
        ClaimedJob job = jobs.getFirst();
        thrown = null;
        epoch.claimed(jobs);
        underWay = epoch;
        try {
            runner.offer(jobs, epoch, shop);
        } finally {
            underWay = null;
        }
        finisher.flushByHand();
        if (tellsCalls) {
            wires.tell(epoch.place());
        }
        JobView seen = store.desk()
                .job(job.id())
                .orElseThrow(() ->
                        new TidemillException(ErrorCode.NOT_FOUND, "Job " + job.id() + " is gone after it was run."));
        AttemptView attempt =
                seen.attempts().isEmpty() ? lost(seen, job) : seen.attempts().getLast();
        return new Ran(seen, attempt, thrown);
    }

    /** The epoch was closed while the handler ran, by a process that took the hand for dead. */
    private AttemptView lost(JobView seen, ClaimedJob job) {
        Instant now = shop.clock().now();
        return new AttemptView(
                seen.id(),
                seen.kind(),
                seen.queue(),
                job.attempt(),
                AttemptOutcome.LOST,
                shop.nodeName(),
                now,
                Duration.ZERO,
                Duration.between(DatabaseClock.toInstant(job.startByMicros()), now),
                null,
                null);
    }

    /** When the next scheduled job is due; empty if none waits. */
    public Optional<Instant> nextDue() {
        long due = Engine.translated(this::moveDue).nextDueMicros();
        return due == 0 ? Optional.empty() : Optional.of(DatabaseClock.toInstant(due));
    }

    void stop() {
        for (EpochWork epoch : epochs.values()) {
            try {
                epoch.place().leave();
            } catch (RuntimeException failed) {
                LOG.warn("The hand left without saying so; others will notice: {}", failed.getMessage());
            }
            epoch.close();
        }
        epochs.clear();
        finisher.stop();
        shop.close();
    }
}
