package dev.tidemill.rules;

import org.jspecify.annotations.Nullable;

/** An error with a stable code, and a message that says what was given, what the rule is and what to do. */
public final class RuleException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final RuleError code;

    public RuleException(RuleError code, String message) {
        this(code, message, null);
    }

    public RuleException(RuleError code, String message, @Nullable Throwable cause) {
        super(message, cause);
        this.code = code;
    }

    /** The stable code. */
    public RuleError code() {
        return code;
    }
}
