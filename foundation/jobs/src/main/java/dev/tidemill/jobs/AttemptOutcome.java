package dev.tidemill.jobs;

/** What came of one attempt. */
public enum AttemptOutcome {
    /** The handler returned, or completed in its own transaction. */
    SUCCEEDED(0),
    /** The handler threw. */
    FAILED(1),
    /** The handler ran past its time limit. */
    TIMED_OUT(2),
    /** The handler asked for another time, not counted as a failure. */
    SNOOZED(3),
    /** The node stopped, or was told to, before the handler was through; not counted. */
    RELEASED(4),
    /** The node that held the attempt died; not counted. */
    LOST(5),
    /** Somebody cancelled the job while it ran. */
    CANCELLED(6);

    private static final AttemptOutcome[] BY_CODE = values();

    private final int code;

    AttemptOutcome(int code) {
        this.code = code;
    }

    /** The number this outcome has in storage. */
    public int code() {
        return code;
    }

    /** The outcome of a storage code. */
    public static AttemptOutcome ofCode(int code) {
        return BY_CODE[code];
    }
}
