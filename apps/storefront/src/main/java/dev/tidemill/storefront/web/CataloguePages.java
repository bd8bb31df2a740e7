package dev.tidemill.storefront.web;

import dev.tidemill.storefront.catalogue.Catalogue;
import dev.tidemill.storefront.catalogue.Categories;
import dev.tidemill.storefront.catalogue.Category;
import dev.tidemill.storefront.catalogue.Offer;
import dev.tidemill.storefront.pages.StaticTemplates;
import dev.tidemill.storefront.shop.InvalidInput;
import java.util.List;

/** The shelf: all of it, by category, by search, and one product. All of it comes from the cache. */
public final class CataloguePages {
    private final StaticTemplates pages = new StaticTemplates();
    private final Catalogue catalogue;

    /** Of this catalogue. */
    public CataloguePages(Catalogue catalogue) {
        this.catalogue = catalogue;
    }

    /** Puts the pages in place. */
    public void mount(Routes routes) {
        routes.get("/", this::landing)
                .get("/c/{slug}", this::category)
                .get("/p/{sku}", this::product)
                .get("/search", this::search);
    }

    private void landing(Exchange exchange) throws Exception {
        String added = catalogue.offer(exchange.query("added")).map(Offer::name).orElse("");
        exchange.page(200, pages.landing(exchange.frame(), catalogue.categories(), catalogue.offers(), added));
    }

    private void category(Exchange exchange) throws Exception {
        Categories categories = catalogue.categories();
        List<Category> way = categories.way(exchange.path("slug"));
        if (way.isEmpty()) {
            throw Refusal.notFound();
        }
        String slug = way.getLast().slug();
        exchange.page(200, pages.category(exchange.frame(), categories, way, catalogue.offers(categories.skus(slug))));
    }

    private void product(Exchange exchange) throws Exception {
        Offer offer = catalogue.offer(exchange.path("sku")).orElseThrow(Refusal::notFound);
        List<Category> way = catalogue.categories().way(offer.category());
        exchange.page(200, pages.product(exchange.frame(), way, offer));
    }

    private void search(Exchange exchange) throws Exception {
        String words = exchange.query("q");
        try {
            search(exchange, 200, words, catalogue.search(words), "");
        } catch (InvalidInput wrong) {
            search(exchange, 422, words, List.of(), String.valueOf(wrong.getMessage()));
        }
    }

    private void search(Exchange exchange, int status, String words, List<Offer> found, String wrong) throws Exception {
        exchange.page(status, pages.search(exchange.frame(), catalogue.categories(), words, found, wrong));
    }
}
