package dev.tidemill.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.TestDatabase;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** The heap that the launcher gives the server, in a process that ends when it runs out of it. */
@ExtendWith(FreshSchema.class)
@Timeout(180)
final class SmallHeapTest {
    private static final int LENGTH = 16_600_000;
    private static final int SENDERS = 3;
    /** So many that what they leave is less than the longest body. */
    private static final int IDLE = 3_500;

    private final TestDatabase database;

    @TempDir
    private Path folder = Path.of("set by JUnit");

    SmallHeapTest(TestDatabase database) {
        this.database = database;
    }

    /** With the launcher's own flags for the heap, so that they can not change without this. */
    private Process server() throws IOException {
        String launcher = Files.readString(Path.of("..", "..", "tidemill"));
        List<String> flags = launcher.lines()
                .dropWhile(line -> !line.startsWith("SERVER_JVM=("))
                .takeWhile(line -> !line.startsWith("BENCH_JVM"))
                .flatMap(line -> List.of(line.strip().split("[ ()]+", -1)).stream())
                .filter(flag -> flag.startsWith("-Xm") || flag.startsWith("-XX:"))
                .toList();
        assertThat(flags).contains("-XX:+ExitOnOutOfMemoryError").anyMatch(flag -> flag.startsWith("-Xmx"));
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(flags);
        command.addAll(List.of(
                "-cp",
                System.getProperty("java.class.path"),
                ServerMain.class.getName(),
                "--port",
                "0",
                "--json",
                "--open",
                "--schema",
                database.schema(),
                "--database",
                database.jdbcUrl()));
        ProcessBuilder builder =
                new ProcessBuilder(command).redirectError(folder.resolve("log").toFile());
        builder.environment().put("TIDEMILL_DATABASE_USER", database.user());
        builder.environment().put("TIDEMILL_DATABASE_PASSWORD", database.password());
        return builder.start();
    }

    private static byte[] oneText() {
        return ("{\"kind\":\"Large\",\"payload\":\"" + "x".repeat(LENGTH) + "\"}").getBytes(StandardCharsets.US_ASCII);
    }

    private static byte[] manyTexts() {
        String text = "\"" + "x".repeat(1_000) + "\"";
        return ("{\"kind\":\"Large\",\"payload\":["
                        + IntStream.range(0, LENGTH / 1_003).mapToObj(i -> text).collect(Collectors.joining(","))
                        + "]}")
                .getBytes(StandardCharsets.US_ASCII);
    }

    private static byte[] manyJobs() {
        String job = "{\"kind\":\"Large\",\"payload\":\"" + "x".repeat(2_000) + "\"}";
        return ("["
                        + IntStream.range(0, LENGTH / (job.length() + 1))
                                .mapToObj(i -> job)
                                .collect(Collectors.joining(","))
                        + "]")
                .getBytes(StandardCharsets.US_ASCII);
    }

    /** The answer's status; 0 where the connection was closed before one. */
    private static int send(int port, byte[] body) throws IOException {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            OutputStream out = socket.getOutputStream();
            try {
                out.write(("POST /api/v1/jobs HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                                + "Content-Length: " + body.length + "\r\n\r\n")
                        .getBytes(StandardCharsets.US_ASCII));
                out.write(body);
            } catch (SocketException refused) {
                return 0;
            }
            return status(socket);
        }
    }

    private static int status(Socket socket) throws IOException {
        try {
            byte[] first = socket.getInputStream().readNBytes("HTTP/1.1 200".length());
            return first.length < 12 ? 0 : Integer.parseInt(new String(first, 9, 3, StandardCharsets.US_ASCII));
        } catch (SocketException reset) {
            return 0;
        }
    }

    private static List<Integer> sendAtOnce(ExecutorService senders, int port, byte[] body)
            throws InterruptedException, ExecutionException {
        List<Future<Integer>> sent = IntStream.range(0, SENDERS)
                .mapToObj(i -> senders.submit(() -> send(port, body)))
                .toList();
        List<Integer> statuses = new ArrayList<>();
        for (Future<Integer> each : sent) {
            statuses.add(each.get());
        }
        return statuses;
    }

    private static Socket asked(int port) throws IOException {
        Socket socket = new Socket(InetAddress.getLoopbackAddress(), port);
        socket.getOutputStream()
                .write("GET /readyz HTTP/1.1\r\nHost: localhost\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
        return socket;
    }

    @Test
    void theLongestBodiesAtOnceAreRefusedRatherThanFillIt() throws Exception {
        Process process = server();
        List<Socket> idle = new ArrayList<>();
        try (ExecutorService senders = Executors.newFixedThreadPool(SENDERS);
                var lines = process.inputReader()) {
            int port = URI.create(
                            ServerUnderTest.json(lines.readLine()).get("url").stringValue())
                    .getPort();
            assertThat(sendAtOnce(senders, port, oneText())).isSubsetOf(413, 503, 0);
            assertThat(sendAtOnce(senders, port, manyTexts())).isSubsetOf(413, 503, 0);
            assertThat(sendAtOnce(senders, port, manyJobs())).isSubsetOf(201, 503, 0);
            assertThat(send(port, manyJobs())).as("one at a time").isEqualTo(201);
            for (int i = 0; i < IDLE; i++) {
                idle.add(asked(port));
            }
            for (Socket socket : idle) {
                assertThat(status(socket)).isEqualTo(200);
            }
            assertThat(sendAtOnce(senders, port, manyJobs())).isSubsetOf(503, 0);
            assertThat(sendAtOnce(senders, port, oneText())).isSubsetOf(503, 0);
            try (Socket after = asked(port)) {
                assertThat(status(after)).isEqualTo(200);
            }
        } finally {
            for (Socket socket : idle) {
                socket.close();
            }
            process.toHandle().destroy();
        }
        assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
        assertThat(Files.readString(folder.resolve("log"))).doesNotContain("OutOfMemory", "ERROR");
    }

    @Test
    void largeJobsAreHandedOutAFewAtATimeAndNotKept() throws Exception {
        int jobs = 110;
        byte[] job = ("{\"kind\":\"Heavy\",\"payload\":\"" + "x".repeat(1_000_000) + "\"}")
                .getBytes(StandardCharsets.US_ASCII);
        Process process = server();
        try (HttpClient client = HttpClient.newHttpClient();
                var lines = process.inputReader()) {
            String url = ServerUnderTest.json(lines.readLine()).get("url").stringValue();
            for (int i = 0; i < jobs; i++) {
                assertThat(send(URI.create(url).getPort(), job)).isEqualTo(201);
            }
            HttpRequest claim = HttpRequest.newBuilder(URI.create(url + "/api/v1/work/claim"))
                    .header("Content-Type", "application/json")
                    .POST(BodyPublishers.ofString("{\"worker\":\"one\",\"kinds\":[\"Heavy\"],\"max\":100}"))
                    .build();
            // All of them together, still held, have more than the heap.
            for (int held = 0; held < jobs; ) {
                HttpResponse<String> answer = client.send(claim, BodyHandlers.ofString());
                assertThat(answer.statusCode()).isEqualTo(200);
                int some = ServerUnderTest.json(answer.body()).get("jobs").size();
                assertThat(some).isBetween(1, 20);
                held += some;
            }
        } finally {
            process.toHandle().destroy();
        }
        assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
        assertThat(Files.readString(folder.resolve("log"))).doesNotContain("OutOfMemory", "ERROR");
    }
}
