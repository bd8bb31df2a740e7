package dev.tidemill.rules;

/** Why a reaction runs. */
public enum RuleMode {
    /** Something changed, or a backfill goes through the table. */
    LIVE,
    /** As a job of the engine: it failed before, or works outside the database. */
    JOB,
    /** To see what it would do; all of it is undone. */
    DRY_RUN,
    /** A sweep found that it would change something, and lets it. */
    REPAIR
}
