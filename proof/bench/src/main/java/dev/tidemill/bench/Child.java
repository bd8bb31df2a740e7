package dev.tidemill.bench;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * A process of the bench's own, told what to do by its arguments and heard by its lines: a {@link Worker}, or whatever
 * else is measured. Ends with this process at the latest.
 */
public final class Child implements AutoCloseable {
    /** What an application with little memory would give it; stated with the figures. */
    static final List<String> JVM_FLAGS = List.of("-Xmx128m", "-XX:+UseSerialGC");

    private final Process process;
    private final BufferedReader lines;

    private Child(Process process) {
        this.process = process;
        this.lines = process.inputReader();
    }

    static Child start(String url, List<String> moreFlags, String... arguments) {
        return start(url, moreFlags, ProcessBuilder.Redirect.INHERIT, arguments);
    }

    /** As {@link #start}, with its errors unheard: a JVM that makes an AOT cache is talkative. */
    static Child startQuietly(String url, List<String> moreFlags, String... arguments) {
        return start(url, moreFlags, ProcessBuilder.Redirect.DISCARD, arguments);
    }

    private static Child start(
            String url, List<String> moreFlags, ProcessBuilder.Redirect errors, String... arguments) {
        List<String> flags = new ArrayList<>(JVM_FLAGS);
        flags.addAll(moreFlags);
        return launch(
                java(flags, System.getProperty("java.class.path"), Worker.class.getName(), arguments), url, errors);
    }

    /** The command that starts a class in a JVM like this one. */
    public static List<String> java(List<String> flags, String classPath, String main, String... arguments) {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(flags);
        command.addAll(List.of("-cp", classPath, main));
        command.addAll(List.of(arguments));
        return command;
    }

    /** Starts any command; the database's address goes through its environment, since it holds the password. */
    public static Child launch(List<String> command, String url, ProcessBuilder.Redirect errors) {
        return launch(command, Worker.URL_VARIABLE, url, errors);
    }

    /** The same, with the address in the variable in which the command looks for it. */
    static Child launch(List<String> command, String variable, String url, ProcessBuilder.Redirect errors) {
        ProcessBuilder builder = new ProcessBuilder(command).redirectError(errors);
        builder.environment().put(variable, url);
        try {
            Child child = new Child(builder.start());
            Runtime.getRuntime().addShutdownHook(new Thread(child.process::destroyForcibly));
            return child;
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }

    /** The rest of the next line that begins with a word; others are passed over. */
    public String await(String word) {
        try {
            String line;
            while ((line = lines.readLine()) != null) {
                if (line.startsWith(word)) {
                    return line.substring(word.length()).strip();
                }
            }
            throw new IllegalStateException("A worker ended before it said '" + word + "'; see its errors above.");
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }

    /** Tells it a line. */
    public void say(String line) {
        try {
            process.outputWriter().write(line + "\n");
            process.outputWriter().flush();
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }

    /** Resident memory in MB. */
    public double residentMb() {
        try {
            return Files.readAllLines(Path.of("/proc", Long.toString(process.pid()), "status")).stream()
                            .filter(line -> line.startsWith("VmRSS:"))
                            .mapToLong(line -> Long.parseLong(line.replaceAll("[^0-9]", "")))
                            .findFirst()
                            .orElse(0)
                    / 1_024.0;
        } catch (IOException unknown) {
            return 0;
        }
    }

    /** SIGTERM, as a system stops a server; {@link #close} then waits for its end. */
    void terminate() {
        process.destroy();
    }

    /** SIGKILL. */
    public void kill() {
        process.destroyForcibly();
    }

    @Override
    public void close() {
        try {
            process.outputWriter().close();
            if (!process.waitFor(20, TimeUnit.SECONDS)) {
                process.destroyForcibly();
            }
        } catch (IOException ended) {
            process.destroyForcibly();
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
