package dev.tidemill.valkey;

import org.jspecify.annotations.Nullable;

/** The server did not do what the cache asked of it; the cache counts that and goes on without. */
final class ValkeyException extends RuntimeException {
    private static final long serialVersionUID = 1;

    ValkeyException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
