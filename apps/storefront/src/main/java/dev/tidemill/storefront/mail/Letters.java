package dev.tidemill.storefront.mail;

import dev.tidemill.storefront.pages.StaticTemplates;
import dev.tidemill.storefront.shop.Customer;
import dev.tidemill.storefront.shop.Customers;
import dev.tidemill.storefront.shop.Money;
import dev.tidemill.storefront.shop.Order;
import dev.tidemill.storefront.shop.Reward;

/** What the e-mails say: each once as text and once as HTML. */
final class Letters {
    private final dev.tidemill.storefront.texts.StaticTemplates texts =
            new dev.tidemill.storefront.texts.StaticTemplates();
    private final StaticTemplates pages = new StaticTemplates();

    Letter otp(Customer customer, String code, String messageId) {
        long minutes = Customers.CODE_TTL.toMinutes();
        return new Letter(
                messageId,
                customer.name(),
                customer.email(),
                code + " is your code",
                texts.otp(customer.name(), code, minutes).render(),
                pages.mailOtp(customer.name(), code, minutes).render());
    }

    Letter welcome(Customer customer, String shopUrl, String messageId) {
        return new Letter(
                messageId,
                customer.name(),
                customer.email(),
                "Welcome to Storefront sample",
                texts.welcome(customer.name(), shopUrl).render(),
                pages.mailWelcome(customer.name(), shopUrl).render());
    }

    Letter reward(Customer customer, Reward reward, String shopUrl, String messageId) {
        String url = shopUrl + "/referrals";
        return new Letter(
                messageId,
                customer.name(),
                customer.email(),
                reward.friend() + " ordered, and " + Money.euros(reward.cents()) + " are yours",
                texts.reward(customer.name(), reward, url).render(),
                pages.mailReward(customer.name(), reward, url).render());
    }

    Letter confirmation(Customer customer, Order order, String shopUrl, String messageId) {
        String url = shopUrl + "/orders/" + order.id();
        return new Letter(
                messageId,
                customer.name(),
                customer.email(),
                "Your order " + order.number(),
                texts.confirmation(customer.name(), order, url).render(),
                pages.mailConfirmation(customer.name(), order, url).render());
    }
}
