package dev.tidemill.storefront.shop;

/**
 * So many of a product that somebody wants; what it costs is found out when it is shown or ordered.
 *
 * @param sku the product
 * @param quantity 1 to {@link Line#MAX_QUANTITY}
 */
public record Pick(String sku, int quantity) {
    public Pick {
        if (quantity < 1 || quantity > Line.MAX_QUANTITY) {
            throw new InvalidInput(
                    "quantity",
                    "The quantity is " + quantity + "; it must be between 1 and " + Line.MAX_QUANTITY + ".");
        }
    }
}
