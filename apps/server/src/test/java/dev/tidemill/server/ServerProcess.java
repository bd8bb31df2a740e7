package dev.tidemill.server;

import dev.tidemill.testkit.TestDatabase;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** The server as a process of its own, to be killed. */
final class ServerProcess implements AutoCloseable {
    private final Process process;
    private final BufferedReader lines;
    private final String url;

    private ServerProcess(Process process) throws IOException {
        this.process = process;
        this.lines = process.inputReader();
        this.url = ServerUnderTest.json(lines.readLine()).get("url").stringValue();
    }

    static ServerProcess start(TestDatabase database, Path log, String... options) throws IOException {
        return start(ServerMain.class, database, log, options);
    }

    /** One that another program starts. */
    static ServerProcess start(Class<?> main, TestDatabase database, Path log, String... options) throws IOException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                System.getProperty("java.class.path"),
                main.getName(),
                "--open",
                "--port",
                "0",
                "--json",
                "--schema",
                database.schema(),
                "--database",
                database.jdbcUrl()));
        command.addAll(List.of(options));
        ProcessBuilder builder = new ProcessBuilder(command).redirectError(log.toFile());
        builder.environment().put("TIDEMILL_DATABASE_USER", database.user());
        builder.environment().put("TIDEMILL_DATABASE_PASSWORD", database.password());
        return new ServerProcess(builder.start());
    }

    String url() {
        return url;
    }

    /** As the kernel does when memory is short. */
    void kill() throws IOException {
        process.destroyForcibly().onExit().join();
        lines.close();
    }

    @Override
    public void close() throws IOException {
        kill();
    }
}
