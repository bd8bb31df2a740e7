package dev.tidemill.storefront.shop;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Objects;
import javax.sql.DataSource;

/** The tables of a schema: numbered files, each applied once, in order, all in one transaction. */
public enum Migrations {
    /** Customers, carts, orders, subscriptions, referrals and the catalogue. */
    SHOP("shop", "V1__shop.sql", "V2__memberships.sql", "V3__catalogue.sql"),
    /** What arrived at the demo's mail server. */
    MAILBOX("mailbox", "V1__mail.sql");

    private static final String FOLDER = "/dev/tidemill/storefront/migrations/";

    /** So that two programs that start together do not both migrate: "shop" in ASCII. */
    private static final long LOCK = 0x73686f70;

    private final String schema;

    @SuppressWarnings("ImmutableEnumChecker") // Made by List.of, which cannot be changed.
    private final List<String> files;

    Migrations(String schema, String... files) {
        this.schema = schema;
        this.files = List.of(files);
    }

    /**
     * Brings the tables up to date.
     *
     * @throws IllegalStateException if they were made by a newer version
     */
    public void apply(DataSource dataSource) throws SQLException {
        try (Connection connection = dataSource.getConnection()) {
            connection.setAutoCommit(false);
            try {
                apply(connection);
                connection.commit();
            } catch (SQLException | RuntimeException failed) {
                connection.rollback();
                throw failed;
            }
        }
    }

    private void apply(Connection connection) throws SQLException {
        Sql.on(connection, "SELECT pg_advisory_xact_lock(?)", LOCK).list(row -> true);
        execute(connection, "CREATE SCHEMA IF NOT EXISTS " + schema);
        execute(connection, """
                CREATE TABLE IF NOT EXISTS %s.migration (
                    version    integer     PRIMARY KEY,
                    file       text        NOT NULL,
                    applied_at timestamptz NOT NULL DEFAULT now())""".formatted(schema));
        int done = Sql.on(connection, "SELECT coalesce(max(version), 0) FROM " + schema + ".migration")
                .first(row -> row.getInt(1))
                .orElse(0);
        if (done > files.size()) {
            throw new IllegalStateException("The schema '" + schema + "' is at version " + done
                    + " and this program knows " + files.size() + ": start the newer version.");
        }
        for (int version = done + 1; version <= files.size(); version++) {
            String file = files.get(version - 1);
            execute(connection, read(file));
            Sql.on(connection, "INSERT INTO " + schema + ".migration (version, file) VALUES (?, ?)", version, file)
                    .update();
        }
    }

    private static void execute(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    private String read(String file) {
        String path = FOLDER + schema + '/' + file;
        try (InputStream in = Objects.requireNonNull(Migrations.class.getResourceAsStream(path), path)) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }
}
