package dev.tidemill.storefront.shop;

import org.jspecify.annotations.Nullable;

/**
 * A browser or an API client.
 *
 * @param id its id
 * @param customer who is signed in; null for a stranger
 * @param items how many things are in the cart
 */
public record Visit(long id, @Nullable Customer customer, int items) {}
