package dev.tidemill.peers;

import dev.tidemill.bench.Child;
import java.time.Duration;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;

/** Listens to a process for so long; then kills it, which ends the wait for its lines. */
final class Bound implements AutoCloseable {
    private final Child child;
    private final Duration bound;
    private final ScheduledExecutorService clock = Executors.newSingleThreadScheduledExecutor();
    private volatile boolean exceeded;

    private Bound(Child child, Duration bound) {
        this.child = child;
        this.bound = bound;
    }

    /** The process did not say what was awaited in time. */
    static final class Exceeded extends IllegalStateException {
        private static final long serialVersionUID = 1;

        private Exceeded(String word, Duration bound) {
            super("It did not say '" + word + "' within " + bound.toSeconds() + " s.");
        }
    }

    static Bound on(Child child, Duration duration) {
        Bound bound = new Bound(child, duration);
        Future<?> unused = bound.clock.schedule(bound::exceed, duration.toMillis(), TimeUnit.MILLISECONDS);
        return bound;
    }

    private void exceed() {
        exceeded = true;
        child.kill();
    }

    /** The rest of the next line that begins with a word. */
    String await(String word) {
        try {
            return child.await(word);
        } catch (IllegalStateException ended) {
            if (exceeded) {
                throw new Exceeded(word, bound);
            }
            throw ended;
        }
    }

    @Override
    public void close() {
        clock.shutdownNow();
    }
}
