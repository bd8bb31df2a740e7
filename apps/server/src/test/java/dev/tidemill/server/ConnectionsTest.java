package dev.tidemill.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.management.UnixOperatingSystemMXBean;
import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.TestDatabase;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.net.InetAddress;
import java.net.Socket;
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

/** Clients that take their time: they cost little, and keep nobody else waiting. */
@ExtendWith(FreshSchema.class)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class ConnectionsTest {
    private static final int IDLE = 2_000;
    private static final int SLOW = 100;
    private static final Duration PROMPT = Duration.ofSeconds(15);
    /** Both ends of a connection are in this process. */
    private static final int MAX_BYTES_A_CONNECTION = 64 << 10;

    private final TestDatabase database;
    private ServerUnderTest server;

    ConnectionsTest(TestDatabase database) {
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

    private Socket connect(String beginning) throws IOException {
        Socket socket = new Socket(InetAddress.getLoopbackAddress(), server.server.port());
        socket.setSoTimeout(40_000);
        socket.getOutputStream().write(beginning.getBytes(StandardCharsets.US_ASCII));
        return socket;
    }

    private void assertOthersAreServed() {
        Instant began = Instant.now();
        assertThat(server.post("/api/v1/jobs", "{\"kind\":\"Beside\"}").statusCode())
                .isEqualTo(201);
        assertThat(server.get("/api/v1/stats").statusCode()).isEqualTo(200);
        assertThat(Duration.between(began, Instant.now())).isLessThan(PROMPT);
    }

    private static long openFiles() {
        return ((UnixOperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean()).getOpenFileDescriptorCount();
    }

    private static long usedBytes() {
        System.gc();
        return ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
    }

    @Test
    void twoThousandIdleConnectionsCostLittleAndLeaveNothingBehind() throws IOException {
        assertOthersAreServed();
        long files = openFiles();
        long bytes = usedBytes();
        int threads = ManagementFactory.getThreadMXBean().getThreadCount();
        List<Socket> idle = new ArrayList<>();
        try {
            for (int i = 0; i < IDLE; i++) {
                idle.add(connect(i % 2 == 0 ? "" : "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"));
            }
            for (int i = 1; i < IDLE; i += 2) {
                assertThat(idle.get(i).getInputStream().readNBytes(12))
                        .asString()
                        .isEqualTo("HTTP/1.1 200");
            }
            assertOthersAreServed();
            assertThat(ManagementFactory.getThreadMXBean().getThreadCount())
                    .as("platform threads")
                    .isLessThan(threads + 50);
            assertThat(usedBytes() - bytes).as("heap").isLessThan((long) IDLE * MAX_BYTES_A_CONNECTION);
        } finally {
            for (Socket socket : idle) {
                socket.close();
            }
        }
        Awaitility.await().untilAsserted(() -> assertThat(openFiles()).isLessThan(files + 50));
        assertOthersAreServed();
    }

    @Test
    void whoeverSendsAHeadOrABodyByDropsKeepsNobodyWaiting() throws IOException {
        List<Socket> slow = new ArrayList<>();
        try {
            for (int i = 0; i < SLOW; i++) {
                slow.add(connect("GET /api/v1/stats HTTP/1.1\r\nHost: loc"));
                slow.add(connect("POST /api/v1/jobs HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                        + "Content-Length: 100\r\n\r\n{\"kind\""));
            }
            assertOthersAreServed();
        } finally {
            for (Socket socket : slow) {
                socket.close();
            }
        }
        assertOthersAreServed();
    }

    @Test
    void connectionsBeyondTheBoundWaitUntilOneIsGone() throws IOException {
        int bound = 20;
        List<Socket> open = new ArrayList<>();
        try {
            // Its end comes before theirs: it stops with as many open as there may be, and one that waits.
            try (ServerUnderTest few =
                    ServerUnderTest.on(database, jobs -> jobs, settings -> settings.maxConnections(bound))) {
                for (int i = 0; i < bound; i++) {
                    open.add(asked(few));
                    assertThat(open.getLast().getInputStream().readNBytes(12))
                            .asString()
                            .isEqualTo("HTTP/1.1 200");
                }
                Socket late = asked(few);
                open.add(late);
                late.setSoTimeout(300);
                assertThatThrownBy(() -> late.getInputStream().read()).isInstanceOf(SocketTimeoutException.class);
                late.setSoTimeout(40_000);
                open.getFirst().close();
                assertThat(late.getInputStream().readNBytes(12)).asString().isEqualTo("HTTP/1.1 200");
                open.add(asked(few));
            }
        } finally {
            for (Socket socket : open) {
                socket.close();
            }
        }
    }

    private static Socket asked(ServerUnderTest server) throws IOException {
        Socket socket = new Socket(InetAddress.getLoopbackAddress(), server.server.port());
        socket.getOutputStream()
                .write("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
        return socket;
    }
}
