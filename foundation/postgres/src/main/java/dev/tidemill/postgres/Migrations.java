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
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import javax.sql.DataSource;

/**
 * Brings a schema up to date: applies the numbered files that it lacks, all in one transaction, once however many
 * processes start at the same time. The files can be applied by another tool instead; then {@link #check} is enough.
 */
public final class Migrations {
    /** The oldest server that is supported, as PostgreSQL numbers versions. */
    private static final int OLDEST_SERVER = 150_000;

    private static final List<String> FILES = List.of("V001__engine.sql");

    private final DataSource dataSource;
    private final String schema;

    /** For a schema with a plain lower-case name. */
    public Migrations(DataSource dataSource, String schema) {
        this.dataSource = dataSource;
        this.schema = schema;
    }

    /** Applies what is missing. */
    public void apply() {
        run(connection -> {
            checkServer(connection);
            connection.setAutoCommit(false);
            try (Statement statement = connection.createStatement()) {
                statement.execute("set transaction isolation level read committed");
                statement.execute(
                        "select pg_advisory_xact_lock(hashtextextended('tidemill.migrations." + schema + "', 0))");
                Map<Integer, String> applied = applied(connection);
                checkKnown(applied);
                for (int version = 1; version <= FILES.size(); version++) {
                    if (!applied.containsKey(version)) {
                        applyOne(connection, version);
                    }
                }
                statement.execute(Statements.forSchema("select {schema}.make_partitions()", schema));
                connection.commit();
            } catch (SQLException failed) {
                connection.rollback();
                throw failed;
            } finally {
                connection.setAutoCommit(true);
            }
        });
    }

    /** Refuses a schema that is not as this program needs it. */
    public void check() {
        run(connection -> {
            checkServer(connection);
            Map<Integer, String> applied = applied(connection);
            checkKnown(applied);
            if (applied.size() < FILES.size()) {
                throw new StoreException(
                        ErrorCode.SCHEMA_OUTDATED,
                        "The schema '" + schema + "' is at version " + applied.size() + "; this program needs version "
                                + FILES.size() + ". Apply the migrations, or let start() do it (migrate(true)).",
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

    private void checkKnown(Map<Integer, String> applied) {
        int newest = applied.keySet().stream().mapToInt(Integer::intValue).max().orElse(0);
        if (newest > FILES.size()) {
            throw new StoreException(
                    ErrorCode.SCHEMA_NEWER,
                    "The schema '" + schema + "' is at version " + newest + "; this program knows versions up to "
                            + FILES.size() + ". Upgrade the program; nothing was changed.",
                    false,
                    null);
        }
        applied.forEach((version, checksum) -> {
            if (!checksum.equals(checksum(version))) {
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

    private Map<Integer, String> applied(Connection connection) throws SQLException {
        Map<Integer, String> applied = new TreeMap<>();
        try (Statement statement = connection.createStatement()) {
            try (ResultSet rows =
                    statement.executeQuery("select to_regclass('" + schema + ".migration') is not null")) {
                rows.next();
                if (!rows.getBoolean(1)) {
                    return applied;
                }
            }
            try (ResultSet rows =
                    statement.executeQuery("select version, checksum from " + schema + ".migration order by version")) {
                while (rows.next()) {
                    applied.put(rows.getInt(1), rows.getString(2));
                }
            }
        }
        return applied;
    }

    private void applyOne(Connection connection, int version) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            if (version == 1) {
                createSchema(statement);
                statement.execute(
                        "create table " + schema + ".migration (version integer primary key, name text not null,"
                                + " checksum text not null, applied timestamptz not null default now())");
            }
            statement.execute(Statements.forSchema(file(version), schema));
        }
        try (PreparedStatement statement = connection.prepareStatement(
                "insert into " + schema + ".migration (version, name, checksum) values (?, ?, ?)")) {
            statement.setInt(1, version);
            statement.setString(2, FILES.get(version - 1));
            statement.setString(3, checksum(version));
            statement.executeUpdate();
        }
    }

    /** Looks first: CREATE SCHEMA IF NOT EXISTS wants the right to create one even where it exists. */
    private void createSchema(Statement statement) throws SQLException {
        boolean there;
        try (ResultSet rows = statement.executeQuery("select to_regnamespace('" + schema + "') is not null")) {
            there = rows.next() && rows.getBoolean(1);
        }
        if (!there) {
            statement.execute("create schema " + schema);
        }
    }

    private static String file(int version) {
        return Statements.resource("migration/" + FILES.get(version - 1));
    }

    private static String checksum(int version) {
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
