package dev.tidemill.storefront;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.tidemill.rules.Rule;
import dev.tidemill.rules.Rule.ParkedKey;
import dev.tidemill.storefront.processes.Processes;
import dev.tidemill.storefront.shop.Sql;
import dev.tidemill.testkit.TestDatabase;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What a process does about a customer whose row an application's transaction holds: it gives way, and goes on with others. */
class GivingWayTest extends AtTheShop {
    GivingWayTest(TestDatabase database) throws Exception {
        super(database);
    }

    /** What sets a process off for a customer with a subscription, and how it shows that it is through. */
    enum Reaction {
        SYNC_SUBSCRIPTION_STATUS(
                Processes.STATUS,
                "UPDATE shop.subscription SET status = 'Paused' WHERE customer_id = ?",
                "SELECT subscription_status = 'paused' FROM shop.customer WHERE id = ?"),
        SYNC_CUSTOMER_ID(
                Processes.CUSTOMER_ID,
                "UPDATE shop.customer SET billing_id = 'cus_moved' WHERE id = ?",
                "SELECT billing_id IS NOT NULL FROM shop.subscription WHERE customer_id = ?"),
        SYNC_CUSTOMER_ID_OF_NEW(
                Processes.CUSTOMER_ID_OF_NEW,
                "UPDATE shop.subscription SET billing_id = 'cus_stray' WHERE customer_id = ?",
                "SELECT billing_id IS NULL FROM shop.subscription WHERE customer_id = ?"),
        GENERATE_REFERRAL_CODE(Processes.CODE, "", "SELECT referral_code IS NOT NULL FROM shop.customer WHERE id = ?"),
        REWARD_REFERRER(
                Processes.REWARD,
                "INSERT INTO shop.purchase (customer_id, total_cents) VALUES (?, 1900)",
                "SELECT first_purchase_id IS NOT NULL FROM shop.customer WHERE id = ?");

        private final String rule;
        private final String write;
        private final String followed;

        Reaction(String rule, String write, String followed) {
            this.rule = rule;
            this.write = write;
            this.followed = followed;
        }
    }

    @ParameterizedTest
    @EnumSource
    void whoWaitsForAHeldRowKeepsNobodyElseWaiting(Reaction reaction) throws Exception {
        Rule rule = shop.shop().rules().orElseThrow().rule(reaction.rule);
        // Nothing else is to be at work on the customers when the row is held.
        rule.pause();
        UUID held = customer();
        UUID free = customer();
        await().until(() -> othersAreIdle(reaction.rule));
        if (!reaction.write.isEmpty()) {
            run(reaction.write, held);
            run(reaction.write, free);
            await().until(() -> othersAreIdle(reaction.rule));
        }

        try (Connection application = shop.pool().getConnection()) {
            application.setAutoCommit(false);
            Sql.on(application, "SELECT id FROM shop.customer WHERE id = ? FOR NO KEY UPDATE", held)
                    .list(row -> true);
            rule.resume();

            await().until(() -> followed(reaction, free));
            await().until(() -> !rule.parked(1).isEmpty());
            assertThat(rule.parked(10)).singleElement().satisfies(parked -> {
                assertThat(parked.key()).isEqualTo(held.toString());
                assertThat(parked.error())
                        .as("the process gave way; it was not broken off")
                        .contains("lock timeout");
            });
            assertThat(followed(reaction, held)).isFalse();
            application.rollback();
        }

        await().until(() -> {
            tryAgain(rule.parked(10));
            return followed(reaction, held);
        });
    }

    private UUID customer() throws SQLException {
        UUID id = UUID.randomUUID();
        run("INSERT INTO shop.customer (id, name, email) VALUES (?, 'Held', ?)", id, id + "@example.com");
        run("INSERT INTO shop.subscription (customer_id, plan, status) VALUES (?, 'season', 'active')", id);
        return id;
    }

    private boolean othersAreIdle(String paused) {
        return shop.count("""
                SELECT (SELECT count(*) FROM tidemill.rule_change c JOIN tidemill.rule r ON r.id = c.rule WHERE r.name <> ?)
                     + (SELECT count(*) FROM tidemill.rule_held)""", paused) == 0;
    }

    private boolean followed(Reaction reaction, UUID customer) throws SQLException {
        return text(reaction.followed, customer).equals("t");
    }

    /** Rather than after the pause that follows a failure. */
    private void tryAgain(List<ParkedKey> parked) {
        parked.stream()
                .flatMap(key -> key.job().stream())
                .forEach(job -> shop.shop().mill().actions().runNow(job, "test"));
    }
}
