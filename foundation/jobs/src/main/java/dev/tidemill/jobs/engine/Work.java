package dev.tidemill.jobs.engine;

import dev.tidemill.jobs.store.ClaimedJob;
import java.util.List;

/** What occupies one slot of a queue: a job, or a chunk of them. Thread safe. */
sealed interface Work extends Runnable permits RunningJob, RunningChunk {
    /** The jobs, most urgent first; at least one. */
    List<ClaimedJob> claimed();

    /** Whether it may use the slots reserved for critical jobs. */
    boolean critical();

    /** How many jobs it is. */
    default int size() {
        return claimed().size();
    }

    /** The epoch is lost: whatever the handler still does counts for nothing. */
    void abandon();

    /** The node stops: what is not through runs again elsewhere. */
    void release();
}
