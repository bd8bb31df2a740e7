package dev.tidemill.chaos;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.io.PrintWriter;
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
        Thread.ofPlatform()
                .daemon()
                .name("lines of " + name)
                .start(() -> process.inputReader().lines().forEach(lines::add));
    }

    /** Starts one and waits until it works. */
    static WorkerProcess start(Site site, String name, Pace pace, int concurrency) {
        WorkerProcess worker = launch(site, name, pace, concurrency);
        worker.awaitLine("ready");
        return worker;
    }

    private static WorkerProcess launch(Site site, String name, Pace pace, int concurrency) {
        ProcessBuilder command = new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx160m",
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-Duser.timezone=Asia/Kathmandu",
                "-cp",
                System.getProperty("java.class.path"),
                Worker.class.getName(),
                site.url(),
                site.user(),
                site.password(),
                site.schema(),
                name,
                Long.toString(pace.heartbeat().toMillis()),
                Long.toString(pace.deadAfter().toMillis()),
                Integer.toString(concurrency));
        try {
            return new WorkerProcess(
                    name, command.redirectError(ProcessBuilder.Redirect.INHERIT).start());
        } catch (IOException failed) {
            throw new IllegalStateException("The worker " + name + " did not start.", failed);
        }
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

    void awaitLine(String line) {
        await("line '" + line + "' of " + name)
                .atMost(PATIENCE)
                .failFast(name + " ended", () -> !process.isAlive())
                .until(() -> hasSaid(line));
    }

    /** Waits until this one or the other says the line; true if it was this one. */
    boolean awaitEither(String line, WorkerProcess other) {
        await("line '" + line + "' of " + name + " or " + other.name)
                .atMost(PATIENCE)
                .until(() -> hasSaid(line) || other.hasSaid(line));
        return hasSaid(line);
    }

    /** SIGKILL. */
    void kill() {
        process.destroyForcibly().onExit().join();
    }

    /** SIGSTOP, and waits until the kernel has it stopped. */
    void freeze() {
        Signal.STOP.sendTo(process.pid());
        await().atMost(PATIENCE).until(() -> state() == 'T');
    }

    /** SIGCONT. */
    void thaw() {
        Signal.CONT.sendTo(process.pid());
    }

    /** Asks it to stop, and waits until it has ended by itself. */
    void stop() {
        say("stop");
        awaitExit();
        assertThat(process.exitValue()).isZero();
    }

    /** Waits until it has ended by itself. */
    void awaitExit() {
        try {
            assertThat(process.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS))
                    .as("%s ends", name)
                    .isTrue();
        } catch (InterruptedException interrupted) {
            throw new IllegalStateException(interrupted);
        }
    }

    /** As the kernel calls it, in the third field behind the name in parentheses. */
    private char state() throws IOException {
        String stat = Files.readString(Path.of("/proc", Long.toString(process.pid()), "stat"));
        return stat.charAt(stat.lastIndexOf(')') + 2);
    }

    @Override
    public void close() {
        kill();
        Runtime.getRuntime().removeShutdownHook(endWithUs);
    }
}
