package dev.tidemill.server.access;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * A user as they stand.
 *
 * @param name what they log in with, and what the audit trail has
 * @param role what they may do
 * @param disabled whether they are kept out
 * @param createdAt since when they are there
 * @param passwordAt when their password was set last
 * @param loginAt when they logged in last; null if never
 */
public record User(
        String name,
        Role role,
        boolean disabled,
        Instant createdAt,
        Instant passwordAt,
        @Nullable Instant loginAt) {}
