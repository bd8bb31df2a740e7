package dev.tidemill.storefront.mail;

import dev.tidemill.storefront.shop.Customer;
import dev.tidemill.storefront.shop.Customers;
import dev.tidemill.storefront.shop.Line;
import dev.tidemill.storefront.shop.MailJob;
import dev.tidemill.storefront.shop.MailJob.SendOrderConfirmation;
import dev.tidemill.storefront.shop.MailJob.SendOtp;
import dev.tidemill.storefront.shop.MailJob.SendReward;
import dev.tidemill.storefront.shop.MailJob.SendWelcome;
import dev.tidemill.storefront.shop.OneTimeCodes;
import dev.tidemill.storefront.shop.Order;
import dev.tidemill.storefront.shop.Orders;
import dev.tidemill.storefront.shop.Reward;
import dev.tidemill.storefront.shop.Sql;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.Future;
import javax.sql.DataSource;

/** Writes the letter that a job asks for from what the tables say, and notes that it went out. */
public final class Mailroom {
    private static final String DOMAIN = "@storefront.example.com";

    private final DataSource dataSource;
    private final OneTimeCodes codes;
    private final Letters letters = new Letters();
    private final Future<String> shopUrl;

    /**
     * On these tables.
     *
     * @param shopUrl where the links in the letters lead, without a slash at the end, once it is known
     */
    public Mailroom(DataSource dataSource, OneTimeCodes codes, Future<String> shopUrl) {
        this.dataSource = dataSource;
        this.codes = codes;
        this.shopUrl = shopUrl;
    }

    /**
     * The letter of a job; empty where it need not be sent any more: the code was used, the reward has expired, or who it is
     * about is gone.
     *
     * @param jobId makes the Message-ID, so that every try at a job sends the same one
     */
    public Optional<Letter> letter(MailJob job, long jobId) throws Exception {
        String url = shopUrl.get();
        String messageId = "job-" + jobId + '.' + job.about() + DOMAIN;
        try (Connection connection = dataSource.getConnection()) {
            return switch (job) {
                case SendOtp(UUID challenge) ->
                    // The code's time runs from when its letter goes out, however long the mail server was away.
                    customer(connection, """
                                    WITH live AS (
                                        UPDATE shop.challenge SET expires_at = now() + ?::interval
                                         WHERE id = ? AND used_at IS NULL RETURNING customer_id)
                                    SELECT c.* FROM shop.customer c JOIN live ON live.customer_id = c.id""", Customers.CODE_TTL.toString(), challenge)
                            .map(customer -> letters.otp(customer, codes.code(challenge), messageId));
                case SendWelcome(UUID id) ->
                    customer(connection, "SELECT * FROM shop.customer WHERE id = ? AND welcome_sent_at IS NULL", id)
                            .map(customer -> letters.welcome(customer, url, messageId));
                case SendReward(UUID id) -> reward(connection, id, url, messageId);
                case SendOrderConfirmation(UUID id) -> confirmation(connection, id, url, messageId);
            };
        }
    }

    /** Notes that the letter of a job went out. */
    public void markSent(Connection connection, MailJob job) throws SQLException {
        String statement = switch (job) {
            case SendOtp otp -> "UPDATE shop.challenge SET sent_at = now() WHERE id = ? AND sent_at IS NULL";
            case SendWelcome welcome ->
                "UPDATE shop.customer SET welcome_sent_at = now() WHERE id = ? AND welcome_sent_at IS NULL";
            // Of one that has expired no letter went out.
            case SendReward reward -> """
                        UPDATE shop.reward SET mailed_at = now()
                         WHERE id = ? AND mailed_at IS NULL AND expires_at > now()""";
            case SendOrderConfirmation confirmation -> """
                        UPDATE shop.purchase SET confirmation_sent_at = now()
                         WHERE id = ? AND confirmation_sent_at IS NULL""";
        };
        Sql.on(connection, statement, job.about()).update();
    }

    private Optional<Letter> confirmation(Connection connection, UUID id, String url, String messageId)
            throws SQLException {
        List<Line> lines = Orders.lines(connection, id);
        Optional<Order> order = Sql.on(connection, """
                        SELECT id, number, total_cents, placed_at FROM shop.purchase
                         WHERE id = ? AND confirmation_sent_at IS NULL""", id)
                .first(row -> new Order(
                        id,
                        row.getLong("number"),
                        row.getLong("total_cents"),
                        Objects.requireNonNull(Sql.instant(row, "placed_at")),
                        null,
                        lines));
        if (order.isEmpty()) {
            return Optional.empty();
        }
        return customer(connection, """
                        SELECT c.* FROM shop.customer c JOIN shop.purchase p ON p.customer_id = c.id
                         WHERE p.id = ?""", id)
                .map(customer -> letters.confirmation(customer, order.get(), url, messageId));
    }

    private Optional<Letter> reward(Connection connection, UUID id, String url, String messageId) throws SQLException {
        Optional<Reward> reward = Reward.toMail(connection, id);
        if (reward.isEmpty()) {
            return Optional.empty();
        }
        return customer(connection, """
                        SELECT c.* FROM shop.customer c JOIN shop.reward r ON r.referrer_id = c.id
                         WHERE r.id = ?""", id).map(customer -> letters.reward(customer, reward.get(), url, messageId));
    }

    private static Optional<Customer> customer(Connection connection, String sql, Object... arguments)
            throws SQLException {
        return Sql.on(connection, sql, arguments).first(Customer::read);
    }
}
