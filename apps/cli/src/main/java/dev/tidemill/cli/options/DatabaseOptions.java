package dev.tidemill.cli.options;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import dev.tidemill.jobs.ErrorCode;
import dev.tidemill.jobs.HandMill;
import dev.tidemill.jobs.Tidemill;
import dev.tidemill.jobs.TidemillException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.postgresql.ds.PGSimpleDataSource;
import picocli.CommandLine.Option;

/** Which database and schema. What is given is never repeated in a message: it may hold a password. */
public final class DatabaseOptions {
    private static final int CONNECT_SECONDS = 10;
    private static final int CONNECTIONS = 8;

    @Option(
            names = "--database",
            paramLabel = "JDBC_URL",
            description = "The database: jdbc:postgresql://host:port/name. Or set TIDEMILL_DATABASE.")
    private @Nullable String url;

    @Option(names = "--user", paramLabel = "NAME", description = "The database user. Or set TIDEMILL_DATABASE_USER.")
    private @Nullable String user;

    @Option(names = "--password-file", paramLabel = "FILE", description = "The file that holds the user's password.")
    private @Nullable Path passwordFile;

    @Option(
            names = "--password-env",
            paramLabel = "NAME",
            description = "The environment variable that holds it. Default: TIDEMILL_DATABASE_PASSWORD.")
    private @Nullable String passwordVariable;

    @Option(
            names = "--schema",
            paramLabel = "NAME",
            defaultValue = "tidemill",
            description = "The schema of Tidemill's tables. Default: ${DEFAULT-VALUE}.")
    private String schema = "tidemill";

    /** A database to ask a few things. */
    public Connected open(Output output) {
        PGSimpleDataSource source = source(output);
        return new Connected(mill(source), source, () -> {}, schema);
    }

    /** A database to ask over and over, by connections that are kept. */
    public Connected openForLong(Output output) {
        PGSimpleDataSource source = source(output);
        // A pool would try for as long as it may wait before it says that nobody answers.
        mill(source).close();
        HikariDataSource pool = pool(source);
        try {
            return new Connected(mill(pool), pool, pool, schema);
        } catch (RuntimeException failed) {
            pool.close();
            throw failed;
        }
    }

    /** The schema's name. */
    public String schema() {
        return schema;
    }

    private HandMill mill(DataSource source) {
        return Tidemill.on(source).schema(schema).migrate(false).startByHand();
    }

    /** The database alone, whatever is in it. */
    public PGSimpleDataSource source(Output output) {
        Program program = output.program();
        PGSimpleDataSource source = new PGSimpleDataSource();
        String address = address(program);
        try {
            source.setUrl(address);
        } catch (IllegalArgumentException malformed) {
            // The driver's message would repeat the address.
            throw refused("The database address cannot be read; write it as jdbc:postgresql://host:port/name.");
        }
        source.setApplicationName(output.command());
        source.setConnectTimeout(CONNECT_SECONDS);
        String name = user != null ? user : program.environment("TIDEMILL_DATABASE_USER");
        if (name != null) {
            source.setUser(name);
        }
        String password = password(program);
        if (password != null) {
            source.setPassword(password);
        }
        return source;
    }

    private static HikariDataSource pool(DataSource source) {
        HikariConfig config = new HikariConfig();
        config.setDataSource(source);
        config.setMaximumPoolSize(CONNECTIONS);
        config.setMinimumIdle(0);
        config.setConnectionTimeout(CONNECT_SECONDS * 1000L);
        // A database that is away is the engine's to report, in words of our own.
        config.setInitializationFailTimeout(-1);
        return new HikariDataSource(config);
    }

    private String address(Program program) {
        String given = url != null ? url : program.environment("TIDEMILL_DATABASE");
        given = given != null ? given : program.environment("TIDEMILL_DATABASE_URL");
        if (given == null) {
            throw refused("No database was named: give --database jdbc:postgresql://host:port/name, or set"
                    + " TIDEMILL_DATABASE.");
        }
        if (!given.startsWith("jdbc:postgresql:")) {
            throw refused("The database address does not begin with jdbc:postgresql:; write it as"
                    + " jdbc:postgresql://host:port/name.");
        }
        return given;
    }

    private @Nullable String password(Program program) {
        if (passwordFile != null) {
            try {
                return Files.readString(passwordFile).strip();
            } catch (IOException unreadable) {
                throw Reading.refused(passwordFile, "of --password-file", unreadable);
            }
        }
        if (passwordVariable == null) {
            return program.environment("TIDEMILL_DATABASE_PASSWORD");
        }
        String password = program.environment(passwordVariable);
        if (password == null) {
            throw refused("The environment variable " + passwordVariable + " of --password-env is not set.");
        }
        return password;
    }

    private static TidemillException refused(String message) {
        return new TidemillException(ErrorCode.INVALID_OPTION, message);
    }
}
