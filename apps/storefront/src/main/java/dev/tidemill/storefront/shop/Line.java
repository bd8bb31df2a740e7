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

    /**
     * Of the catalogue, at today's price.
     *
     * @throws InvalidInput if there is no such product, or the quantity is out of bounds
     */
    public static Line of(String sku, int quantity) {
        Product product = Catalog.known(sku);
        if (quantity < 1 || quantity > MAX_QUANTITY) {
            throw new InvalidInput(
                    "quantity", "The quantity is " + quantity + "; it must be between 1 and " + MAX_QUANTITY + ".");
        }
        return new Line(sku, product.name(), product.unitCents(), quantity);
    }

    /** What it comes to. */
    public long cents() {
        return unitCents * quantity;
    }
}
