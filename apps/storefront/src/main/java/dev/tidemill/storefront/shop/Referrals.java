package dev.tidemill.storefront.shop;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.UUID;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/** What came of a customer's referrals. */
public final class Referrals {
    private static final int LISTED = 50;

    private final DataSource dataSource;

    /** On these tables. */
    public Referrals(DataSource dataSource) {
        this.dataSource = dataSource;
    }

    /**
     * How a customer's referrals stand.
     *
     * @param code the customer's code; null for the moment between the sign-up and the rule that makes it
     * @param friends how many signed up with it
     * @param goodCents what the rewards are worth that have not expired, in cents of a euro
     * @param rewards the newest fifty, expired ones included
     */
    public record Standing(@Nullable String code, long friends, long goodCents, List<Reward> rewards) {
        public Standing {
            rewards = List.copyOf(rewards);
        }

        /** Changes with whatever a page shows of it: beside fifty rewards, another one that has expired changes no number. */
        public String mark() {
            return (code == null ? "" : code)
                    + '-'
                    + friends
                    + '-'
                    + goodCents
                    + '-'
                    + Integer.toHexString(rewards.hashCode());
        }
    }

    /** How they stand now. */
    public Standing of(UUID customer) throws SQLException {
        try (Connection connection = dataSource.getConnection()) {
            List<Reward> rewards = Sql.on(connection, """
                            SELECT *, expires_at <= now() AS expired FROM shop.reward
                             WHERE referrer_id = ? ORDER BY granted_at DESC, id LIMIT ?""", customer, LISTED).list(Reward::read);
            return Sql.on(connection, """
                            SELECT c.referral_code,
                                   (SELECT count(*) FROM shop.customer f WHERE f.referred_by = c.id),
                                   (SELECT coalesce(sum(r.cents), 0) FROM shop.reward r
                                     WHERE r.referrer_id = c.id AND r.expires_at > now())
                              FROM shop.customer c WHERE c.id = ?""", customer)
                    .first(row -> new Standing(row.getString(1), row.getLong(2), row.getLong(3), rewards))
                    .orElse(new Standing(null, 0, 0, rewards));
        }
    }
}
