package dev.tidemill.jobs;

/** What kind of failure an exception stands for, and so what follows it. */
public enum ErrorCategory {
    /** It may work the next time: tried again, a counted attempt each. */
    RETRY,
    /** It will never work: a dead letter at once. */
    PERMANENT,
    /** Too much was asked of somebody: tried again after the time they named, not counted. */
    RATE_LIMITED,
    /** Somebody else's service is down: tried again once it may be back, not counted. */
    DEPENDENCY_DOWN
}
