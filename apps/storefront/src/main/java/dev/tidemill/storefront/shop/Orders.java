package dev.tidemill.storefront.shop;

import static dev.tidemill.jobs.EnqueueOptions.priority;
import static dev.tidemill.jobs.Priority.HIGH;

import dev.tidemill.jobs.Transaction;
import dev.tidemill.storefront.shop.MailJob.SendOrderConfirmation;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import javax.sql.DataSource;

/** Places orders and finds them again. */
public final class Orders {
    private static final int LISTED = 50;

    private final DataSource dataSource;
    private final Transactions transactions;

    /** On these tables. */
    public Orders(DataSource dataSource, Transactions transactions) {
        this.dataSource = dataSource;
        this.transactions = transactions;
    }

    /**
     * Orders what is in a visit's cart and empties it. The order, the emptied cart and the confirmation's job commit
     * together. Empty if the cart is: somebody pressed the button twice.
     *
     * @param shownCents the total that the customer was shown, which came from the cache
     * @throws InvalidInput if it comes to something else: a price has changed meanwhile; the cart stays as it is
     */
    public Optional<Order> placeCart(Visit visit, UUID customer, long shownCents) throws Exception {
        return transactions.call(transaction -> {
            List<Pick> picks = Sql.on(
                            transaction.connection(),
                            "DELETE FROM shop.cart_line WHERE visit_id = ? RETURNING sku, quantity",
                            visit.id())
                    .list(row -> new Pick(row.getString(1), row.getInt(2)));
            if (picks.isEmpty()) {
                return Optional.empty();
            }
            Order order = place(transaction, customer, picks);
            if (order.totalCents() != shownCents) {
                throw new InvalidInput(
                        "total",
                        "A price has changed: it comes to " + Money.euros(order.totalCents())
                                + " now. Nothing was ordered; have a look, and order if that is all right.");
            }
            return Optional.of(order);
        });
    }

    /**
     * Orders these.
     *
     * @throws InvalidInput if there are none, two of one product, or one that is not sold
     */
    public Order place(UUID customer, List<Pick> picks) throws Exception {
        if (picks.isEmpty()) {
            throw new InvalidInput("lines", "An order needs at least one line.");
        }
        Set<String> seen = new HashSet<>();
        for (Pick pick : picks) {
            if (!seen.add(pick.sku())) {
                throw new InvalidInput("lines", "'" + pick.sku() + "' is ordered twice; add the quantities up.");
            }
        }
        return transactions.call(transaction -> place(transaction, customer, picks));
    }

    private static Order place(Transaction transaction, UUID customer, List<Pick> picks) throws SQLException {
        Connection connection = transaction.connection();
        List<Line> lines = priced(connection, picks);
        long total = lines.stream().mapToLong(Line::cents).sum();
        Order order = Sql.on(connection, """
                        INSERT INTO shop.purchase (customer_id, total_cents) VALUES (?, ?)
                        RETURNING id, number, total_cents, placed_at, confirmation_sent_at""", customer, total)
                .first(row -> order(row, lines))
                .orElseThrow();
        for (Line line : lines) {
            Sql.on(connection, """
                            INSERT INTO shop.purchase_line (purchase_id, sku, name, unit_cents, quantity)
                            VALUES (?, ?, ?, ?, ?)""", order.id(), line.sku(), line.name(), line.unitCents(), line.quantity())
                    .update();
        }
        // The first purchase is known by this flag, which commits with it; of two at a time the row's lock makes one
        // the first.
        Sql.on(
                        connection,
                        "UPDATE shop.customer SET first_purchase_id = ? WHERE id = ? AND first_purchase_id IS NULL",
                        order.id(),
                        customer)
                .update();
        transaction.enqueue(
                new SendOrderConfirmation(order.id()),
                priority(HIGH).tag("orderId", order.id().toString()).tag("userId", customer.toString()));
        return order;
    }

    /** At the prices of this moment, from the tables: what somebody pays does not come from a cache. */
    private static List<Line> priced(Connection connection, List<Pick> picks) throws SQLException {
        Map<String, Line> bySku = new HashMap<>();
        String[] skus = picks.stream().map(Pick::sku).toArray(String[]::new);
        Sql.on(connection, """
                        SELECT p.sku, p.name, r.cents FROM shop.product p JOIN shop.price r ON r.sku = p.sku
                         WHERE p.sku = ANY (?)""", connection.createArrayOf("text", skus))
                .list(row ->
                        bySku.put(row.getString(1), new Line(row.getString(1), row.getString(2), row.getLong(3), 1)));
        List<Line> lines = new ArrayList<>();
        for (Pick pick : picks) {
            Line one = bySku.get(pick.sku());
            if (one == null) {
                throw unknown(pick.sku());
            }
            lines.add(new Line(one.sku(), one.name(), one.unitCents(), pick.quantity()));
        }
        return lines;
    }

    static InvalidInput unknown(String sku) {
        String shown = sku.length() > 40 ? sku.substring(0, 40) + "…" : sku;
        return new InvalidInput("sku", "There is no product '" + shown + "'.");
    }

    /** An order of this customer; empty if it is somebody else's. */
    public Optional<Order> find(UUID order, UUID customer) throws SQLException {
        try (Connection connection = dataSource.getConnection()) {
            List<Line> lines = lines(connection, order);
            return Sql.on(connection, """
                            SELECT id, number, total_cents, placed_at, confirmation_sent_at
                              FROM shop.purchase WHERE id = ? AND customer_id = ?""", order, customer).first(row -> order(row, lines));
        }
    }

    /** The newest orders of a customer, without their lines. */
    public List<Order> list(UUID customer) throws SQLException {
        try (Connection connection = dataSource.getConnection()) {
            return Sql.on(connection, """
                            SELECT id, number, total_cents, placed_at, confirmation_sent_at
                              FROM shop.purchase WHERE customer_id = ? ORDER BY placed_at DESC LIMIT ?""", customer, LISTED).list(row -> order(row, List.of()));
        }
    }

    /** What an order consists of. */
    public static List<Line> lines(Connection connection, UUID order) throws SQLException {
        return Sql.on(connection, """
                        SELECT sku, name, unit_cents, quantity
                          FROM shop.purchase_line WHERE purchase_id = ? ORDER BY name""", order)
                .list(row -> new Line(row.getString(1), row.getString(2), row.getLong(3), row.getInt(4)));
    }

    private static Order order(ResultSet row, List<Line> lines) throws SQLException {
        return new Order(
                row.getObject("id", UUID.class),
                row.getLong("number"),
                row.getLong("total_cents"),
                Objects.requireNonNull(Sql.instant(row, "placed_at")),
                Sql.instant(row, "confirmation_sent_at"),
                lines);
    }
}
