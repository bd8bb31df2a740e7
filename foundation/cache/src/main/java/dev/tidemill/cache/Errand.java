package dev.tidemill.cache;

import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Calls that may hang, each on a virtual thread of its own: whoever waits for one does so for a bounded time, and there
 * are never more than so many, those included that nobody waits for any more.
 */
final class Errand {
    private final String name;
    private final Semaphore free;

    /** There was no room for the call in time. */
    static final class CrowdedException extends Exception {
        private static final long serialVersionUID = 1;

        CrowdedException(String message) {
            super(message);
        }
    }

    Errand(String name, int atOnce) {
        this.name = name;
        this.free = new Semaphore(atOnce);
    }

    /**
     * Runs a call; one that takes too long is interrupted and left to itself.
     *
     * @throws TimeoutException if there was no answer in time
     * @throws ExecutionException if it failed
     * @throws CrowdedException if too many others are under way
     */
    <T> T run(Callable<T> call, Duration timeout)
            throws TimeoutException, ExecutionException, InterruptedException, CrowdedException {
        long end = System.nanoTime() + timeout.toNanos();
        if (!free.tryAcquire(timeout.toNanos(), TimeUnit.NANOSECONDS)) {
            throw new CrowdedException(name + " has too many calls under way that do not end");
        }
        FutureTask<T> task = new FutureTask<>(call);
        Thread.ofVirtual().name(name).start(() -> {
            try {
                task.run();
            } finally {
                free.release();
            }
        });
        try {
            return task.get(end - System.nanoTime(), TimeUnit.NANOSECONDS);
        } finally {
            task.cancel(true);
        }
    }
}
