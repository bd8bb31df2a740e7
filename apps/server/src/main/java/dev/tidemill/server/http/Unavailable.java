package dev.tidemill.server.http;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Says that requests were answered with 503: the first with its reason, and then, as long as it goes on, how many in ten
 * seconds. A database that is away for a minute would else fill the log with one stack trace a request. Thread safe.
 */
final class Unavailable {
    private static final Logger LOG = LoggerFactory.getLogger(Router.class);
    private static final long EVERY_NANOS = Duration.ofSeconds(10).toNanos();

    private final AtomicLong nextNanos = new AtomicLong(System.nanoTime());
    private final AtomicLong unsaid = new AtomicLong();

    void note(String method, String pattern, Problem problem) {
        long now = System.nanoTime();
        long due = nextNanos.get();
        if (now - due < 0 || !nextNanos.compareAndSet(due, now + EVERY_NANOS)) {
            unsaid.incrementAndGet();
            return;
        }
        long before = unsaid.getAndSet(0);
        Throwable cause = problem.getCause();
        LOG.warn(
                "{} {} was answered with 503 {}, and {} requests since this was last said: {}",
                method,
                pattern,
                problem.code(),
                before,
                cause == null ? problem.getMessage() : cause.getMessage());
    }
}
