package dev.tidemill.server.access;

import dev.tidemill.jobs.ErrorCode;
import dev.tidemill.jobs.TidemillException;
import dev.tidemill.server.http.Permission;
import dev.tidemill.server.tables.ServerTables;
import dev.tidemill.server.tables.Statements;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/**
 * Users and API keys, in the database, so that all server processes on it and the command line share them. Every change
 * stands in the audit trail, in its own transaction, under the name of whoever makes it.
 *
 * <p>Changes hold at once in this process, and within {@link KnownCallers#REMEMBERED a second} in others. Names are in
 * lower case. Holds no connection. Thread safe.
 */
@SuppressWarnings("exports") // Permissions are the command line's to name, and our own.
public final class Accounts {
    private static final Pattern USER = Pattern.compile("[a-z0-9][a-z0-9._@+-]{0,63}");
    private static final Pattern KEY = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,63}");
    /** What the audit trail calls callers who are no users. */
    private static final Set<String> TAKEN = Set.of("token", "anyone", "nobody", "setup", "system", "engine");

    private static final String KEY_PREFIX = "tdm_";
    private static final Duration LONGEST = Duration.ofDays(3653);
    private static final int MOST_KEYS = 1000;

    private final ServerTables tables;
    private final Statements sql;
    private final Passwords passwords = new Passwords();
    private volatile Runnable changed = () -> {};

    /**
     * For the users and keys in a schema, next to Tidemill's own tables, which must be there.
     *
     * @param schema the one of the jobs
     */
    public Accounts(DataSource dataSource, String schema) {
        this.tables = new ServerTables(dataSource, schema);
        this.sql = tables.statements(Accounts.class, "access.sql");
    }

    /** Brings the server's tables up to date; returns the files that were applied. A server does so when it starts. */
    public List<String> migrate() {
        return tables.migrate();
    }

    ServerTables tables() {
        return tables;
    }

    Statements sql() {
        return sql;
    }

    Passwords passwords() {
        return passwords;
    }

    /** Has this run after each change. */
    void onChange(Runnable listener) {
        changed = listener;
    }

    // --- users -------------------------------------------------------------------------------------------------

    /**
     * Users by name.
     *
     * @param after the last name of the page before; empty for the first page
     * @param limit at most this many, 1 to 1000
     */
    public List<User> users(String after, int limit) {
        return tables.call(connection -> sql.list(connection, "users", Accounts::user, after, limit));
    }

    /** The user of this name. */
    public Optional<User> user(String name) {
        return tables.call(connection -> sql.first(connection, "user", Accounts::user, normal(name)));
    }

    /** Whether there is any user. */
    public boolean hasUsers() {
        return tables.call(connection -> sql.first(connection, "any_user", row -> true))
                .isPresent();
    }

    /**
     * Adds a user.
     *
     * @param name 1 to 64 letters, digits, dots, hyphens, underscores, plus or at signs; kept in lower case
     * @param password 12 to 200 characters
     * @param by who does so, for the audit trail
     * @throws TidemillException {@link ErrorCode#ALREADY_EXISTS}, or {@link ErrorCode#INVALID_OPTION} for a name or
     *     password that will not do
     */
    public User addUser(String name, String password, Role role, String by) {
        String known = checkedUserName(name);
        Passwords.check(known, password);
        String hash = passwords.hash(password);
        return tables.transaction(connection -> insertUser(connection, known, hash, role, by));
    }

    static String checkedUserName(String name) {
        String known = normal(name);
        if (!USER.matcher(known).matches() || TAKEN.contains(known)) {
            throw new TidemillException(
                    ErrorCode.INVALID_OPTION,
                    "A user cannot be named '" + shortened(name) + "'; a name has 1 to 64 letters, digits or . _ @ + -,"
                            + " begins with a letter or digit, and is not " + String.join(", ", new TreeSet<>(TAKEN))
                            + ".");
        }
        return known;
    }

    User insertUser(Connection connection, String name, String hash, Role role, String by) throws SQLException {
        try {
            sql.run(connection, "add_user", name, hash, role.name());
        } catch (SQLException failed) {
            if (ServerTables.isDuplicate(failed)) {
                throw new TidemillException(
                        ErrorCode.ALREADY_EXISTS, "There is a user '" + name + "' already; nothing was changed.");
            }
            throw failed;
        }
        note(connection, by, "add-user", "USER " + name, role.word());
        return sql.first(connection, "user", Accounts::user, name).orElseThrow();
    }

    /**
     * Gives a user another password, and ends their sessions.
     *
     * @throws TidemillException {@link ErrorCode#NOT_FOUND}, or {@link ErrorCode#INVALID_OPTION} for a password that
     *     will not do
     */
    public void setPassword(String name, String password, String by) {
        String known = normal(name);
        Passwords.check(known, password);
        String hash = passwords.hash(password);
        change(connection -> {
            found(sql.run(connection, "set_password", hash, known), known);
            endSessions(connection, known);
            note(connection, by, "set-password", "USER " + known, "");
            return null;
        });
    }

    /**
     * Gives a user another role; false if they had it.
     *
     * @throws TidemillException {@link ErrorCode#NOT_FOUND}, or {@link ErrorCode#INVALID_OPTION} where the last admin
     *     who can log in would be none
     */
    public boolean setRole(String name, Role role, String by) {
        String known = normal(name);
        return change(connection -> {
            User before = keepingAnAdmin(connection, known, role != Role.ADMIN);
            boolean done = sql.run(connection, "set_role", role.name(), known, role.name()) > 0;
            if (done) {
                note(connection, by, "set-role", "USER " + known, before.role().word() + " to " + role.word());
            }
            return done;
        });
    }

    /**
     * Keeps a user out, ending their sessions, or lets them in again; false if it was so.
     *
     * @throws TidemillException as {@link #setRole}
     */
    public boolean setDisabled(String name, boolean disabled, String by) {
        String known = normal(name);
        return change(connection -> {
            keepingAnAdmin(connection, known, disabled);
            boolean done = sql.run(connection, "set_disabled", disabled, known, disabled) > 0;
            if (done) {
                endSessions(connection, known);
                note(connection, by, disabled ? "disable-user" : "enable-user", "USER " + known, "");
            }
            return done;
        });
    }

    /**
     * Removes a user, their sessions included.
     *
     * @throws TidemillException as {@link #setRole}
     */
    public void removeUser(String name, String by) {
        String known = normal(name);
        change(connection -> {
            keepingAnAdmin(connection, known, true);
            sql.run(connection, "remove_user", known);
            note(connection, by, "remove-user", "USER " + known, "");
            return null;
        });
    }

    /** The user, who must be there, and not the only admin if they are to stop being one. */
    private User keepingAnAdmin(Connection connection, String name, boolean stops) throws SQLException {
        sql.run(connection, "lock_accounts");
        Optional<User> user = sql.first(connection, "user", Accounts::user, name);
        found(user.isPresent() ? 1 : 0, name);
        boolean isOne = user.orElseThrow().role() == Role.ADMIN && !user.get().disabled();
        if (stops
                && isOne
                && sql.first(connection, "other_admins", row -> true, name).isEmpty()) {
            throw new TidemillException(
                    ErrorCode.INVALID_OPTION,
                    "'" + name + "' is the only admin who can log in; make another user an admin first. Nothing was"
                            + " changed.");
        }
        return user.get();
    }

    private static void found(int rows, String name) {
        if (rows == 0) {
            throw new TidemillException(
                    ErrorCode.NOT_FOUND, "There is no user '" + shortened(name) + "'; nothing was changed.");
        }
    }

    /** The browser that carries out the change is logged out with the others. */
    private void endSessions(Connection connection, String name) throws SQLException {
        sql.run(connection, "end_sessions_of", name);
    }

    // --- keys --------------------------------------------------------------------------------------------------

    /**
     * API keys, the newest first; revoked ones stay in the list for thirty days.
     *
     * @param before the last number of the page before; {@link Long#MAX_VALUE} for the first page
     * @param limit at most this many, 1 to 1000
     */
    public List<ApiKey> keys(long before, int limit) {
        return tables.call(connection -> sql.list(connection, "keys", Accounts::key, before, limit));
    }

    /**
     * Makes an API key.
     *
     * @param name 1 to 64 letters, digits, dots, hyphens and underscores; no other key that holds has it
     * @param scopes what it may do, at least one
     * @param validity how long it holds, 1 minute to 3653 days; null for as long as nobody revokes it
     * @param by who does so, for the audit trail
     * @throws TidemillException {@link ErrorCode#ALREADY_EXISTS}, or {@link ErrorCode#INVALID_OPTION} for what will not
     *     do
     */
    public NewKey createKey(String name, Set<Permission> scopes, @Nullable Duration validity, String by) {
        if (!KEY.matcher(name).matches()) {
            throw new TidemillException(
                    ErrorCode.INVALID_OPTION,
                    "A key cannot be named '" + shortened(name) + "'; a name has 1 to 64 letters, digits or . _ -, and"
                            + " begins with a letter or digit.");
        }
        if (scopes.isEmpty()) {
            throw new TidemillException(
                    ErrorCode.INVALID_OPTION, "A key needs at least one scope: " + words(Permission.ALL) + ".");
        }
        if (validity != null && (validity.compareTo(Duration.ofMinutes(1)) < 0 || validity.compareTo(LONGEST) > 0)) {
            throw new TidemillException(
                    ErrorCode.INVALID_OPTION,
                    "The key is to hold for " + validity + "; it must be between a minute and 3653 days.");
        }
        String secret = KEY_PREFIX + RandomSecret.next();
        return change(connection -> {
            sql.run(connection, "tidy_keys");
            if (sql.list(connection, "keys", Accounts::key, Long.MAX_VALUE, MOST_KEYS)
                            .size()
                    == MOST_KEYS) {
                throw new TidemillException(
                        ErrorCode.INVALID_OPTION,
                        "There are " + MOST_KEYS + " keys, as many as there may be; revoke some. Those that were"
                                + " revoked leave after thirty days.");
            }
            insertKey(connection, name, secret, scopes, validity, by);
            note(
                    connection,
                    by,
                    "create-key",
                    "KEY " + name,
                    words(scopes) + (validity == null ? ", for good" : ", for " + validity));
            return new NewKey(
                    sql.first(connection, "living_key", Accounts::key, name).orElseThrow(), secret);
        });
    }

    private void insertKey(
            Connection connection,
            String name,
            String secret,
            Set<Permission> scopes,
            @Nullable Duration validity,
            String by)
            throws SQLException {
        String[] words = EnumSet.copyOf(scopes).stream().map(Enum::name).toArray(String[]::new);
        Long micros = validity == null ? null : validity.toNanos() / 1000;
        try {
            sql.run(connection, "create_key", name, RandomSecret.digest(secret), words, by, micros);
        } catch (SQLException failed) {
            if (ServerTables.isDuplicate(failed)) {
                throw new TidemillException(
                        ErrorCode.ALREADY_EXISTS,
                        "There is a key '" + name + "' that was not revoked; revoke it first, or choose another name.");
            }
            throw failed;
        }
    }

    /** Revokes the key of this name, for good; false if there is none that holds. */
    public boolean revokeKey(String name, String by) {
        return change(connection -> {
            boolean done = sql.run(connection, "revoke_key", name) > 0;
            if (done) {
                note(connection, by, "revoke-key", "KEY " + name, "");
            }
            return done;
        });
    }

    /** Scopes as people write them: {@code read, enqueue}. */
    static String words(Set<Permission> scopes) {
        return scopes.stream()
                .sorted()
                .map(scope -> scope.name().toLowerCase(Locale.ROOT))
                .collect(Collectors.joining(", "));
    }

    // -----------------------------------------------------------------------------------------------------------

    private <T extends @Nullable Object> T change(ServerTables.Work<T> work) {
        try {
            return tables.transaction(work);
        } finally {
            changed.run();
        }
    }

    void note(Connection connection, String by, String action, String target, String detail) throws SQLException {
        sql.list(connection, "note", row -> true, by, action, target, detail);
    }

    static String normal(String name) {
        return name.strip().toLowerCase(Locale.ROOT);
    }

    private static String shortened(String name) {
        return name.length() <= 80 ? name : name.substring(0, 80) + "…";
    }

    private static User user(ResultSet row) throws SQLException {
        return new User(
                row.getString("name"),
                Role.valueOf(row.getString("role")),
                row.getBoolean("disabled"),
                Objects.requireNonNull(instant(row, "created_at")),
                Objects.requireNonNull(instant(row, "password_at")),
                instant(row, "login_at"));
    }

    private static ApiKey key(ResultSet row) throws SQLException {
        return new ApiKey(
                row.getLong("id"),
                row.getString("name"),
                scopes(row),
                Objects.requireNonNull(instant(row, "created_at")),
                row.getString("created_by"),
                instant(row, "ends_at"),
                row.getBoolean("expired"),
                instant(row, "used_at"),
                instant(row, "revoked_at"));
    }

    /** Scopes that this version does not know are those of a later one; they give nothing here. */
    static Set<Permission> scopes(ResultSet row) throws SQLException {
        String[] words = (String[]) row.getArray("scopes").getArray();
        return Permission.ALL.stream()
                .filter(permission -> Stream.of(words).anyMatch(permission.name()::equals))
                .collect(Collectors.toUnmodifiableSet());
    }

    private static @Nullable Instant instant(ResultSet row, String column) throws SQLException {
        long micros = row.getLong(column);
        return row.wasNull() ? null : Instant.EPOCH.plus(micros, ChronoUnit.MICROS);
    }
}
