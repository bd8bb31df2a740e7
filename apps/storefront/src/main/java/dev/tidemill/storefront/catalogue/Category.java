package dev.tidemill.storefront.catalogue;

import java.util.List;

/**
 * Where products stand.
 *
 * @param slug its name in addresses
 * @param parent the slug of the category above it; empty at the top
 * @param name its name for people
 * @param blurb one sentence
 * @param skus what stands in it, without what is in the categories below it
 */
public record Category(String slug, String parent, String name, String blurb, List<String> skus) {
    public Category {
        skus = List.copyOf(skus);
    }
}
