package dev.tidemill.jobs.engine;

import dev.tidemill.jobs.HeapStats;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.IntSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Says when so little heap is left that the claimer must not take on more. What counts is what was in use after
 * garbage collections ({@link Heap}); momentary use says little, since before a collection much of a heap is garbage.
 * But left to itself the JVM may collect only when nothing is left, so at that share of momentary use the guard asks for
 * a collection, to know. It holds from a share on until a tenth of the heap more is free, so that it does not flutter. Then
 * half as many jobs as were in hand when it began may be in hand, and a tenth more every second: what waits would fill
 * the heap again at once, and how much memory a job takes is not known.
 *
 * <p>A figure from a collection is as old as the collection, and a process that holds does little that would bring the
 * next one. So it asks for those too. It never spends more than a twentieth of the time on collections that it asked
 * for; before it holds, it asks every ten seconds at most, and while it does, every second. The claimer takes one job at a time even while
 * this holds, so where the JVM ignores such wishes ({@code -XX:+DisableExplicitGC}), or where it is not the jobs that
 * fill the heap, the process still goes on, slowly.
 *
 * <p>{@link #holds} and {@link #most} are for the claiming thread; {@link #stats} is thread safe.
 */
final class HeapGuard {
    private static final Logger LOG = LoggerFactory.getLogger(HeapGuard.class);
    private static final double MARGIN = 0.1;
    private static final long LOOK_NANOS = Duration.ofMillis(50).toNanos();
    private static final long COLLECT_NANOS = Duration.ofSeconds(1).toNanos();
    private static final long SUSPECT_NANOS = Duration.ofSeconds(10).toNanos();
    private static final int COLLECT_PAUSES = 20;
    private static final long GROW_NANOS = Duration.ofSeconds(1).toNanos();
    private static final int ENOUGH = 100_000;

    /** Where the figures come from. Thread safe. */
    interface Heap {
        /** The pool's name; empty if there is none. */
        String pool();

        /** Bytes in use after the last collections. */
        long used();

        /** Bytes in use now, garbage included. */
        long usedNow();

        /** The most bytes; 0 or less if that is not known. */
        long max();

        /** Asks for a collection, and returns when it is done, in nanoseconds how long that took. */
        long collect();
    }

    private final Heap heap;
    private final double holdFrom;
    private final double goOnBelow;
    private boolean looked;
    private long lookedNanos;
    private long collectedNanos;
    private long collectTook;
    private boolean collected;
    private int most = Integer.MAX_VALUE;
    private long grownNanos;
    private volatile boolean holding;
    private final AtomicLong held = new AtomicLong();

    /**
     * Over this heap.
     *
     * @param holdFrom the share of the maximum from which it holds; 1 for never
     */
    HeapGuard(Heap heap, double holdFrom) {
        this.heap = heap;
        this.holdFrom = holdFrom;
        this.goOnBelow = holdFrom - MARGIN;
    }

    /**
     * Whether there is too little left. Cheap: it looks twenty times a second.
     *
     * @param inHand how many jobs are, asked when it begins to hold
     */
    boolean holds(long nowNanos, IntSupplier inHand) {
        if (looked && nowNanos - lookedNanos < LOOK_NANOS) {
            return holding;
        }
        looked = true;
        lookedNanos = nowNanos;
        long max = heap.max();
        if (max <= 0 || holdFrom >= 1) {
            return false;
        }
        if (!holding && heap.used() < holdFrom * max && heap.usedNow() >= holdFrom * max) {
            collect(nowNanos, SUSPECT_NANOS);
        }
        double share = (double) heap.used() / max;
        if (!holding && share >= holdFrom) {
            holding = true;
            held.incrementAndGet();
            most = Math.max(1, inHand.getAsInt() / 2);
            LOG.warn(
                    "{} % of {} are in use after a garbage collection: this process takes one job at a time until it"
                            + " is below {} %. Give it more memory, or its queues less concurrency.",
                    percent(share), heap.pool(), percent(goOnBelow));
        } else if (holding && share < goOnBelow) {
            holding = false;
            grownNanos = nowNanos;
            LOG.info(
                    "{} % of {} are in use after a garbage collection: claiming goes on.", percent(share), heap.pool());
        } else if (holding) {
            collect(nowNanos, COLLECT_NANOS);
        }
        return holding;
    }

    /** Asks for a collection, unless the last one that it asked for is too near. */
    private void collect(long nowNanos, long pauseNanos) {
        if (!collected || nowNanos - collectedNanos >= Math.max(pauseNanos, collectTook * COLLECT_PAUSES)) {
            collected = true;
            collectedNanos = nowNanos;
            collectTook = heap.collect();
        }
    }

    /** How many jobs may be in hand while it does not hold. */
    int most(long nowNanos) {
        if (most < Integer.MAX_VALUE && nowNanos - grownNanos >= GROW_NANOS) {
            grownNanos = nowNanos;
            most += Math.max(1, most / 10);
            most = most > ENOUGH ? Integer.MAX_VALUE : most;
        }
        return most;
    }

    private static long percent(double share) {
        return Math.round(share * 100);
    }

    HeapStats stats() {
        return new HeapStats(heap.pool(), heap.used(), Math.max(0, heap.max()), holding, held.get());
    }
}
