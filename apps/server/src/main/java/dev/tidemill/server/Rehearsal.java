package dev.tidemill.server;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PipedReader;
import java.io.PipedWriter;
import java.io.PrintWriter;
import java.net.HttpURLConnection;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

/**
 * Starts the server on a database of its own, asks it for some seconds for what servers are mostly asked for, and ends. The
 * launcher does this once for each build, with a JVM that writes down which classes that took and which methods were hot;
 * servers start from there. What has never run is slow, and a server that was just started is met by everybody at once.
 */
final class Rehearsal {
    private static final JsonMapper JSON = JsonMapper.builder().build();
    private static final int VISITORS = 4;
    private static final Duration START_AND_STOP = Duration.ofSeconds(1);

    private final String url;
    private final long endNanos;
    private final AtomicLong answered;

    private Rehearsal(String url, long endNanos, AtomicLong answered) {
        this.url = url;
        this.endNanos = endNanos;
        this.answered = answered;
    }

    /**
     * Runs it.
     *
     * @param args the folder for the database's data, which is not there yet, and for how many seconds to ask
     */
    public static void main(String[] args) throws IOException, InterruptedException {
        Duration length = Duration.ofSeconds(Long.parseLong(args[1]));
        AtomicLong answered = new AtomicLong();
        AtomicReference<@Nullable Exception> failed = new AtomicReference<>();
        PipedReader said = new PipedReader();
        PrintWriter out = new PrintWriter(new PipedWriter(said), true);
        Thread visits = Thread.ofPlatform().start(() -> {
            try (BufferedReader lines = new BufferedReader(said)) {
                String url = text(lines.readLine(), "url");
                visit(new Rehearsal(url, System.nanoTime() + length.toNanos(), answered), failed);
            } catch (IOException | JacksonException | InterruptedException broken) {
                failed.set(broken);
            }
        });
        int exit = ServerMain.command(new ServerMain(out))
                .execute(
                        "--open",
                        "--port",
                        "0",
                        "--json",
                        "--data",
                        args[0],
                        "--for",
                        length.plus(START_AND_STOP).toString());
        out.close();
        visits.join();
        Exception broken = failed.get();
        if (broken != null) {
            System.err.println("tidemill: the rehearsal failed: " + broken);
        }
        System.out.println("tidemill: " + answered + " requests were answered");
        System.exit(broken == null ? exit : 1);
    }

    private static void visit(Rehearsal rehearsal, AtomicReference<@Nullable Exception> failed)
            throws InterruptedException {
        List<Thread> visitors = new ArrayList<>();
        for (int i = 0; i < VISITORS; i++) {
            visitors.add(Thread.ofVirtual().start(() -> {
                try {
                    rehearsal.ask();
                } catch (IOException | RuntimeException broken) {
                    failed.set(broken);
                }
            }));
        }
        for (Thread visitor : visitors) {
            visitor.join();
        }
    }

    /** One visitor's requests, one after the other. */
    private void ask() throws IOException {
        while (System.nanoTime() - endNanos < 0) {
            String made = request("POST", "/api/v1/jobs", "{\"kind\":\"Rehearsal\",\"payload\":{\"number\":1}}");
            String id = text(made, "id");
            request("GET", "/api/v1/jobs/" + id, "");
            request("GET", "/api/v1/jobs?queue=default&limit=20", "");
            request("GET", "/jobs/" + id, "");
            long number = answered.get();
            if (number % 64 < 4) {
                for (String page : List.of("/", "/queues", "/jobs", "/dead-letters", "/metrics", "/api/v1/stats")) {
                    request("GET", page, "");
                }
            }
        }
    }

    private static String text(String object, String name) {
        return JSON.readTree(object).path(name).asString();
    }

    private String request(String method, String path, String body) throws IOException {
        HttpURLConnection connection =
                (HttpURLConnection) URI.create(url + path).toURL().openConnection();
        connection.setRequestMethod(method);
        if (!body.isEmpty()) {
            connection.setDoOutput(true);
            connection.setRequestProperty("Content-Type", "application/json");
            try (OutputStream stream = connection.getOutputStream()) {
                stream.write(body.getBytes(StandardCharsets.UTF_8));
            }
        }
        try (InputStream stream = connection.getInputStream()) {
            String answer = new String(stream.readAllBytes(), StandardCharsets.UTF_8);
            answered.incrementAndGet();
            return answer;
        }
    }
}
