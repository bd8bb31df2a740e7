package dev.tidemill.embedded;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/** One of PostgreSQL's programs, run to its end. */
final class Command {
    /** As JDKs tell the system's error, which has this number on Linux and macOS. */
    private static final Pattern TEXT_FILE_BUSY = Pattern.compile("error(: |=)26\\b");

    private static final Duration BUSY = Duration.ofSeconds(10);
    private static final Duration LOOK_AGAIN = Duration.ofMillis(20);

    private Command() {}

    /**
     * What became of it.
     *
     * @param exitCode 0 for success
     * @param output everything it wrote, to either stream
     */
    record Result(int exitCode, String output) {}

    /** Runs the command in the folder and waits for its end; all that we run this way ends by itself. */
    static Result run(List<String> command, Path folder) throws IOException {
        try {
            Process process = start(prepare(command, folder).redirectErrorStream(true));
            try {
                process.getOutputStream().close();
                String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
                return new Result(process.waitFor(), output.strip());
            } finally {
                process.destroyForcibly();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("Interrupted while waiting for " + command);
        }
    }

    /**
     * Starts it, and waits for a program that is being written: of files that were just unpacked, a process that this one
     * began meanwhile has a copy of what we wrote through, until it is on its way.
     */
    private static Process start(ProcessBuilder builder) throws IOException, InterruptedException {
        long until = System.nanoTime() + BUSY.toNanos();
        while (true) {
            try {
                return builder.start();
            } catch (IOException failed) {
                if (!TEXT_FILE_BUSY.matcher(String.valueOf(failed.getMessage())).find()
                        || System.nanoTime() - until > 0) {
                    throw failed;
                }
                Thread.sleep(LOOK_AGAIN);
            }
        }
    }

    /** The command, without those settings of the caller's surroundings that would change what it does. */
    static ProcessBuilder prepare(List<String> command, Path folder) {
        ProcessBuilder builder = new ProcessBuilder(command).directory(folder.toFile());
        Map<String, String> environment = builder.environment();
        environment.keySet().removeIf(name -> name.startsWith("PG") || name.startsWith("LC_"));
        environment.put("LC_ALL", "C");
        return builder;
    }
}
