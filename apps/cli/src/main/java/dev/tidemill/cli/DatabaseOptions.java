package dev.tidemill.cli;

import dev.tidemill.jobs.ErrorCode;
import dev.tidemill.jobs.HandMill;
import dev.tidemill.jobs.Tidemill;
import dev.tidemill.jobs.TidemillException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.postgresql.ds.PGSimpleDataSource;
import picocli.CommandLine.Option;

/** Which database and schema. What is given is never repeated in a message: it may hold a password. */
final class DatabaseOptions {
    private static final int CONNECT_SECONDS = 10;

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

    /** A mill that only answers: it starts nothing, and leaves the schema as it is. */
    HandMill open(String command) {
        PGSimpleDataSource source = new PGSimpleDataSource();
        String address = address();
        try {
            source.setUrl(address);
        } catch (IllegalArgumentException malformed) {
            // The driver's message would repeat the address.
            throw refused("The database address cannot be read; write it as jdbc:postgresql://host:port/name.");
        }
        source.setApplicationName("tidemill " + command);
        source.setConnectTimeout(CONNECT_SECONDS);
        String name = user != null ? user : environment("TIDEMILL_DATABASE_USER");
        if (name != null) {
            source.setUser(name);
        }
        String password = password();
        if (password != null) {
            source.setPassword(password);
        }
        return Tidemill.on(source).schema(schema).migrate(false).startByHand();
    }

    private String address() {
        String given = url != null ? url : environment("TIDEMILL_DATABASE");
        given = given != null ? given : environment("TIDEMILL_DATABASE_URL");
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

    private @Nullable String password() {
        if (passwordFile != null) {
            try {
                return Files.readString(passwordFile).strip();
            } catch (IOException unreadable) {
                throw refused("The file " + passwordFile + " of --password-file cannot be read: "
                        + unreadable.getClass().getSimpleName() + ".");
            }
        }
        if (passwordVariable == null) {
            return environment("TIDEMILL_DATABASE_PASSWORD");
        }
        String password = environment(passwordVariable);
        if (password == null) {
            throw refused("The environment variable " + passwordVariable + " of --password-env is not set.");
        }
        return password;
    }

    private @Nullable String environment(String name) {
        String value = System.getenv(name);
        return value == null || value.isBlank() ? null : value.strip();
    }

    private static TidemillException refused(String message) {
        return new TidemillException(ErrorCode.INVALID_OPTION, message);
    }
}
