package dev.tidemill.server.access;

import dev.tidemill.server.http.Caller;
import dev.tidemill.server.http.Permission;
import dev.tidemill.server.tables.ServerTables;
import dev.tidemill.server.tables.Statements;
import java.security.MessageDigest;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Browsers that are logged in. A session is a random cookie of which the database has a digest: it holds in every
 * process on that database, and ends for all of them when its user logs out, is disabled, removed or gets another
 * password, after {@link #IDLE} without a request that a person made, and {@link #ABSOLUTE} after the log-in. One that
 * was opened with the server's token ends when the server has another token. Thread safe.
 */
final class Sessions {
    static final Duration IDLE = Duration.ofHours(12);
    static final Duration ABSOLUTE = Duration.ofDays(7);

    private final ServerTables tables;
    private final Statements sql;
    private final byte @Nullable [] tokenMark;

    /**
     * Creates them.
     *
     * @param token the server's own; null if it has none
     */
    Sessions(Accounts accounts, @Nullable Token token) {
        this.tables = accounts.tables();
        this.sql = accounts.sql();
        this.tokenMark = token == null ? null : token.mark();
    }

    /** Opens one for a user, in the transaction of their log-in; returns the cookie's value. */
    String open(Connection connection, long account) throws SQLException {
        return open(connection, account, null);
    }

    /** Opens one for whoever gave the server's token. */
    String openForToken() {
        return tables.transaction(connection -> open(connection, null, tokenMark));
    }

    /** Opens one for a user who is logged in, after their others ended. */
    String reopen(String name) {
        return tables.transaction(connection -> {
            long id = sql.first(connection, "account_of", row -> row.getLong("id"), name)
                    .orElseThrow();
            return open(connection, id, null);
        });
    }

    private String open(Connection connection, @Nullable Long account, byte @Nullable [] token) throws SQLException {
        sql.run(connection, "tidy_sessions", micros(IDLE));
        String secret = RandomSecret.next();
        sql.run(connection, "open_session", RandomSecret.digest(secret), account, token);
        return secret;
    }

    /**
     * Whose session this is, if it holds.
     *
     * @param byPerson whether a person asks, which keeps it from ending for want of use
     */
    Optional<Caller> caller(byte[] secret, boolean byPerson) {
        return tables.call(connection -> sql.first(
                        connection,
                        "session",
                        this::holder,
                        secret,
                        micros(IDLE),
                        byPerson,
                        micros(IDLE),
                        micros(ABSOLUTE)))
                .flatMap(found -> found);
    }

    private Optional<Caller> holder(ResultSet row) throws SQLException {
        String name = row.getString("name");
        if (name != null) {
            return Optional.of(
                    new Caller(name, Role.valueOf(row.getString("role")).permissions(), Caller.Means.SESSION));
        }
        byte[] mark = row.getBytes("token");
        return mark != null && tokenMark != null && MessageDigest.isEqual(mark, tokenMark)
                ? Optional.of(new Caller(Token.NAME, Permission.ALL, Caller.Means.SESSION))
                : Optional.empty();
    }

    /** Ends one; the name of whose it was, {@code token} for the server's token, empty if there was none. */
    Optional<String> end(Connection connection, String secret) throws SQLException {
        return sql.first(connection, "end_session", Sessions::name, RandomSecret.digest(secret));
    }

    private static String name(ResultSet row) throws SQLException {
        String name = row.getString(1);
        return name == null ? Token.NAME : name;
    }

    private static long micros(Duration duration) {
        return duration.toNanos() / 1000;
    }
}
