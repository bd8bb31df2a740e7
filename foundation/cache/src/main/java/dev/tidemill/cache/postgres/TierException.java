package dev.tidemill.cache.postgres;

import org.jspecify.annotations.Nullable;

/** The database did not do what the cache asked of it; the cache counts that and goes on without. */
final class TierException extends RuntimeException {
    private static final long serialVersionUID = 1;

    TierException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }
}
