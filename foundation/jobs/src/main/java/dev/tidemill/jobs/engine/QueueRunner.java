package dev.tidemill.jobs.engine;

import dev.tidemill.jobs.Priority;
import dev.tidemill.jobs.QueueOptions;
import dev.tidemill.jobs.store.ClaimedJob;
import dev.tidemill.jobs.store.Workplace.Demand;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Gives claimed jobs of one queue their threads, never more at a time than the queue's concurrency, and keeps a few
 * in stock so that short jobs do not wait for the next claim. The stock follows the measured rate: what the handlers
 * got through in the last tenth of a second, so slow jobs are hardly prefetched and stay free for other nodes. It
 * outlives epochs: a handler that ignores its interrupt keeps its slot until it ends. Thread safe.
 */
final class QueueRunner {
    private static final double STOCK_SECONDS = 0.1;
    private static final int STOCK_LIMIT = 4_000;
    /** A claim is done in some ten milliseconds, so that a critical job never waits long for the next one. */
    private static final int CLAIM_LIMIT = 1_000;

    private final String name;
    private final QueueOptions options;
    private final Runnable wakeClaimer;
    private final Consumer<RunningJob> starter;
    private final Object lock = new Object();
    private final ArrayDeque<RunningJob> critical = new ArrayDeque<>();
    private final ArrayDeque<RunningJob> others = new ArrayDeque<>();
    private int running;
    private int runningOthers;
    private long ended;
    private long rateEnded;
    private long rateNanos = System.nanoTime();
    private double perSecond;
    private boolean claimerWaits;
    private boolean full;

    QueueRunner(String name, QueueOptions options, Runnable wakeClaimer) {
        this(
                name,
                options,
                wakeClaimer,
                job -> Thread.ofVirtual().name("job-" + job.jobId()).start(job));
    }

    /** With a starter that runs the job here and now, offer one job at a time. */
    QueueRunner(String name, QueueOptions options, Runnable wakeClaimer, Consumer<RunningJob> starter) {
        this.name = name;
        this.options = options;
        this.wakeClaimer = wakeClaimer;
        this.starter = starter;
    }

    String name() {
        return name;
    }

    int running() {
        synchronized (lock) {
            return running;
        }
    }

    /** What to claim now; null if there is no room worth a claim, in which case the claimer is woken when there is. */
    @Nullable
    Demand demand(boolean offPeakOpen) {
        synchronized (lock) {
            measure();
            int stock = (int) Math.min(STOCK_LIMIT, perSecond * STOCK_SECONDS);
            int freeForCritical = options.concurrency() - running - critical.size();
            int freeForOthers = Math.min(
                    freeForCritical,
                    options.concurrency() - options.reservedForCritical() - runningOthers - others.size());
            int wanted = worthClaiming(freeForOthers, stock) ? Math.min(freeForOthers + stock, CLAIM_LIMIT) : 0;
            int wantedCritical = Math.max(wanted, freeForCritical);
            claimerWaits = wanted <= 0;
            full = wantedCritical <= 0;
            return wantedCritical <= 0
                    ? null
                    : new Demand(name, Math.max(wanted, 0), wantedCritical, options.strict(), offPeakOpen);
        }
    }

    /** Free is negative by what is in stock: top it up when half of it is used. */
    private static boolean worthClaiming(int free, int stock) {
        return free + stock > 0 && (free > 0 || free + stock >= stock / 2);
    }

    private void measure() {
        long now = System.nanoTime();
        double seconds = (now - rateNanos) / 1e9;
        if (seconds >= 0.02) {
            double weight = Math.min(1, seconds / 0.2);
            perSecond += weight * ((ended - rateEnded) / seconds - perSecond);
            rateEnded = ended;
            rateNanos = now;
        }
    }

    void offer(List<ClaimedJob> jobs, EpochWork epoch, Workshop shop) {
        synchronized (lock) {
            for (ClaimedJob job : jobs) {
                (job.priority() == Priority.CRITICAL ? critical : others).add(new RunningJob(job, epoch, this, shop));
            }
        }
        startWhatFits();
    }

    private void startWhatFits() {
        RunningJob next;
        while ((next = takeNext()) != null) {
            starter.accept(next);
        }
    }

    private @Nullable RunningJob takeNext() {
        synchronized (lock) {
            if (running >= options.concurrency()) {
                return null;
            }
            RunningJob next = critical.poll();
            if (next == null
                    && !others.isEmpty()
                    && runningOthers < options.concurrency() - options.reservedForCritical()) {
                next = others.poll();
                runningOthers++;
            }
            if (next != null) {
                running++;
            }
            return next;
        }
    }

    void ended(RunningJob job) {
        boolean wake = false;
        synchronized (lock) {
            running--;
            ended++;
            if (job.priority() != Priority.CRITICAL) {
                runningOthers--;
            }
            if (full && options.concurrency() - running - critical.size() > 0) {
                // Nothing at all was asked for, and critical jobs may be waiting.
                full = false;
                wake = true;
            }
            if (claimerWaits) {
                int stock = (int) Math.min(STOCK_LIMIT, perSecond * STOCK_SECONDS);
                int free = options.concurrency() - options.reservedForCritical() - runningOthers - others.size();
                if (worthClaiming(free, stock)) {
                    claimerWaits = false;
                    wake = true;
                }
            }
        }
        if (wake) {
            wakeClaimer.run();
        }
        startWhatFits();
    }

    /** Takes back what has not started. */
    List<ClaimedJob> empty() {
        synchronized (lock) {
            List<ClaimedJob> left = new ArrayList<>(critical.size() + others.size());
            critical.forEach(job -> left.add(job.claimed()));
            others.forEach(job -> left.add(job.claimed()));
            critical.clear();
            others.clear();
            return left;
        }
    }
}
