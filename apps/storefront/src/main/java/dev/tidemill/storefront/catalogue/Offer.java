package dev.tidemill.storefront.catalogue;

/**
 * A product at its price of now.
 *
 * @param sku its name in addresses and requests
 * @param category where it stands
 * @param name its name for people
 * @param blurb one sentence
 * @param details some more
 * @param unitCents its price in cents of a euro
 * @param usualCents its price when it is not reduced; at least {@code unitCents}
 */
public record Offer(
        String sku, String category, String name, String blurb, String details, long unitCents, long usualCents) {
    static Offer of(Product product, Price price) {
        return new Offer(
                product.sku(),
                product.category(),
                product.name(),
                product.blurb(),
                product.details(),
                price.cents(),
                price.usualCents());
    }

    /** Whether it costs less than usual. */
    public boolean reduced() {
        return unitCents < usualCents;
    }
}
