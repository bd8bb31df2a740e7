package dev.tidemill.server.page;

import java.time.Duration;
import java.util.Map;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Renders the page's fragments once for everybody who watches, for as long as somebody does. A watcher that is slow
 * misses frames, never delays others. Thread safe.
 */
final class LiveFeed implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(LiveFeed.class);

    /**
     * The fragments of one moment by name.
     *
     * @param version grows by one with each frame; 0 for none yet
     */
    record Frame(long version, Map<String, String> fragments) {
        Frame {
            fragments = Map.copyOf(fragments);
        }
    }

    private final Supplier<Map<String, String>> renderer;
    private final Duration period;
    private final int maxWatchers;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final Condition nudged = lock.newCondition();
    private Frame frame = new Frame(0, Map.of());
    private int watchers;
    private boolean sampling;
    private boolean hurry;
    private boolean closed;

    LiveFeed(Supplier<Map<String, String>> renderer, Duration period, int maxWatchers) {
        this.renderer = renderer;
        this.period = period;
        this.maxWatchers = maxWatchers;
    }

    /** Takes a watcher in; false if there are too many, or the server stops. Each true is followed by one leave. */
    boolean enter() {
        lock.lock();
        try {
            if (closed || watchers >= maxWatchers) {
                return false;
            }
            watchers++;
            if (!sampling) {
                sampling = true;
                Thread.ofVirtual().name("tidemill-page").start(this::sample);
            }
            return true;
        } finally {
            lock.unlock();
        }
    }

    void leave() {
        lock.lock();
        try {
            watchers--;
            nudged.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** Has a new frame made at once. */
    void nudge() {
        lock.lock();
        try {
            hurry = true;
            nudged.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** Waits for a frame other than this version, or this long; the latest one then. */
    Frame next(long seen, Duration atMost) throws InterruptedException {
        lock.lock();
        try {
            long left = atMost.toNanos();
            while (!closed && frame.version() == seen && left > 0) {
                left = changed.awaitNanos(left);
            }
            return frame;
        } finally {
            lock.unlock();
        }
    }

    boolean closed() {
        lock.lock();
        try {
            return closed;
        } finally {
            lock.unlock();
        }
    }

    boolean sampling() {
        lock.lock();
        try {
            return sampling;
        } finally {
            lock.unlock();
        }
    }

    private void sample() {
        boolean failing = false;
        while (goesOn()) {
            try {
                publish(renderer.get());
                failing = false;
            } catch (RuntimeException failed) {
                if (!failing) {
                    LOG.error("The live page cannot be rendered; it is tried again, and this is said once", failed);
                }
                failing = true;
            }
            pause();
        }
    }

    private boolean goesOn() {
        lock.lock();
        try {
            sampling = !closed && watchers > 0;
            return sampling;
        } finally {
            lock.unlock();
        }
    }

    private void publish(Map<String, String> fragments) {
        lock.lock();
        try {
            if (!fragments.equals(frame.fragments())) {
                frame = new Frame(frame.version() + 1, fragments);
                changed.signalAll();
            }
        } finally {
            lock.unlock();
        }
    }

    private void pause() {
        lock.lock();
        try {
            long left = period.toNanos();
            while (!hurry && !closed && watchers > 0 && left > 0) {
                left = nudged.awaitNanos(left);
            }
            hurry = false;
        } catch (InterruptedException nobodyInterruptsThis) {
            Thread.currentThread().interrupt();
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void close() {
        lock.lock();
        try {
            closed = true;
            changed.signalAll();
            nudged.signalAll();
        } finally {
            lock.unlock();
        }
    }
}
