package dev.tidemill.cache;

import java.time.Duration;
import java.util.concurrent.locks.ReentrantLock;

/** Leaves something alone that fails time after time: then one call at a time tries it. Thread safe. */
final class Circuit {
    private final int failuresToOpen;
    private final long openForNanos;
    private final ReentrantLock lock = new ReentrantLock();
    private int failures;
    private long closedFrom;
    private boolean probing;

    /** With 0 failures it never opens. */
    Circuit(int failuresToOpen, Duration openFor) {
        this.failuresToOpen = failuresToOpen;
        this.openForNanos = openFor.toNanos();
    }

    /** Whether a call may be made; if so, say what came of it. */
    boolean admits() {
        lock.lock();
        try {
            if (!isTripped()) {
                return true;
            }
            if (probing || System.nanoTime() - closedFrom < 0) {
                return false;
            }
            probing = true;
            return true;
        } finally {
            lock.unlock();
        }
    }

    private boolean isTripped() {
        return failuresToOpen > 0 && failures >= failuresToOpen;
    }

    /** Returns whether it was open. */
    boolean succeeded() {
        lock.lock();
        try {
            boolean was = isTripped();
            failures = 0;
            probing = false;
            return was;
        } finally {
            lock.unlock();
        }
    }

    /** Returns whether this opened it. */
    boolean failed() {
        lock.lock();
        try {
            boolean was = isTripped();
            failures = Math.min(failures + 1, Integer.MAX_VALUE - 1);
            probing = false;
            if (isTripped()) {
                closedFrom = System.nanoTime() + openForNanos;
            }
            return !was && isTripped();
        } finally {
            lock.unlock();
        }
    }

    /** Whether calls are refused, but for one now and then. */
    boolean isOpen() {
        lock.lock();
        try {
            return isTripped();
        } finally {
            lock.unlock();
        }
    }
}
