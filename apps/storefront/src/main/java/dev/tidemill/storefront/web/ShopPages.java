package dev.tidemill.storefront.web;

import dev.tidemill.storefront.catalogue.Catalogue;
import dev.tidemill.storefront.catalogue.Offer;
import dev.tidemill.storefront.pages.StaticTemplates;
import dev.tidemill.storefront.shop.Customer;
import dev.tidemill.storefront.shop.InvalidInput;
import dev.tidemill.storefront.shop.Line;
import dev.tidemill.storefront.shop.Order;
import dev.tidemill.storefront.shop.Orders;
import dev.tidemill.storefront.shop.Pick;
import dev.tidemill.storefront.shop.Visit;
import dev.tidemill.storefront.shop.Visits;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/** The cart and the orders, for people. */
public final class ShopPages {
    private final StaticTemplates pages = new StaticTemplates();
    private final Catalogue catalogue;
    private final Visits visits;
    private final Orders orders;

    /** Of this shop. */
    public ShopPages(Catalogue catalogue, Visits visits, Orders orders) {
        this.catalogue = catalogue;
        this.visits = visits;
        this.orders = orders;
    }

    /** Puts the pages in place. */
    public void mount(Routes routes) {
        routes.get("/cart", exchange -> cart(exchange, 200, Map.of()))
                .post("/cart", this::add)
                .post("/cart/lines", this::change)
                .post("/checkout", this::checkout)
                .get("/orders/{id}", exchange -> exchange.page(200, pages.order(exchange.frame(), order(exchange))))
                .get(
                        "/orders/{id}/confirmation",
                        exchange -> exchange.page(200, pages.confirmationState(order(exchange))))
                .get("/assets/{name}", ShopPages::asset)
                .get("/healthz", exchange -> exchange.send(200, "text/plain; charset=utf-8", new byte[] {'o', 'k'}));
    }

    private void cart(Exchange exchange, int status, Map<String, String> wrong) throws Exception {
        Optional<Visit> visit = exchange.visit();
        List<Pick> picks = visit.isPresent() ? visits.cart(visit.get()) : List.of();
        exchange.page(status, pages.cart(exchange.frame(), lines(picks), wrong));
    }

    /** At the prices that are shown. */
    private List<Line> lines(List<Pick> picks) {
        Map<String, Offer> offers = catalogue
                .offers(picks.stream().map(Pick::sku).toList())
                .stream()
                .collect(Collectors.toMap(Offer::sku, offer -> offer));
        List<Line> lines = new ArrayList<>();
        for (Pick pick : picks) {
            Offer offer = offers.get(pick.sku());
            if (offer != null) {
                lines.add(new Line(offer.sku(), offer.name(), offer.unitCents(), pick.quantity()));
            }
        }
        return lines;
    }

    private void add(Exchange exchange) throws Exception {
        String sku = exchange.field("sku");
        Offer offer = catalogue.offer(sku).orElseThrow(Refusal::notFound);
        visits.add(exchange.visitOrNew(), offer.sku());
        exchange.seeOther("/?added=" + offer.sku() + "#shelf");
    }

    private void change(Exchange exchange) throws Exception {
        try {
            int quantity = exchange.field("remove").isEmpty() ? quantity(exchange.field("quantity")) : 0;
            Optional<Visit> visit = exchange.visit();
            if (visit.isPresent()) {
                visits.change(visit.get(), exchange.field("sku"), quantity);
            }
            exchange.seeOther("/cart");
        } catch (InvalidInput wrong) {
            cart(exchange, 422, wrong.messages());
        }
    }

    private static int quantity(String text) {
        if (!text.matches("[0-9]{1,4}")) {
            throw new InvalidInput("quantity", "A quantity is a whole number from 0 to " + Line.MAX_QUANTITY + ".");
        }
        return Integer.parseInt(text);
    }

    private void checkout(Exchange exchange) throws Exception {
        Customer customer = exchange.customer();
        if (customer == null) {
            exchange.seeOther("/signup");
            return;
        }
        try {
            Optional<Order> order =
                    orders.placeCart(exchange.visitOrNew(), customer.id(), cents(exchange.field("total")));
            exchange.seeOther(order.isPresent() ? "/orders/" + order.get().id() : "/account");
        } catch (InvalidInput changed) {
            cart(exchange, 422, changed.messages());
        }
    }

    /** The total as the form had it; one that is none fits no order. */
    private static long cents(String text) {
        return text.matches("[0-9]{1,12}") ? Long.parseLong(text) : -1;
    }

    private Order order(Exchange exchange) throws Exception {
        Customer customer = exchange.signedIn();
        return orders.find(exchange.pathId(), customer.id()).orElseThrow(Refusal::notFound);
    }

    private static void asset(Exchange exchange) {
        Assets.Asset asset = Assets.find(exchange.path("name")).orElseThrow(Refusal::notFound);
        if (exchange.query("v").equals(asset.mark())) {
            exchange.header("Cache-Control", "public, max-age=31536000, immutable");
        }
        exchange.send(200, asset.mediaType(), asset.content());
    }
}
