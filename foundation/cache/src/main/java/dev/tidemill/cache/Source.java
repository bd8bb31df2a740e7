package dev.tidemill.cache;

/** Where a value came from. */
public enum Source {
    /** This process had it. */
    LOCAL,
    /** The tier that all nodes share had it. */
    SHARED,
    /** The origin was asked. */
    ORIGIN
}
