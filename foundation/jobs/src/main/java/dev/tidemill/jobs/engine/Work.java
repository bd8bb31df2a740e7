package dev.tidemill.jobs.engine;

import dev.tidemill.jobs.store.ClaimedJob;
import java.util.List;
import java.util.Set;

/** What occupies one slot of a queue: a job, or a chunk of them. Thread safe. */
sealed interface Work extends Runnable permits RunningJob, RunningChunk {
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

    /** The epoch is lost: whatever the handler still does counts for nothing. */
    void abandon();

    /** Somebody cancelled these jobs; those of them that are here and not through are interrupted and not tried again. */
    void cancel(Set<Long> cancelled);

    /** The node stops: what is not through runs again elsewhere. */
    void release();
}
