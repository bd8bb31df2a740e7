package dev.tidemill.storefront.shop;

import java.util.UUID;

/** An e-mail to be sent. Jobs carry ids only: names, addresses and codes stay out of the job tables and their pages. */
public sealed interface MailJob {
    /** What the e-mail is about. */
    UUID about();

    /** The code that proves an address. */
    record SendOtp(UUID challengeId) implements MailJob {
        @Override
        public UUID about() {
            return challengeId;
        }
    }

    /** The first e-mail to a new customer. */
    record SendWelcome(UUID customerId) implements MailJob {
        @Override
        public UUID about() {
            return customerId;
        }
    }

    /** That a friend's first purchase was rewarded. */
    record SendReward(UUID rewardId) implements MailJob {
        @Override
        public UUID about() {
            return rewardId;
        }
    }

    /** What was ordered. */
    record SendOrderConfirmation(UUID orderId) implements MailJob {
        @Override
        public UUID about() {
            return orderId;
        }
    }
}
