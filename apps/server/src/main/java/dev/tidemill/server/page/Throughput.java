package dev.tidemill.server.page;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;

/**
 * Attempts finished a second, from counts of the last hour. Nodes report every second or two, so a rate is taken over
 * a few seconds; a count that sank lost its oldest minute, which says nothing about now. For one thread.
 */
final class Throughput {
    static final int POINTS = 120;
    private static final int WINDOW = 7;
    private static final long MIN_STEP_NANOS = 800_000_000L;
    private static final long MIN_SPAN_NANOS = 3_000_000_000L;

    private record Sample(long nanos, long finished) {}

    private final Deque<Sample> samples = new ArrayDeque<>();
    private final Deque<Double> rates = new ArrayDeque<>();
    private long lastCount = -1;
    private long finished;

    /** Takes a count of the last hour, at this time of {@link System#nanoTime}; too soon after another it is ignored. */
    void add(long count, long nanos) {
        if (!samples.isEmpty() && nanos - samples.getLast().nanos() < MIN_STEP_NANOS) {
            return;
        }
        finished += lastCount < 0 ? 0 : Math.max(0, count - lastCount);
        lastCount = count;
        samples.addLast(new Sample(nanos, finished));
        if (samples.size() > WINDOW) {
            samples.removeFirst();
        }
        Sample oldest = samples.getFirst();
        if (nanos - oldest.nanos() >= MIN_SPAN_NANOS) {
            rates.addLast((finished - oldest.finished()) * 1e9 / (nanos - oldest.nanos()));
        }
        if (rates.size() > POINTS) {
            rates.removeFirst();
        }
    }

    /** Begins anew: nobody has looked for a while. */
    void clear() {
        samples.clear();
        rates.clear();
        lastCount = -1;
    }

    List<Double> rates() {
        return new ArrayList<>(rates);
    }
}
