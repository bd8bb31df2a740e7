package dev.tidemill.cache;

/** Why this process could not answer by itself, or the shared tier could not either. */
public enum Miss {
    /** Never seen here, or evicted for others. */
    UNKNOWN,
    /** Past its time. */
    EXPIRED,
    /** No longer true. */
    INVALIDATED,
    /** There, but this node has not heard of invalidations for longer than it may go on. */
    OUT_OF_CONTACT,
    /** The shared tier had bytes that are no value: cut short, changed, or of another codec or class. */
    UNREADABLE,
    /** The shared tier does not answer. */
    SHARED_TIER_AWAY,
    /** A renewal was asked for. */
    REFRESH
}
