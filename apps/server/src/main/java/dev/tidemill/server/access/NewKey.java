package dev.tidemill.server.access;

/**
 * An API key that was just made.
 *
 * @param key what is kept of it
 * @param secret what a program sends as {@code Authorization: Bearer}; there is no second chance to see it
 */
public record NewKey(ApiKey key, String secret) {
    /** Without the secret: records are printed by accident. */
    @Override
    public String toString() {
        return "NewKey[key=" + key + "]";
    }
}
