package dev.tidemill.storefront.processes;

import static dev.tidemill.jobs.EnqueueOptions.priority;
import static dev.tidemill.jobs.Priority.MEDIUM;

import dev.tidemill.rules.RuleRun;
import dev.tidemill.storefront.shop.MailJob.SendReward;
import dev.tidemill.storefront.shop.RewardTier;
import dev.tidemill.storefront.shop.Sql;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * The process {@code rewardReferrer}: whoever invited a customer gets a reward for the customer's first purchase, by what
 * it came to, once.
 *
 * <p>Which purchase was the first is a flag on the customer that the shop writes in the purchase's own transaction; for a
 * purchase that somebody else wrote it is set here, from one look into an index. No purchases are counted. That the reward
 * is given once does not hang on any of it: the ledger has room for one row a friend, and the reward, its e-mail's job and
 * the rule's acknowledgement commit together.
 */
public final class ReferrerRewards {
    private ReferrerRewards() {}

    /** A customer who bought something. */
    private record Buyer(
            String name, @Nullable UUID referrer, @Nullable UUID first, boolean rewarded) {}

    private record Granted(UUID reward, UUID referrer) {}

    /** In the rule's transaction: what is due for a customer who bought something, if anything still is. */
    public static void settle(UUID customer, RuleRun run) throws SQLException {
        Connection connection = run.connection();
        Optional<Granted> granted = grant(connection, customer);
        if (granted.isPresent()) {
            Granted done = granted.get();
            run.enqueue(
                    new SendReward(done.reward()),
                    priority(MEDIUM).tag("userId", done.referrer().toString()));
        }
    }

    private static Optional<Granted> grant(Connection connection, UUID customer) throws SQLException {
        Patience.limit(connection);
        Optional<Buyer> found = Sql.on(connection, """
                        SELECT c.name, c.referred_by, c.first_purchase_id,
                               EXISTS (SELECT FROM shop.reward r WHERE r.friend_id = c.id)
                          FROM shop.customer c WHERE c.id = ?""", customer)
                .first(row -> new Buyer(
                        row.getString(1),
                        row.getObject(2, UUID.class),
                        row.getObject(3, UUID.class),
                        row.getBoolean(4)));
        if (found.isEmpty()) {
            return Optional.empty();
        }
        Buyer buyer = found.get();
        UUID first = buyer.first() != null ? buyer.first() : flag(connection, customer);
        UUID referrer = buyer.referrer();
        return first == null || referrer == null || buyer.rewarded()
                ? Optional.empty()
                : reward(connection, customer, buyer.name(), referrer, first);
    }

    /** Sets the flag of the first purchase; null if there is no purchase any more. */
    private static @Nullable UUID flag(Connection connection, UUID customer) throws SQLException {
        Sql.on(connection, """
                        UPDATE shop.customer SET first_purchase_id = (
                               SELECT p.id FROM shop.purchase p
                                WHERE p.customer_id = ? ORDER BY p.placed_at, p.number LIMIT 1)
                         WHERE id = ? AND first_purchase_id IS NULL""", customer, customer).update();
        return Sql.on(connection, "SELECT first_purchase_id FROM shop.customer WHERE id = ?", customer)
                .list(row -> Optional.ofNullable(row.getObject(1, UUID.class)))
                .stream()
                .findFirst()
                .flatMap(first -> first)
                .orElse(null);
    }

    private static Optional<Granted> reward(
            Connection connection, UUID friend, String name, UUID referrer, UUID purchase) throws SQLException {
        Optional<Long> total = Sql.on(connection, "SELECT total_cents FROM shop.purchase WHERE id = ?", purchase)
                .first(row -> row.getLong(1));
        if (total.isEmpty()) {
            return Optional.empty();
        }
        RewardTier tier = RewardTier.of(total.get());
        return Sql.on(
                        connection,
                        """
                        INSERT INTO shop.reward (friend_id, referrer_id, purchase_id, friend_name, tier, cents, expires_at)
                        SELECT ?, ?, p.id, ?, ?, ?, p.placed_at + ?::interval FROM shop.purchase p WHERE p.id = ?
                        ON CONFLICT (friend_id) DO NOTHING RETURNING id""",
                        friend,
                        referrer,
                        name.split(" ", 2)[0],
                        tier.stored(),
                        tier.cents(),
                        RewardTier.TTL.toString(),
                        purchase)
                .first(row -> new Granted(row.getObject(1, UUID.class), referrer));
    }
}
