package dev.tidemill.storefront;

import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The demo in a process of its own, as {@code ./tidemill demo} runs it. */
final class DemoProcess implements AutoCloseable {
    private static final JsonMapper JSON = new JsonMapper();
    private static final HttpClient HTTP = HttpClient.newHttpClient();

    private final Process process;
    private final BufferedReader out;
    private final JsonNode line;

    private DemoProcess(Process process) throws IOException {
        this.process = process;
        this.out = process.inputReader(StandardCharsets.UTF_8);
        String first = out.readLine();
        if (first == null) {
            throw new IOException("The demo ended before it served; its log is in target.");
        }
        this.line = JSON.readTree(first);
    }

    /** Starts it and waits until it serves. */
    static DemoProcess start(Path data, String... options) throws IOException {
        List<String> arguments = new ArrayList<>(List.of("--json", "--port", "0", "--data", data.toString()));
        arguments.addAll(List.of(options));
        return new DemoProcess(launch(arguments));
    }

    static Process launch(List<String> arguments) throws IOException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx512m",
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                System.getProperty("java.class.path"),
                Demo.class.getName()));
        command.addAll(arguments);
        return new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.appendTo(new File("target/demo-stderr.log")))
                .start();
    }

    JsonNode line() {
        return line;
    }

    String url() {
        return line.path("url").asString();
    }

    /** What it prints after the first line, until it ends. */
    List<String> rest() {
        return out.lines().toList();
    }

    int exitCode() throws InterruptedException {
        if (!process.waitFor(60, TimeUnit.SECONDS)) {
            throw new IllegalStateException("The demo did not end within a minute.");
        }
        return process.exitValue();
    }

    /** SIGKILL, at once. */
    void kill() throws InterruptedException {
        process.destroyForcibly().waitFor();
    }

    /** SIGTERM, as Ctrl-C does. */
    int interrupt() throws InterruptedException {
        process.destroy();
        return exitCode();
    }

    HttpResponse<String> get(String path) throws Exception {
        HttpRequest request = HttpRequest.newBuilder(URI.create(url() + path))
                .timeout(Duration.ofSeconds(20))
                .build();
        return HTTP.send(request, BodyHandlers.ofString());
    }

    HttpResponse<String> post(String path, Object body) throws Exception {
        HttpRequest request = HttpRequest.newBuilder(URI.create(url() + path))
                .timeout(Duration.ofSeconds(20))
                .header("Content-Type", "application/json")
                .POST(BodyPublishers.ofString(JSON.writeValueAsString(body)))
                .build();
        return HTTP.send(request, BodyHandlers.ofString());
    }

    @Override
    public void close() {
        // Politely first: a demo that is killed leaves its database running.
        process.destroy();
        try {
            if (!process.waitFor(60, TimeUnit.SECONDS)) {
                process.destroyForcibly();
            }
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
