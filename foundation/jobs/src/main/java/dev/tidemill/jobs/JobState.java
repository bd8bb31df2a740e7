package dev.tidemill.jobs;

/** Where a job is between enqueue and outcome. */
public enum JobState {
    /** May run now, and waits for a free handler. */
    READY,
    /** Waits for its time: delayed, or between two attempts. */
    SCHEDULED,
    /** A node holds it: its handler runs, or is about to. */
    RUNNING,
    /** Done. */
    SUCCEEDED,
    /** Out of attempts or given up: needs a person. */
    DEAD,
    /** A dead letter that a person put aside. */
    DISCARDED,
    /** Somebody cancelled it; it does not run again. */
    CANCELLED
}
