package dev.tidemill.storefront.web;

import dev.tidemill.storefront.shop.Customer;
import dev.tidemill.storefront.shop.CustomerIds;
import dev.tidemill.storefront.shop.Members;
import dev.tidemill.storefront.shop.Plan;
import dev.tidemill.storefront.shop.Referrals;
import dev.tidemill.storefront.shop.Subscription;
import dev.tidemill.storefront.shop.SubscriptionStatus;
import dev.tidemill.storefront.shop.Subscriptions;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** The account, subscriptions and referrals as JSON over HTTP, for a signed-in client. */
public final class MemberApi {
    private final Subscriptions subscriptions;
    private final CustomerIds customerIds;
    private final Referrals referrals;

    /** Of this shop. */
    public MemberApi(Members members) {
        this.subscriptions = members.subscriptions();
        this.customerIds = members.customerIds();
        this.referrals = members.referrals();
    }

    record Account(
            UUID id,
            String name,
            String email,
            String subscriptionStatus,
            String subscriptionStatusText,
            @Nullable String customerId,
            @Nullable String referralCode) {
        static Account of(Customer customer) {
            return new Account(
                    customer.id(),
                    customer.name(),
                    customer.email(),
                    customer.subscriptionStatus(),
                    SubscriptionStatus.display(customer.subscriptionStatus()),
                    customer.billingId(),
                    customer.referralCode());
        }
    }

    record CustomerIdRequest(@Nullable String customerId) {}

    record SubscribeRequest(@Nullable String plan) {}

    record StatusRequest(@Nullable String status) {}

    /** Puts the routes in place. */
    public void mount(Routes routes) {
        routes.get("/api/account", exchange -> Json.send(exchange, 200, Account.of(exchange.signedIn())))
                .post("/api/account/customer-id", this::changeCustomerId)
                .get(
                        "/api/subscriptions",
                        exchange -> Json.send(
                                exchange,
                                200,
                                subscriptions.list(exchange.signedIn().id())))
                .post("/api/subscriptions", this::subscribe)
                .post("/api/subscriptions/{id}/status", this::change)
                .get(
                        "/api/referrals",
                        exchange -> Json.send(
                                exchange, 200, referrals.of(exchange.signedIn().id())));
    }

    private void changeCustomerId(Exchange exchange) throws Exception {
        UUID customer = exchange.signedIn().id();
        customerIds.change(
                customer, Json.read(exchange, CustomerIdRequest.class).customerId());
        exchange.nothing();
    }

    private void subscribe(Exchange exchange) throws Exception {
        UUID customer = exchange.signedIn().id();
        Plan plan = Plan.of(Json.read(exchange, SubscribeRequest.class).plan());
        Json.send(exchange, 201, subscriptions.begin(customer, plan));
    }

    private void change(Exchange exchange) throws Exception {
        UUID customer = exchange.signedIn().id();
        SubscriptionStatus status =
                SubscriptionStatus.of(Json.read(exchange, StatusRequest.class).status());
        Subscription changed =
                subscriptions.change(customer, exchange.pathNumber(), status).orElseThrow(Refusal::notFound);
        Json.send(exchange, 200, changed);
    }
}
