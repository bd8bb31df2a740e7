package dev.tidemill.server.access;

import dev.tidemill.server.http.Addresses;
import dev.tidemill.server.tables.ServerTables;
import dev.tidemill.server.tables.Statements;
import java.net.Inet6Address;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Logs people in, and slows down whoever guesses.
 *
 * <p>Failures are counted in the database, so for all processes together, by user at an address, by address, and by
 * user. After five, twenty and a hundred of them the next try waits a second, then two, then four, up to fifteen
 * minutes for what is counted by address. Nothing is locked for good, and nothing has to be unlocked by a person.
 *
 * <p>What is counted by user alone is there against guessing from many addresses, and could serve to keep the user out.
 * It therefore waits a minute at most, and is not asked where the user has logged in from that address within thirty
 * days: their own desk. A password that was tried too early is not looked at, so that its waiting time is not for
 * trying; and a user who does not exist is counted and compared like one who does. Thread safe.
 */
final class Logins {
    private static final int FREE_AT_ADDRESS = 5;
    private static final int FREE_OF_ADDRESS = 20;
    private static final int FREE_OF_USER = 100;
    private static final Duration LONGEST = Duration.ofMinutes(15);
    private static final Duration LONGEST_OF_USER = Duration.ofMinutes(1);

    private final Accounts accounts;
    private final ServerTables tables;
    private final Statements sql;
    private final Sessions sessions;
    private final @Nullable Token token;

    Logins(Accounts accounts, Sessions sessions, @Nullable Token token) {
        this.accounts = accounts;
        this.tables = accounts.tables();
        this.sql = accounts.sql();
        this.sessions = sessions;
        this.token = token;
    }

    /** What came of a try. */
    sealed interface Outcome {
        /** The cookie's value. */
        record LoggedIn(String secret) implements Outcome {}

        /** Which of name and password was wrong, or that the user is disabled, is nobody's business. */
        record Refused() implements Outcome {}

        /** Not looked at: too many failed before. */
        record Wait(Duration length) implements Outcome {}
    }

    private record Account(long id, String password, boolean disabled) {}

    /**
     * What a try is counted against: the user at an address first, then the address, then maybe the user.
     */
    @SuppressWarnings("ArrayRecordComponent") // Never compared.
    private record Counted(byte[][] subjects, Integer[] free, Long[] longestMicros) {
        byte[][] others() {
            return Arrays.copyOfRange(subjects, 1, subjects.length);
        }
    }

    /** Tries a name and a password that came from an address. */
    Outcome logIn(String givenName, String password, String address) {
        String name = Accounts.normal(givenName);
        Counted counted = counted(name, address);
        Optional<Outcome> refused = refusal(name, password, address, counted);
        if (refused.isPresent()) {
            return refused.get();
        }
        Optional<String> secret = tables.transaction(connection -> {
            // Read again: the user may have been disabled or removed while the password was looked at.
            Optional<Account> account = account(connection, name).filter(found -> !found.disabled());
            if (account.isEmpty()) {
                return Optional.empty();
            }
            long id = account.get().id();
            forgive(connection, counted);
            sql.run(connection, "logged_in", id);
            sql.run(connection, "know_address", id, subject("from", place(address)));
            sql.run(connection, "forget_addresses", id);
            accounts.note(connection, name, "log-in", "USER " + name, "from " + address);
            return Optional.of(sessions.open(connection, id));
        });
        secret.ifPresent(opened -> refresh(name, password));
        return secret.<Outcome>map(Outcome.LoggedIn::new).orElseGet(Outcome.Refused::new);
    }

    /** Whether this is the user's password, where they are asked for it again; why not, if it is not. */
    Optional<Outcome> refusal(String name, String password, String address) {
        Counted counted = counted(name, address);
        Optional<Outcome> refused = refusal(name, password, address, counted);
        if (refused.isEmpty()) {
            tables.transaction(connection -> {
                forgive(connection, counted);
                return null;
            });
        }
        return refused;
    }

    private Counted counted(String name, String address) {
        String place = place(address);
        byte[] there = subject("at", name, place);
        byte[] from = subject("from", place);
        boolean known = tables.call(connection ->
                sql.first(connection, "knows_address", row -> true, name, from).isPresent());
        long most = LONGEST.toNanos() / 1000;
        return known
                ? new Counted(new byte[][] {there, from}, new Integer[] {FREE_AT_ADDRESS, FREE_OF_ADDRESS}, new Long[] {
                    most, most
                })
                : new Counted(
                        new byte[][] {there, from, subject("user", name)},
                        new Integer[] {FREE_AT_ADDRESS, FREE_OF_ADDRESS, FREE_OF_USER},
                        new Long[] {most, most, LONGEST_OF_USER.toNanos() / 1000});
    }

    private Optional<Outcome> refusal(String name, String password, String address, Counted counted) {
        Optional<Outcome> early = tooEarly(counted);
        if (early.isPresent()) {
            return early;
        }
        Optional<Account> account = tables.call(connection -> account(connection, name));
        if (account.isEmpty()) {
            accounts.passwords().matchNobody(password);
            failed(subject("from", place(address)), "unknown users", address);
            return Optional.of(new Outcome.Refused());
        }
        boolean right = accounts.passwords().matches(password, account.get().password());
        if (!right || account.get().disabled()) {
            failed(subject("at", name, place(address)), "USER " + name, address);
            return Optional.of(new Outcome.Refused());
        }
        return Optional.empty();
    }

    private Optional<Account> account(Connection connection, String name) throws SQLException {
        return sql.first(
                connection,
                "account_of",
                row -> new Account(row.getLong("id"), row.getString("password"), row.getBoolean("disabled")),
                name);
    }

    private void forgive(Connection connection, Counted counted) throws SQLException {
        sql.run(connection, "forget_failures", (Object) counted.subjects()[0]);
        sql.run(connection, "forgive", (Object) counted.others());
    }

    /** Hashes a password anew where its hash was made in an older way. */
    private void refresh(String name, String password) {
        Optional<Account> account = tables.call(connection -> account(connection, name));
        if (account.isPresent() && Passwords.isOutdated(account.get().password())) {
            String fresh = accounts.passwords().hash(password);
            tables.call(connection ->
                    sql.run(connection, "rehash", fresh, name, account.get().password()));
        }
    }

    /** Tries the server's own token. */
    Outcome logInWithToken(String given, String address) {
        byte[] from = subject("from", place(address));
        Counted counted = new Counted(
                new byte[][] {from}, new Integer[] {FREE_OF_ADDRESS}, new Long[] {LONGEST.toNanos() / 1000});
        Optional<Outcome> early = tooEarly(counted);
        if (early.isPresent()) {
            return early.get();
        }
        if (token == null || !token.matches(given)) {
            failed(from, "token", address);
            return new Outcome.Refused();
        }
        tables.transaction(connection -> {
            sql.run(connection, "forgive", (Object) counted.subjects());
            accounts.note(connection, Token.NAME, "log-in", "token", "from " + address);
            return null;
        });
        return new Outcome.LoggedIn(sessions.openForToken());
    }

    private Optional<Outcome> tooEarly(Counted counted) {
        long wait = tables.transaction(connection -> sql.first(
                        connection,
                        "try_login",
                        row -> row.getLong(1),
                        counted.subjects(),
                        counted.free(),
                        counted.longestMicros())
                .orElse(0L));
        return wait > 0 ? Optional.of(new Outcome.Wait(Duration.of(wait, ChronoUnit.MICROS))) : Optional.empty();
    }

    /** The first, the second, the fourth, the eighth: whoever guesses must not fill the audit trail. */
    private void failed(byte[] subject, String target, String address) {
        tables.transaction(connection -> {
            int failures = sql.first(connection, "failures", row -> row.getInt(1), (Object) subject)
                    .orElse(0);
            if (Integer.bitCount(failures) == 1) {
                String times = failures == 1 ? "once" : failures + " times within a day of each other";
                accounts.note(connection, "nobody", "log-in-failed", target, times + ", now from " + address);
            }
            return null;
        });
    }

    private static byte[] subject(String... parts) {
        return RandomSecret.digest(String.join("\n", parts).getBytes(StandardCharsets.UTF_8));
    }

    /** An address, or of one that has more of them than anybody could count, the network that is one customer's. */
    static String place(String address) {
        return Addresses.literal(address)
                .map(literal -> literal instanceof Inet6Address
                        ? HexFormat.of().formatHex(literal.getAddress(), 0, 8) + "/64"
                        : literal.getHostAddress())
                .orElse(address);
    }
}
