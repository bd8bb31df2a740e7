package dev.tidemill.embedded;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** One of PostgreSQL's programs, run to its end. */
final class Command {
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
        Process process = prepare(command, folder).redirectErrorStream(true).start();
        try {
            process.getOutputStream().close();
            String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            return new Result(process.waitFor(), output.strip());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("Interrupted while waiting for " + command);
        } finally {
            process.destroyForcibly();
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
