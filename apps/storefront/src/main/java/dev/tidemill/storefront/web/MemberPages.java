package dev.tidemill.storefront.web;

import dev.tidemill.storefront.pages.StaticTemplates;
import dev.tidemill.storefront.shop.Customer;
import dev.tidemill.storefront.shop.CustomerIds;
import dev.tidemill.storefront.shop.InvalidInput;
import dev.tidemill.storefront.shop.Members;
import dev.tidemill.storefront.shop.Orders;
import dev.tidemill.storefront.shop.Plan;
import dev.tidemill.storefront.shop.Referrals;
import dev.tidemill.storefront.shop.Referrals.Standing;
import dev.tidemill.storefront.shop.Subscription;
import dev.tidemill.storefront.shop.SubscriptionStatus;
import dev.tidemill.storefront.shop.Subscriptions;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/** The account, subscriptions and referrals, for people. What rules do shows by itself, within a second. */
public final class MemberPages {
    private final StaticTemplates pages = new StaticTemplates();
    private final Orders orders;
    private final Subscriptions subscriptions;
    private final CustomerIds customerIds;
    private final Referrals referrals;
    private final Supplier<String> shopUrl;

    /**
     * Of this shop.
     *
     * @param shopUrl where it is, without a slash at the end; asked when there is a request
     */
    public MemberPages(Orders orders, Members members, Supplier<String> shopUrl) {
        this.orders = orders;
        this.subscriptions = members.subscriptions();
        this.customerIds = members.customerIds();
        this.referrals = members.referrals();
        this.shopUrl = shopUrl;
    }

    /** Puts the pages in place. */
    public void mount(Routes routes) {
        routes.get("/account", exchange -> account(exchange, 200, Map.of()))
                .get("/account/standing", this::standing)
                .post("/account/customer-id", this::changeCustomerId)
                .post("/subscriptions", this::subscribe)
                .post("/subscriptions/{id}", this::change)
                .get("/referrals", this::referrals)
                .get("/referrals/standing", this::referralStanding);
    }

    private void account(Exchange exchange, int status, Map<String, String> wrong) throws Exception {
        Customer customer = exchange.customer();
        if (customer == null) {
            exchange.seeOther("/signin");
            return;
        }
        List<Subscription> subscribed = subscriptions.list(customer.id());
        exchange.page(
                status,
                pages.account(
                        exchange.frame(),
                        customer,
                        orders.list(customer.id()),
                        subscribed,
                        mark(customer, subscribed),
                        wrong));
    }

    /** The subscriptions alone, if something about them has changed. */
    private void standing(Exchange exchange) throws Exception {
        Customer customer = exchange.signedIn();
        List<Subscription> subscribed = subscriptions.list(customer.id());
        String mark = mark(customer, subscribed);
        if (mark.equals(exchange.query("seen"))) {
            exchange.nothing();
        } else {
            exchange.page(200, pages.subscriptions(customer, subscribed, mark));
        }
    }

    private static String mark(Customer customer, List<Subscription> subscribed) {
        int hash = subscribed.hashCode();
        return customer.subscriptionStatus() + '-' + Integer.toHexString(hash);
    }

    private void changeCustomerId(Exchange exchange) throws Exception {
        try {
            customerIds.change(exchange.signedIn().id(), exchange.field("customerId"));
            exchange.seeOther("/account#customer-id");
        } catch (InvalidInput wrong) {
            account(exchange, 422, wrong.messages());
        }
    }

    private void subscribe(Exchange exchange) throws Exception {
        try {
            subscriptions.begin(exchange.signedIn().id(), Plan.of(exchange.field("plan")));
            exchange.seeOther("/account#subscriptions");
        } catch (InvalidInput wrong) {
            account(exchange, 422, wrong.messages());
        }
    }

    private void change(Exchange exchange) throws Exception {
        SubscriptionStatus status = SubscriptionStatus.of(exchange.field("status"));
        Customer customer = exchange.signedIn();
        if (subscriptions.change(customer.id(), exchange.pathNumber(), status).isEmpty()) {
            throw Refusal.notFound();
        }
        exchange.seeOther("/account#subscriptions");
    }

    private void referrals(Exchange exchange) throws Exception {
        Customer customer = exchange.customer();
        if (customer == null) {
            exchange.seeOther("/signin");
            return;
        }
        exchange.page(200, pages.referrals(exchange.frame(), referrals.of(customer.id()), shopUrl.get()));
    }

    /** The list alone, if it has changed. */
    private void referralStanding(Exchange exchange) throws Exception {
        Standing standing = referrals.of(exchange.signedIn().id());
        if (standing.mark().equals(exchange.query("seen"))) {
            exchange.nothing();
        } else {
            exchange.page(200, pages.referralStanding(standing, shopUrl.get()));
        }
    }
}
