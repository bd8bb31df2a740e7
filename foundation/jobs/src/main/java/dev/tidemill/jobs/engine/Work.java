package dev.tidemill.jobs.engine;

import dev.tidemill.jobs.store.ClaimedJob;
import java.util.List;

/** What occupies one slot of a queue: a job, or a chunk of them. Thread safe. */
sealed interface Work extends Hold, Runnable permits RunningJob, RunningChunk {
    /** The jobs, most urgent first; at least one. */
    List<ClaimedJob> claimed();

    /** The epoch it was claimed under. */
    EpochWork epoch();

    /** Whether it may use the slots reserved for critical jobs. */
    boolean critical();

    /** How many jobs it is. */
    default int size() {
        return claimed().size();
    }
}
