package dev.tidemill.bench;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import dev.tidemill.embedded.EmbeddedPostgres;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** The database that is measured: one of its own, embedded, or one given by its address. */
public final class Target implements AutoCloseable {
    private final @Nullable EmbeddedPostgres embedded;
    private final String url;
    private final HikariDataSource dataSource;

    private Target(@Nullable EmbeddedPostgres embedded, String url) {
        this.embedded = embedded;
        this.url = url;
        this.dataSource = pool(url, 12);
    }

    /** The database at a JDBC address, or without one an embedded PostgreSQL that is gone when this is closed. */
    public static Target open(@Nullable String database) {
        return open(database, Map.of());
    }

    /** The same, with these settings of the server where it is an embedded one. */
    static Target open(@Nullable String database, Map<String, String> settings) {
        if (database != null) {
            return new Target(null, database);
        }
        EmbeddedPostgres.Builder builder = EmbeddedPostgres.builder();
        settings.forEach(builder::setting);
        EmbeddedPostgres postgres = builder.start();
        return new Target(postgres, postgres.jdbcUrlWithPassword());
    }

    static HikariDataSource pool(String url, int size) {
        HikariConfig config = new HikariConfig();
        config.setJdbcUrl(url);
        config.setMaximumPoolSize(size);
        config.setMinimumIdle(0);
        return new HikariDataSource(config);
    }

    /** With user and password; handed to child processes through their environment, never printed. */
    public String url() {
        return url;
    }

    HikariDataSource dataSource() {
        return dataSource;
    }

    boolean isEmbedded() {
        return embedded != null;
    }

    /** The first column of a query's one row. */
    public long number(String sql) {
        try (Connection connection = dataSource.getConnection();
                Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery(sql)) {
            rows.next();
            return rows.getLong(1);
        } catch (SQLException failed) {
            throw new IllegalStateException("The database refused: " + sql, failed);
        }
    }

    /** Runs a statement. */
    public void execute(String sql) {
        try (Connection connection = dataSource.getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute(sql);
        } catch (SQLException failed) {
            throw new IllegalStateException("The database refused: " + sql, failed);
        }
    }

    /** Every setting that differs from its default, but for names, paths and locales. */
    Map<String, String> settings() {
        Map<String, String> settings = new TreeMap<>();
        try (Connection connection = dataSource.getConnection();
                Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery("""
                        select name, current_setting(name) from pg_settings
                         where setting is distinct from boot_val
                           and source not in ('client', 'session', 'override')
                           and name !~ '(file|directory|director|locale|lc_|_name|port|password|TimeZone|timezone)'
                         order by name""")) {
            while (rows.next()) {
                settings.put(rows.getString(1), rows.getString(2));
            }
        } catch (SQLException failed) {
            throw new IllegalStateException("The database refused to show its settings.", failed);
        }
        return settings;
    }

    String version() {
        try (Connection connection = dataSource.getConnection()) {
            return connection.getMetaData().getDatabaseProductVersion();
        } catch (SQLException failed) {
            throw new IllegalStateException("The database does not answer.", failed);
        }
    }

    @Override
    public void close() {
        dataSource.close();
        if (embedded != null) {
            embedded.close();
        }
    }
}
