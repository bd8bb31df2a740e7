package dev.tidemill.storefront.shop;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import javax.sql.DataSource;

/**
 * Begins and ends subscriptions. It writes the subscription alone: the customer's status and the customer id follow by
 * rules, which also follow what others write.
 */
public final class Subscriptions {
    private static final int LISTED = 50;
    private static final int MOST_LIVE = 10;

    private final DataSource dataSource;
    private final CustomerIds customerIds;

    /** On these tables. */
    public Subscriptions(DataSource dataSource, CustomerIds customerIds) {
        this.dataSource = dataSource;
        this.customerIds = customerIds;
    }

    /**
     * Begins one, paid through the customer's id with the payment provider as it is known here.
     *
     * @throws InvalidInput if the customer has ten already that have not ended
     */
    public Subscription begin(UUID customer, Plan plan) throws SQLException {
        // It may be some seconds old. A row that gets an id of before is mended like one that others write.
        String billingId = customerIds.of(customer).orElse(null);
        try (Connection connection = dataSource.getConnection()) {
            return Sql.on(
                            connection,
                            """
                            INSERT INTO shop.subscription (customer_id, plan, status, billing_id)
                            SELECT ?, ?, ?, ?::text
                             WHERE (SELECT count(*) FROM (
                                       SELECT FROM shop.subscription
                                        WHERE customer_id = ? AND shop.status_rank(status) < 4 LIMIT ?) live) < ?
                            RETURNING *""",
                            customer,
                            plan.stored(),
                            SubscriptionStatus.ACTIVE.stored(),
                            billingId,
                            customer,
                            MOST_LIVE,
                            MOST_LIVE)
                    .first(Subscription::read)
                    .orElseThrow(() -> new InvalidInput(
                            "plan", "You have " + MOST_LIVE + " subscriptions. Cancel one before the next."));
        }
    }

    /** Sets how one stands, in the one spelling; empty if it is not this customer's. */
    public Optional<Subscription> change(UUID customer, long id, SubscriptionStatus status) throws SQLException {
        try (Connection connection = dataSource.getConnection()) {
            return Sql.on(
                            connection,
                            "UPDATE shop.subscription SET status = ? WHERE id = ? AND customer_id = ? RETURNING *",
                            status.stored(),
                            id,
                            customer)
                    .first(Subscription::read);
        }
    }

    /** The newest fifty of a customer. */
    public List<Subscription> list(UUID customer) throws SQLException {
        try (Connection connection = dataSource.getConnection()) {
            return Sql.on(
                            connection,
                            "SELECT * FROM shop.subscription WHERE customer_id = ? ORDER BY id DESC LIMIT ?",
                            customer,
                            LISTED)
                    .list(Subscription::read);
        }
    }
}
