package dev.tidemill.storefront.processes;

import static dev.tidemill.jobs.EnqueueOptions.unique;

import dev.tidemill.jobs.Run;
import dev.tidemill.jobs.Unique;
import dev.tidemill.rules.RuleMode;
import dev.tidemill.rules.RuleRun;
import dev.tidemill.storefront.shop.CustomerIds;
import dev.tidemill.storefront.shop.Sql;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Optional;
import java.util.UUID;
import javax.sql.DataSource;

/**
 * The process {@code syncCustomerId}: a customer's subscriptions follow the customer's id with the payment provider, those
 * alone that differ, five hundred a transaction. The first page commits with the rule's acknowledgement; where more differ,
 * a job goes through the rest, so that nobody waits for a customer of a hundred thousand subscriptions.
 *
 * <p>A page keeps the customer's row from changing until it commits, so it never writes an id that is no longer true by
 * then; whoever changes the id waits for one page at most, and is followed in turn. Nor is there another page of the customer
 * meanwhile: two rules and jobs may be at it, and with a weaker lock they would write the same subscriptions twice.
 */
public final class CustomerIdFollower {
    /** How many subscriptions a transaction changes. */
    public static final int PAGE = 500;

    private final DataSource dataSource;
    private final CustomerIds customerIds;

    /** On these tables. */
    public CustomerIdFollower(DataSource dataSource, CustomerIds customerIds) {
        this.dataSource = dataSource;
        this.customerIds = customerIds;
    }

    /** What is left of a customer's subscriptions. */
    public record FollowCustomerId(UUID customerId) {}

    /**
     * In the transaction of the rule on customers: a page, and a job if there may be more. Whoever wrote the id past the
     * shop did not tell the cache, so that is done here.
     */
    void follow(UUID customer, RuleRun run) throws SQLException {
        int changed = followWritten(customer, run);
        boolean written = run.mode() == RuleMode.LIVE || run.mode() == RuleMode.JOB;
        // A sweep counts what is written: where nothing differs there is nothing to mend.
        boolean mended = run.mode() == RuleMode.REPAIR && changed > 0;
        if (written || mended) {
            customerIds.forget(run.connection(), customer);
        }
    }

    /**
     * In the transaction of the rule on subscriptions. A subscription is no reason to void what is cached of its customer:
     * it is begun with that, so nothing would ever be found in the cache.
     *
     * @return how many subscriptions it changed
     */
    int followWritten(UUID customer, RuleRun run) throws SQLException {
        int changed = page(run.connection(), customer);
        if (changed == PAGE) {
            // The key is free once a job runs: a change that comes then has one of its own behind it.
            Unique one = Unique.key(customer.toString()).releaseAtStart();
            run.enqueue(new FollowCustomerId(customer), unique(one).tag("userId", customer.toString()));
        }
        return changed;
    }

    /** The rest, a page a transaction. */
    void followRest(FollowCustomerId job, Run run) throws SQLException {
        long changed = 0;
        int page = PAGE;
        while (page == PAGE) {
            Patience.stopIfAbandoned(run);
            try (Connection connection = dataSource.getConnection()) {
                connection.setAutoCommit(false);
                try {
                    page = page(connection, job.customerId());
                    if (page < PAGE) {
                        run.completeIn(connection);
                    }
                    connection.commit();
                } catch (SQLException | RuntimeException failed) {
                    connection.rollback();
                    throw failed;
                }
            }
            changed += page;
            run.progress(changed, 0, "subscriptions changed");
        }
    }

    /**
     * Changes up to {@link #PAGE} subscriptions that differ.
     *
     * @return how many; fewer than a page if no others differ
     */
    public static int page(Connection connection, UUID customer) throws SQLException {
        Patience.limit(connection);
        Optional<String> id = Sql.on(
                        connection,
                        "SELECT coalesce(billing_id, '') FROM shop.customer WHERE id = ? FOR NO KEY UPDATE",
                        customer)
                .first(row -> row.getString(1));
        if (id.isEmpty()) {
            return 0;
        }
        // Below and above are ranges of an index; "differs" is none.
        return Sql.on(connection, """
                        UPDATE shop.subscription s SET billing_id = nullif(?, '')
                          FROM (SELECT d.id FROM (
                                   (SELECT id FROM shop.subscription
                                     WHERE customer_id = ? AND coalesce(billing_id, '') < ? LIMIT ?)
                                   UNION ALL
                                   (SELECT id FROM shop.subscription
                                     WHERE customer_id = ? AND coalesce(billing_id, '') > ? LIMIT ?)) d
                                 LIMIT ?) due
                         WHERE s.id = due.id""", id.get(), customer, id.get(), PAGE, customer, id.get(), PAGE, PAGE)
                .update();
    }
}
