package dev.tidemill.jobs.store;

import java.time.Duration;
import java.util.List;

/** Keeps the store in order. Any node may call any of it at any time; calls do not get in each other's way. */
public interface Upkeep {
    /**
     * Moves due jobs from scheduled to ready, up to a batch.
     *
     * @return what became ready, and when to come back
     */
    Moved moveDue();

    /**
     * Closes the epochs of nodes that are dead, and returns what they held to ready.
     *
     * @param deadAfter silence that means death
     * @param goneAfter silence that means death when the node's database session has ended too
     */
    Rescued rescue(Duration deadAfter, Duration goneAfter);

    /** Asks the database for a sign of life. */
    void probe();

    /** Makes partitions that will soon be needed. */
    void makePartitions();

    /** Counts depths for {@link Desk#stats}, unless another node did less than this long ago. */
    void rollUp(Duration notWithin);

    /**
     * What was moved.
     *
     * @param hints a hint a lane
     * @param nextDueMicros when the next scheduled job is due; 0 if none waits
     * @param nowMicros the database's clock
     */
    record Moved(List<Hint> hints, long nextDueMicros, long nowMicros) {}

    /**
     * What was rescued.
     *
     * @param nodes how many epochs were closed
     * @param hints a hint a lane
     */
    record Rescued(int nodes, List<Hint> hints) {}
}
