package dev.tidemill.jobs;

import dev.tidemill.jobs.engine.Traces;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.slf4j.MDC;

/** Tasks that run together under one limit. Run once, by one thread. */
final class TaskGroup<T extends @Nullable Object> {
    private static final Duration GRACE = Duration.ofSeconds(5);

    private final List<FutureTask<T>> tasks = new ArrayList<>();
    private final Set<Thread> running = ConcurrentHashMap.newKeySet();
    private final AtomicReference<@Nullable FutureTask<T>> firstFailed = new AtomicReference<>();
    private final Semaphore slots;
    private final int atOnce;
    private final Duration within;
    private final long endNanos;
    private final boolean failFast;
    private final String name = Thread.currentThread().getName();
    private final @Nullable Map<String, String> context = MDC.getCopyOfContextMap();

    /** Of these tasks; {@code failFast} has the first failure end the others. */
    TaskGroup(Collection<? extends Callable<T>> given, int atOnce, Duration within, boolean failFast) {
        this.endNanos = System.nanoTime() + within.toNanos();
        this.within = within;
        this.atOnce = atOnce;
        this.failFast = failFast;
        this.slots = new Semaphore(atOnce);
        given.forEach(task -> tasks.add(new FutureTask<>(task)));
    }

    /** In the order given. */
    List<FutureTask<T>> tasks() {
        return tasks;
    }

    /** Runs them; when this returns or throws, nothing runs any more but what ignores its interrupt. */
    void run() throws ExecutionException, TimeoutException, InterruptedException {
        boolean whole = false;
        try {
            int number = 0;
            for (FutureTask<T> task : tasks) {
                acquire(1);
                if (firstFailed.get() != null) {
                    break;
                }
                number++;
                Thread thread = Thread.ofVirtual().name(name + "-" + number).unstarted(Traces.carried(() -> run(task)));
                running.add(thread);
                thread.start();
            }
            if (firstFailed.get() == null) {
                // All slots are free when all that were started are through.
                acquire(atOnce);
            }
            whole = firstFailed.get() == null;
        } finally {
            if (!whole) {
                stop();
            }
        }
        FutureTask<T> failed = firstFailed.get();
        if (failed != null) {
            throw new ExecutionException(failed.exceptionNow());
        }
    }

    private void acquire(int count) throws TimeoutException, InterruptedException {
        if (!slots.tryAcquire(count, endNanos - System.nanoTime(), TimeUnit.NANOSECONDS)) {
            throw new TimeoutException("Not all of " + tasks.size() + " tasks ended within " + within + ".");
        }
    }

    private void run(FutureTask<T> task) {
        try {
            if (context != null) {
                MDC.setContextMap(context);
            }
            task.run();
            if (failFast && task.state() == Future.State.FAILED && firstFailed.compareAndSet(null, task)) {
                tasks.forEach(other -> other.cancel(true));
                // So that the caller hears of it, whoever ignores the interrupt.
                slots.release(atOnce);
            }
        } finally {
            MDC.clear();
            running.remove(Thread.currentThread());
            slots.release();
        }
    }

    /** Interrupts what runs, and waits a little for it, whatever interrupts the caller meanwhile. */
    private void stop() {
        tasks.forEach(task -> task.cancel(true));
        long until = System.nanoTime() + GRACE.toNanos();
        boolean interrupted = false;
        for (Thread thread : running) {
            // Once more, for one that was between two waits when its task was cancelled.
            thread.interrupt();
            boolean ended = false;
            long left;
            while (!ended && (left = until - System.nanoTime()) > 0) {
                try {
                    ended = thread.join(Duration.ofNanos(left));
                } catch (InterruptedException again) {
                    interrupted = true;
                }
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
