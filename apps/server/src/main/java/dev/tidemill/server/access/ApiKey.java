package dev.tidemill.server.access;

import dev.tidemill.server.http.Permission;
import java.time.Instant;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * An API key, without its secret: that is shown once, when it is made, and only a digest of it is kept.
 *
 * @param id its number; later ones are higher
 * @param name what it is for; the audit trail has {@code key:NAME}
 * @param scopes what it may do
 * @param createdAt when it was made
 * @param createdBy who made it
 * @param endsAt from when on it is refused; null for never
 * @param expired whether that is past, by the database's clock
 * @param usedAt when it was used last, to the minute; null if never
 * @param revokedAt since when it is refused; null if it is not
 */
@SuppressWarnings("exports") // Permissions are the command line's to name, and our own.
public record ApiKey(
        long id,
        String name,
        Set<Permission> scopes,
        Instant createdAt,
        String createdBy,
        @Nullable Instant endsAt,
        boolean expired,
        @Nullable Instant usedAt,
        @Nullable Instant revokedAt) {
    public ApiKey {
        scopes = Set.copyOf(scopes);
    }

    /** Whether a key is let in, and if not, why. */
    public enum State {
        /** It is let in. */
        HOLDS,
        /** Its time is over. Nothing else can have its name until it is revoked. */
        EXPIRED,
        /** Somebody revoked it. */
        REVOKED
    }

    /** Whether it is let in. */
    public State state() {
        return revokedAt != null ? State.REVOKED : expired ? State.EXPIRED : State.HOLDS;
    }

    /** Its scopes as people write them: {@code read, enqueue}. */
    public String words() {
        return Accounts.words(scopes);
    }
}
