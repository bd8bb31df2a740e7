package dev.tidemill.server.http;

import java.util.Set;

/**
 * Who sends a request, and what they may do.
 *
 * @param name as the audit trail has it: a user's name, {@code key:NAME} for an API key, {@code token} for the server's
 *     own token, {@code anyone} where the server is open to whoever is on the machine; 1 to 100 characters
 * @param permissions what they may do
 * @param means how they showed who they are
 */
public record Caller(String name, Set<Permission> permissions, Means means) {
    /** How a caller showed who they are. */
    public enum Means {
        /** Not at all, and it was not asked for. */
        NONE,
        /** The token that the server was started with. */
        TOKEN,
        /** An API key. */
        KEY,
        /** A browser's session, after a person logged in. */
        SESSION
    }

    /** Whoever uses a route that is for anybody. */
    public static final Caller NOBODY = new Caller("nobody", Set.of(), Means.NONE);

    /** Whoever is on the machine, where the server was started open: may do everything. */
    public static final Caller ANYONE = new Caller("anyone", Permission.ALL, Means.NONE);

    public Caller {
        permissions = Set.copyOf(permissions);
    }

    /** Whether they may do this. */
    public boolean may(Permission permission) {
        return permissions.contains(permission);
    }
}
