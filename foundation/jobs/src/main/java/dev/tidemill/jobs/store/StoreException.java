package dev.tidemill.jobs.store;

import dev.tidemill.jobs.ErrorCode;
import org.jspecify.annotations.Nullable;

/** A statement that failed. */
public class StoreException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final ErrorCode code;
    private final boolean connection;

    /**
     * Creates one.
     *
     * @param connection whether the connection or the server is to blame, so that trying again later may help
     */
    public StoreException(ErrorCode code, String message, boolean connection, @Nullable Throwable cause) {
        super(message, cause);
        this.code = code;
        this.connection = connection;
    }

    /** The stable code. */
    public ErrorCode code() {
        return code;
    }

    /** Whether the connection or the server is to blame, so that trying again later may help. */
    public boolean connection() {
        return connection;
    }
}
