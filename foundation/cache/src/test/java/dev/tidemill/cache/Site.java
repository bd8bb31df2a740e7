package dev.tidemill.cache;

import dev.tidemill.testkit.TestDatabase;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.sql.DataSource;
import org.postgresql.ds.PGSimpleDataSource;

/** A test's database, with a table of things that are cached. */
final class Site {
    private static final Pattern PORT = Pattern.compile("//[^:/]+:(\\d+)/");

    private final TestDatabase database;

    Site(TestDatabase database) {
        this.database = database;
    }

    DataSource dataSource() {
        return database.dataSource();
    }

    int port() {
        Matcher port = PORT.matcher(database.jdbcUrl());
        if (!port.find()) {
            throw new IllegalStateException(database.jdbcUrl());
        }
        return Integer.parseInt(port.group(1));
    }

    /** The database as seen through a relay. */
    DataSource through(Relay relay) {
        PGSimpleDataSource source = new PGSimpleDataSource();
        source.setUrl(PORT.matcher(database.jdbcUrl()).replaceFirst("//127.0.0.1:" + relay.port() + "/"));
        source.setUser(database.user());
        source.setPassword(database.password());
        return source;
    }

    CachesBuilder caches() {
        return Caches.on(database.dataSource()).schema(database.schema());
    }

    CachesBuilder cachesThrough(Relay relay) {
        return Caches.on(through(relay)).schema(database.schema());
    }

    void makeThings() throws SQLException {
        run("create table {schema}.thing (id text primary key, version bigint not null)");
    }

    long version(String id) throws SQLException {
        try (Connection connection = dataSource().getConnection();
                PreparedStatement statement =
                        connection.prepareStatement(sql("select version from {schema}.thing where id = ?"))) {
            statement.setString(1, id);
            try (ResultSet rows = statement.executeQuery()) {
                return rows.next() ? rows.getLong(1) : 0;
            }
        }
    }

    /** Raises a thing's version in the caller's transaction; returns it. */
    long raise(Connection connection, String id) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(sql(
                "insert into {schema}.thing as t values (?, 1) on conflict (id) do update set version = t.version + 1"
                        + " returning version"))) {
            statement.setString(1, id);
            try (ResultSet rows = statement.executeQuery()) {
                rows.next();
                return rows.getLong(1);
            }
        }
    }

    Connection begin() throws SQLException {
        Connection connection = dataSource().getConnection();
        connection.setAutoCommit(false);
        return connection;
    }

    void run(String text) throws SQLException {
        try (Connection connection = dataSource().getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute(sql(text));
        }
    }

    long number(String text) throws SQLException {
        try (Connection connection = dataSource().getConnection();
                Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery(sql(text))) {
            rows.next();
            return rows.getLong(1);
        }
    }

    private String sql(String text) {
        return text.replace("{schema}", database.schema());
    }
}
