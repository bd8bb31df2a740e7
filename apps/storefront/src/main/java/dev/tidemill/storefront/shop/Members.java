package dev.tidemill.storefront.shop;

import dev.tidemill.cache.Caches;
import java.sql.SQLException;
import javax.sql.DataSource;

/**
 * What the shop knows of its members.
 *
 * @param customerIds their ids with the payment provider
 * @param referralCodes their referral codes
 * @param subscriptions what they pay for regularly
 * @param referrals whom they brought
 */
public record Members(
        CustomerIds customerIds, ReferralCodes referralCodes, Subscriptions subscriptions, Referrals referrals) {

    /** On these tables; opens caches, so once for each {@code caches}. */
    public static Members of(DataSource dataSource, Caches caches) throws SQLException {
        CustomerIds customerIds = new CustomerIds(dataSource, caches);
        return new Members(
                customerIds,
                new ReferralCodes(dataSource, caches),
                new Subscriptions(dataSource, customerIds),
                new Referrals(dataSource));
    }
}
