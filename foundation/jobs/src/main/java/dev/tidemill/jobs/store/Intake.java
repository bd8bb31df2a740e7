package dev.tidemill.jobs.store;

import dev.tidemill.jobs.Enqueued;
import java.sql.Connection;
import java.util.List;

/** Takes jobs in. Thread safe. */
public interface Intake {
    /**
     * Adds jobs in a transaction of its own. With unique ones among them it may wait for others' open transactions.
     *
     * @return their ids, in the order given (for a unique job, of the one that has its key), and what to wake
     */
    Added add(List<NewJob> jobs);

    /** Adds jobs in the caller's transaction, or at once if the connection is in auto-commit. */
    Added add(Connection connection, List<NewJob> jobs);

    /**
     * What was added.
     *
     * @param ids the ids, in the order given
     * @param hints what to wake once it is committed; a hint a lane
     * @param hows how each came about; empty if all are new
     */
    record Added(List<Long> ids, List<Hint> hints, List<Enqueued.How> hows) {
        /** All of them are new. */
        public Added(List<Long> ids, List<Hint> hints) {
            this(ids, hints, List.of());
        }

        /** What became of the first. */
        public Enqueued first() {
            return new Enqueued(ids.getFirst(), hows.isEmpty() ? Enqueued.How.CREATED : hows.getFirst());
        }
    }
}
