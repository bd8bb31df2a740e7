package dev.tidemill.jobs;

/** How much a line that a handler logs matters. */
public enum LogLevel {
    /** For whoever looks closely. */
    DEBUG(0),
    /** What happened. */
    INFO(1),
    /** What should not have happened, and did no harm. */
    WARN(2),
    /** What went wrong. */
    ERROR(3);

    private static final LogLevel[] BY_CODE = values();

    private final int code;

    LogLevel(int code) {
        this.code = code;
    }

    /** The number this level has in storage. */
    public int code() {
        return code;
    }

    /** The level of a storage code. */
    public static LogLevel ofCode(int code) {
        return BY_CODE[code];
    }
}
