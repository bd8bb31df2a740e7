package dev.tidemill.server.http;

/** Who may use a route. */
public enum Access {
    /** Anybody: health, and the way in. */
    OPEN,
    /** Whoever has the token, if one is set. */
    PROTECTED
}
