package dev.tidemill.jobs.store;

import java.sql.Connection;
import java.util.List;

/** Takes jobs in. Thread safe. */
public interface Intake {
    /**
     * Adds jobs in a transaction of its own.
     *
     * @return their ids, in the order given, and what to wake
     */
    Added add(List<NewJob> jobs);

    /** Adds jobs in the caller's transaction, or at once if the connection is in auto-commit. */
    Added add(Connection connection, List<NewJob> jobs);

    /**
     * What was added.
     *
     * @param ids the ids, in the order given
     * @param hints what to wake once it is committed; a hint a lane
     */
    record Added(List<Long> ids, List<Hint> hints) {}
}
