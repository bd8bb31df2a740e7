package dev.tidemill.cli.options;

import dev.tidemill.jobs.ErrorCode;
import dev.tidemill.jobs.TidemillException;
import org.jspecify.annotations.Nullable;

/**
 * A tag as it is written on the command line.
 *
 * @param name before the first colon
 * @param value after it
 */
public record Tag(String name, String value) {
    /** Reads {@code name:value}; null for null. */
    public static @Nullable Tag parse(@Nullable String given) {
        if (given == null) {
            return null;
        }
        int colon = given.indexOf(':');
        if (colon < 1) {
            throw new TidemillException(ErrorCode.INVALID_TAG, "--tag is '" + given + "'; write it as name:value.");
        }
        return new Tag(given.substring(0, colon), given.substring(colon + 1));
    }
}
