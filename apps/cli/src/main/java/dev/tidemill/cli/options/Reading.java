package dev.tidemill.cli.options;

import dev.tidemill.jobs.ErrorCode;
import dev.tidemill.jobs.TidemillException;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/** What is said of files that cannot be read. */
public final class Reading {
    private Reading() {}

    /**
     * The refusal.
     *
     * @param what what the file was for, such as {@code of --password-file}; empty for nothing to say
     */
    public static TidemillException refused(Path file, String what, IOException failed) {
        String why = switch (failed) {
            case NoSuchFileException none -> "there is none";
            case AccessDeniedException denied -> "you may not read it";
            default -> String.valueOf(failed.getMessage());
        };
        return new TidemillException(
                ErrorCode.INVALID_OPTION,
                "The file " + file + (what.isEmpty() ? "" : " " + what) + " cannot be read: " + why + ".",
                failed);
    }
}
