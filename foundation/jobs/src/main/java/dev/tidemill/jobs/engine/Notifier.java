package dev.tidemill.jobs.engine;

import dev.tidemill.jobs.Priority;
import dev.tidemill.jobs.store.Hint;
import dev.tidemill.jobs.store.Signals;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Tells other processes that there is something to do: the first hint goes out at once, those that come while it is
 * under way or within the next 5 ms go together, one a lane. Never in the way of the thread that enqueues.
 */
final class Notifier {
    private static final Duration SPACING = Duration.ofMillis(5);

    private record Lane(String queue, Priority priority, boolean due) {}

    private final Signals signals;
    private final Map<Lane, Hint> pending = new HashMap<>();
    private final Loop loop = new Loop("notify", this::send);
    private long sentNanos = System.nanoTime();

    Notifier(Signals signals) {
        this.signals = signals;
    }

    void start() {
        loop.start();
    }

    void add(Hint hint) {
        boolean first;
        synchronized (pending) {
            first = pending.isEmpty();
            pending.merge(new Lane(hint.queue(), hint.priority(), hint.dueMicros() != 0), hint, Notifier::earlier);
        }
        if (first) {
            loop.wake();
        }
    }

    private static Hint earlier(Hint one, Hint other) {
        return new Hint(
                one.queue(),
                one.priority(),
                Math.min(one.startByMicros(), other.startByMicros()),
                Math.min(one.dueMicros(), other.dueMicros()));
    }

    private Duration send() {
        long since = System.nanoTime() - sentNanos;
        if (since < SPACING.toNanos()) {
            return SPACING.minusNanos(since);
        }
        List<Hint> hints;
        synchronized (pending) {
            if (pending.isEmpty()) {
                return Duration.ofSeconds(10);
            }
            hints = new ArrayList<>(pending.values());
            pending.clear();
        }
        sentNanos = System.nanoTime();
        signals.send(hints);
        return SPACING;
    }

    void stop() {
        loop.stop();
        loop.join(Duration.ofSeconds(5));
    }
}
