package dev.tidemill.storefront.shop;

import static dev.tidemill.jobs.EnqueueOptions.priority;
import static dev.tidemill.jobs.Priority.CRITICAL;
import static dev.tidemill.jobs.Priority.HIGH;

import dev.tidemill.jobs.Transaction;
import dev.tidemill.storefront.shop.MailJob.SendOtp;
import dev.tidemill.storefront.shop.MailJob.SendWelcome;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Optional;
import java.util.UUID;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/** Signs people up and in. An address is proved by a code that is sent to it. */
public final class Customers {
    /** How long a code is good for, counted from when its e-mail goes out. */
    public static final Duration CODE_TTL = Duration.ofMinutes(10);

    private static final int MAX_TRIES = 5;
    private static final int MAX_CODES = 5;

    private final DataSource dataSource;
    private final Transactions transactions;
    private final OneTimeCodes codes;

    /** On these tables. */
    public Customers(DataSource dataSource, Transactions transactions, OneTimeCodes codes) {
        this.dataSource = dataSource;
        this.transactions = transactions;
        this.codes = codes;
    }

    /**
     * A sign-up that was taken.
     *
     * @param customerId who; of an address that is known already, its owner
     * @param challenge what the code that was sent answers
     */
    public record SignUp(UUID customerId, UUID challenge) {}

    /** What came of typing in a code. */
    public sealed interface Verdict {
        /** The right one; the address is proved. */
        record Accepted(UUID customerId) implements Verdict {}

        /** A wrong one. */
        record Wrong(int triesLeft) implements Verdict {}

        /** The code was used, has expired, was tried too often, or never was. */
        record Over() implements Verdict {}
    }

    /**
     * Signs a person up: the customer and the e-mails to them commit together. Somebody who has signed up before gets
     * a code only, and no new referrer.
     *
     * @param referrer by whose referral code; null for none
     * @throws InvalidInput if the referrer is no customer any more
     * @throws TooManyCodes if the address asked for too many codes
     */
    public SignUp signUp(NewCustomer person, @Nullable UUID referrer) throws Exception {
        return transactions.call(transaction -> {
            Connection connection = transaction.connection();
            if (referrer != null && !stays(connection, referrer)) {
                throw ReferralCodes.nobodys();
            }
            Optional<UUID> created = Sql.on(
                            connection,
                            """
                            INSERT INTO shop.customer (name, email, referred_by) VALUES (?, ?, ?::uuid)
                            ON CONFLICT (lower(email)) DO NOTHING RETURNING id""",
                            person.name(),
                            person.email(),
                            referrer == null ? null : referrer.toString())
                    .first(row -> row.getObject(1, UUID.class));
            UUID customer = created.isPresent()
                    ? created.get()
                    : byEmail(connection, person.email()).orElseThrow();
            UUID challenge = challenge(transaction, customer);
            if (created.isPresent()) {
                transaction.enqueue(new SendWelcome(customer), priority(HIGH).tag("userId", customer.toString()));
            }
            return new SignUp(customer, challenge);
        });
    }

    /**
     * Sends a code to a customer who comes back. Returns a challenge for an unknown address too, which no code
     * answers: who is a customer is nobody else's business.
     *
     * @throws TooManyCodes if the address asked for too many codes
     */
    public UUID signIn(String email) throws Exception {
        return transactions.call(transaction -> {
            Optional<UUID> customer = byEmail(transaction.connection(), email);
            return customer.isPresent() ? challenge(transaction, customer.get()) : UUID.randomUUID();
        });
    }

    private UUID challenge(Transaction transaction, UUID customer) throws SQLException {
        Connection connection = transaction.connection();
        UUID challenge = UUID.randomUUID();
        String ttl = CODE_TTL.toString();
        int written = Sql.on(
                        connection,
                        """
                        INSERT INTO shop.challenge (id, customer_id, code_hash, tries_left, expires_at)
                        SELECT ?, ?, ?, ?, now() + ?::interval
                         WHERE (SELECT count(*) FROM shop.challenge
                                 WHERE customer_id = ? AND created_at > now() - ?::interval) < ?""",
                        challenge,
                        customer,
                        codes.hash(challenge, codes.code(challenge)),
                        MAX_TRIES,
                        ttl,
                        customer,
                        ttl,
                        MAX_CODES)
                .update();
        if (written == 0) {
            throw new TooManyCodes(MAX_CODES, CODE_TTL.toMinutes());
        }
        transaction.enqueue(new SendOtp(challenge), priority(CRITICAL).tag("userId", customer.toString()));
        return challenge;
    }

    /** Whose code it is was read from a cache: the customer may have left since. One who has not, stays until the commit. */
    private static boolean stays(Connection connection, UUID customer) throws SQLException {
        return Sql.on(connection, "SELECT id FROM shop.customer WHERE id = ? FOR KEY SHARE", customer)
                .first(row -> true)
                .isPresent();
    }

    private static Optional<UUID> byEmail(Connection connection, String email) throws SQLException {
        return Sql.on(connection, "SELECT id FROM shop.customer WHERE lower(email) = lower(?)", email)
                .first(row -> row.getObject(1, UUID.class));
    }

    /** Judges a code; every look costs one of the challenge's tries. */
    public Verdict verify(UUID challenge, String code) throws SQLException {
        try (Connection connection = dataSource.getConnection()) {
            connection.setAutoCommit(false);
            try {
                Verdict verdict = judge(connection, challenge, code.replaceAll("[\\s-]", ""));
                connection.commit();
                return verdict;
            } catch (SQLException | RuntimeException failed) {
                connection.rollback();
                throw failed;
            }
        }
    }

    @SuppressWarnings("ArrayRecordComponent") // A carrier, never compared.
    private record Look(UUID customer, byte[] hash, int triesLeft) {}

    private Verdict judge(Connection connection, UUID challenge, String code) throws SQLException {
        Optional<Look> look = Sql.on(connection, """
                        UPDATE shop.challenge SET tries_left = tries_left - 1
                         WHERE id = ? AND tries_left > 0 AND used_at IS NULL AND expires_at > now()
                        RETURNING customer_id, code_hash, tries_left""", challenge)
                .first(row -> new Look(row.getObject(1, UUID.class), row.getBytes(2), row.getInt(3)));
        if (look.isEmpty()) {
            return new Verdict.Over();
        }
        UUID customer = look.get().customer();
        if (!codes.matches(challenge, code, look.get().hash())) {
            return look.get().triesLeft() > 0 ? new Verdict.Wrong(look.get().triesLeft()) : new Verdict.Over();
        }
        Sql.on(connection, "UPDATE shop.challenge SET used_at = now() WHERE id = ?", challenge)
                .update();
        Sql.on(
                        connection,
                        "UPDATE shop.customer SET verified_at = now() WHERE id = ? AND verified_at IS NULL",
                        customer)
                .update();
        return new Verdict.Accepted(customer);
    }
}
