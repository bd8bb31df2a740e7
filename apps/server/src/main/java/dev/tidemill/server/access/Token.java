package dev.tidemill.server.access;

import dev.tidemill.server.http.Caller;
import dev.tidemill.server.http.Permission;
import java.security.MessageDigest;

/** The token that a server was started with, of which it keeps a digest. Whoever has it may do everything. */
public final class Token {
    static final String NAME = "token";
    static final Caller CALLER = new Caller(NAME, Permission.ALL, Caller.Means.TOKEN);

    private final byte[] digest;

    /** The token with this value. */
    public Token(String value) {
        this.digest = RandomSecret.digest(value);
    }

    /** Whether this is it; takes the same time wherever the first difference is. */
    boolean matches(String given) {
        return MessageDigest.isEqual(digest, RandomSecret.digest(given));
    }

    /** What its sessions are marked with: from this nobody gets to the token, nor past it. */
    byte[] mark() {
        return RandomSecret.digest(digest);
    }
}
