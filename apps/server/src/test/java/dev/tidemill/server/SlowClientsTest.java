package dev.tidemill.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemill.server.http.Connections;
import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.TestDatabase;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Clients that never finish: each part of an exchange has its time, however often a byte comes. */
@ExtendWith(FreshSchema.class)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class SlowClientsTest {
    private static final Duration TIME = Duration.ofSeconds(2);
    /** The time, a look of the server's every second, and a slow machine. */
    private static final Duration MOST = Duration.ofSeconds(20);

    private static final int BODY_ROOM = 2 << 20;

    private final TestDatabase database;
    private ServerUnderTest server;

    SlowClientsTest(TestDatabase database) {
        this.database = database;
    }

    @BeforeAll
    void start() {
        server = ServerUnderTest.on(
                database,
                jobs -> jobs,
                settings -> settings.times(new Connections.Times(TIME, TIME, TIME, TIME))
                        .bodyRoom(BODY_ROOM));
    }

    @AfterAll
    void stop() {
        server.close();
    }

    private Socket connect(String beginning) throws IOException {
        Socket socket = new Socket(InetAddress.getLoopbackAddress(), server.server.port());
        socket.setSoTimeout((int) MOST.toMillis());
        socket.getOutputStream().write(beginning.getBytes(StandardCharsets.US_ASCII));
        return socket;
    }

    /** Sends this ten times a second until the server has had enough; what it answered. */
    private static String drip(Socket socket, String drop) throws IOException {
        Instant until = Instant.now().plus(MOST);
        StringBuilder answer = new StringBuilder();
        byte[] some = new byte[4_096];
        socket.setSoTimeout(100);
        while (Instant.now().isBefore(until)) {
            try {
                int count = socket.getInputStream().read(some);
                if (count < 0) {
                    return answer.toString();
                }
                answer.append(new String(some, 0, count, StandardCharsets.US_ASCII));
            } catch (SocketTimeoutException nothingYet) {
                if (answer.isEmpty()) {
                    try {
                        socket.getOutputStream().write(drop.getBytes(StandardCharsets.US_ASCII));
                    } catch (SocketException closed) {
                        return answer.toString();
                    }
                }
            } catch (SocketException reset) {
                return answer.toString();
            }
        }
        throw new AssertionError("The server still waits after " + MOST);
    }

    @Test
    void aHeadThatComesByDropsIsCutOff() throws IOException {
        try (Socket socket = connect("GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Slow: ")) {
            assertThat(drip(socket, "x")).isEmpty();
        }
    }

    @Test
    void aSecondHeadOnAKeptConnectionIsToo() throws IOException {
        try (Socket socket = connect("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")) {
            InputStream in = socket.getInputStream();
            assertThat(in.readNBytes(12)).asString().isEqualTo("HTTP/1.1 200");
            in.skipNBytes(in.available());
            assertThat(drip(socket, "G")).doesNotContain("HTTP/1.1 200");
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "Content-Length: 1000\r\n\r\n{",
                "Transfer-Encoding: chunked\r\n\r\n100000\r\n{",
                "Transfer-Encoding: chunked\r\n\r\n"
            })
    void aBodyThatComesByDropsIsAnsweredWith408(String rest) throws IOException {
        try (Socket socket =
                connect("POST /api/v1/jobs HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n" + rest)) {
            assertThat(drip(socket, rest.endsWith("{") ? " " : "1\r\n \r\n"))
                    .startsWith("HTTP/1.1 408")
                    .contains("REQUEST_TIMEOUT");
        }
        assertThat(server.get("/api/v1/stats").statusCode()).isEqualTo(200);
    }

    @Test
    void whoSaysNothingIsCutOffToo() throws IOException {
        try (Socket socket = connect("")) {
            assertThat(drip(socket, "")).isEmpty();
        }
    }

    @Test
    void whoDoesNotTakeTheAnswerIsCutOff() throws IOException {
        long id = ServerUnderTest.json(server.post(
                        "/api/v1/jobs", "{\"kind\":\"Large\",\"payload\":\"" + "x".repeat(1_000_000) + "\"}"))
                .get("id")
                .longValue();
        String request = "GET /api/v1/jobs/" + id + " HTTP/1.1\r\nHost: localhost\r\n\r\n";
        try (Socket socket = connect(request.repeat(40))) {
            Awaitility.await().atMost(MOST).until(() -> server.server.inHand() == 1);
            Awaitility.await().atMost(MOST).during(Duration.ofMillis(500)).until(() -> server.server.inHand() == 0);
            assertThat(socket.isConnected()).isTrue();
        }
    }

    @Test
    void bodiesTogetherHaveABound() throws IOException {
        List<Socket> many = new ArrayList<>();
        int refused = 0;
        try {
            String head = String.join(
                    "\r\n",
                    "POST /api/v1/jobs HTTP/1.1",
                    "Host: localhost",
                    "Content-Type: application/json",
                    "Content-Length: 1000000",
                    "",
                    "");
            for (int i = 0; i < 5; i++) {
                Socket socket = connect(head);
                many.add(socket);
                try {
                    socket.getOutputStream().write("x".repeat(900_000).getBytes(StandardCharsets.US_ASCII));
                } catch (SocketException closed) {
                    // Those beyond the bound may be cut off while they send.
                }
            }
            for (Socket socket : many) {
                refused += drip(socket, "").startsWith("HTTP/1.1 408") ? 0 : 1;
            }
        } finally {
            for (Socket socket : many) {
                socket.close();
            }
        }
        assertThat(refused).isBetween(2, 4);
        Awaitility.await()
                .atMost(MOST)
                .untilAsserted(() -> assertThat(server.server.inMemory()).isZero());
        assertThat(server.post("/api/v1/jobs", "{\"kind\":\"After\"}").statusCode())
                .isEqualTo(201);
    }
}
