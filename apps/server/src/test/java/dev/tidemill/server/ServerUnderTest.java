package dev.tidemill.server;

import dev.tidemill.jobs.Tidemill;
import dev.tidemill.jobs.TidemillBuilder;
import dev.tidemill.testkit.TestDatabase;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.function.UnaryOperator;
import org.awaitility.Awaitility;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** A real server on a free port, on the test class's own schema, and a client for it. */
final class ServerUnderTest implements AutoCloseable {
    private static final JsonMapper MAPPER = JsonMapper.builder().build();

    static {
        Awaitility.setDefaultTimeout(Duration.ofSeconds(30));
    }

    final Tidemill mill;
    final TidemillServer server;
    private final HttpClient client = HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(Duration.ofSeconds(10))
            .build();

    ServerUnderTest(Tidemill mill, TidemillServer server) {
        this.mill = mill;
        this.server = server;
    }

    static ServerUnderTest on(
            TestDatabase database, UnaryOperator<TidemillBuilder> jobs, UnaryOperator<TidemillServerBuilder> settings) {
        Tidemill mill = jobs.apply(Tidemill.on(database.dataSource()).schema(database.schema()))
                .start();
        return new ServerUnderTest(
                mill, settings.apply(TidemillServer.builder(mill).open()).start());
    }

    /** One that asks who sends a request. */
    static ServerUnderTest closed(TestDatabase database, UnaryOperator<TidemillServerBuilder> settings) {
        Tidemill mill =
                Tidemill.on(database.dataSource()).schema(database.schema()).start();
        return new ServerUnderTest(
                mill, settings.apply(TidemillServer.builder(mill)).start());
    }

    /** One that asks nobody who they are, as all of these do but for {@link #closed}. */
    static ServerUnderTest on(TestDatabase database) {
        return on(database, jobs -> jobs, settings -> settings);
    }

    HttpRequest.Builder to(String path) {
        return HttpRequest.newBuilder(URI.create(server.url() + path)).timeout(Duration.ofSeconds(30));
    }

    HttpResponse<String> send(HttpRequest.Builder request) {
        try {
            return client.send(request.build(), BodyHandlers.ofString());
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        } catch (InterruptedException interrupted) {
            throw new IllegalStateException(interrupted);
        }
    }

    HttpResponse<InputStream> open(HttpRequest.Builder request) throws IOException, InterruptedException {
        return client.send(request.build(), BodyHandlers.ofInputStream());
    }

    HttpResponse<String> get(String path) {
        return send(to(path));
    }

    HttpResponse<String> post(String path, String json) {
        return send(to(path).header("Content-Type", "application/json").POST(BodyPublishers.ofString(json)));
    }

    HttpResponse<String> put(String path, String json) {
        return send(to(path).header("Content-Type", "application/json").PUT(BodyPublishers.ofString(json)));
    }

    HttpResponse<String> post(String path) {
        return send(to(path).POST(BodyPublishers.noBody()));
    }

    /** Sends lines and an empty one as they are, for what a well-behaved client would not; returns the whole answer. */
    String raw(String... lines) {
        return rawWithBody("", lines);
    }

    String rawWithBody(String body, String... lines) {
        String request = String.join("\r\n", lines) + "\r\n\r\n" + body;
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), server.port())) {
            socket.setSoTimeout(20_000);
            socket.getOutputStream().write(request.getBytes(StandardCharsets.UTF_8));
            socket.getOutputStream().flush();
            return new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }

    static JsonNode json(HttpResponse<String> response) {
        return MAPPER.readTree(response.body());
    }

    static JsonNode json(String text) {
        return MAPPER.readTree(text);
    }

    @Override
    public void close() {
        server.stop();
        mill.stop(Duration.ofSeconds(5));
    }
}
