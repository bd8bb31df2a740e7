package dev.tidemill.storefront.processes;

import dev.tidemill.jobs.Run;
import dev.tidemill.storefront.shop.Sql;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.UUID;
import javax.sql.DataSource;

/**
 * The processes {@code syncSubscriptionStatus} and {@code standardizeStatusSpelling}, merged: a customer's status follows
 * the subscription that speaks for the customer, and a spelling becomes the one stored value, in one statement for a batch
 * of customers. A row is written only where it differs, so a write of a subscription costs one update at most, and two if
 * it was misspelled.
 *
 * <p>Both are worked out from the rows as they are, never from what the change said: whatever was missed, repeated or came
 * in another order, the last run leaves what the subscriptions say.
 */
public final class SubscriptionStatuses {
    /**
     * Reads only what differs: misspelled rows by their partial index, and of each customer the subscription of the lowest
     * rank. What is counted first is written first: customers, as by whoever follows their ids, so that the two do not wait
     * for each other.
     */
    private static final String SETTLE = """
            WITH spelled AS (
                UPDATE shop.subscription s SET status = shop.canonical_status(s.status)
                 WHERE s.customer_id = ANY (?)
                   AND s.status NOT IN ('active', 'past_due', 'paused', 'canceled')
                   AND shop.canonical_status(s.status) IS NOT NULL
                RETURNING s.id),
            followed AS (
                UPDATE shop.customer c SET subscription_status = due.status
                  FROM (SELECT k.id,
                               coalesce((SELECT shop.canonical_status(s.status) FROM shop.subscription s
                                          WHERE s.customer_id = k.id AND shop.status_rank(s.status) < 5
                                          ORDER BY shop.status_rank(s.status), s.id LIMIT 1), 'none') AS status
                          FROM unnest(?) AS k (id)) due
                 WHERE c.id = due.id AND c.subscription_status <> due.status
                RETURNING c.id)
            SELECT (SELECT count(*) FROM followed), (SELECT count(*) FROM spelled)""";

    private static final String MISSPELLED = """
            SELECT s.customer_id, s.id FROM shop.subscription s
             WHERE s.status NOT IN ('active', 'past_due', 'paused', 'canceled')
               AND shop.canonical_status(s.status) IS NOT NULL
               AND (s.customer_id, s.id) > (?, ?)
             ORDER BY s.customer_id, s.id LIMIT ?""";

    private static final int PAGE = 1_000;
    private static final UUID FIRST = new UUID(0, 0);

    private SubscriptionStatuses() {}

    /**
     * Brings the subscriptions of these customers to the one spelling and their own status to what follows.
     *
     * @return how many subscriptions were misspelled
     */
    public static long settle(Connection connection, UUID[] customers) throws SQLException {
        Patience.limit(connection);
        var ids = connection.createArrayOf("uuid", customers);
        return Sql.on(connection, SETTLE, ids, ids).first(row -> row.getLong(2)).orElseThrow();
    }

    private record Place(UUID customer, long id) {}

    /**
     * The bulk correction, and the nightly sweep: all that is misspelled, the customers of a thousand such rows a transaction,
     * found in an index that holds nothing else. Goes on from the beginning after a crash, where nothing is left to do.
     */
    static void correct(DataSource dataSource, Run run) throws SQLException {
        Place from = new Place(FIRST, 0);
        long corrected = 0;
        while (true) {
            Patience.stopIfAbandoned(run);
            List<Place> page;
            try (Connection connection = dataSource.getConnection()) {
                connection.setAutoCommit(false);
                try {
                    page = Sql.on(connection, MISSPELLED, from.customer(), from.id(), PAGE)
                            .list(row -> new Place(row.getObject(1, UUID.class), row.getLong(2)));
                    corrected += settle(
                            connection,
                            page.stream().map(Place::customer).distinct().toArray(UUID[]::new));
                    if (page.size() < PAGE) {
                        run.result(new Corrected(corrected));
                        run.completeIn(connection);
                    }
                    connection.commit();
                } catch (SQLException | RuntimeException failed) {
                    connection.rollback();
                    throw failed;
                }
            }
            if (page.size() < PAGE) {
                return;
            }
            from = page.getLast();
            run.progress(corrected, 0, "statuses corrected");
        }
    }

    /**
     * What a correction did.
     *
     * @param subscriptions how many it mended; what an attempt before it, or the rule, had mended is not among them
     */
    record Corrected(long subscriptions) {}
}
