package dev.tidemill.server;

import dev.tidemill.jobs.ErrorCode;
import dev.tidemill.jobs.TidemillException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Which database, by options or the environment. */
final class DatabaseOptions {
    @Option(
            names = "--database",
            paramLabel = "JDBC_URL",
            description = "Use this PostgreSQL, 15 or newer: jdbc:postgresql://host:port/name. Or set "
                    + "TIDEMILL_DATABASE_URL.")
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
            names = "--data",
            paramLabel = "DIR",
            description =
                    "The folder of the PostgreSQL that runs where no database is named. Default: " + "./tidemill-data.")
    private @Nullable Path data;

    @Option(
            names = "--schema",
            paramLabel = "NAME",
            description = "The schema of Tidemill's tables. Default: tidemill.")
    private @Nullable String schema;

    String schema() {
        return schema == null ? "tidemill" : schema;
    }

    Database open() {
        String address = url != null ? url : Secrets.environment("TIDEMILL_DATABASE_URL");
        if (address == null) {
            return Database.embedded(data == null ? Path.of("tidemill-data") : data);
        }
        if (data != null) {
            throw new TidemillException(
                    ErrorCode.INVALID_OPTION,
                    "--data is the folder of the PostgreSQL that runs where no database is named, and one is named;"
                            + " give one of them.");
        }
        return Database.at(address, user != null ? user : Secrets.environment("TIDEMILL_DATABASE_USER"), password());
    }

    private @Nullable String password() {
        if (passwordFile != null) {
            return Secrets.file(passwordFile, "--password-file");
        }
        if (passwordVariable == null) {
            return Secrets.environment("TIDEMILL_DATABASE_PASSWORD");
        }
        String password = Secrets.environment(passwordVariable);
        if (password == null) {
            throw new TidemillException(
                    ErrorCode.INVALID_OPTION,
                    "The environment variable " + passwordVariable + " of --password-env is not set.");
        }
        return password;
    }
}
