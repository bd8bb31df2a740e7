package dev.tidemill.storefront.mail;

import dev.tidemill.jobs.EnqueueOptions;
import dev.tidemill.jobs.Enqueued;
import dev.tidemill.jobs.Transaction;
import dev.tidemill.storefront.shop.MailJob;
import dev.tidemill.storefront.shop.Transactions;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import javax.sql.DataSource;

/**
 * The naive way, to measure against: no jobs, the request itself sends every e-mail before it answers. Sends after the
 * commit, as careful applications do; an e-mail that fails then fails the request, though the customer exists.
 */
public final class InlineMail implements Transactions {
    private final DataSource dataSource;
    private final Mailroom mailroom;
    private final SmtpClient smtp;

    /** By these means. */
    public InlineMail(DataSource dataSource, Mailroom mailroom, SmtpClient smtp) {
        this.dataSource = dataSource;
        this.mailroom = mailroom;
        this.smtp = smtp;
    }

    @Override
    public <R> R call(Transaction.Call<R> body) throws Exception {
        List<MailJob> asked = new ArrayList<>();
        R result = commit(body, asked);
        for (int index = 0; index < asked.size(); index++) {
            send(asked.get(index), index);
        }
        return result;
    }

    private <R> R commit(Transaction.Call<R> body, List<MailJob> asked) throws Exception {
        try (Connection connection = dataSource.getConnection()) {
            connection.setAutoCommit(false);
            try {
                R result = body.call(new Collecting(connection, asked));
                connection.commit();
                return result;
            } catch (Exception failed) {
                connection.rollback();
                throw failed;
            }
        }
    }

    private void send(MailJob job, long number) throws Exception {
        Optional<Letter> letter = mailroom.letter(job, number);
        if (letter.isPresent()) {
            smtp.send(letter.get());
            markSent(job);
        }
    }

    private void markSent(MailJob job) throws SQLException {
        try (Connection connection = dataSource.getConnection()) {
            mailroom.markSent(connection, job);
        }
    }

    private record Collecting(Connection connection, List<MailJob> asked) implements Transaction {
        @Override
        public Enqueued enqueueUnique(Object job, EnqueueOptions options) {
            asked.add((MailJob) job);
            return new Enqueued(asked.size(), Enqueued.How.CREATED);
        }
    }
}
