package dev.tidemill.chaos;

import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/** Waiting for what other processes do: asked again and again, with an end. */
final class Waiting {
    private static final Duration POLL = Duration.ofMillis(20);

    private Waiting() {}

    /** Waits until it holds; false if it did not within that time. */
    static boolean holds(Duration atMost, BooleanSupplier condition) {
        long end = System.nanoTime() + atMost.toNanos();
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() - end >= 0 || Thread.currentThread().isInterrupted()) {
                return false;
            }
            LockSupport.parkNanos(POLL.toNanos());
        }
        return true;
    }

    /**
     * Waits until it holds.
     *
     * @throws IllegalStateException if it did not within that time
     */
    static void until(String what, Duration atMost, BooleanSupplier condition) {
        if (!holds(atMost, condition)) {
            throw new IllegalStateException("Waited " + atMost.toSeconds() + " s in vain: " + what + ".");
        }
    }

    /** Lets that time pass, or until interrupted. */
    static void pass(Duration time) {
        long end = System.nanoTime() + time.toNanos();
        long left;
        while ((left = end - System.nanoTime()) > 0 && !Thread.currentThread().isInterrupted()) {
            LockSupport.parkNanos(left);
        }
    }
}
