package dev.tidemill.server;

import dev.tidemill.jobs.ErrorCode;
import dev.tidemill.jobs.TidemillException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** Secrets come from files and the environment: on a command line every user of the machine could read them. */
final class Secrets {
    private Secrets() {}

    static @Nullable String token(@Nullable Path file) {
        return file == null ? environment("TIDEMILL_TOKEN") : file(file, "--token-file");
    }

    static String file(Path file, String option) {
        try {
            if (Files.size(file) > 8192) {
                throw new TidemillException(
                        ErrorCode.INVALID_OPTION, "The file " + file + " of " + option + " is too long for a secret.");
            }
            return Files.readString(file).strip();
        } catch (IOException failed) {
            throw new TidemillException(
                    ErrorCode.INVALID_OPTION,
                    "The file " + file + " of " + option + " cannot be read: "
                            + failed.getClass().getSimpleName() + ".",
                    failed);
        }
    }

    static @Nullable String environment(String name) {
        String value = System.getenv(name);
        return value == null || value.isBlank() ? null : value.strip();
    }
}
