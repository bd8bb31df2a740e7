package dev.tidemill.cache;

/** What can go wrong, for programs. Codes stay as they are. */
public enum CacheError {
    /** A key's text is empty, too long or has control characters. */
    KEY_INVALID,
    /** A tag is empty, too long or has control characters, or there are too many of them. */
    TAG_INVALID,
    /** A pattern is empty, too long, or fits everything without saying so. */
    PATTERN_INVALID,
    /** A value that was put is larger than the policy allows. */
    VALUE_TOO_LARGE,
    /** A value cannot be written or read by the codec. */
    VALUE_UNWRITABLE,
    /** The origin failed, and nothing older may be served instead. */
    LOAD_FAILED,
    /** The origin did not answer in time. */
    LOAD_TIMED_OUT,
    /** The origin has failed so often that it is left alone for a while, or has too many calls under way. */
    ORIGIN_UNAVAILABLE,
    /** An invalidation could not be written: nodes may go on with what they have. */
    INVALIDATION_FAILED,
    /** A cache or a tier was given settings that contradict each other. */
    SETTINGS_INVALID,
    /** The thread was interrupted while it waited. */
    INTERRUPTED,
    /** The caches were closed. */
    CLOSED
}
