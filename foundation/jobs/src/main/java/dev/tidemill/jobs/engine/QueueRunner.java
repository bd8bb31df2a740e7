package dev.tidemill.jobs.engine;

import dev.tidemill.jobs.Priority;
import dev.tidemill.jobs.QueueOptions;
import dev.tidemill.jobs.store.ClaimedJob;
import dev.tidemill.jobs.store.Workplace.Demand;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Gives claimed jobs of one queue their threads, never more at a time than the queue's concurrency, and keeps a few
 * in stock so that short jobs do not wait for the next claim. The stock follows the measured rate: what the handlers
 * got through in the last tenth of a second, so slow jobs are hardly prefetched and stay free for other nodes. It
 * outlives epochs: a handler that ignores its interrupt keeps its slot until it ends.
 *
 * <p>Jobs that are handled in chunks gather by kind until a chunk is full or its first job has waited long enough; a
 * chunk takes one slot. For them more is claimed than slots are free: what fills the next chunks, by the share that
 * such jobs had in the last claims. Thread safe.
 */
final class QueueRunner {
    private static final double STOCK_SECONDS = 0.1;
    private static final int STOCK_LIMIT = 4_000;
    /** A claim is done in some ten milliseconds, so that a critical job never waits long for the next one. */
    private static final int CLAIM_LIMIT = 1_000;

    private final String name;
    private final QueueOptions options;
    private final Runnable wakeClaimer;
    private final Consumer<Work> starter;
    private final boolean oneByOne;
    private final Object lock = new Object();
    private final ArrayDeque<Work> critical = new ArrayDeque<>();
    private final ArrayDeque<Work> others = new ArrayDeque<>();
    private final Map<String, Gathering> gatherings = new HashMap<>();
    private double chunkShare;
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
                work -> Thread.ofVirtual()
                        .name("job-" + work.claimed().getFirst().id())
                        .start(work),
                false);
    }

    /** One that runs what it is offered here and now; offer one job at a time. */
    static QueueRunner byHand(String name, QueueOptions options) {
        return new QueueRunner(name, options, () -> {}, Work::run, true);
    }

    /** One that gives all it is offered to this starter, one job after the other, and no chunks of more. */
    static QueueRunner oneByOne(String name, Consumer<Work> starter) {
        return new QueueRunner(name, QueueOptions.STANDARD.concurrency(1), () -> {}, starter, true);
    }

    private QueueRunner(
            String name, QueueOptions options, Runnable wakeClaimer, Consumer<Work> starter, boolean oneByOne) {
        this.oneByOne = oneByOne;
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
            int freeForCritical = freeForCritical();
            int freeForOthers = Math.min(freeForCritical, freeForOthers());
            int room = roomForChunks(freeForOthers);
            int wanted = worthClaiming(freeForOthers, stock) || room > 0
                    ? Math.min(Math.max(freeForOthers + stock, 0) + room, CLAIM_LIMIT)
                    : 0;
            int wantedCritical = Math.max(wanted, freeForCritical);
            claimerWaits = wanted <= 0;
            full = wantedCritical <= 0;
            return wantedCritical <= 0
                    ? null
                    : new Demand(name, Math.max(wanted, 0), wantedCritical, options.strict(), offPeakOpen);
        }
    }

    /** Whether so many jobs of any priority could start now. */
    boolean hasRoomFor(int jobs) {
        synchronized (lock) {
            return Math.min(freeForCritical(), freeForOthers()) >= jobs;
        }
    }

    private int freeForCritical() {
        int stocked = critical.size();
        for (Gathering gathering : gatherings.values()) {
            stocked += gathering.criticalSlots();
        }
        return options.concurrency() - running - stocked;
    }

    private int freeForOthers() {
        int stocked = others.size();
        for (Gathering gathering : gatherings.values()) {
            stocked += gathering.otherSlots();
        }
        return options.concurrency() - options.reservedForCritical() - runningOthers - stocked;
    }

    /** How many more jobs would fill chunks; 0 until it is worth a claim. */
    private int roomForChunks(int freeForOthers) {
        int room = 0;
        int most = 0;
        for (Gathering gathering : gatherings.values()) {
            room += gathering.room(freeForOthers);
            most += gathering.room(Integer.MAX_VALUE - 1);
        }
        return room * 8 < most ? 0 : (int) (room * chunkShare);
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
            int gathered = 0;
            for (ClaimedJob job : jobs) {
                if (shop.handlesChunks() && shop.entry(job.kind()).chunks() != null) {
                    gather(job, epoch, shop);
                    gathered++;
                } else {
                    (job.priority() == Priority.CRITICAL ? critical : others)
                            .add(new RunningJob(job, epoch, this, shop));
                }
            }
            if (!jobs.isEmpty() && (gathered > 0 || chunkShare > 0)) {
                chunkShare += ((double) gathered / jobs.size() - chunkShare) / 2;
            }
        }
        startWhatFits();
    }

    private void gather(ClaimedJob job, EpochWork epoch, Workshop shop) {
        Registry.Entry entry = shop.entry(job.kind());
        if (oneByOne && entry.chunks() != null) {
            others.add(RunningChunk.of(entry.chunks(), entry, List.of(job), false, epoch, this, shop));
            return;
        }
        Gathering gathering = gatherings.computeIfAbsent(
                entry.kind(), kind -> new Gathering(entry, shop.chunkSize(kind), shop, this));
        gathering.add(job, epoch);
    }

    /** A chunk has waited long enough. */
    void chunkIsDue() {
        startWhatFits();
        wakeForRoom();
    }

    private void startWhatFits() {
        Work next;
        while ((next = takeNext()) != null) {
            starter.accept(next);
        }
    }

    private @Nullable Work takeNext() {
        synchronized (lock) {
            if (running >= options.concurrency()) {
                return null;
            }
            Work next = critical.isEmpty() ? criticalChunk() : critical.poll();
            if (next == null && runningOthers < options.concurrency() - options.reservedForCritical()) {
                next = nextOther();
                runningOthers += next == null ? 0 : 1;
            }
            if (next != null) {
                running++;
            }
            return next;
        }
    }

    private @Nullable Work criticalChunk() {
        for (Gathering gathering : gatherings.values()) {
            if (gathering.hasCritical()) {
                return gathering.take(true);
            }
        }
        return null;
    }

    /** The single job or the due chunk whose first job should start first. */
    private @Nullable Work nextOther() {
        Gathering first = null;
        for (Gathering gathering : gatherings.values()) {
            if (gathering.isDue() && (first == null || gathering.startByMicros() < first.startByMicros())) {
                first = gathering;
            }
        }
        Work single = others.peek();
        if (first != null
                && (single == null
                        || first.startByMicros() < single.claimed().getFirst().startByMicros())) {
            return first.take(false);
        }
        return others.poll();
    }

    void ended(Work work) {
        synchronized (lock) {
            running--;
            ended += work.size();
            if (!work.critical()) {
                runningOthers--;
            }
        }
        wakeForRoom();
        startWhatFits();
        if (!gatherings.isEmpty()) {
            wakeForRoom();
        }
    }

    /** Wakes the claimer if it found no room last time and there is some now. */
    private void wakeForRoom() {
        boolean wake = false;
        synchronized (lock) {
            if (full && freeForCritical() > 0) {
                // Nothing at all was asked for, and critical jobs may be waiting.
                full = false;
                wake = true;
            }
            if (claimerWaits) {
                int stock = (int) Math.min(STOCK_LIMIT, perSecond * STOCK_SECONDS);
                int free = freeForOthers();
                if (worthClaiming(free, stock) || roomForChunks(free) > 0) {
                    claimerWaits = false;
                    wake = true;
                }
            }
        }
        if (wake) {
            wakeClaimer.run();
        }
    }

    /** Takes back what has not started. */
    List<ClaimedJob> empty() {
        synchronized (lock) {
            List<ClaimedJob> left = new ArrayList<>(critical.size() + others.size());
            critical.forEach(work -> left.addAll(work.claimed()));
            others.forEach(work -> left.addAll(work.claimed()));
            critical.clear();
            others.clear();
            gatherings.values().forEach(gathering -> gathering.empty(left));
            return left;
        }
    }
}
