package dev.tidemill.embedded;

/**
 * The reason an embedded PostgreSQL could not be started, stopped or prepared. The message says what was asked, the
 * rule or the actual state, and what to do next; {@link #problem()} is stable and may be tested against.
 */
public final class EmbeddedPostgresException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** What went wrong. */
    private final Problem problem;

    EmbeddedPostgresException(Problem problem, String message) {
        super(message);
        this.problem = problem;
    }

    EmbeddedPostgresException(Problem problem, String message, Throwable cause) {
        super(message, cause);
        this.problem = problem;
    }

    /** What went wrong, as a name that does not change between versions. */
    public Problem problem() {
        return problem;
    }

    /** The kinds of trouble that an embedded PostgreSQL reports. */
    public enum Problem {
        /** Another start holds the data folder, in this process or in another one. */
        FOLDER_IN_USE,
        /** The data folder cannot be used: not a folder, not writable, or something else lives in it. */
        FOLDER_UNUSABLE,
        /** The data folder was written by another major version of PostgreSQL. */
        OTHER_VERSION,
        /** The port that was asked for is taken. */
        PORT_TAKEN,
        /** There are no binaries for this system, or they cannot be unpacked or run. */
        NO_BINARIES,
        /** PostgreSQL refused to start, or did not become ready in time; the message carries the end of its log. */
        DID_NOT_START,
        /** The call does not fit the server's state, such as a restart after a stop. */
        WRONG_STATE
    }
}
