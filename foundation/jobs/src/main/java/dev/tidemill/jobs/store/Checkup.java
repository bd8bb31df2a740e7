package dev.tidemill.jobs.store;

import dev.tidemill.jobs.Diagnosis;
import dev.tidemill.jobs.Diagnosis.Repair;
import dev.tidemill.jobs.JobView;
import dev.tidemill.jobs.Why;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * Looks for what ails the store, mends what needs no person, and says why a job does not run. Thread safe; every query
 * is bounded in time, and {@link #repair} alone writes.
 */
public interface Checkup {
    /**
     * Looks.
     *
     * @param patience what lasts no longer is passed over: an open transaction, a silent node, a job that is overdue
     */
    Diagnosis examine(Duration patience);

    /**
     * Mends what can be mended safely while everybody works: orphaned leases, epochs that do not close, partitions. Each has
     * its line in the audit trail.
     *
     * @param by who asks for it
     */
    List<Repair> repair(Duration patience, String by);

    /** Why a job is not running; empty if there is none with this id. */
    Optional<Why> why(long id);

    /**
     * Why a job that was just looked at is not running. Costs less than asking by the id: others who ask at the same time
     * are answered together, and of the jobs that go first up to a thousand are counted.
     *
     * @param job as it was seen
     */
    Why why(JobView job);
}
