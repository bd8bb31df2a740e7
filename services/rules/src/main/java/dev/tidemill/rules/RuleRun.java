package dev.tidemill.rules;

import dev.tidemill.jobs.EnqueueOptions;
import java.sql.Connection;

/** One reaction under way. For its thread alone. */
public interface RuleRun {
    /** The rule's name. */
    String rule();

    /** Why this runs. */
    RuleMode mode();

    /** Which attempt this is for these changes, from 1. */
    int attempt();

    /**
     * The transaction in which effect and acknowledgement commit together. It commits by itself; ending it is refused. In
     * a dry run it is rolled back.
     *
     * @throws RuleException {@link RuleError#OUTSIDE} in a rule that works outside the database
     */
    Connection connection();

    /** Enqueues a job in that transaction; returns its id. */
    long enqueue(Object job);

    /** Enqueues a job in that transaction; returns its id. */
    long enqueue(Object job, EnqueueOptions options);
}
