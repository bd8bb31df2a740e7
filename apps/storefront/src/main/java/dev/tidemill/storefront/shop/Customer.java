package dev.tidemill.storefront.shop;

import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.Objects;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Who buys.
 *
 * @param id its id
 * @param name as they signed up
 * @param email as they signed up
 * @param createdAt when
 * @param welcomeSentAt when the welcome e-mail went out; null until then
 * @param subscriptionStatus how the subscriptions stand, as stored: that of the one that speaks for the customer, or none
 * @param billingId the customer's id with the payment provider; null for none
 * @param referralCode what friends sign up with; null for the moment until it is made
 */
public record Customer(
        UUID id,
        String name,
        String email,
        Instant createdAt,
        @Nullable Instant welcomeSentAt,
        String subscriptionStatus,
        @Nullable String billingId,
        @Nullable String referralCode) {

    /** Of a row of the table of customers. */
    public static Customer read(ResultSet row) throws SQLException {
        return new Customer(
                row.getObject("id", UUID.class),
                row.getString("name"),
                row.getString("email"),
                Objects.requireNonNull(Sql.instant(row, "created_at")),
                Sql.instant(row, "welcome_sent_at"),
                row.getString("subscription_status"),
                row.getString("billing_id"),
                row.getString("referral_code"));
    }
}
