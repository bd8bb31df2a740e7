package dev.tidemill.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.TestDatabase;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Bytes that no client should send: wrong methods, paths that are tricks, broken heads, requests in pieces. The server
 * refuses them as the client's fault, or closes, and goes on. Where requests end follows from a seed, which is printed;
 * {@code -Dtidemill.fuzz.seed=N} repeats one.
 */
@ExtendWith(FreshSchema.class)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class WireFuzzTest {
    private static final int CUTS = 40;
    private static final long SEED = Long.getLong("tidemill.fuzz.seed", System.nanoTime());

    private final TestDatabase database;
    private final Random random = new Random(SEED);
    private ServerUnderTest server;

    WireFuzzTest(TestDatabase database) {
        this.database = database;
    }

    @BeforeAll
    void start() {
        System.out.println("The seed is " + SEED + "; -Dtidemill.fuzz.seed=" + SEED + " repeats it.");
        server = ServerUnderTest.on(database, jobs -> jobs, settings -> settings.bodyLimit(1 << 20));
    }

    @AfterAll
    void afterAllThatTheServerServes() {
        try (ServerUnderTest ending = server) {
            HttpResponse<String> made = ending.post("/api/v1/jobs", "{\"kind\":\"After\"}");
            assertThat(made.statusCode()).isEqualTo(201);
            assertThat(ending.get(made.headers().firstValue("Location").orElseThrow())
                            .statusCode())
                    .isEqualTo(200);
            assertThat(ending.get("/readyz").statusCode()).isEqualTo(200);
        }
    }

    private static String shortened(String text) {
        return text.length() < 300 ? text : text.substring(0, 300) + "…";
    }

    @Test
    void everyMethodMayBeTriedAnywhere() {
        List<String> paths = List.of(
                "/",
                "/healthz",
                "/metrics",
                "/events",
                "/assets/x",
                "/openapi.json",
                "/none",
                "/api/v1/jobs",
                "/api/v1/jobs/1",
                "/api/v1/jobs/1/cancel",
                "/api/v1/schedules/1",
                "/api/v1/limits");
        for (String path : paths) {
            for (String method :
                    List.of("HEAD", "OPTIONS", "PATCH", "TRACE", "PROPFIND", "QUERY", "BREW", "A".repeat(80))) {
                assertAnswered(line(method, path));
            }
        }
    }

    private String line(String method, String path) {
        return method + " " + path + " HTTP/1.1\r\nHost: 127.0.0.1:" + server.server.port()
                + "\r\nConnection: close\r\n\r\n";
    }

    static Stream<String> oddPaths() {
        return Stream.of(
                "/../../../../etc/passwd",
                "/assets/../../module-info.class",
                "/assets/..%2f..%2fmodule-info.class",
                "/assets/%2e%2e/%2e%2e/x",
                "/api/v1/jobs/%00",
                "/api/v1/jobs/1%00",
                "/api/v1/jobs/%c0%ae%c0%ae",
                "/api/v1/jobs/%ff%fe",
                "/api/v1/jobs/%ed%a0%80",
                "/api/v1/jobs/%",
                "/api/v1/jobs/%zz",
                "/api/v1/jobs/%2",
                "/api/v1/jobs/1;a=b",
                "/api/v1/jobs/1/../2",
                "/api/v1//jobs",
                "//api/v1/jobs",
                "/api/v1/jobs/1%2fwhy",
                "/api/v1/jobs?%",
                "/api/v1/jobs?a=%zz",
                "/api/v1/jobs?limit=1&limit=2",
                "/api/v1/jobs?=",
                "/api/v1/jobs?&&&",
                "/api/v1/jobs?tag=%ff:%fe",
                "/api/v1/jobs#fragment",
                "/api/v1/jobs?" + "a=1&".repeat(500),
                "/" + "a/".repeat(2_000),
                "/api/v1/schedules/%00",
                "/api/v1/schedules/%ff",
                "/api/v1/schedules/" + "a".repeat(3_000),
                "/api/v1/queues/%2e%2e",
                "*",
                "http://other.example/api/v1/jobs",
                "api/v1/jobs",
                "");
    }

    @ParameterizedTest
    @MethodSource("oddPaths")
    void aPathMayBeATrick(String path) throws IOException {
        for (String method : List.of("GET", "POST", "DELETE")) {
            String answer = assertAnswered(line(method, path));
            assertThat(answer).doesNotContain("root:", "module dev.tidemill", "\tat ");
        }
    }

    static Stream<String> oddHeads() {
        String post = "POST /api/v1/jobs HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n";
        return Stream.of(
                "GET /api/v1/stats HTTP/1.1\r\nHost: localhost\r\n" + "X-A: b\r\n".repeat(3_000) + "\r\n",
                "GET /api/v1/stats HTTP/1.1\r\nHost: localhost\r\nX-A: " + "b".repeat(200_000) + "\r\n\r\n",
                "GET /api/v1/stats HTTP/1.1\r\nHost: localhost\r\nX-\u0000: b\r\n\r\n",
                "GET /api/v1/stats HTTP/1.1\r\nHost: localhost\r\n: b\r\n\r\n",
                "GET /api/v1/stats HTTP/1.1\r\nHost: localhost\r\nX-A b\r\n\r\n",
                "GET /api/v1/stats HTTP/1.1\nHost: localhost\n\n",
                "GET /api/v1/stats HTTP/1.1\r\nHost: localhost\r\nHost: other\r\n\r\n",
                "GET /api/v1/stats HTTP/1.1\r\n\r\n",
                "GET /api/v1/stats HTTP/9.9\r\nHost: localhost\r\n\r\n",
                "GET /api/v1/stats\r\n\r\n",
                "GET  HTTP/1.1\r\n\r\n",
                "\r\n\r\n\r\n",
                "\u0016\u0003\u0001\u0002\u0000\u0001",
                "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
                "GET /api/v1/stats HTTP/1.1\r\nHost: localhost\r\nIf-None-Match: " + "\"a\",".repeat(1_000)
                        + "\r\n\r\n",
                "GET /api/v1/stats HTTP/1.1\r\nHost: localhost\r\nCookie: " + "a=b;".repeat(1_000) + "\r\n\r\n",
                "GET /api/v1/stats HTTP/1.1\r\nHost: localhost\r\nCookie: ===;;;=\u007f\r\n\r\n",
                "GET /api/v1/stats HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer \r\n\r\n",
                "GET /api/v1/stats HTTP/1.1\r\nHost: localhost\r\nAuthorization: " + "x".repeat(7_000) + "\r\n\r\n",
                "GET /api/v1/stats HTTP/1.1\r\nHost: localhost\r\nRange: bytes=0-1\r\n\r\n",
                "GET /api/v1/stats HTTP/1.1\r\nHost: localhost\r\nExpect: 200-maybe\r\n\r\n",
                "GET /api/v1/stats HTTP/1.1\r\nHost: localhost\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n",
                post + "Content-Length: -1\r\n\r\n",
                post + "Content-Length: x\r\n\r\n",
                post + "Content-Length: 99999999999999999999\r\n\r\n",
                post + "Content-Length: 9999999999\r\n\r\n{",
                post + "Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
                post + "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}",
                post + "Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n",
                post + "Transfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n{}",
                post + "Transfer-Encoding: chunked\r\n\r\n-1\r\n{}",
                post + "Transfer-Encoding: chunked\r\n\r\n2\r\n{}X\r\n0\r\n\r\n",
                post + "Transfer-Encoding: gzip\r\n\r\n{}",
                post + "Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}",
                post + "Idempotency-Key: " + "k".repeat(2_000) + "\r\nContent-Length: 2\r\n\r\n{}",
                post + "traceparent: 00-zz\r\nContent-Length: 2\r\n\r\n{}",
                post + "Expect: 100-continue\r\nContent-Length: 99999999\r\n\r\n",
                "POST /api/v1/jobs HTTP/1.1\r\nHost: localhost\r\nContent-Type: " + "a/".repeat(500)
                        + "\r\nContent-Length: 2\r\n\r\n{}");
    }

    @ParameterizedTest
    @MethodSource("oddHeads")
    void aHeadMayBeBroken(String request) {
        assertAnswered(request);
    }

    @Test
    void aRequestMayComeInPiecesAndEndAnywhere() {
        String body = "[{\"kind\":\"Piecemeal\",\"payload\":{\"text\":\"" + "x".repeat(200) + "\"}}]";
        List<String> whole = List.of(
                "POST /api/v1/jobs HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: "
                        + body.length() + "\r\nIdempotency-Key: piece\r\n\r\n" + body,
                "POST /api/v1/jobs HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                        + "Transfer-Encoding: chunked\r\n\r\n" + Integer.toHexString(body.length()) + "\r\n" + body
                        + "\r\n0\r\n\r\n",
                "GET /api/v1/stats HTTP/1.1\r\nHost: localhost\r\n\r\nGET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n");
        for (String request : whole) {
            for (int i = 0; i < CUTS; i++) {
                String part = request.substring(0, 1 + random.nextInt(request.length()));
                assertAnswered(part, 1 + random.nextInt(20));
            }
            assertThat(assertAnswered(request, 1)).as("all of it, byte by byte").startsWith("HTTP/1.1 20");
        }
    }

    /** Sends bytes as they are and then nothing more; returns the answer, which there need not be. */
    private String assertAnswered(String request) {
        return assertAnswered(request, request.length() + 1);
    }

    private String assertAnswered(String request, int piece) {
        String answer = "";
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), server.server.port())) {
            socket.setSoTimeout(10_000);
            socket.setTcpNoDelay(true);
            OutputStream out = socket.getOutputStream();
            byte[] bytes = request.getBytes(StandardCharsets.ISO_8859_1);
            for (int from = 0; from < bytes.length; from += piece) {
                out.write(bytes, from, Math.min(piece, bytes.length - from));
                out.flush();
            }
            socket.shutdownOutput();
            answer = read(socket.getInputStream());
        } catch (SocketTimeoutException silent) {
            throw new AssertionError("No answer and no end to " + shortened(request), silent);
        } catch (SocketException cut) {
            // A server that has refused need not read the rest, and what it said may be lost with the connection.
            answer = "";
        } catch (IOException failed) {
            throw new AssertionError(shortened(request), failed);
        }
        if (!answer.isEmpty()) {
            assertThat(answer).as("the answer to %s", shortened(request)).matches("(?s)HTTP/1\\.[01] [1-4]\\d\\d .*");
        }
        return answer;
    }

    private static String read(InputStream in) throws IOException {
        return new String(in.readNBytes(1 << 20), StandardCharsets.ISO_8859_1);
    }
}
