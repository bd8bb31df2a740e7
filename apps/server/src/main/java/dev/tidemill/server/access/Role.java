package dev.tidemill.server.access;

import dev.tidemill.server.http.Permission;
import java.util.Locale;
import java.util.Set;

/** What a user is, and so what they may do. */
@SuppressWarnings("exports") // Permissions are the command line's to name, and our own.
public enum Role {
    /** Looks. */
    VIEWER,
    /** Looks, enqueues, and changes what jobs, schedules, queues and nodes do. */
    OPERATOR,
    /** Does everything. */
    ADMIN;

    /** What a user of this role may do. */
    public Set<Permission> permissions() {
        return switch (this) {
            case VIEWER -> Set.of(Permission.READ);
            case OPERATOR -> Set.of(Permission.READ, Permission.ENQUEUE, Permission.OPERATE);
            case ADMIN -> Permission.ALL;
        };
    }

    /** As people write it. */
    public String word() {
        return name().toLowerCase(Locale.ROOT);
    }
}
