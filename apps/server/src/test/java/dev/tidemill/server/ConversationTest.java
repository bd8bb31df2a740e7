package dev.tidemill.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.TestDatabase;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.ExtendWith;

/** Requests of one connection, which are answered one after the other, wherever its packets end. */
@ExtendWith(FreshSchema.class)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class ConversationTest {
    private static final String JOB = "{\"kind\":\"Spoken\"}";
    private static final String GET = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n";
    private static final String POST =
            "POST /api/v1/jobs HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n" + "Content-Length: "
                    + JOB.length() + "\r\n\r\n" + JOB;
    private static final int ANSWER_WITHIN_MILLIS = 40_000;

    private final TestDatabase database;
    private ServerUnderTest server;

    ConversationTest(TestDatabase database) {
        this.database = database;
    }

    @BeforeAll
    void start() {
        server = ServerUnderTest.on(database);
    }

    @AfterAll
    void stop() {
        server.close();
    }

    /** A client's end of a connection. */
    private record Client(Socket socket, InputStream in) implements AutoCloseable {
        static Client of(int port) throws IOException {
            Socket socket = new Socket(InetAddress.getLoopbackAddress(), port);
            socket.setSoTimeout(ANSWER_WITHIN_MILLIS);
            socket.setTcpNoDelay(true);
            return new Client(socket, new BufferedInputStream(socket.getInputStream()));
        }

        void send(String text) throws IOException {
            socket.getOutputStream().write(text.getBytes(StandardCharsets.US_ASCII));
        }

        /** Reads an answer to its end; its status. */
        int status() throws IOException {
            String first = line();
            int length = 0;
            for (String line = line(); !line.isEmpty(); line = line()) {
                if (line.toLowerCase(Locale.ROOT).startsWith("content-length:")) {
                    length = Integer.parseInt(
                            line.substring(line.indexOf(':') + 1).strip());
                }
            }
            assertThat(in.readNBytes(length)).hasSize(length);
            return Integer.parseInt(first.substring("HTTP/1.1 ".length(), "HTTP/1.1 200".length()));
        }

        private String line() throws IOException {
            StringBuilder line = new StringBuilder();
            for (int next = in.read(); next != '\n'; next = in.read()) {
                assertThat(next).as("the connection's end after '%s'", line).isNotNegative();
                line.append((char) next);
            }
            return line.toString().strip();
        }

        @Override
        public void close() throws IOException {
            socket.close();
        }
    }

    @Test
    void aRequestMayComeWithTheEndOfTheOneBeforeItAndBeCutAnywhere() throws IOException {
        try (Client client = Client.of(server.server.port())) {
            for (int cut = 0; cut <= POST.length(); cut++) {
                client.send(GET + POST.substring(0, cut));
                assertThat(client.status()).isEqualTo(200);
                client.send(POST.substring(cut));
                assertThat(client.status()).as("cut after %d bytes", cut).isEqualTo(201);
            }
        }
    }

    @Test
    void manyRequestsMayComeAtOnce() throws IOException {
        try (Client client = Client.of(server.server.port())) {
            client.send((GET + POST).repeat(50));
            for (int i = 0; i < 50; i++) {
                assertThat(client.status()).isEqualTo(200);
                assertThat(client.status()).isEqualTo(201);
            }
        }
    }

    @Test
    void aBodyThatNobodyReadsMayComeAfterItsAnswer() throws IOException {
        String refused = "POST /none HTTP/1.1\r\nHost: localhost\r\nContent-Length: 20\r\n\r\n";
        try (Client client = Client.of(server.server.port())) {
            for (int cut = 0; cut <= 20; cut++) {
                client.send(refused + "x".repeat(cut));
                assertThat(client.status()).isEqualTo(404);
                client.send("x".repeat(20 - cut) + GET);
                assertThat(client.status()).as("cut after %d bytes", cut).isEqualTo(200);
            }
        }
    }

    @Test
    void whoWaitsForTheNextRequestIsSentAwayWhenTheServerStops() throws IOException {
        ServerUnderTest stopping = ServerUnderTest.on(database);
        try (Client asked = Client.of(stopping.server.port());
                Client silent = Client.of(stopping.server.port())) {
            asked.send(GET);
            assertThat(asked.status()).isEqualTo(200);
            stopping.close();
            assertThat(asked.in().read()).isNegative();
            assertThat(silent.in().read()).isNegative();
        }
    }
}
