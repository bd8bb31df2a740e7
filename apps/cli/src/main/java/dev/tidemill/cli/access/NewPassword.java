package dev.tidemill.cli.access;

import dev.tidemill.cli.options.Output;
import dev.tidemill.cli.options.Reading;
import dev.tidemill.jobs.ErrorCode;
import dev.tidemill.jobs.TidemillException;
import java.io.Console;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** A user's new password: asked for on a terminal, read from a file elsewhere, and never an argument, which others see. */
final class NewPassword {
    private static final int MOST_BYTES = 4096;

    @Option(
            names = "--new-password-file",
            paramLabel = "FILE",
            description = "The file that holds the new password, - for standard input. Without it, it is asked for.")
    private @Nullable String file;

    String read(Output output) {
        String from = file;
        if (from != null) {
            return from.equals("-") ? of(output.program().in(), "standard input") : ofFile(Path.of(from));
        }
        Console console = output.screen().inIsTerminal() ? System.console() : null;
        if (console == null) {
            throw output.wrong("Nobody can be asked for the password here; give --new-password-file FILE, or - for"
                    + " standard input.");
        }
        char[] first = console.readPassword("New password: ");
        char[] second = console.readPassword("The same again: ");
        if (first == null || second == null || !Arrays.equals(first, second)) {
            throw new TidemillException(
                    ErrorCode.INVALID_OPTION, "The two are not the same; nothing was changed. Try again.");
        }
        return new String(first);
    }

    private static String ofFile(Path path) {
        try (InputStream in = Files.newInputStream(path)) {
            return of(in, "the file " + path);
        } catch (IOException unreadable) {
            throw Reading.refused(path, "of --new-password-file", unreadable);
        }
    }

    private static String of(InputStream in, String what) {
        try {
            return new String(in.readNBytes(MOST_BYTES), StandardCharsets.UTF_8).strip();
        } catch (IOException unreadable) {
            throw new TidemillException(
                    ErrorCode.INVALID_OPTION,
                    "The password cannot be read from " + what + ": "
                            + unreadable.getClass().getSimpleName() + ".",
                    unreadable);
        }
    }
}
