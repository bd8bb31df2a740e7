package dev.tidemill.metrics;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A thread that refreshes meters every so often, until it is closed. */
final class Refreshing implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Refreshing.class);
    private static final Duration SHORTEST = Duration.ofSeconds(1);

    private final CountDownLatch closed = new CountDownLatch(1);
    private final Thread thread;

    private Refreshing(String thread, Duration every, Runnable refresh) {
        this.thread = Thread.ofPlatform().daemon().name(thread).start(() -> run(every, refresh));
    }

    /**
     * What {@link #start} takes.
     *
     * @throws IllegalArgumentException less than a second
     */
    static Duration checked(Duration every) {
        if (every.compareTo(SHORTEST) < 0) {
            throw new IllegalArgumentException(
                    "The meters are to be refreshed every " + every + "; it must be " + SHORTEST + " or more.");
        }
        return every;
    }

    /** Begins at once. */
    static Refreshing start(String thread, Duration every, Runnable refresh) {
        return new Refreshing(thread, every, refresh);
    }

    private void run(Duration every, Runnable refresh) {
        try {
            do {
                try {
                    refresh.run();
                } catch (RuntimeException failed) {
                    LOG.debug("Refreshing the meters failed; trying again.", failed);
                }
            } while (!closed.await(every.toNanos(), TimeUnit.NANOSECONDS));
        } catch (InterruptedException ended) {
            Thread.currentThread().interrupt();
        }
    }

    /** Ends the thread, once the refresh that is under way has ended. */
    @Override
    public void close() {
        closed.countDown();
        Patience.join(thread);
    }
}
