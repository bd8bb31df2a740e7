package dev.tidemill.schema;

import org.jspecify.annotations.Nullable;

/** A schema, or a server, that does not suit the program; nothing was changed that was not finished. */
public final class SchemaException extends RuntimeException {
    private static final long serialVersionUID = 1;

    private final Reason reason;

    SchemaException(Reason reason, String message, @Nullable Throwable cause) {
        super(message, cause);
        this.reason = reason;
    }

    /** Why; for programs. The message is for people. */
    public Reason reason() {
        return reason;
    }

    /** What can be wrong. */
    public enum Reason {
        /** The server is older than every one that is supported. */
        SERVER_TOO_OLD,
        /** Files are missing, and nobody was to apply them. */
        OUTDATED,
        /** The schema has files that this program does not know, or other ones under the same number. */
        NEWER,
        /** A transaction of somebody else kept the locks that a file needs. */
        LOCKED_OUT
    }
}
