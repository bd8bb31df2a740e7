package dev.tidemill.jobs.store;

import java.time.Duration;
import java.util.List;

/** Wakes other processes, and is woken by them. A lost signal delays a job until the next poll, no more. */
public interface Signals extends AutoCloseable {
    /** Tells every other process that listens. */
    void send(List<Hint> hints);

    /** Waits for signals of other processes, at most this long. For one thread. */
    Heard await(Duration timeout);

    /**
     * What was heard.
     *
     * @param hints what may be claimed, or will be; empty if nothing was said of it
     * @param cancels whether somebody wants to have jobs cancelled that may be running
     */
    record Heard(List<Hint> hints, boolean cancels) {
        public Heard {
            hints = List.copyOf(hints);
        }
    }

    @Override
    void close();
}
