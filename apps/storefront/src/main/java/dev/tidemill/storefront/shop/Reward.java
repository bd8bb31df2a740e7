package dev.tidemill.storefront.shop;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;

/**
 * What somebody got for a friend's first purchase.
 *
 * @param id its id
 * @param friend the friend's first name
 * @param tier the stored name of its tier
 * @param cents what it is worth, in cents of a euro
 * @param grantedAt when it was granted
 * @param expiresAt until when it is good
 * @param expired whether that is over
 */
public record Reward(
        UUID id, String friend, String tier, long cents, Instant grantedAt, Instant expiresAt, boolean expired) {

    static Reward read(ResultSet row) throws SQLException {
        return new Reward(
                row.getObject("id", UUID.class),
                row.getString("friend_name"),
                row.getString("tier"),
                row.getLong("cents"),
                Objects.requireNonNull(Sql.instant(row, "granted_at")),
                Objects.requireNonNull(Sql.instant(row, "expires_at")),
                row.getBoolean("expired"));
    }

    /** One that an e-mail is to tell of; empty if one has, the reward has expired, or there is no such reward. */
    public static Optional<Reward> toMail(Connection connection, UUID id) throws SQLException {
        return Sql.on(connection, """
                        SELECT *, expires_at <= now() AS expired FROM shop.reward
                         WHERE id = ? AND mailed_at IS NULL AND expires_at > now()""", id).first(Reward::read);
    }

    /** The tier's name for people. */
    public String title() {
        return RewardTier.valueOf(tier.toUpperCase(Locale.ROOT)).title();
    }
}
