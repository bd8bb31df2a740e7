package dev.tidemill.jobs;

/** How much a finding matters. */
public enum Severity {
    /** Good to know; nothing needs to be done. */
    INFO,
    /** Costs speed, or will cost more than that: look into it. */
    WARNING,
    /** Jobs do not run, or may be lost: act now. */
    CRITICAL
}
