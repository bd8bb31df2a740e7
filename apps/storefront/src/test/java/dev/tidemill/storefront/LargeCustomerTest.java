package dev.tidemill.storefront;

import static java.time.Duration.ofMinutes;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.tidemill.storefront.processes.CustomerIdFollower;
import dev.tidemill.storefront.shop.Sql;
import dev.tidemill.testkit.TestDatabase;
import java.sql.Connection;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/** A customer of a hundred thousand subscriptions. */
class LargeCustomerTest extends AtTheShop {
    private static final int BOXES = 100_000;
    private static final int RIGHT_ALREADY = BOXES / 50;
    /** Notes how many rows each statement changes. */
    private static final List<String> NOTING = List.of("CREATE TABLE shop.changed (rows bigint NOT NULL)", """
            CREATE FUNCTION shop.note_changed() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                INSERT INTO shop.changed SELECT count(*) FROM written HAVING count(*) > 0;
                RETURN NULL;
            END
            $$""", """
            CREATE TRIGGER note_changed AFTER UPDATE ON shop.subscription REFERENCING NEW TABLE AS written
            FOR EACH STATEMENT EXECUTE FUNCTION shop.note_changed()""");

    LargeCustomerTest(TestDatabase database) throws Exception {
        super(database);
    }

    /** With a new customer id in the same transaction: both rules and their jobs go through the subscriptions at once. */
    @Test
    void everySubscriptionThatDiffersIsWrittenOnceInPages() throws Exception {
        UUID owner = id(shop.customer("large@example.com"));
        await().until(() -> shop.rulesAreIdle());
        for (String statement : NOTING) {
            run(statement);
        }

        try (Connection connection = shop.pool().getConnection()) {
            connection.setAutoCommit(false);
            Sql.on(connection, "UPDATE shop.customer SET billing_id = 'cus_new' WHERE id = ?", owner)
                    .update();
            Sql.on(connection, """
                            INSERT INTO shop.subscription (customer_id, plan, status, billing_id)
                            SELECT ?, 'season', 'active', CASE WHEN n % 50 = 0 THEN 'cus_new' ELSE 'cus_' || n % 9 END
                              FROM generate_series(1, ?) n""", owner, BOXES).update();
            connection.commit();
        }

        await().atMost(ofMinutes(2))
                .until(() -> shop.count(
                                "SELECT count(*) FROM shop.subscription WHERE customer_id = ? AND billing_id = 'cus_new'",
                                owner)
                        == BOXES);
        assertThat(shop.count("SELECT max(rows) FROM shop.changed")).isEqualTo(CustomerIdFollower.PAGE);
        assertThat(shop.count("SELECT sum(rows) FROM shop.changed"))
                .as("what was right already is left alone, and nothing is written twice")
                .isEqualTo(BOXES - RIGHT_ALREADY);
        await().until(() -> shop.rulesAreIdle());
        assertThat(text("SELECT subscription_status FROM shop.customer WHERE id = ?", owner))
                .isEqualTo("active");
    }
}
