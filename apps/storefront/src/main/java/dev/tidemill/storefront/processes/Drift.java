package dev.tidemill.storefront.processes;

/**
 * What sweeps look for: the keys of what is not as the process should have left it. Told apart from how the process works, so
 * that a sweep finds what the process does wrong too.
 */
final class Drift {
    /** Customers with a misspelled subscription, or with another status than the subscription that speaks for them. */
    static final String STATUS = """
            SELECT s.customer_id::text FROM shop.subscription s
             WHERE s.status NOT IN ('active', 'past_due', 'paused', 'canceled')
               AND shop.canonical_status(s.status) IS NOT NULL
            UNION
            SELECT c.id::text FROM shop.customer c
             WHERE c.subscription_status <> coalesce((
                   SELECT shop.canonical_status(s.status) FROM shop.subscription s
                    WHERE s.customer_id = c.id AND shop.status_rank(s.status) < 5
                    ORDER BY shop.status_rank(s.status) LIMIT 1), 'none')""";

    /** Customers of whose subscriptions one has another customer id. */
    static final String CUSTOMER_ID = """
            SELECT DISTINCT c.id::text FROM shop.subscription s JOIN shop.customer c ON c.id = s.customer_id
             WHERE s.billing_id IS DISTINCT FROM c.billing_id""";

    /** Customers without a code. */
    static final String CODE = "SELECT id::text FROM shop.customer WHERE referral_code IS NULL";

    /** Customers whose first purchase is not flagged, or should have been rewarded. */
    static final String REWARD = """
            SELECT c.id::text FROM shop.customer c
             WHERE c.first_purchase_id IS NULL AND EXISTS (SELECT FROM shop.purchase p WHERE p.customer_id = c.id)
            UNION
            SELECT c.id::text FROM shop.customer c
             WHERE c.referred_by IS NOT NULL
               AND EXISTS (SELECT FROM shop.purchase p WHERE p.id = c.first_purchase_id)
               AND NOT EXISTS (SELECT FROM shop.reward r WHERE r.friend_id = c.id)""";

    private Drift() {}
}
