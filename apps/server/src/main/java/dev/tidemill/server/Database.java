package dev.tidemill.server;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import dev.tidemill.embedded.EmbeddedPostgres;
import dev.tidemill.jobs.ErrorCode;
import dev.tidemill.jobs.TidemillException;
import java.nio.file.Path;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/** A pool of connections, and the server behind it if that is ours. */
final class Database implements AutoCloseable {
    /** Eight for the engine, up to seven for caches, the others for whoever asks; idle ones are let go. */
    private static final int CONNECTIONS = 24;

    private static final long WAIT_MILLIS = 3_000;

    private final HikariDataSource pool;
    private final @Nullable EmbeddedPostgres postgres;
    private final String description;

    private Database(HikariDataSource pool, @Nullable EmbeddedPostgres postgres, String description) {
        this.pool = pool;
        this.postgres = postgres;
        this.description = description;
    }

    static Database embedded(Path folder) {
        EmbeddedPostgres postgres =
                EmbeddedPostgres.builder().dataFolder(folder).stopAtExit(false).start();
        return new Database(
                pool(postgres.jdbcUrl(), postgres.user(), postgres.password()),
                postgres,
                "PostgreSQL " + postgres.version() + " in " + postgres.dataFolder());
    }

    static Database at(String url, @Nullable String user, @Nullable String password) {
        if (!url.startsWith("jdbc:postgresql:")) {
            throw new TidemillException(
                    ErrorCode.INVALID_OPTION,
                    "The database address does not begin with jdbc:postgresql:; write it as"
                            + " jdbc:postgresql://host:port/name.");
        }
        // What follows a question mark may hold a password.
        return new Database(
                pool(url, user, password), null, url.replaceFirst("\\?.*", "").replaceFirst("//[^/@]*@", "//"));
    }

    private static HikariDataSource pool(String url, @Nullable String user, @Nullable String password) {
        HikariConfig config = new HikariConfig();
        config.setPoolName("tidemill");
        config.setJdbcUrl(url);
        if (user != null) {
            config.setUsername(user);
        }
        if (password != null) {
            config.setPassword(password);
        }
        config.setMaximumPoolSize(CONNECTIONS);
        config.setMinimumIdle(1);
        config.setConnectionTimeout(WAIT_MILLIS);
        // A database that is away at the start is the engine's to report, in words of our own.
        config.setInitializationFailTimeout(-1);
        return new HikariDataSource(config);
    }

    DataSource dataSource() {
        return pool;
    }

    String description() {
        return description;
    }

    @Override
    public void close() {
        pool.close();
        if (postgres != null) {
            postgres.stop();
        }
    }
}
