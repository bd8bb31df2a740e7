package dev.tidemill.storefront.web;

import dev.tidemill.storefront.shop.Customer;
import org.jspecify.annotations.Nullable;

/**
 * What stands around every page.
 *
 * @param customer who is signed in; null for a stranger
 * @param items how many things are in the cart
 * @param mailUrl the demo's mail page; null outside the demo
 * @param adminUrl the page of the jobs; null if there is none
 */
public record Frame(
        @Nullable Customer customer,
        int items,
        @Nullable String mailUrl,
        @Nullable String adminUrl) {
    /** The address of a style sheet or script; it changes with the content, so that it may be cached for good. */
    public String asset(String name) {
        return Assets.path(name);
    }
}
