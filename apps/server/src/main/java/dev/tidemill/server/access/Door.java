package dev.tidemill.server.access;

import dev.tidemill.server.http.Call;
import dev.tidemill.server.http.Caller;
import dev.tidemill.server.http.Identification;
import dev.tidemill.server.http.Permission;
import dev.tidemill.server.http.Problem;
import dev.tidemill.server.http.ProblemCode;
import dev.tidemill.server.tables.ServerTables;
import dev.tidemill.server.tables.Statements;
import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Knows callers by the server's token, by an API key, or by the cookie of a session, and does not look at the bearers of
 * whoever guesses them. Thread safe.
 */
final class Door implements Identification {
    /** Longer than any secret that there is. */
    private static final int MAX_CHARS = 512;

    private final ServerTables tables;
    private final Statements sql;
    private final Sessions sessions;
    private final @Nullable Token token;
    private final KnownCallers known = new KnownCallers(System::nanoTime);
    private final BearerGuard guard = new BearerGuard(System::nanoTime);

    Door(Accounts accounts, Sessions sessions, @Nullable Token token) {
        this.tables = accounts.tables();
        this.sql = accounts.sql();
        this.sessions = sessions;
        this.token = token;
        accounts.onChange(known::forget);
    }

    /** Forgets whom it knew, after a session ended or a user changed. */
    void forget() {
        known.forget();
    }

    @Override
    public Optional<Caller> caller(Call call, Permission needed, boolean byPerson) {
        Optional<String> authorization = call.header("Authorization");
        if (authorization.isPresent()) {
            return bearer(authorization.get(), call.address(), needed);
        }
        return SessionCookie.of(call)
                .filter(secret -> secret.length() <= MAX_CHARS)
                .flatMap(secret -> known.find(
                        RandomSecret.digest(secret), needed, byPerson, digest -> sessions.caller(digest, byPerson)));
    }

    private Optional<Caller> bearer(String value, String address, Permission needed) {
        if (!value.regionMatches(true, 0, "Bearer ", 0, 7) || value.length() > MAX_CHARS + 7) {
            return Optional.empty();
        }
        String secret = value.substring(7).strip();
        if (secret.isEmpty()) {
            return Optional.empty();
        }
        byte[] digest = RandomSecret.digest(secret);
        String place = Logins.place(address);
        Duration closed = guard.closedTo(digest, place);
        if (closed.isPositive()) {
            throw tooManyWrong(WaysIn.seconds(closed));
        }
        Optional<Caller> caller = token != null && token.matches(secret)
                ? Optional.of(Token.CALLER)
                : known.find(digest, needed, false, this::keyHolder);
        if (caller.isPresent()) {
            guard.right(digest);
        } else if (guard.wrong(digest, place)) {
            tables.audit(
                    "nobody",
                    "log-in-failed",
                    "bearer",
                    BearerGuard.FREE + " times within a minute, now from " + address);
        }
        return caller;
    }

    private static Problem tooManyWrong(long seconds) {
        return Problem.of(
                        ProblemCode.TOO_MANY_REQUESTS,
                        BearerGuard.FREE + " bearers from this address were wrong within a minute, and this one is not"
                                + " looked at. Send one that holds, in "
                                + (seconds == 1 ? "a second." : seconds + " seconds."))
                .header("Retry-After", Long.toString(seconds));
    }

    private Optional<Caller> keyHolder(byte[] digest) {
        return tables.call(connection -> sql.first(
                connection,
                "key",
                row -> new Caller("key:" + row.getString("name"), Accounts.scopes(row), Caller.Means.KEY),
                (Object) digest));
    }
}
