package dev.tidemill.bench;

import java.io.BufferedReader;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** The system's redis-server, with nothing in it, until it is closed. */
final class RedisProcess implements AutoCloseable {
    private final Process process;
    private final int port;
    private final String version;

    private RedisProcess(Process process, int port, String version) {
        this.process = process;
        this.port = port;
        this.version = version;
    }

    /** Null if there is none on the PATH. */
    static @Nullable RedisProcess start() {
        try {
            Process asked = new ProcessBuilder("redis-server", "--version").start();
            String version = new String(asked.getInputStream().readAllBytes(), StandardCharsets.UTF_8)
                    .replaceAll("(?s).*v=([0-9.]+).*", "Redis $1");
            int port;
            try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
                port = socket.getLocalPort();
            }
            Path folder = Files.createTempDirectory("tidemill-bench-redis");
            folder.toFile().deleteOnExit();
            Process process = new ProcessBuilder(
                            "redis-server",
                            "--port",
                            Integer.toString(port),
                            "--bind",
                            "127.0.0.1",
                            "--save",
                            "",
                            "--dir",
                            folder.toString())
                    .redirectErrorStream(true)
                    .start();
            Runtime.getRuntime().addShutdownHook(new Thread(process::destroyForcibly));
            BufferedReader lines = process.inputReader();
            String line = lines.readLine();
            while (line != null && !line.contains("Ready to accept connections")) {
                line = lines.readLine();
            }
            return line == null ? null : new RedisProcess(process, port, version);
        } catch (IOException absent) {
            return null;
        }
    }

    String address() {
        return "redis://127.0.0.1:" + port;
    }

    String version() {
        return version;
    }

    @Override
    public void close() {
        process.destroy();
        try {
            if (!process.waitFor(5, TimeUnit.SECONDS)) {
                process.destroyForcibly();
            }
        } catch (InterruptedException interrupted) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
    }
}
