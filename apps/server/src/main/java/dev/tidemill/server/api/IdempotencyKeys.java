package dev.tidemill.server.api;

import dev.tidemill.jobs.Tidemill;
import dev.tidemill.jobs.TidemillException;
import dev.tidemill.jobs.Transaction;
import dev.tidemill.server.http.Call;
import dev.tidemill.server.http.Problem;
import dev.tidemill.server.http.ProblemCode;
import dev.tidemill.server.http.Reply;
import dev.tidemill.server.tables.ServerTables;
import dev.tidemill.server.tables.Statements;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Requests that can be sent again without being done again: the {@code Idempotency-Key} header, as the draft of the HTTP API
 * working group has it (draft-ietf-httpapi-idempotency-key-header). The key and the answer are written in the transaction
 * that does what was asked, so both are there or neither is. Of several with a key one goes on: in this process the others
 * wait without a connection, in other processes at the key's row, and are told to come again if it takes too long. Keys hold
 * for a day, and for the caller who sent them. A request that was refused has not used its key up. Thread safe.
 */
public final class IdempotencyKeys {
    private static final Logger LOG = LoggerFactory.getLogger(IdempotencyKeys.class);
    private static final String HEADER = "Idempotency-Key";
    /** A string of structured fields (RFC 8941), or what is in it, bare. */
    private static final Pattern QUOTED = Pattern.compile("\"((?:[ !#-\\[\\]-~]|\\\\[\"\\\\])*)\"");

    private static final Pattern KEY = Pattern.compile("[!-~](?:[ -~]{0,198}[!-~])?");
    private static final String LOCK_TIMEOUT = "55P03";
    private static final Duration PATIENCE = Duration.ofSeconds(5);
    private static final String COME_AGAIN_SECONDS = "1";
    /** Every so many new keys, those of former days are tidied away. */
    private static final int TIDY_EVERY = 10;

    private final Tidemill mill;
    private final ServerTables tables;
    private final Statements statements;
    private final AtomicInteger created = new AtomicInteger();
    private final Map<Name, CountDownLatch> underWay = new ConcurrentHashMap<>();

    private record Name(String caller, String key) {}

    /** Those that are kept in a server's tables. */
    public IdempotencyKeys(Tidemill mill, ServerTables tables) {
        this.mill = mill;
        this.tables = tables;
        this.statements = tables.statements(IdempotencyKeys.class, "idempotency.sql");
    }

    /** Does what was asked, in a transaction. */
    @FunctionalInterface
    interface Deed {
        Reply in(Transaction transaction);
    }

    /** The key that a request came with. */
    static Optional<String> of(Call call) {
        return call.header(HEADER).map(given -> {
            String text = given.strip();
            Matcher quoted = QUOTED.matcher(text);
            String key = quoted.matches() ? quoted.group(1).replaceAll("\\\\(.)", "$1") : text;
            if (!KEY.matcher(key).matches()) {
                throw Problem.of(
                        ProblemCode.HEADER_INVALID,
                        HEADER + " has " + key.length() + " characters; it needs 1 to 200, all of them printable ASCII,"
                                + " without a space at either end.");
            }
            return key;
        });
    }

    /**
     * Does what was asked, or answers as it was answered before.
     *
     * @param body what was asked, which has to be the same with the same key
     */
    Reply once(String caller, String key, byte[] body, Deed deed) {
        Name name = new Name(caller, key);
        CountDownLatch mine = new CountDownLatch(1);
        long until = System.nanoTime() + PATIENCE.toNanos();
        CountDownLatch other;
        while ((other = underWay.putIfAbsent(name, mine)) != null) {
            await(other, until);
        }
        try {
            return alone(name, sum(body), deed);
        } finally {
            underWay.remove(name, mine);
            mine.countDown();
        }
    }

    private static void await(CountDownLatch other, long untilNanos) {
        try {
            if (!other.await(untilNanos - System.nanoTime(), TimeUnit.NANOSECONDS)) {
                throw busy();
            }
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw busy();
        }
    }

    private static Problem busy() {
        return Problem.of(
                        ProblemCode.IDEMPOTENCY_KEY_BUSY,
                        "A request with this key is still under way. Send this one again later.")
                .header("Retry-After", COME_AGAIN_SECONDS);
    }

    private Reply alone(Name name, byte[] request, Deed deed) {
        boolean[] first = {false};
        Reply reply;
        try {
            reply = mill.callInTransaction(transaction -> {
                Connection connection = transaction.connection();
                statements.run(connection, "isolation");
                statements.run(connection, "patience");
                first[0] = statements.run(connection, "reserve", name.caller(), name.key(), request) == 1;
                return first[0] ? did(transaction, name, deed) : again(connection, name, request);
            });
        } catch (RuntimeException refused) {
            throw refused;
        } catch (SQLException failed) {
            throw LOCK_TIMEOUT.equals(failed.getSQLState()) ? busy() : ServerTables.translated(failed);
        } catch (Exception impossible) {
            throw new IllegalStateException("An enqueue failed", impossible);
        }
        if (first[0] && created.getAndIncrement() % TIDY_EVERY == 0) {
            tidy();
        }
        return reply;
    }

    private Reply did(Transaction transaction, Name name, Deed deed) throws SQLException {
        Reply reply = deed.in(transaction);
        statements.run(
                transaction.connection(),
                "answer",
                reply.status(),
                reply.headers().get("Location"),
                reply.body(),
                name.caller(),
                name.key());
        return reply;
    }

    /** What was asked is done by now; that this fails must not be the answer. */
    private void tidy() {
        try {
            tables.call(connection -> statements.run(connection, "tidy"));
        } catch (TidemillException failed) {
            LOG.warn("Tidying idempotency keys away failed and is tried again: {}", failed.getMessage());
        }
    }

    @SuppressWarnings("ArrayRecordComponent") // A carrier, never compared.
    private record Answered(
            byte[] request, int status, @Nullable String location, byte[] answer) {}

    private Reply again(Connection connection, Name name, byte[] request) throws SQLException {
        // Its day may have ended, and it been tidied away, since it was in the way.
        Answered answered = statements
                .first(
                        connection,
                        "answered",
                        row -> new Answered(row.getBytes(1), row.getInt(2), row.getString(3), row.getBytes(4)),
                        name.caller(),
                        name.key())
                .orElseThrow(IdempotencyKeys::busy);
        if (!MessageDigest.isEqual(answered.request(), request)) {
            throw Problem.of(
                    ProblemCode.IDEMPOTENCY_KEY_REUSED,
                    "This key came with another body before; nothing was done. Use a key of its own for each"
                            + " request.");
        }
        Reply reply = Reply.json(answered.answer()).status(answered.status()).header("Idempotent-Replayed", "true");
        String location = answered.location();
        return location == null ? reply : reply.header("Location", location);
    }

    private static byte[] sum(byte[] body) {
        try {
            return MessageDigest.getInstance("SHA-256").digest(body);
        } catch (GeneralSecurityException impossible) {
            throw new IllegalStateException("Every Java has SHA-256", impossible);
        }
    }
}
