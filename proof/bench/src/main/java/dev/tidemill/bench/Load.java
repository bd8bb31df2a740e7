package dev.tidemill.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;

/** How jobs are enqueued while the bench measures: at a pace, or as fast as several clients can. */
public final class Load {
    private static final int CLIENTS = 8;

    private Load() {}

    /** Enqueues the job with a number. */
    @FunctionalInterface
    public interface Send {
        /** Returns when it is committed. */
        void one(long id) throws Exception;
    }

    /** So many a second, never faster to catch up; the first ones have negative numbers, warm up and do not count. */
    public static void paced(int perSecond, int warmUp, int count, Send send) throws Exception {
        long gapNanos = 1_000_000_000L / perSecond;
        for (int i = -warmUp; i < count; i++) {
            long next = System.nanoTime() + gapNanos;
            send.one(i);
            awaitNanoTime(next);
        }
    }

    /**
     * Returns when {@link System#nanoTime} is there, and not before: what was called since may have left this thread a
     * permit, by which parking once ends at once.
     */
    static void awaitNanoTime(long time) {
        for (long left = time - System.nanoTime(); left > 0; left = time - System.nanoTime()) {
            LockSupport.parkNanos(left);
        }
    }

    /** Eight threads, each enqueueing one job after the other; returns how many nanoseconds they took together. */
    public static long clients(int count, Send send) throws Exception {
        long start = System.nanoTime();
        AtomicLong left = new AtomicLong(count);
        List<Future<?>> clients = new ArrayList<>();
        try (ExecutorService threads = Executors.newFixedThreadPool(CLIENTS)) {
            for (int i = 0; i < CLIENTS; i++) {
                clients.add(threads.submit(() -> {
                    long id;
                    while ((id = left.decrementAndGet()) >= 0) {
                        send.one(id);
                    }
                    return null;
                }));
            }
        }
        for (Future<?> client : clients) {
            client.get();
        }
        return System.nanoTime() - start;
    }
}
