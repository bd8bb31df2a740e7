package dev.tidemill.storefront.mail;

import dev.tidemill.jobs.Backoff;
import dev.tidemill.jobs.Handler;
import dev.tidemill.jobs.HandlerOptions;
import dev.tidemill.jobs.Priority;
import dev.tidemill.jobs.Run;
import dev.tidemill.jobs.TidemillBuilder;
import dev.tidemill.storefront.shop.MailJob;
import dev.tidemill.storefront.shop.MailJob.SendOrderConfirmation;
import dev.tidemill.storefront.shop.MailJob.SendOtp;
import dev.tidemill.storefront.shop.MailJob.SendReward;
import dev.tidemill.storefront.shop.MailJob.SendWelcome;
import jakarta.mail.MessagingException;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Optional;
import javax.sql.DataSource;

/**
 * Sends the e-mail that a job asks for. The letter goes out first, then "it was sent" and the job's outcome commit
 * together: a crash in between sends the letter again, under the same Message-ID, and never forgets one.
 */
public final class MailHandlers {
    /** The queue of all e-mails. */
    public static final String QUEUE = "mail";

    private static final int CONCURRENCY = 16;
    private static final int RESERVED = 4;
    private static final int ATTEMPTS = 20;
    private static final Duration TIMEOUT = Duration.ofSeconds(45);

    private final DataSource dataSource;
    private final Mailroom mailroom;
    private final SmtpClient smtp;

    /** By these means. */
    public MailHandlers(DataSource dataSource, Mailroom mailroom, SmtpClient smtp) {
        this.dataSource = dataSource;
        this.mailroom = mailroom;
        this.smtp = smtp;
    }

    /** What e-mails wait between two tries: about an hour in all, so that a mail server may be away that long. */
    public static Backoff patient() {
        return Backoff.exponential(Duration.ofSeconds(2), Duration.ofMinutes(10));
    }

    /** Has them all handled. */
    public TidemillBuilder addTo(TidemillBuilder mill, Backoff backoff) {
        mill.queue(
                QUEUE,
                queue -> queue.concurrency(CONCURRENCY)
                        .reservedForCritical(RESERVED)
                        .attempts(ATTEMPTS)
                        .backoff(backoff));
        add(mill, SendOtp.class, Priority.CRITICAL);
        add(mill, SendWelcome.class, Priority.HIGH);
        add(mill, SendOrderConfirmation.class, Priority.HIGH);
        add(mill, SendReward.class, Priority.MEDIUM);
        return mill;
    }

    private void add(TidemillBuilder mill, Class<? extends MailJob> type, Priority priority) {
        Handler<MailJob> handler = this::send;
        mill.handle(
                type,
                handler,
                (HandlerOptions options) ->
                        options.queue(QUEUE).priority(priority).timeout(TIMEOUT));
    }

    private void send(MailJob job, Run run) throws Exception {
        Optional<Letter> letter = mailroom.letter(job, run.jobId());
        if (letter.isPresent()) {
            try {
                smtp.send(letter.get());
            } catch (MessagingException refused) {
                throw SmtpReplies.toThrow(refused);
            }
        }
        finish(job, run);
    }

    private void finish(MailJob job, Run run) throws SQLException {
        try (Connection connection = dataSource.getConnection()) {
            connection.setAutoCommit(false);
            try {
                mailroom.markSent(connection, job);
                run.completeIn(connection);
                connection.commit();
            } catch (SQLException | RuntimeException failed) {
                connection.rollback();
                throw failed;
            }
        }
    }
}
