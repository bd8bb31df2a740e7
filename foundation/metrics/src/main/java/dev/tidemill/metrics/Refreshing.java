package dev.tidemill.metrics;

import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Threads that refresh meters every so often, until the meters are closed. */
final class Refreshing {
    private static final Logger LOG = LoggerFactory.getLogger(Refreshing.class);
    private static final Duration SHORTEST = Duration.ofSeconds(1);

    private Refreshing() {}

    /**
     * Begins at once.
     *
     * @param every how often; 1 second or more
     */
    static void start(String thread, Duration every, Runnable refresh, BooleanSupplier closed) {
        if (every.compareTo(SHORTEST) < 0) {
            throw new IllegalArgumentException(
                    "The meters are to be refreshed every " + every + "; it must be " + SHORTEST + " or more.");
        }
        Thread.ofPlatform().daemon().name(thread).start(() -> {
            while (!closed.getAsBoolean()) {
                try {
                    refresh.run();
                } catch (RuntimeException failed) {
                    LOG.debug("Refreshing the meters failed; trying again.", failed);
                }
                LockSupport.parkNanos(closed, every.toNanos());
            }
        });
    }
}
