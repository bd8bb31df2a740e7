package dev.tidemill.storefront.shop;

import java.util.List;
import java.util.Optional;

/** What the shop sells. */
public final class Catalog {
    private static final List<Product> PRODUCTS = List.of(
            new Product("tide-mug", "Tide mug", "Stoneware, glazed by hand. Holds a long morning.", 1850),
            new Product("harbour-lamp", "Harbour lamp", "Warm light for a desk that stays up late.", 6400),
            new Product("field-notebook", "Field notebook", "192 dotted pages that lie flat.", 1290),
            new Product("canvas-tote", "Canvas tote", "Heavy cotton, long handles, one honest pocket.", 2400),
            new Product("beeswax-candle", "Beeswax candle", "Forty quiet hours. Smells faintly of honey.", 1600),
            new Product("enamel-kettle", "Enamel kettle", "Two litres, any stove, a whistle you can bear.", 4950));

    private Catalog() {}

    /** Everything, in the order of the shelf. */
    public static List<Product> products() {
        return PRODUCTS;
    }

    /** One of them. */
    public static Optional<Product> product(String sku) {
        return PRODUCTS.stream().filter(product -> product.sku().equals(sku)).findFirst();
    }

    /**
     * One of them.
     *
     * @throws InvalidInput if there is none of that name
     */
    static Product known(String sku) {
        String shown = sku.length() > 40 ? sku.substring(0, 40) + "…" : sku;
        return product(sku).orElseThrow(() -> new InvalidInput("sku", "There is no product '" + shown + "'."));
    }
}
