package dev.tidemill.storefront;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemill.storefront.shop.RewardTier;
import dev.tidemill.storefront.shop.SpokenCodes;
import dev.tidemill.storefront.shop.Sql;
import dev.tidemill.storefront.shop.SubscriptionStatus;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/**
 * What the five processes should have made of the tables, worked out from scratch: in Java, from the rows that people and
 * programs write, by none of the statements that the processes use.
 */
record Recomputed(List<Person> people, Map<UUID, List<Box>> boxes, Map<UUID, Bought> purchases, List<Ledger> ledger) {
    record Person(
            UUID id,
            long number,
            String status,
            @Nullable String billingId,
            @Nullable String code,
            @Nullable String codeRow,
            @Nullable UUID referrer,
            @Nullable UUID firstPurchase,
            long purchases) {}

    record Box(UUID owner, String status, @Nullable String billingId) {}

    record Bought(UUID id, UUID customer, long cents) {}

    record Ledger(UUID id, UUID friend, UUID referrer, UUID purchase, String tier, long cents, long mails) {}

    static Recomputed read(DataSource dataSource) throws SQLException {
        try (Connection connection = dataSource.getConnection()) {
            List<Person> people = Sql.on(connection, """
                            SELECT c.id, c.number, c.subscription_status, c.billing_id, c.referral_code, r.code,
                                   c.referred_by, c.first_purchase_id,
                                   (SELECT count(*) FROM shop.purchase p WHERE p.customer_id = c.id)
                              FROM shop.customer c LEFT JOIN shop.referral_code r ON r.customer_id = c.id""")
                    .list(row -> new Person(
                            row.getObject(1, UUID.class),
                            row.getLong(2),
                            row.getString(3),
                            row.getString(4),
                            row.getString(5),
                            row.getString(6),
                            row.getObject(7, UUID.class),
                            row.getObject(8, UUID.class),
                            row.getLong(9)));
            Map<UUID, List<Box>> boxes = new HashMap<>();
            Sql.on(connection, "SELECT customer_id, status, billing_id FROM shop.subscription")
                    .list(row -> new Box(row.getObject(1, UUID.class), row.getString(2), row.getString(3)))
                    .forEach(box -> boxes.merge(box.owner(), List.of(box), Recomputed::both));
            Map<UUID, Bought> purchases = new HashMap<>();
            Sql.on(connection, "SELECT id, customer_id, total_cents FROM shop.purchase")
                    .list(row -> new Bought(row.getObject(1, UUID.class), row.getObject(2, UUID.class), row.getLong(3)))
                    .forEach(bought -> purchases.put(bought.id(), bought));
            List<Ledger> ledger = Sql.on(connection, """
                            SELECT r.id, r.friend_id, r.referrer_id, r.purchase_id, r.tier, r.cents,
                                   (SELECT count(*) FROM tidemill.job j JOIN tidemill.kind k ON k.id = j.kind
                                     WHERE k.name = 'SendReward'
                                       AND j.payload::jsonb ->> 'rewardId' = r.id::text)
                              FROM shop.reward r""")
                    .list(row -> new Ledger(
                            row.getObject(1, UUID.class),
                            row.getObject(2, UUID.class),
                            row.getObject(3, UUID.class),
                            row.getObject(4, UUID.class),
                            row.getString(5),
                            row.getLong(6),
                            row.getLong(7)));
            return new Recomputed(people, boxes, purchases, ledger);
        }
    }

    private static List<Box> both(List<Box> some, List<Box> more) {
        return java.util.stream.Stream.concat(some.stream(), more.stream()).toList();
    }

    /** Holds everything that processes wrote against it. */
    void check(SpokenCodes codes) {
        for (Person person : people) {
            assertThat(person.status()).as("status of %s", person).isEqualTo(status(person));
            for (Box box : boxes.getOrDefault(person.id(), List.of())) {
                assertThat(box.billingId()).as("customer id of %s", box).isEqualTo(person.billingId());
                assertThat(SubscriptionStatus.read(box.status()).map(SubscriptionStatus::stored))
                        .as("spelling of %s", box)
                        .isIn(Optional.empty(), Optional.of(box.status()));
            }
            String code = codes.word(person.number());
            assertThat(person.code()).as("code of %s", person).isEqualTo(code);
            assertThat(person.codeRow()).as("row of the code of %s", person).isEqualTo(code);
            assertThat(person.firstPurchase() == null)
                    .as("no first purchase of %s", person)
                    .isEqualTo(person.purchases() == 0);
        }
        checkLedger();
    }

    private String status(Person person) {
        return boxes.getOrDefault(person.id(), List.of()).stream()
                .flatMap(box -> SubscriptionStatus.read(box.status()).stream())
                .sorted()
                .findFirst()
                .map(SubscriptionStatus::stored)
                .orElse("none");
    }

    private void checkLedger() {
        Map<UUID, Ledger> byFriend = new HashMap<>();
        for (Ledger row : ledger) {
            assertThat(byFriend.put(row.friend(), row))
                    .as("a second reward %s", row)
                    .isNull();
            assertThat(row.mails()).as("e-mails enqueued for %s", row).isOne();
        }
        for (Person person : people) {
            Ledger row = byFriend.remove(person.id());
            if (person.referrer() == null || person.purchases() == 0) {
                assertThat(row).as("a reward for nothing").isNull();
            } else {
                Ledger given = Objects.requireNonNull(row, () -> "no reward for " + person);
                Bought first = Objects.requireNonNull(purchases.get(Objects.requireNonNull(person.firstPurchase())));
                RewardTier tier = RewardTier.of(first.cents());
                assertThat(first.customer()).isEqualTo(person.id());
                assertThat(given.purchase()).isEqualTo(first.id());
                assertThat(given.referrer()).isEqualTo(person.referrer());
                assertThat(given.tier()).isEqualTo(tier.stored());
                assertThat(given.cents()).isEqualTo(tier.cents());
            }
        }
        assertThat(byFriend).as("rewards for nobody").isEmpty();
    }
}
