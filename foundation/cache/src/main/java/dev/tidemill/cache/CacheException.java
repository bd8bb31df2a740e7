package dev.tidemill.cache;

import org.jspecify.annotations.Nullable;

/** Something that the cache could not do; the message says what was given, what the rule is and what to do. */
public final class CacheException extends RuntimeException {
    private static final long serialVersionUID = 1;

    private final CacheError error;

    CacheException(CacheError error, String message, @Nullable Throwable cause) {
        super(message, cause);
        this.error = error;
    }

    CacheException(CacheError error, String message) {
        this(error, message, null);
    }

    /** What it was. */
    public CacheError error() {
        return error;
    }
}
