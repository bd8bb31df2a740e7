package dev.tidemill.server.access;

import dev.tidemill.server.http.Call;
import dev.tidemill.server.http.Caller;
import dev.tidemill.server.http.Identification;
import dev.tidemill.server.http.Permission;
import dev.tidemill.server.tables.ServerTables;
import dev.tidemill.server.tables.Statements;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Knows callers by the server's token, by an API key, or by the cookie of a session. Thread safe. */
final class Door implements Identification {
    /** Longer than any secret that there is. */
    private static final int MAX_CHARS = 512;

    private final ServerTables tables;
    private final Statements sql;
    private final Sessions sessions;
    private final @Nullable Token token;
    private final KnownCallers known = new KnownCallers(System::nanoTime);

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
            return bearer(authorization.get(), needed);
        }
        return SessionCookie.of(call)
                .filter(secret -> secret.length() <= MAX_CHARS)
                .flatMap(secret ->
                        known.find(RandomSecret.digest(secret), needed, digest -> sessions.caller(digest, byPerson)));
    }

    private Optional<Caller> bearer(String value, Permission needed) {
        if (!value.regionMatches(true, 0, "Bearer ", 0, 7) || value.length() > MAX_CHARS + 7) {
            return Optional.empty();
        }
        String secret = value.substring(7).strip();
        if (token != null && token.matches(secret)) {
            return Optional.of(Token.CALLER);
        }
        return known.find(RandomSecret.digest(secret), needed, this::keyHolder);
    }

    private Optional<Caller> keyHolder(byte[] digest) {
        return tables.call(connection -> sql.first(
                connection,
                "key",
                row -> new Caller("key:" + row.getString("name"), Accounts.scopes(row), Caller.Means.KEY),
                (Object) digest));
    }
}
