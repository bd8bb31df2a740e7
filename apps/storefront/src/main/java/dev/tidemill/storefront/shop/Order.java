package dev.tidemill.storefront.shop;

import java.time.Instant;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * An order as placed.
 *
 * @param id its id
 * @param number its number for people
 * @param totalCents what it comes to, in cents of a euro
 * @param placedAt when
 * @param confirmationSentAt when its confirmation went out; null until then
 * @param lines what was ordered; empty where orders are listed
 */
public record Order(
        UUID id,
        long number,
        long totalCents,
        Instant placedAt,
        @Nullable Instant confirmationSentAt,
        List<Line> lines) {
    public Order {
        lines = List.copyOf(lines);
    }
}
