package dev.tidemill.storefront.web;

import dev.tidemill.storefront.catalogue.Catalogue;
import dev.tidemill.storefront.shop.Customers;
import dev.tidemill.storefront.shop.Customers.SignUp;
import dev.tidemill.storefront.shop.Customers.Verdict;
import dev.tidemill.storefront.shop.InvalidInput;
import dev.tidemill.storefront.shop.NewCustomer;
import dev.tidemill.storefront.shop.Order;
import dev.tidemill.storefront.shop.Orders;
import dev.tidemill.storefront.shop.Pick;
import dev.tidemill.storefront.shop.ReferralCodes;
import dev.tidemill.storefront.shop.Visits;
import java.util.List;
import java.util.Objects;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** The shop as JSON over HTTP. A signed-in client sends the token of {@code /api/verify} as a bearer token. */
public final class ShopApi {
    private static final int MAX_LINES = 50;

    private final Customers customers;
    private final Catalogue catalogue;
    private final Orders orders;
    private final Visits visits;
    private final ReferralCodes referralCodes;

    /** Of this shop. */
    public ShopApi(
            Customers customers, Catalogue catalogue, Orders orders, Visits visits, ReferralCodes referralCodes) {
        this.customers = customers;
        this.catalogue = catalogue;
        this.orders = orders;
        this.visits = visits;
        this.referralCodes = referralCodes;
    }

    record SignUpRequest(
            @Nullable String name,
            @Nullable String email,
            @Nullable String referralCode) {}

    record VerifyRequest(
            @Nullable String challenge, @Nullable String code) {}

    record VerifyReply(String token, UUID customerId) {}

    record LineRequest(@Nullable String sku, @Nullable Integer quantity) {}

    record CheckoutRequest(@Nullable List<@Nullable LineRequest> lines) {}

    /** Puts the routes in place. */
    public void mount(Routes routes) {
        routes.get("/api/products", this::products)
                .get(
                        "/api/categories",
                        exchange ->
                                Json.send(exchange, 200, catalogue.categories().all()))
                .post("/api/signup", this::signUp)
                .post("/api/verify", this::verify)
                .post("/api/checkout", this::checkout)
                .get(
                        "/api/orders",
                        exchange -> Json.send(
                                exchange, 200, orders.list(exchange.signedIn().id())))
                .get("/api/orders/{id}", this::order);
    }

    /** Everything, or what a search finds. */
    private void products(Exchange exchange) {
        String words = exchange.query("q");
        Json.send(exchange, 200, words.isEmpty() ? catalogue.offers() : catalogue.search(words));
    }

    private void signUp(Exchange exchange) throws Exception {
        SignUpRequest asked = Json.read(exchange, SignUpRequest.class);
        NewCustomer person = NewCustomer.of(asked.name(), asked.email());
        SignUp taken = customers.signUp(person, referralCodes.inviter(asked.referralCode()));
        Json.send(exchange, 201, taken);
    }

    private void verify(Exchange exchange) throws Exception {
        VerifyRequest asked = Json.read(exchange, VerifyRequest.class);
        UUID challenge = Exchange.id(Objects.requireNonNullElse(asked.challenge(), ""))
                .orElseThrow(() -> new InvalidInput("challenge", "Give the challenge that /api/signup returned."));
        switch (customers.verify(challenge, Objects.requireNonNullElse(asked.code(), ""))) {
            case Verdict.Accepted(UUID customer) ->
                Json.send(exchange, 200, new VerifyReply(visits.open(customer), customer));
            case Verdict.Wrong(int triesLeft) ->
                throw new InvalidInput("code", "This is not the code; tries left: " + triesLeft + ".");
            case Verdict.Over over ->
                throw new Refusal(410, "Code over", "This code was used, has expired or was tried too often.");
        }
    }

    private void checkout(Exchange exchange) throws Exception {
        UUID customer = exchange.signedIn().id();
        CheckoutRequest asked = Json.read(exchange, CheckoutRequest.class);
        List<@Nullable LineRequest> lines = asked.lines() == null ? List.of() : asked.lines();
        if (lines.size() > MAX_LINES) {
            throw new InvalidInput("lines", "An order has at most " + MAX_LINES + " lines.");
        }
        Order order = orders.place(customer, lines.stream().map(ShopApi::line).toList());
        Json.send(exchange, 201, order);
    }

    private static Pick line(@Nullable LineRequest asked) {
        if (asked == null || asked.sku() == null || asked.quantity() == null) {
            throw new InvalidInput("lines", "Every line needs a sku and a quantity.");
        }
        return new Pick(asked.sku(), asked.quantity());
    }

    private void order(Exchange exchange) throws Exception {
        UUID customer = exchange.signedIn().id();
        Json.send(exchange, 200, orders.find(exchange.pathId(), customer).orElseThrow(Refusal::notFound));
    }
}
