package dev.tidemill.storefront.catalogue;

/**
 * Something the shop sells, without its price.
 *
 * @param sku its name in addresses and requests
 * @param category where it stands
 * @param name its name for people
 * @param blurb one sentence
 * @param details some more
 */
public record Product(String sku, String category, String name, String blurb, String details) {}
