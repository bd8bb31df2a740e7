package dev.tidemill.chaos;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.PrintWriter;
import java.lang.ProcessBuilder.Redirect;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;

/** A {@link Worker} in its own JVM, and the signals that are sent to it. It dies with this JVM at the latest. */
final class WorkerProcess implements AutoCloseable {
    private static final Duration PATIENCE = Duration.ofSeconds(40);

    private final String name;
    private final Process process;
    private final PrintWriter input;
    private final List<String> lines = new CopyOnWriteArrayList<>();
    private final Thread endWithUs;

    private WorkerProcess(String name, Process process) {
        this.name = name;
        this.process = process;
        this.input = new PrintWriter(process.outputWriter(), true);
        // SIGKILL also ends a frozen one, which would not notice that its input ended.
        this.endWithUs = Thread.ofPlatform().unstarted(process::destroyForcibly);
        Runtime.getRuntime().addShutdownHook(endWithUs);
        Thread.ofPlatform().daemon().name("lines of " + name).start(() -> readLines(process));
    }

    private void readLines(Process process) {
        try (BufferedReader reader = process.inputReader()) {
            String line;
            while ((line = reader.readLine()) != null) {
                lines.add(line);
            }
        } catch (IOException closed) {
            // It was killed while it spoke.
        }
    }

    /** Starts one; {@link #awaitReady} waits until it works. Its errors and logs go where they are directed. */
    static WorkerProcess launch(
            Site site, String name, Pace pace, int concurrency, Class<? extends Duties> duties, Redirect errors) {
        ProcessBuilder command = new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx160m",
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-Duser.timezone=Asia/Kathmandu",
                "-Dtidemill.chaos.log=INFO",
                "-cp",
                System.getProperty("java.class.path"),
                Worker.class.getName(),
                site.schema(),
                name,
                Long.toString(pace.heartbeat().toMillis()),
                Long.toString(pace.deadAfter().toMillis()),
                Integer.toString(concurrency),
                duties.getName());
        command.environment().put(Worker.URL_VARIABLE, site.url());
        try {
            return new WorkerProcess(name, command.redirectError(errors).start());
        } catch (IOException failed) {
            throw new IllegalStateException("The worker " + name + " did not start.", failed);
        }
    }

    String name() {
        return name;
    }

    boolean isAlive() {
        return process.isAlive();
    }

    void say(String line) {
        input.println(line);
    }

    boolean hasSaid(String line) {
        return lines.contains(line);
    }

    void awaitReady() {
        awaitLine("ready");
    }

    void awaitLine(String line) {
        Waiting.until("line '" + line + "' of " + name, PATIENCE, () -> hasSaid(line) || !process.isAlive());
        if (!hasSaid(line)) {
            throw new IllegalStateException("The worker " + name + " ended before it said '" + line + "'.");
        }
    }

    /** Waits until this one or the other says the line; true if it was this one. */
    boolean awaitEither(String line, WorkerProcess other) {
        Waiting.until(
                "line '" + line + "' of " + name + " or " + other.name,
                PATIENCE,
                () -> hasSaid(line) || other.hasSaid(line));
        return hasSaid(line);
    }

    /** SIGKILL. */
    void kill() {
        process.destroyForcibly().onExit().join();
    }

    /** SIGSTOP, and waits until the kernel has it stopped. */
    void freeze() {
        Signal.STOP.sendTo(process.pid());
        Waiting.until(name + " is stopped", PATIENCE, () -> state() == 'T');
    }

    /** SIGCONT. */
    void thaw() {
        Signal.CONT.sendTo(process.pid());
    }

    /** Asks it to stop, and waits until it has ended by itself, with status 0. */
    void stop() {
        say("stop");
        awaitExit();
        if (process.exitValue() != 0) {
            throw new IllegalStateException(name + " ended with status " + process.exitValue() + ".");
        }
    }

    /** Waits until it has ended by itself. */
    void awaitExit() {
        try {
            if (!process.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS)) {
                throw new IllegalStateException(name + " does not end.");
            }
        } catch (InterruptedException interrupted) {
            throw new IllegalStateException(interrupted);
        }
    }

    /** As the kernel calls it, in the third field behind the name in parentheses. */
    private char state() {
        try {
            String stat = Files.readString(Path.of("/proc", Long.toString(process.pid()), "stat"));
            return stat.charAt(stat.lastIndexOf(')') + 2);
        } catch (IOException gone) {
            throw new IllegalStateException(name + " is gone.", gone);
        }
    }

    @Override
    public void close() {
        kill();
        try {
            Runtime.getRuntime().removeShutdownHook(endWithUs);
        } catch (IllegalStateException alreadyEnding) {
            // The hook runs, or has run.
        }
    }
}
