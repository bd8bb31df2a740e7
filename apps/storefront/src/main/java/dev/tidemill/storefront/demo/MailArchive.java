package dev.tidemill.storefront.demo;

import dev.tidemill.storefront.shop.Migrations;
import dev.tidemill.storefront.shop.Sql;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Predicate;
import javax.sql.DataSource;

/** The messages that arrived, in the database, so that they outlive the demo's process. Keeps the newest. */
public final class MailArchive {
    /** How many messages are kept. */
    public static final int KEPT = 500;

    private static final int LISTED = 100;
    private static final int MAX_CHARS = 200_000;

    private final DataSource dataSource;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition arrival = lock.newCondition();

    /** On this database; makes its table. */
    public MailArchive(DataSource dataSource) throws SQLException {
        this.dataSource = dataSource;
        Migrations.MAILBOX.apply(dataSource);
    }

    /** Keeps a message; when this returns it is on disk. One that came before is counted up. */
    void add(Mail mail) throws SQLException {
        String html = mail.html();
        try (Connection connection = dataSource.getConnection()) {
            Sql.on(
                            connection,
                            """
                            INSERT INTO mailbox.mail AS m (message_id, recipient, sender, subject, text_body, html_body)
                            VALUES (?, ?, ?, ?, ?, ?)
                            ON CONFLICT (message_id, recipient) DO UPDATE SET deliveries = m.deliveries + 1""",
                            clean(mail.messageId()),
                            clean(mail.recipient()),
                            clean(mail.sender()),
                            clean(mail.subject()),
                            clean(mail.text()),
                            html == null ? null : clean(html))
                    .update();
            Sql.on(
                            connection,
                            "DELETE FROM mailbox.mail WHERE id IN (SELECT id FROM mailbox.mail ORDER BY id DESC OFFSET ?)",
                            KEPT)
                    .update();
        }
        lock.lock();
        try {
            arrival.signalAll();
        } finally {
            lock.unlock();
        }
    }

    private static String clean(String text) {
        return text.substring(0, Math.min(text.length(), MAX_CHARS)).replace("\0", "");
    }

    /** The newest messages without their bodies, newest first; only those whose recipient contains this text. */
    public List<Mail> newest(String to) throws SQLException {
        try (Connection connection = dataSource.getConnection()) {
            return Sql.on(connection, """
                            SELECT id, message_id, recipient, sender, subject, arrived_at, deliveries,
                                   '' AS text_body, NULL AS html_body
                              FROM mailbox.mail WHERE position(lower(?) IN lower(recipient)) > 0
                             ORDER BY id DESC LIMIT ?""", to, LISTED).list(MailArchive::read);
        }
    }

    /** One message. */
    public Optional<Mail> find(long id) throws SQLException {
        try (Connection connection = dataSource.getConnection()) {
            return Sql.on(connection, "SELECT * FROM mailbox.mail WHERE id = ?", id)
                    .first(MailArchive::read);
        }
    }

    /** The newest message to an address that is of this sort; waits so long for one. */
    Optional<Mail> await(String recipient, Predicate<Mail> sort, Duration patience)
            throws SQLException, InterruptedException {
        long nanosLeft = patience.toNanos();
        lock.lock();
        try {
            while (true) {
                Optional<Mail> found = to(recipient).stream().filter(sort).findFirst();
                if (found.isPresent() || nanosLeft <= 0) {
                    return found;
                }
                nanosLeft = arrival.awaitNanos(nanosLeft);
            }
        } finally {
            lock.unlock();
        }
    }

    /** The newest few messages to an address, newest first. */
    List<Mail> to(String recipient) throws SQLException {
        try (Connection connection = dataSource.getConnection()) {
            return Sql.on(
                            connection,
                            "SELECT * FROM mailbox.mail WHERE recipient = ? ORDER BY id DESC LIMIT 10",
                            recipient)
                    .list(MailArchive::read);
        }
    }

    private static Mail read(ResultSet row) throws SQLException {
        return new Mail(
                row.getLong("id"),
                row.getString("message_id"),
                row.getString("recipient"),
                row.getString("sender"),
                row.getString("subject"),
                row.getString("text_body"),
                row.getString("html_body"),
                Objects.requireNonNull(Sql.instant(row, "arrived_at")),
                row.getInt("deliveries"));
    }
}
