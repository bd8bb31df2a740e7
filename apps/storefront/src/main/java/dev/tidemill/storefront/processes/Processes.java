package dev.tidemill.storefront.processes;

import static dev.tidemill.jobs.EnqueueOptions.unique;

import dev.tidemill.jobs.Tidemill;
import dev.tidemill.jobs.TidemillBuilder;
import dev.tidemill.jobs.Timing;
import dev.tidemill.jobs.Unique;
import dev.tidemill.rules.Change;
import dev.tidemill.rules.Gather;
import dev.tidemill.rules.Rules;
import dev.tidemill.storefront.processes.CustomerIdFollower.FollowCustomerId;
import dev.tidemill.storefront.shop.CustomerIds;
import dev.tidemill.storefront.shop.ReferralCodes;
import dev.tidemill.storefront.shop.Sql;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.ZoneOffset;
import java.util.Collection;
import java.util.UUID;
import javax.sql.DataSource;

/**
 * The shop's five processes: which table and columns each of them watches, and what it does. docs/storefront.md tells
 * where they come from.
 */
public final class Processes {
    /** The rule that also standardises the spelling. */
    public static final String STATUS = "syncSubscriptionStatus";

    /** The rule on customers. */
    public static final String CUSTOMER_ID = "syncCustomerId";

    /** The rule on subscriptions that were written with another customer id than their customer's. */
    public static final String CUSTOMER_ID_OF_NEW = "syncCustomerId.subscription";

    /** The rule that makes codes. */
    public static final String CODE = "generateReferralCode";

    /** The rule that rewards. */
    public static final String REWARD = "rewardReferrer";

    /** The schedule of the nightly sweep over spellings. */
    public static final String NIGHTLY = "standardizeStatusSpelling";

    private static final Duration TOGETHER = Duration.ofMillis(50);
    private static final Timing NIGHT = Timing.cron("20 3 * * *", ZoneOffset.UTC);
    private static final int MOST_REPAIRS = 100_000;

    private final DataSource dataSource;
    private final ReferralCodes referralCodes;
    private final CustomerIdFollower follower;

    /** On these tables. */
    public Processes(DataSource dataSource, CustomerIds customerIds, ReferralCodes referralCodes) {
        this.dataSource = dataSource;
        this.referralCodes = referralCodes;
        this.follower = new CustomerIdFollower(dataSource, customerIds);
    }

    /** All misspelled statuses are to be corrected. */
    public record CorrectSpelling() {}

    /** Has the jobs behind the rules handled, and the nightly sweep scheduled. */
    public TidemillBuilder addTo(TidemillBuilder mill) {
        return mill.handle(FollowCustomerId.class, follower::followRest)
                .handle(CorrectSpelling.class, (job, run) -> SubscriptionStatuses.correct(dataSource, run))
                .schedule(NIGHTLY, Timing.cron("10 3 * * *", ZoneOffset.UTC), new CorrectSpelling());
    }

    /** Puts the rules in place and starts them; has what is from before them put right once. */
    public Rules start(Tidemill mill) throws SQLException {
        Rules rules = Rules.on(mill);
        rules.table("shop.subscription")
                .watching("status")
                .key("customer_id")
                .sweeping(NIGHT, MOST_REPAIRS)
                .expecting(Drift.STATUS)
                .reactInBatches(
                        STATUS,
                        Gather.every(TOGETHER),
                        (changes, run) -> SubscriptionStatuses.settle(run.connection(), customers(changes)));
        rules.table("shop.customer")
                .watching("billing_id")
                .key("id")
                .sweeping(NIGHT, MOST_REPAIRS)
                .expecting(Drift.CUSTOMER_ID)
                .react(CUSTOMER_ID, (change, run) -> follower.follow(UUID.fromString(change.key()), run));
        rules.table("shop.subscription")
                .watching("billing_id")
                .key("customer_id")
                // Many rows of one customer are one page, not a page each.
                .reactInBatches(CUSTOMER_ID_OF_NEW, (changes, run) -> {
                    for (UUID customer : customers(changes)) {
                        follower.followWritten(customer, run);
                    }
                });
        rules.table("shop.customer")
                .watching("number")
                .key("id")
                .onInsert()
                .sweeping(NIGHT, MOST_REPAIRS)
                .expecting(Drift.CODE)
                .reactInBatches(CODE, (changes, run) -> makeCodes(run.connection(), customers(changes)));
        rules.table("shop.purchase")
                .watching("customer_id")
                .key("customer_id")
                .onInsert()
                .sweeping(NIGHT, MOST_REPAIRS)
                .expecting(Drift.REWARD)
                .react(REWARD, (change, run) -> ReferrerRewards.settle(UUID.fromString(change.key()), run));
        rules.start();
        if (lacksCodes()) {
            rules.rule(CODE).backfill();
        }
        mill.enqueueUnique(new CorrectSpelling(), unique(Unique.key("start")));
        return rules;
    }

    private void makeCodes(Connection connection, UUID[] customers) throws SQLException {
        Patience.limit(connection);
        referralCodes.make(connection, customers);
    }

    /** Whether somebody signed up before there was a rule that makes codes. */
    private boolean lacksCodes() throws SQLException {
        try (Connection connection = dataSource.getConnection()) {
            return Sql.on(connection, """
                            SELECT EXISTS (SELECT FROM shop.customer
                                            WHERE referral_code IS NULL AND created_at < now() - interval '1 minute')""").first(row -> row.getBoolean(1)).orElse(false);
        }
    }

    private static UUID[] customers(Collection<? extends Change<?>> changes) {
        return changes.stream()
                .map(change -> UUID.fromString(change.key()))
                .distinct()
                .toArray(UUID[]::new);
    }
}
