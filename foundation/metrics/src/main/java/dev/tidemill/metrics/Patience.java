package dev.tidemill.metrics;

import java.time.Duration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** How long who closes meters waits for what still reads for them. */
final class Patience {
    private static final Logger LOG = LoggerFactory.getLogger(Patience.class);
    private static final Duration LONGEST = Duration.ofSeconds(10);

    private Patience() {}

    /** Returns when the thread has ended, after ten seconds at the latest, and at once where the caller is interrupted. */
    static void join(Thread thread) {
        try {
            if (!thread.equals(Thread.currentThread()) && !thread.join(LONGEST)) {
                LOG.warn("{} still reads for meters that were closed {} ago.", thread.getName(), LONGEST);
            }
        } catch (InterruptedException hurried) {
            Thread.currentThread().interrupt();
        }
    }
}
