package dev.tidemill.jobs.store;

import java.time.Duration;
import java.util.List;

/** Wakes other processes, and is woken by them. A lost signal delays a job until the next poll, no more. */
public interface Signals extends AutoCloseable {
    /** Tells every other process that listens. */
    void send(List<Hint> hints);

    /** Waits for signals of other processes, at most this long; empty if none came. For one thread. */
    List<Hint> await(Duration timeout);

    @Override
    void close();
}
