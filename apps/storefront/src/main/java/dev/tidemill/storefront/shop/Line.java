package dev.tidemill.storefront.shop;

/**
 * So many of a product, in a cart or an order.
 *
 * @param sku the product
 * @param name its name, for an order as it was then
 * @param unitCents its price, for an order as it was then
 * @param quantity 1 to {@link #MAX_QUANTITY}
 */
public record Line(String sku, String name, long unitCents, int quantity) {
    /** The most of one product in an order. */
    public static final int MAX_QUANTITY = 20;

    /** What it comes to. */
    public long cents() {
        return unitCents * quantity;
    }
}
