package dev.tidemill.storefront.shop;

import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A subscription as it stands.
 *
 * @param id its id
 * @param plan the stored name of its plan
 * @param status as stored: one of the four values, or whatever somebody wrote a moment ago
 * @param statusText what people read
 * @param billingId the customer's id with the payment provider, as this subscription has it; null for none
 * @param startedAt when it began
 */
public record Subscription(
        long id,
        String plan,
        String status,
        String statusText,
        @Nullable String billingId,
        Instant startedAt) {

    static Subscription read(ResultSet row) throws SQLException {
        String status = row.getString("status");
        return new Subscription(
                row.getLong("id"),
                row.getString("plan"),
                status,
                SubscriptionStatus.display(status),
                row.getString("billing_id"),
                Objects.requireNonNull(Sql.instant(row, "started_at")));
    }

    /** The plan's name for people. */
    public String title() {
        return Plan.read(plan).map(Plan::title).orElse(plan);
    }

    /** Whether it goes on until somebody ends it. */
    public boolean live() {
        return SubscriptionStatus.read(status)
                .filter(read -> read != SubscriptionStatus.CANCELED)
                .isPresent();
    }
}
