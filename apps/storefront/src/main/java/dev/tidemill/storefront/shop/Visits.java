package dev.tidemill.storefront.shop;

import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/** Who is there, and what they carry. A visit is known by a random token, of which only the hash is stored. */
public final class Visits {
    /** How long a visit lasts. */
    public static final Duration TTL = Duration.ofDays(30);

    private static final int TOKEN_BYTES = 32;
    private static final int SWEEP = 20;

    private final DataSource dataSource;
    private final SecureRandom random = new SecureRandom();

    /** On these tables. */
    public Visits(DataSource dataSource) {
        this.dataSource = dataSource;
    }

    /** The visit of a token. */
    public Optional<Visit> find(String token) throws SQLException {
        try (Connection connection = dataSource.getConnection()) {
            return Sql.on(connection, """
                            SELECT v.id AS visit, c.*,
                                   (SELECT coalesce(sum(quantity), 0) FROM shop.cart_line WHERE visit_id = v.id) AS items
                              FROM shop.visit v LEFT JOIN shop.customer c ON c.id = v.customer_id
                             WHERE v.token_hash = ? AND v.expires_at > now()""", hash(token))
                    .first(row -> new Visit(row.getLong("visit"), customer(row), row.getInt("items")));
        }
    }

    /** Begins a visit, of a customer or of a stranger; returns its token. Sweeps up a few expired ones. */
    public String open(@Nullable UUID customer) throws SQLException {
        String token = token();
        try (Connection connection = dataSource.getConnection()) {
            Sql.on(connection, """
                            INSERT INTO shop.visit (token_hash, customer_id, expires_at)
                            VALUES (?, ?::uuid, now() + ?::interval)""", hash(token), customer == null ? null : customer.toString(), TTL.toString())
                    .update();
            Sql.on(connection, """
                            DELETE FROM shop.visit WHERE id IN (
                                SELECT id FROM shop.visit WHERE expires_at < now() LIMIT ? FOR UPDATE SKIP LOCKED)""", SWEEP).update();
        }
        return token;
    }

    /** Makes a stranger's visit a customer's, under a new token, and keeps the cart; returns that token. */
    public String signIn(Visit visit, UUID customer) throws SQLException {
        String token = token();
        try (Connection connection = dataSource.getConnection()) {
            Sql.on(
                            connection,
                            "UPDATE shop.visit SET customer_id = ?, token_hash = ? WHERE id = ?",
                            customer,
                            hash(token),
                            visit.id())
                    .update();
        }
        return token;
    }

    /** Ends a visit. */
    public void end(Visit visit) throws SQLException {
        try (Connection connection = dataSource.getConnection()) {
            Sql.on(connection, "DELETE FROM shop.visit WHERE id = ?", visit.id())
                    .update();
        }
    }

    /** What is in the cart, in the order it was put there. */
    public List<Pick> cart(Visit visit) throws SQLException {
        try (Connection connection = dataSource.getConnection()) {
            return Sql.on(
                            connection,
                            "SELECT sku, quantity FROM shop.cart_line WHERE visit_id = ? ORDER BY added_at, sku",
                            visit.id())
                    .list(row -> new Pick(row.getString(1), row.getInt(2)));
        }
    }

    /**
     * Puts one more of a product into the cart, up to the most there may be.
     *
     * @throws InvalidInput if there is no such product
     */
    public void add(Visit visit, String sku) throws SQLException {
        try (Connection connection = dataSource.getConnection()) {
            int added =
                    Sql.on(connection, """
                            INSERT INTO shop.cart_line AS c (visit_id, sku, quantity)
                            SELECT ?, p.sku, 1 FROM shop.product p WHERE p.sku = ?
                            ON CONFLICT (visit_id, sku) DO UPDATE SET quantity = least(c.quantity + 1, ?)""", visit.id(), sku, Line.MAX_QUANTITY).update();
            if (added == 0) {
                throw Orders.unknown(sku);
            }
        }
    }

    /**
     * Sets how many of a product are in the cart; 0 takes it out.
     *
     * @throws InvalidInput if the quantity is out of bounds
     */
    public void change(Visit visit, String sku, int quantity) throws SQLException {
        try (Connection connection = dataSource.getConnection()) {
            if (quantity == 0) {
                Sql.on(connection, "DELETE FROM shop.cart_line WHERE visit_id = ? AND sku = ?", visit.id(), sku)
                        .update();
            } else {
                Sql.on(
                                connection,
                                "UPDATE shop.cart_line SET quantity = ? WHERE visit_id = ? AND sku = ?",
                                new Pick(sku, quantity).quantity(),
                                visit.id(),
                                sku)
                        .update();
            }
        }
    }

    private static @Nullable Customer customer(ResultSet row) throws SQLException {
        return row.getString("id") == null ? null : Customer.read(row);
    }

    private String token() {
        byte[] bytes = new byte[TOKEN_BYTES];
        random.nextBytes(bytes);
        return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
    }

    private static byte[] hash(String token) {
        try {
            return MessageDigest.getInstance("SHA-256").digest(token.getBytes(StandardCharsets.UTF_8));
        } catch (GeneralSecurityException unavailable) {
            throw new IllegalStateException("SHA-256 is part of every JDK", unavailable);
        }
    }
}
