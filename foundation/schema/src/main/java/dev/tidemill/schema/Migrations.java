package dev.tidemill.schema;

import dev.tidemill.schema.SchemaException.Reason;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.sql.DataSource;

/**
 * Brings the tables of a component up to date: applies the numbered files that a schema lacks, each in a transaction of
 * its own, once however many processes start at the same time. The files can be applied by another tool instead; then
 * {@link #check} is enough. Thread safe.
 *
 * <p>Processes of the former version go on meanwhile, and after. A file changes what they use by addition only: what a
 * function of theirs was called and took, it is called and takes until a later file removes it. A file waits at most 300
 * ms for a lock, and half of the server's {@code deadlock_timeout} if that is less: everybody else queues behind it, and
 * where it and a writer wait for each other it has to be the file that gives way. It is then tried again for a minute. Its line
 * {@code -- needs N: ..} says which file a program has to know to work beside it; without one it needs the file itself.
 * A program that starts on a schema with files it does not know works if all of those allow it, and refuses otherwise.
 */
public final class Migrations {
    /** The oldest server that is supported, as PostgreSQL numbers versions. */
    private static final int OLDEST_SERVER = 150_000;

    /** What could end an identifier or a literal, or stand for something in a file or a format. */
    private static final Pattern UNFIT = Pattern.compile("[\"'\\\\$%{}\\x00]");

    private static final int MAX_IDENTIFIER_BYTES = 63;
    private static final Pattern NEEDS = Pattern.compile("(?m)^-- needs (\\d+):");
    private static final String LOCK_TIMEOUT = "55P03";
    private static final Duration LOCK_WAIT = Duration.ofMillis(300);
    private static final Duration PAUSE = Duration.ofMillis(500);
    private static final int TRIES = 75;

    private final DataSource dataSource;
    private final String schema;
    private final Component component;
    private final SortedMap<Integer, String> files;

    /**
     * For the tables of a component in a schema by this name.
     *
     * @param schema 1 to 63 bytes without quotes, backslashes, dollars, percent signs and braces
     * @throws IllegalArgumentException if the name is another
     */
    public Migrations(DataSource dataSource, String schema, Component component) {
        if (schema.isEmpty()
                || UNFIT.matcher(schema).find()
                || schema.getBytes(StandardCharsets.UTF_8).length > MAX_IDENTIFIER_BYTES) {
            throw new IllegalArgumentException("The schema is named '" + schema + "'; a name has 1 to "
                    + MAX_IDENTIFIER_BYTES + " bytes, and no quotes, backslashes, dollars, percent signs or braces.");
        }
        this.dataSource = dataSource;
        this.schema = schema;
        this.component = component;
        this.files = component.numbered();
    }

    /**
     * Applies what is missing, and makes the schema if it is not there. Returns the files that this call applied.
     *
     * @throws SchemaException if the server or the schema does not suit the program, or locks were not to be had
     */
    public List<String> apply() throws SQLException {
        return apply(file -> {});
    }

    /**
     * As {@link #apply()}, for somebody who watches.
     *
     * @param each told of every file that was applied, once it is committed, in the caller's thread
     */
    public List<String> apply(Consumer<String> each) throws SQLException {
        try (Connection connection = dataSource.getConnection()) {
            checkServer(connection);
            List<String> done = new ArrayList<>();
            connection.setAutoCommit(false);
            try {
                applyAll(connection, done, each);
            } finally {
                connection.setAutoCommit(true);
            }
            return done;
        }
    }

    /** One transaction a file, and a last one that found none missing. */
    private void applyAll(Connection connection, List<String> done, Consumer<String> each) throws SQLException {
        int refused = 0;
        boolean more = true;
        while (more) {
            try {
                int version = applyNext(connection);
                connection.commit();
                more = version > 0;
                if (more) {
                    done.add(files.getOrDefault(version, ""));
                    each.accept(done.getLast());
                }
            } catch (SQLException failed) {
                connection.rollback();
                if (!LOCK_TIMEOUT.equals(failed.getSQLState())) {
                    throw failed;
                }
                if (++refused == TRIES) {
                    throw lockedOut(failed);
                }
                LockSupport.parkNanos(PAUSE.toNanos());
            } catch (RuntimeException refusal) {
                connection.rollback();
                throw refusal;
            }
        }
    }

    private SchemaException lockedOut(SQLException failed) {
        return new SchemaException(
                Reason.LOCKED_OUT,
                "Migrating the schema '" + schema + "' did not get its locks in " + TRIES + " tries of "
                        + LOCK_WAIT.toMillis() + " ms: a transaction holds its tables. End it (select pid, state, query"
                        + " from pg_stat_activity order by xact_start), and start again.",
                failed);
    }

    /** Applies one file; 0 if none is missing any more. Components of a schema take turns. */
    private int applyNext(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute("set transaction isolation level read committed");
            statement.execute(
                    forSchema("select pg_advisory_xact_lock(hashtextextended('tidemill.migrations.{name}', 0))"));
            statement.execute("select set_config('lock_timeout', least(" + LOCK_WAIT.toMillis()
                    + ", setting::integer / 2)::text, true) from pg_settings where name = 'deadlock_timeout'");
            Map<Integer, Applied> applied = applied(statement);
            checkKnown(applied);
            for (int version : files.keySet()) {
                if (!applied.containsKey(version)) {
                    applyOne(connection, version, applied.isEmpty());
                    return version;
                }
            }
            if (!component.afterwards().isEmpty()) {
                statement.execute(forSchema(component.afterwards()));
            }
            return 0;
        }
    }

    /**
     * Refuses a schema that is not as this program needs it, and changes nothing.
     *
     * @throws SchemaException if the server or the schema does not suit the program
     */
    public void check() throws SQLException {
        Standing standing = standing();
        if (!standing.missing().isEmpty()) {
            throw new SchemaException(
                    Reason.OUTDATED,
                    "The schema '" + schema + "' has the " + component.name() + " tables at version "
                            + standing.version() + "; this program needs version " + files.lastKey()
                            + ". Apply the migrations with 'tidemill migrate', or let the program do it when it"
                            + " starts (migrate(true)).",
                    null);
        }
    }

    /**
     * How far a schema is; changes nothing.
     *
     * @throws SchemaException if the server or the schema does not suit the program
     */
    public Standing standing() throws SQLException {
        try (Connection connection = dataSource.getConnection();
                Statement statement = connection.createStatement()) {
            checkServer(connection);
            Map<Integer, Applied> applied = applied(statement);
            checkKnown(applied);
            List<String> missing = files.entrySet().stream()
                    .filter(file -> !applied.containsKey(file.getKey()))
                    .map(Map.Entry::getValue)
                    .toList();
            return new Standing(newest(applied), missing);
        }
    }

    /**
     * How far a schema is.
     *
     * @param version the newest file that was applied; 0 if none was
     * @param missing the files that this program has and the schema lacks, in their order
     */
    public record Standing(int version, List<String> missing) {
        public Standing {
            missing = List.copyOf(missing);
        }
    }

    private static void checkServer(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery("select current_setting('server_version_num')::integer,"
                        + " current_setting('server_version')")) {
            rows.next();
            if (rows.getInt(1) < OLDEST_SERVER) {
                throw new SchemaException(
                        Reason.SERVER_TOO_OLD,
                        "The server is PostgreSQL " + rows.getString(2)
                                + "; Tidemill needs 15 or newer. Upgrade it, or use another server.",
                        null);
            }
        }
    }

    /**
     * A file as the schema has it.
     *
     * @param needs the file that a program must know to work beside it
     */
    private record Applied(String checksum, int needs) {}

    private static int newest(Map<Integer, Applied> applied) {
        return applied.keySet().stream().mapToInt(Integer::intValue).max().orElse(0);
    }

    private void checkKnown(Map<Integer, Applied> applied) {
        applied.forEach((version, there) -> {
            if (!files.containsKey(version)) {
                if (there.needs > files.lastKey()) {
                    throw new SchemaException(
                            Reason.NEWER,
                            "The schema '" + schema + "' has the " + component.name() + " tables at version "
                                    + newest(applied) + "; this program knows versions up to " + files.lastKey()
                                    + ", and version " + version + " needs a program that knows " + there.needs
                                    + ". Upgrade the program; nothing was changed.",
                            null);
                }
            } else if (!there.checksum.equals(checksum(version))) {
                throw new SchemaException(
                        Reason.NEWER,
                        "Migration " + version + " of the " + component.name() + " tables in schema '" + schema
                                + "' is not the one this program has. The schema was made by another build; use that,"
                                + " or another schema.",
                        null);
            }
        });
    }

    private Map<Integer, Applied> applied(Statement statement) throws SQLException {
        Map<Integer, Applied> applied = new TreeMap<>();
        if (!asks(statement, "select to_regclass('{schema}.{table}') is not null")) {
            return applied;
        }
        String needs = hasNeeds(statement) ? "coalesce(needs, version)" : "version";
        try (ResultSet rows =
                statement.executeQuery(forSchema("select version, checksum, " + needs + " from {schema}.{table}"))) {
            while (rows.next()) {
                applied.put(rows.getInt(1), new Applied(rows.getString(2), rows.getInt(3)));
            }
        }
        return applied;
    }

    private boolean hasNeeds(Statement statement) throws SQLException {
        return asks(
                statement,
                "select exists (select from pg_attribute where attrelid = to_regclass('{schema}.{table}')"
                        + " and attname = 'needs' and not attisdropped)");
    }

    private boolean asks(Statement statement, String question) throws SQLException {
        try (ResultSet rows = statement.executeQuery(forSchema(question))) {
            return rows.next() && rows.getBoolean(1);
        }
    }

    private void applyOne(Connection connection, int version, boolean first) throws SQLException {
        String text = component.text().apply(files.getOrDefault(version, ""));
        Matcher needs = NEEDS.matcher(text);
        try (Statement statement = connection.createStatement()) {
            if (first) {
                createRecord(statement);
            }
            if (!hasNeeds(statement)) {
                statement.execute(forSchema("alter table {schema}.{table} add column needs integer"));
            }
            statement.execute(forSchema(text));
        }
        try (PreparedStatement statement = connection.prepareStatement(
                forSchema("insert into {schema}.{table} (version, name, checksum, needs) values (?, ?, ?, ?)"))) {
            statement.setInt(1, version);
            statement.setString(2, files.get(version));
            statement.setString(3, checksum(version));
            statement.setInt(4, needs.find() ? Integer.parseInt(needs.group(1)) : version);
            statement.executeUpdate();
        }
    }

    /** Looks first: CREATE SCHEMA IF NOT EXISTS wants the right to create one even where it exists. */
    private void createRecord(Statement statement) throws SQLException {
        if (!asks(statement, "select to_regnamespace('{schema}') is not null")) {
            statement.execute(forSchema("create schema {schema}"));
        }
        statement.execute(forSchema("create table if not exists {schema}.{table} (version integer primary key,"
                + " name text not null, checksum text not null, applied timestamptz not null default now(),"
                + " needs integer)"));
    }

    private String forSchema(String sql) {
        return sql.replace("{schema}", '"' + schema + '"')
                .replace("{name}", schema)
                .replace("{table}", component.table());
    }

    private String checksum(int version) {
        String text = component.text().apply(files.getOrDefault(version, ""));
        try {
            return HexFormat.of()
                    .formatHex(MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8)));
        } catch (NoSuchAlgorithmException impossible) {
            throw new IllegalStateException(impossible);
        }
    }
}
