package dev.tidemill.rules;

/** What a {@link RuleException} is about; stable. */
public enum RuleError {
    /** A rule was defined in a way that is not allowed. */
    INVALID,
    /** The table is not there, or none that rules can be on. */
    NO_TABLE,
    /** A column is not there, or none that can be used so. */
    NO_COLUMN,
    /** The role lacks a right. */
    FORBIDDEN,
    /** A transaction of somebody else kept a lock that was needed. */
    LOCKED_OUT,
    /** No rule has this name. */
    NOT_FOUND,
    /** The rule works outside the database, and this does not go with it. */
    OUTSIDE,
    /** Rules react to each other without end. */
    CIRCLE,
    /** A reaction took too long. */
    TOO_SLOW,
    /** The database did not answer, or refused. */
    DATABASE,
    /** It was closed. */
    CLOSED
}
