package dev.tidemill.jobs;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * Several things at a time, or one batch after the other, inside a handler or anywhere else, within a time limit: an
 * hour unless told otherwise. When the caller is interrupted, as a handler is whose attempt is over or was cancelled,
 * so is what it waits for. Thread safe.
 *
 * <pre>{@code
 * List<Price> prices = parallel(calls, 10);
 * inBatches(rows, 50, batch -> insert(batch));
 * }</pre>
 *
 * <p>Tasks run on virtual threads of their own, with the caller's MDC, so that their log lines name the job. No call
 * returns before every task has ended, or was interrupted and had five seconds to end; one that ignores its interrupt
 * for longer is left behind.
 */
public final class Parallel {
    private static final Duration STANDARD = Duration.ofHours(1);
    private static final int MOST = 10_000;

    private Parallel() {}

    /** What one task came to: what it returned, which may be null, or what it threw. */
    public record Result<T>(@Nullable T value, @Nullable Throwable failure) {
        /** Whether it returned. */
        public boolean succeeded() {
            return failure == null;
        }
    }

    /** What is done with a batch. */
    @FunctionalInterface
    public interface Batch<T> {
        /** Does it; at least one item, at most as many as asked for, in a list of its own. */
        void accept(List<T> items) throws Exception;
    }

    /** As {@link #parallel(Collection, int, Duration)}, within an hour. */
    public static <T extends @Nullable Object> List<T> parallel(Collection<? extends Callable<T>> tasks, int atOnce)
            throws ExecutionException, TimeoutException, InterruptedException {
        return parallel(tasks, atOnce, STANDARD);
    }

    /**
     * Runs all of these, at most so many at a time, and returns what they returned, in the order given. The first that
     * fails interrupts the others, keeps the rest from starting, and is thrown; a {@link Retry} steers the job from
     * inside that exception as if the handler had thrown it.
     *
     * @param atOnce 1 to 10,000
     * @param within for all of them together, more than 0
     * @throws ExecutionException with the first failure as its cause
     * @throws TimeoutException if the time was not enough; the tasks were interrupted
     * @throws InterruptedException if the caller was interrupted; so were the tasks
     */
    public static <T extends @Nullable Object> List<T> parallel(
            Collection<? extends Callable<T>> tasks, int atOnce, Duration within)
            throws ExecutionException, TimeoutException, InterruptedException {
        TaskGroup<T> group = new TaskGroup<>(tasks, validAtOnce(atOnce), bounded(within), true);
        group.run();
        List<T> values = new ArrayList<>(tasks.size());
        for (FutureTask<T> task : group.tasks()) {
            values.add(task.get());
        }
        return values;
    }

    /** As {@link #collect(Collection, int, Duration)}, within an hour. */
    public static <T> List<Result<T>> collect(Collection<? extends Callable<T>> tasks, int atOnce)
            throws InterruptedException {
        return collect(tasks, atOnce, STANDARD);
    }

    /**
     * Runs all of these, at most so many at a time, and returns what each came to, in the order given; none keeps
     * another from running. What had not ended when the time was over was interrupted, or not started, and has a {@link
     * CancellationException}.
     *
     * @param atOnce 1 to 10,000
     * @param within for all of them together, more than 0
     * @throws InterruptedException if the caller was interrupted; so were the tasks
     */
    public static <T> List<Result<T>> collect(Collection<? extends Callable<T>> tasks, int atOnce, Duration within)
            throws InterruptedException {
        TaskGroup<T> group = new TaskGroup<>(tasks, validAtOnce(atOnce), bounded(within), false);
        @Nullable TimeoutException late = null;
        try {
            group.run();
        } catch (TimeoutException over) {
            late = over;
        } catch (ExecutionException impossible) {
            throw new IllegalStateException(impossible);
        }
        List<Result<T>> results = new ArrayList<>(tasks.size());
        for (FutureTask<T> task : group.tasks()) {
            results.add(result(task, late));
        }
        return results;
    }

    private static <T> Result<T> result(FutureTask<T> task, @Nullable TimeoutException late) {
        return switch (task.state()) {
            case SUCCESS -> new Result<>(task.resultNow(), null);
            case FAILED -> new Result<>(null, task.exceptionNow());
            case CANCELLED, RUNNING -> {
                CancellationException cancelled =
                        new CancellationException(late == null ? "It was cancelled." : late.getMessage());
                yield new Result<>(null, cancelled);
            }
        };
    }

    /** As {@link #inBatches(Iterable, int, Duration, Batch)}, within an hour. */
    public static <T extends @Nullable Object> void inBatches(Iterable<? extends T> items, int size, Batch<T> batch)
            throws Exception {
        inBatches(items, size, STANDARD, batch);
    }

    /**
     * Goes through these in batches of up to so many, one batch after the other, in the caller's thread. Stops at the
     * first batch that fails, and before the next one when the caller was interrupted. Only one batch of the items is
     * held at a time, so there may be more of them than memory.
     *
     * @param size 1 or more
     * @param within for all batches together, more than 0; a batch that runs when it is over is interrupted
     * @throws TimeoutException if the time was not enough
     * @throws InterruptedException if the caller was interrupted
     * @throws Exception what a batch threw
     */
    public static <T extends @Nullable Object> void inBatches(
            Iterable<? extends T> items, int size, Duration within, Batch<T> batch) throws Exception {
        if (size < 1) {
            throw new TidemillException(
                    ErrorCode.INVALID_OPTION, "A batch of " + size + " items holds none; use 1 or more.");
        }
        Duration bounded = bounded(within);
        long[] done = {0};
        try (Bell bell = new Bell(bounded)) {
            try {
                goThrough(items.iterator(), size, batch, bell, done);
            } catch (Exception failed) {
                if (bell.rang()) {
                    TimeoutException late =
                            new TimeoutException("Only " + done[0] + " items were through within " + bounded + ".");
                    late.initCause(failed);
                    throw late;
                }
                throw failed;
            }
        }
    }

    private static <T extends @Nullable Object> void goThrough(
            Iterator<? extends T> left, int size, Batch<T> batch, Bell bell, long[] done) throws Exception {
        while (left.hasNext()) {
            // A batch may have swallowed its interrupt.
            if (Thread.interrupted() || bell.rang()) {
                throw new InterruptedException("Interrupted between two batches.");
            }
            List<T> some = new ArrayList<>(Math.min(size, 1_000));
            while (some.size() < size && left.hasNext()) {
                some.add(left.next());
            }
            batch.accept(Collections.unmodifiableList(some));
            done[0] += some.size();
        }
    }

    private static int validAtOnce(int atOnce) {
        if (atOnce < 1 || atOnce > MOST) {
            throw new TidemillException(
                    ErrorCode.INVALID_OPTION, atOnce + " tasks at a time were asked for; it takes 1 to " + MOST + ".");
        }
        return atOnce;
    }

    private static Duration bounded(Duration within) {
        if (within.isNegative() || within.isZero()) {
            throw new TidemillException(
                    ErrorCode.INVALID_OPTION, "The time limit is " + within + "; it must be more than 0.");
        }
        return within.compareTo(EnqueueOptions.MAX_DELAY) > 0 ? EnqueueOptions.MAX_DELAY : within;
    }

    /** Interrupts the thread that made it when the time is over, unless it was closed before. */
    private static final class Bell implements AutoCloseable {
        private final Thread owner = Thread.currentThread();
        private final Thread ringer;
        private boolean rang;
        private boolean closed;

        Bell(Duration after) {
            ringer = Thread.ofVirtual().name(owner.getName() + "-limit").start(() -> ring(after));
        }

        private void ring(Duration after) {
            try {
                Thread.sleep(after);
            } catch (InterruptedException over) {
                return;
            }
            synchronized (this) {
                if (!closed) {
                    rang = true;
                    owner.interrupt();
                }
            }
        }

        synchronized boolean rang() {
            return rang;
        }

        /** The interrupt was for what ran under the limit, so none of it is left for what comes after. */
        @Override
        public void close() {
            synchronized (this) {
                closed = true;
                if (rang) {
                    Thread.interrupted();
                }
            }
            ringer.interrupt();
        }
    }
}
