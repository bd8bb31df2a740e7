package dev.tidemill.storefront.shop;

/**
 * Something on offer.
 *
 * @param sku its name in addresses and requests
 * @param name its name for people
 * @param blurb one sentence
 * @param unitCents its price in cents of a euro
 */
public record Product(String sku, String name, String blurb, long unitCents) {}
