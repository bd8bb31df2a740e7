package dev.tidemill.rules;

/** How a rule is. */
public enum RuleState {
    /** Changes are noticed and delivered. */
    ACTIVE,
    /** Changes are noticed and wait. */
    PAUSED,
    /** Changes may go unnoticed; the reason says why and what to do. What was noticed is delivered. */
    BROKEN
}
