package dev.tidemill.storefront.catalogue;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The tree of categories.
 *
 * @param all parents before what is below them, and those with the same parent in their order
 */
public record Categories(List<Category> all) {
    public Categories {
        all = List.copyOf(all);
    }

    /** One of them. */
    public Optional<Category> find(String slug) {
        return all.stream().filter(category -> category.slug().equals(slug)).findFirst();
    }

    /** Those right below one; of the empty slug, those at the top. */
    public List<Category> below(String slug) {
        return all.stream().filter(category -> category.parent().equals(slug)).toList();
    }

    /** The way from the top down to one, which comes last; empty if there is none of that name. */
    public List<Category> way(String slug) {
        List<Category> way = new ArrayList<>();
        for (Optional<Category> at = find(slug);
                at.isPresent();
                at = find(at.get().parent())) {
            way.addFirst(at.get());
        }
        return way;
    }

    /** What stands in one and below it; of the empty slug, everything. */
    public List<String> skus(String slug) {
        List<String> skus = new ArrayList<>(find(slug).map(Category::skus).orElse(List.of()));
        below(slug).forEach(category -> skus.addAll(skus(category.slug())));
        return skus;
    }
}
