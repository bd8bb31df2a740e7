package dev.tidemill.jobs.engine;

import dev.tidemill.jobs.store.ClaimedJob;
import java.util.List;

/**
 * How many jobs a claim for workers elsewhere takes at once, so that their payloads do not fill the heap: few to begin
 * with, four times as many while they are small, and fewer again when they were large. Not thread safe.
 */
final class Appetite {
    private static final int FIRST = 4;
    private static final int GROWTH = 4;
    private static final int MOST = 500;

    private final long enoughBytes;
    private int most = FIRST;

    /**
     * Creates one that is small.
     *
     * @param enoughBytes of payloads: what is handed out together is not much more
     */
    Appetite(long enoughBytes) {
        this.enoughBytes = enoughBytes;
    }

    /** For this process: a 32nd of its heap. */
    static Appetite ofHeap() {
        return new Appetite(Runtime.getRuntime().maxMemory() / 32);
    }

    /** How many to claim next, at most this many. */
    int most(int wanted) {
        return Math.min(wanted, most);
    }

    /** Whether payloads of so many bytes are enough for one answer. */
    boolean enough(long bytes) {
        return bytes >= enoughBytes;
    }

    /** Learns from what a claim brought; returns the bytes of its payloads. */
    long learn(List<ClaimedJob> jobs) {
        long bytes = 0;
        for (ClaimedJob job : jobs) {
            bytes += job.payload() == null ? 0 : job.payload().length();
        }
        if (enough(bytes)) {
            most = Math.max(1, jobs.size() / GROWTH);
        } else if (jobs.size() >= most && bytes <= enoughBytes / GROWTH) {
            most = Math.min(MOST, most * GROWTH);
        }
        return bytes;
    }
}
