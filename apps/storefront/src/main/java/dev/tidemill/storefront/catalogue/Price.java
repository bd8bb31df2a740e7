package dev.tidemill.storefront.catalogue;

/**
 * What a product costs, in cents of a euro.
 *
 * @param cents now
 * @param usualCents when it is not reduced; at least {@code cents}
 */
public record Price(long cents, long usualCents) {}
