package dev.tidemill.jobs.engine;

import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A background thread that repeats a step. A platform thread, so that handlers that hog the virtual threads' carriers
 * cannot keep the node from its heartbeat. The step returns how long to wait for a {@link #wake}; when it throws, the
 * loop says so once, counts repetitions, and tries again with growing pauses (50 ms to 2 s) until it works again.
 */
final class Loop {
    private static final Logger LOG = LoggerFactory.getLogger(Loop.class);
    private static final long FIRST_PAUSE_MILLIS = 50;
    private static final long LONGEST_PAUSE_MILLIS = 2_000;

    /** One turn; returns how long to wait before the next unless woken, zero for not at all. */
    @FunctionalInterface
    interface Step {
        Duration run() throws InterruptedException;
    }

    private final String name;
    private final Step step;
    private final Thread thread;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition woken = lock.newCondition();
    private boolean wakePending;
    private volatile boolean stopping;

    Loop(String name, Step step) {
        this.name = name;
        this.step = step;
        this.thread = Thread.ofPlatform().daemon().name("tidemill-" + name).unstarted(this::run);
    }

    Loop start() {
        thread.start();
        return this;
    }

    /** Ends a wait, or the next one. Thread safe and cheap. */
    void wake() {
        lock.lock();
        try {
            wakePending = true;
            woken.signal();
        } finally {
            lock.unlock();
        }
    }

    /** Asks the loop to end after the turn it is in; does not wait. */
    void stop() {
        stopping = true;
        wake();
    }

    /** Waits for the end, if it was ever started; false if it did not come in time. */
    boolean join(Duration timeout) {
        if (thread.getState() == Thread.State.NEW || thread.equals(Thread.currentThread())) {
            return true;
        }
        try {
            return thread.join(timeout);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    boolean stopping() {
        return stopping;
    }

    private void run() {
        int failures = 0;
        @Nullable String said = null;
        while (!stopping) {
            Duration pause;
            try {
                pause = step.run();
                if (failures > 0) {
                    LOG.info("{} works again after {} failures.", name, failures);
                }
                failures = 0;
                said = null;
            } catch (InterruptedException ended) {
                return;
            } catch (RuntimeException | Error failed) {
                failures++;
                String message = String.valueOf(failed.getMessage());
                if (!message.equals(said)) {
                    LOG.warn("{} failed and tries again: {}", name, message, failed);
                    said = message;
                }
                pause = Duration.ofMillis(
                        Math.min(LONGEST_PAUSE_MILLIS, FIRST_PAUSE_MILLIS << Math.min(failures - 1, 6)));
                pauseRegardless(pause);
                continue;
            }
            await(pause);
        }
    }

    private void await(Duration pause) {
        lock.lock();
        try {
            long left = pause.toNanos();
            while (!wakePending && left > 0 && !stopping) {
                left = woken.awaitNanos(left);
            }
            wakePending = false;
        } catch (InterruptedException interrupted) {
            stopping = true;
        } finally {
            lock.unlock();
        }
    }

    /** A pause that wake-ups do not cut short, so that a dead database is not hammered; stopping does. */
    private void pauseRegardless(Duration pause) {
        lock.lock();
        try {
            long end = System.nanoTime() + pause.toNanos();
            while (!stopping && end - System.nanoTime() > 0) {
                if (!woken.await(end - System.nanoTime(), TimeUnit.NANOSECONDS)) {
                    return;
                }
            }
        } catch (InterruptedException interrupted) {
            stopping = true;
        } finally {
            lock.unlock();
        }
    }
}
