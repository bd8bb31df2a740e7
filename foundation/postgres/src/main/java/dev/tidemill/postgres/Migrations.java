package dev.tidemill.postgres;

import dev.tidemill.jobs.ErrorCode;
import dev.tidemill.jobs.store.StoreException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.sql.DataSource;

/**
 * Brings a schema up to date: applies the numbered files that it lacks, each in a transaction of its own, once however
 * many processes start at the same time. The files can be applied by another tool instead; then {@link #check} is
 * enough.
 *
 * <p>Processes of the former version go on meanwhile, and after. A file changes what they use by addition only: what a
 * function of theirs was called and took, it is called and takes until a later file removes it. A file waits at most a
 * second for a lock, because everybody else would queue behind it, and is then tried again for a minute. Its line
 * {@code -- needs N: ..} says which file a program has to know to work beside it; without one it needs the file itself.
 * A program that starts on a schema with files it does not know works if all of those allow it, and refuses otherwise.
 */
public final class Migrations {
    /** The oldest server that is supported, as PostgreSQL numbers versions. */
    private static final int OLDEST_SERVER = 150_000;

    static final List<String> FILES = List.of(
            "V001__engine.sql",
            "V002__control.sql",
            "V003__schedules.sql",
            "V004__reports.sql",
            "V005__retention.sql",
            "V006__outcomes.sql",
            "V007__claims.sql",
            "V008__unique.sql",
            "V009__steering.sql",
            "V010__losses.sql",
            "V011__breakers.sql",
            "V012__limited.sql");

    private static final Pattern VERSION = Pattern.compile("V(\\d+)__.*");
    private static final Pattern NEEDS = Pattern.compile("(?m)^-- needs (\\d+):");
    private static final Duration LOCK_WAIT = Duration.ofSeconds(1);
    private static final Duration PAUSE = Duration.ofMillis(500);
    private static final int TRIES = 40;

    private final DataSource dataSource;
    private final String schema;
    private final SortedMap<Integer, String> files = new TreeMap<>();

    /** For a schema by this name. */
    public Migrations(DataSource dataSource, String schema) {
        this(dataSource, schema, FILES);
    }

    /** With some of the files only, as a former version has them. */
    Migrations(DataSource dataSource, String schema, List<String> files) {
        this.dataSource = dataSource;
        this.schema = schema;
        for (String file : files) {
            Matcher name = VERSION.matcher(file);
            if (!name.matches() || this.files.put(Integer.parseInt(name.group(1)), file) != null) {
                throw new IllegalArgumentException(file + " has no number of its own.");
            }
        }
    }

    /** The files as they are released, with their placeholders, in their order. */
    static List<String> texts() {
        return FILES.stream()
                .map(file -> Statements.resource("migration/" + file))
                .toList();
    }

    /** Applies what is missing. */
    public void apply() {
        run(connection -> {
            checkServer(connection);
            connection.setAutoCommit(false);
            try {
                int refused = 0;
                boolean more = true;
                while (more) {
                    try {
                        more = applyNext(connection);
                        connection.commit();
                    } catch (SQLException failed) {
                        connection.rollback();
                        if (!SqlErrors.LOCK_TIMEOUT.equals(failed.getSQLState())) {
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
            } finally {
                connection.setAutoCommit(true);
            }
        });
    }

    private StoreException lockedOut(SQLException failed) {
        return new StoreException(
                ErrorCode.DATABASE_ERROR,
                "Migrating the schema '" + schema + "' did not get its locks in " + TRIES + " tries of "
                        + LOCK_WAIT.toSeconds() + " s: a transaction holds its tables. End it (select pid, state, query"
                        + " from pg_stat_activity order by xact_start), and start again.",
                false,
                failed);
    }

    /** One file, or, if none is missing, the partitions; false when that was the last. */
    private boolean applyNext(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute("set transaction isolation level read committed");
            statement.execute(Statements.forSchema(
                    "select pg_advisory_xact_lock(hashtextextended('tidemill.migrations.{name}', 0))", schema));
            statement.execute("set local lock_timeout = " + LOCK_WAIT.toMillis());
            Map<Integer, Applied> applied = applied(connection);
            checkKnown(applied);
            for (int version : files.keySet()) {
                if (!applied.containsKey(version)) {
                    applyOne(connection, version);
                    return true;
                }
            }
            statement.execute(Statements.forSchema("select {schema}.make_partitions()", schema));
            return false;
        }
    }

    /** Refuses a schema that is not as this program needs it. */
    public void check() {
        run(connection -> {
            checkServer(connection);
            Map<Integer, Applied> applied = applied(connection);
            checkKnown(applied);
            if (!applied.keySet().containsAll(files.keySet())) {
                throw new StoreException(
                        ErrorCode.SCHEMA_OUTDATED,
                        "The schema '" + schema + "' is at version " + newest(applied) + "; this program needs version "
                                + files.lastKey() + ". Apply the migrations, or let start() do it (migrate(true)).",
                        false,
                        null);
            }
        });
    }

    private void checkServer(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery(new Statements(schema).get("server_version"))) {
            rows.next();
            if (rows.getInt(1) < OLDEST_SERVER) {
                throw new StoreException(
                        ErrorCode.DATABASE_TOO_OLD,
                        "The server is PostgreSQL " + rows.getString(2)
                                + "; Tidemill needs 15 or newer. Upgrade it, or use another server.",
                        false,
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
                    throw new StoreException(
                            ErrorCode.SCHEMA_NEWER,
                            "The schema '" + schema + "' is at version " + newest(applied)
                                    + "; this program knows versions up to " + files.lastKey() + ", and version "
                                    + version + " needs a program that knows " + there.needs
                                    + ". Upgrade the program; nothing was changed.",
                            false,
                            null);
                }
            } else if (!there.checksum.equals(checksum(version))) {
                throw new StoreException(
                        ErrorCode.SCHEMA_NEWER,
                        "Migration " + version + " of schema '" + schema
                                + "' is not the one this program has. The schema was made by another build; use that,"
                                + " or another schema.",
                        false,
                        null);
            }
        });
    }

    private Map<Integer, Applied> applied(Connection connection) throws SQLException {
        Map<Integer, Applied> applied = new TreeMap<>();
        try (Statement statement = connection.createStatement()) {
            if (!asks(statement, "select to_regclass('{schema}.migration') is not null")) {
                return applied;
            }
            String needs = hasNeeds(statement) ? "coalesce(needs, version)" : "version";
            try (ResultSet rows = statement.executeQuery(
                    Statements.forSchema("select version, checksum, " + needs + " from {schema}.migration", schema))) {
                while (rows.next()) {
                    applied.put(rows.getInt(1), new Applied(rows.getString(2), rows.getInt(3)));
                }
            }
        }
        return applied;
    }

    private boolean hasNeeds(Statement statement) throws SQLException {
        return asks(
                statement,
                "select exists (select from pg_attribute where attrelid = to_regclass('{schema}.migration')"
                        + " and attname = 'needs' and not attisdropped)");
    }

    private boolean asks(Statement statement, String question) throws SQLException {
        try (ResultSet rows = statement.executeQuery(Statements.forSchema(question, schema))) {
            return rows.next() && rows.getBoolean(1);
        }
    }

    private void applyOne(Connection connection, int version) throws SQLException {
        String text = file(version);
        Matcher needs = NEEDS.matcher(text);
        try (Statement statement = connection.createStatement()) {
            if (version == 1) {
                createSchema(statement);
            }
            if (!hasNeeds(statement)) {
                statement.execute(
                        Statements.forSchema("alter table {schema}.migration add column needs integer", schema));
            }
            statement.execute(Statements.forSchema(text, schema));
        }
        try (PreparedStatement statement = connection.prepareStatement(Statements.forSchema(
                "insert into {schema}.migration (version, name, checksum, needs) values (?, ?, ?, ?)", schema))) {
            Parameters.set(
                    statement,
                    version,
                    files.getOrDefault(version, ""),
                    checksum(version),
                    needs.find() ? Integer.parseInt(needs.group(1)) : version);
            statement.executeUpdate();
        }
    }

    /** Looks first: CREATE SCHEMA IF NOT EXISTS wants the right to create one even where it exists. */
    private void createSchema(Statement statement) throws SQLException {
        if (!asks(statement, "select to_regnamespace('{schema}') is not null")) {
            statement.execute(Statements.forSchema("create schema {schema}", schema));
        }
        statement.execute(Statements.forSchema(
                "create table {schema}.migration (version integer primary key, name text not null,"
                        + " checksum text not null, applied timestamptz not null default now())",
                schema));
    }

    private String file(int version) {
        return Statements.resource("migration/" + files.getOrDefault(version, ""));
    }

    private String checksum(int version) {
        try {
            return HexFormat.of()
                    .formatHex(MessageDigest.getInstance("SHA-256")
                            .digest(file(version).getBytes(StandardCharsets.UTF_8)));
        } catch (NoSuchAlgorithmException impossible) {
            throw new IllegalStateException(impossible);
        }
    }

    @FunctionalInterface
    private interface Body {
        void on(Connection connection) throws SQLException;
    }

    private void run(Body body) {
        try (Connection connection = dataSource.getConnection()) {
            body.on(connection);
        } catch (SQLException failed) {
            throw SqlErrors.translate(failed);
        }
    }
}
