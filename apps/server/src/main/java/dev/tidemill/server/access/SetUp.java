package dev.tidemill.server.access;

import dev.tidemill.jobs.ErrorCode;
import dev.tidemill.jobs.TidemillException;
import dev.tidemill.server.tables.ServerTables;
import dev.tidemill.server.tables.Statements;
import java.time.Duration;

/**
 * The way to the first user: a link with a random code that holds for a day, for one use, and only as long as there is
 * no user. Every process that starts before that offers one of its own. Thread safe.
 */
final class SetUp {
    static final Duration HOLDS = Duration.ofDays(1);

    private final Accounts accounts;
    private final ServerTables tables;
    private final Statements sql;

    SetUp(Accounts accounts) {
        this.accounts = accounts;
        this.tables = accounts.tables();
        this.sql = accounts.sql();
    }

    /** A new code. */
    String offer() {
        String code = RandomSecret.next();
        tables.call(
                connection -> sql.run(connection, "offer_setup", RandomSecret.digest(code), HOLDS.toNanos() / 1000));
        return code;
    }

    /** Whether a code holds. */
    boolean holds(String code) {
        return tables.call(connection ->
                        sql.first(connection, "setup_holds", row -> true, (Object) RandomSecret.digest(code)))
                .isPresent();
    }

    /**
     * Makes the first user, an admin, and ends all codes.
     *
     * @throws TidemillException {@link ErrorCode#NOT_FOUND} if the code does not hold, {@link ErrorCode#INVALID_OPTION}
     *     for a name or password that will not do; the code holds on then
     */
    User use(String code, String givenName, String password) {
        String name = Accounts.checkedUserName(givenName);
        Passwords.check(name, password);
        if (!holds(code)) {
            throw expired();
        }
        String hash = accounts.passwords().hash(password);
        return tables.transaction(connection -> {
            sql.run(connection, "lock_accounts");
            if (sql.first(connection, "setup_holds", row -> true, (Object) RandomSecret.digest(code))
                    .isEmpty()) {
                throw expired();
            }
            sql.run(connection, "end_setup");
            return accounts.insertUser(connection, name, hash, Role.ADMIN, "setup");
        });
    }

    private static TidemillException expired() {
        return new TidemillException(
                ErrorCode.NOT_FOUND,
                "This link was used, is older than a day, or there are users already. While there are none, a server"
                        + " prints a new link when it starts.");
    }
}
