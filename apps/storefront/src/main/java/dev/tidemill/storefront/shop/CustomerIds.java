package dev.tidemill.storefront.shop;

import dev.tidemill.cache.Cache;
import dev.tidemill.cache.CachePolicy;
import dev.tidemill.cache.Caches;
import dev.tidemill.cache.Keys;
import dev.tidemill.cache.ValueType;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Optional;
import java.util.UUID;
import java.util.regex.Pattern;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/**
 * The customers' ids with the payment provider, cached: every subscription carries one, and reading it for each would ask
 * the same row again and again. A new id voids the cached one in the transaction that writes it; one that others write, in
 * the transaction of the rule that follows it. Thread safe.
 */
public final class CustomerIds {
    private static final Pattern RULE = Pattern.compile("[A-Za-z0-9_-]{1,64}");

    private final DataSource dataSource;
    private final Caches caches;
    private final Cache<UUID, String> cache;

    /** On these tables; opens a cache, so once for each {@code caches}. */
    public CustomerIds(DataSource dataSource, Caches caches) {
        this.dataSource = dataSource;
        this.caches = caches;
        this.cache = caches.cache("shop.customer-ids", Keys.UUIDS, ValueType.of(String.class))
                .policy(CachePolicy.USER_PROFILES)
                .open();
    }

    /**
     * A customer's id with the payment provider; empty for one who has none. Another one is known here at most two seconds
     * after the transaction that voids it.
     */
    public Optional<String> of(UUID customer) {
        return Optional.ofNullable(cache.get(customer, this::load));
    }

    private @Nullable String load(UUID customer) throws SQLException {
        try (Connection connection = dataSource.getConnection()) {
            return Sql.on(connection, "SELECT coalesce(billing_id, '') FROM shop.customer WHERE id = ?", customer)
                    .first(row -> row.getString(1))
                    .filter(id -> !id.isEmpty())
                    .orElse(null);
        }
    }

    /**
     * Writes a new one. The customer's subscriptions follow by the rule {@code syncCustomerId}.
     *
     * @throws InvalidInput if it is not 1 to 64 letters, digits, hyphens and underscores
     */
    public void change(UUID customer, @Nullable String typed) throws SQLException {
        String id = typed == null ? "" : typed.strip();
        if (!RULE.matcher(id).matches()) {
            throw new InvalidInput(
                    "customerId",
                    "A customer id has 1 to 64 letters, digits, hyphens and underscores, such as cus_4711.");
        }
        try (Connection connection = dataSource.getConnection()) {
            connection.setAutoCommit(false);
            try {
                Sql.on(
                                connection,
                                "UPDATE shop.customer SET billing_id = ? WHERE id = ? AND billing_id IS DISTINCT FROM ?",
                                id,
                                customer,
                                id)
                        .update();
                forget(connection, customer);
                connection.commit();
            } catch (SQLException | RuntimeException failed) {
                connection.rollback();
                throw failed;
            }
        }
        caches.committed();
    }

    /** What is cached for a customer is void once this transaction commits. */
    public void forget(Connection connection, UUID customer) {
        cache.invalidate(connection, customer);
    }
}
