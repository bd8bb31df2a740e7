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
 */
public record Customer(
        UUID id,
        String name,
        String email,
        Instant createdAt,
        @Nullable Instant welcomeSentAt) {

    /** Of a row of the table of customers. */
    public static Customer read(ResultSet row) throws SQLException {
        return new Customer(
                row.getObject("id", UUID.class),
                row.getString("name"),
                row.getString("email"),
                Objects.requireNonNull(Sql.instant(row, "created_at")),
                Sql.instant(row, "welcome_sent_at"));
    }
}
