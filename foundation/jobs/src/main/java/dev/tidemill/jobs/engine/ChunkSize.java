package dev.tidemill.jobs.engine;

import dev.tidemill.jobs.ChunkOptions;
import dev.tidemill.jobs.ChunkStats;
import java.time.Duration;
import java.time.temporal.ChronoUnit;

/**
 * How many jobs the next chunk of a kind takes, by the time that the last ones took; one a kind and process. As TCP
 * finds its window (RFC 5681): doubling up to a threshold, then growing by small steps, halved by a call that takes
 * longer than the target, where the threshold then is. Calls that were smaller than the size teach it nothing unless
 * they were too slow; several slow calls of one size halve it once. Thread safe.
 */
final class ChunkSize {
    private static final int FIRST = 16;
    private static final int STEPS = 20;

    private final String kind;
    private final ChunkOptions options;
    private int size;
    private int threshold;
    private int lastJobs;
    private long lastMicros;
    private long calls;
    private long isolated;

    ChunkSize(String kind, ChunkOptions options) {
        this.kind = kind;
        this.options = options;
        this.size = Math.min(FIRST, options.maxJobs());
        this.threshold = options.maxJobs();
    }

    ChunkOptions options() {
        return options;
    }

    synchronized int size() {
        return size;
    }

    /** A call that did not fail as a whole. */
    synchronized void measured(int jobs, long tookMicros) {
        counted(jobs, tookMicros);
        if (tookMicros > options.target().toNanos() / 1_000) {
            size = Math.min(size, Math.max(1, jobs / 2));
            threshold = size;
        } else if (jobs >= size) {
            size = Math.min(
                    options.maxJobs(),
                    size < threshold ? Math.min(2 * size, threshold) : size + Math.max(1, options.maxJobs() / STEPS));
        }
    }

    /** A call that failed and is split. */
    synchronized void split(int jobs, long tookMicros) {
        counted(jobs, tookMicros);
        isolated++;
    }

    private void counted(int jobs, long tookMicros) {
        calls++;
        lastJobs = jobs;
        lastMicros = tookMicros;
    }

    synchronized ChunkStats stats() {
        return new ChunkStats(
                kind, size, options.maxJobs(), lastJobs, Duration.of(lastMicros, ChronoUnit.MICROS), calls, isolated);
    }
}
