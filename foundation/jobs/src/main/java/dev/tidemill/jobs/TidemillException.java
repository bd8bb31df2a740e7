package dev.tidemill.jobs;

import org.jspecify.annotations.Nullable;

/** An error with a stable code and a message that says what was given, what the rule is and what to do. */
public final class TidemillException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final ErrorCode code;

    public TidemillException(ErrorCode code, String message) {
        this(code, message, null);
    }

    public TidemillException(ErrorCode code, String message, @Nullable Throwable cause) {
        super(message, cause);
        this.code = code;
    }

    /** The stable code. */
    public ErrorCode code() {
        return code;
    }
}
