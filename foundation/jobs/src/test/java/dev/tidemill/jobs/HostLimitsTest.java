package dev.tidemill.jobs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.net.http.HttpTimeoutException;
import java.time.Duration;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Requests that leave the house, so many at a time. */
final class HostLimitsTest {
    private static final Duration LONG = Duration.ofSeconds(30);

    private final AtomicInteger running = new AtomicInteger();
    private final AtomicInteger most = new AtomicInteger();
    private final CountDownLatch never = new CountDownLatch(1);
    private final CountDownLatch held = new CountDownLatch(1);
    private final CountDownLatch trickled = new CountDownLatch(1);
    private final List<String> turns = new CopyOnWriteArrayList<>();
    private final HttpServer server;
    private final HttpClient client = HttpClient.newHttpClient();

    HostLimitsTest() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
        server.createContext("/", exchange -> {
            boolean counted = true;
            most.accumulateAndGet(running.incrementAndGet(), Math::max);
            try {
                String path = exchange.getRequestURI().getPath();
                boolean hold = path.equals("/hold");
                if (hold) {
                    held.countDown();
                }
                if (never.await(hold ? 20_000 : 5, TimeUnit.MILLISECONDS)) {
                    throw new IOException("let go");
                }
                String after = exchange.getRequestHeaders().getFirst("X-After");
                if (path.startsWith("/turn")) {
                    turns.add(path);
                }
                if (path.equals("/trickle")) {
                    exchange.sendResponseHeaders(200, 0);
                    exchange.getResponseBody().flush();
                    trickled.await(20, TimeUnit.SECONDS);
                    return;
                }
                if (after != null) {
                    exchange.getResponseHeaders().set("Retry-After", after);
                }
                // The client may be back before this thread is.
                running.decrementAndGet();
                counted = false;
                exchange.sendResponseHeaders(path.equals("/busy") ? 429 : path.equals("/down") ? 503 : 204, -1);
            } catch (InterruptedException told) {
                Thread.currentThread().interrupt();
            } finally {
                if (counted) {
                    running.decrementAndGet();
                }
                exchange.close();
            }
        });
        server.start();
    }

    @AfterEach
    void stop() {
        never.countDown();
        trickled.countDown();
        server.stop(0);
        client.close();
    }

    private HttpRequest to(String path, String... headers) {
        HttpRequest.Builder request = HttpRequest.newBuilder(
                URI.create("http://127.0.0.1:" + server.getAddress().getPort() + path));
        return (headers.length == 0 ? request : request.headers(headers)).build();
    }

    private Retry heeded(String path, String... headers) throws Exception {
        var answer = HostLimits.over(client).send(to(path, headers), BodyHandlers.discarding());
        try {
            HostLimits.heed(answer);
        } catch (Retry limited) {
            return limited;
        }
        throw new AssertionError("passed on");
    }

    @Test
    void noMoreThanAskedForAreUnderWayToOneHost() throws Exception {
        HostLimits http = HostLimits.over(client).perHost(3);
        List<Callable<Integer>> calls = IntStream.range(0, 60)
                .<Callable<Integer>>mapToObj(
                        i -> () -> http.send(to("/"), BodyHandlers.discarding()).statusCode())
                .toList();
        assertThat(Parallel.parallel(calls, 30, LONG)).containsOnly(204);
        assertThat(most.get()).isBetween(2, 3);
        assertThat(http.busy("127.0.0.1")).isZero();
    }

    @Test
    void waitingForATurnEndsInTimeAndAtAnInterrupt() throws Exception {
        HostLimits http = HostLimits.over(client).perHost(1).waitAtMost(Duration.ofMillis(100));
        Thread holder = sending(http, "/hold");
        assertThat(held.await(20, TimeUnit.SECONDS)).isTrue();
        assertThatThrownBy(() -> http.send(to("/"), BodyHandlers.discarding()))
                .isInstanceOf(HttpTimeoutException.class)
                .hasMessageContaining("No turn came");
        assertThat(http.turnsMissed()).isEqualTo(1);
        holder.interrupt();
        assertThat(holder.join(LONG)).isTrue();
        assertThat(http.send(to("/"), BodyHandlers.discarding()).statusCode())
                .as("the turn of an interrupted request is free again")
                .isEqualTo(204);
    }

    @Test
    void whatIsUnderWayAndWhatWaitsIsToldByHost() throws Exception {
        HostLimits http = HostLimits.over(client).perHost(1);
        String local = "127.0.0.1";
        assertThat(http.stats()).isEmpty();
        Thread holder = sending(http, "/hold");
        assertThat(held.await(20, TimeUnit.SECONDS)).isTrue();
        assertThat(http.stats()).containsExactly(new HostStats(local, 1, 0, 1));
        Thread second = sending(http, "/hold");
        Thread third = sending(http, "/hold");
        becomes(http, new HostStats(local, 1, 2, 1));
        // One that listens and never answers.
        try (ServerSocket other = new ServerSocket(0, 50, InetAddress.getByName("127.0.0.2"))) {
            Thread elsewhere = Thread.ofVirtual()
                    .start(() -> send(
                            http,
                            HttpRequest.newBuilder(URI.create("http://127.0.0.2:" + other.getLocalPort() + "/"))
                                    .build()));
            becomes(http, new HostStats(local, 1, 2, 1), new HostStats("127.0.0.2", 1, 0, 1));
            elsewhere.interrupt();
            assertThat(elsewhere.join(LONG)).isTrue();
        }
        // What waits and is interrupted has neither had a turn nor missed it.
        second.interrupt();
        assertThat(second.join(LONG)).isTrue();
        assertThat(http.stats()).containsExactly(new HostStats(local, 1, 1, 1));
        holder.interrupt();
        assertThat(holder.join(LONG)).isTrue();
        becomes(http, new HostStats(local, 1, 0, 1));
        third.interrupt();
        assertThat(third.join(LONG)).isTrue();
        assertThat(http.stats()).isEmpty();
        assertThat(http.turnsMissed()).isZero();
    }

    private static void becomes(HostLimits http, HostStats... wanted) {
        long end = System.nanoTime() + LONG.toNanos();
        while (!http.stats().equals(List.of(wanted)) && System.nanoTime() < end) {
            LockSupport.parkNanos(1_000_000);
        }
        assertThat(http.stats()).containsExactly(wanted);
    }

    @Test
    void turnsComeInTheOrderOfAsking() throws Exception {
        HostLimits http = HostLimits.over(client).perHost(1);
        Thread holder = sending(http, "/hold");
        assertThat(held.await(20, TimeUnit.SECONDS)).isTrue();
        List<String> asked = new ArrayList<>();
        List<Thread> waiting = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            String path = "/turn" + i;
            asked.add(path);
            Thread sender = sending(http, path);
            waiting.add(sender);
            // It waits for its turn: nothing else parks it before it has asked.
            while (http.busy("127.0.0.1") < i + 2 || sender.getState() != Thread.State.TIMED_WAITING) {
                Thread.onSpinWait();
            }
        }
        holder.interrupt();
        for (Thread sender : waiting) {
            assertThat(sender.join(LONG)).isTrue();
        }
        assertThat(turns).containsExactlyElementsOf(asked);
    }

    @Test
    void anAnswerThatDoesNotEndIsGivenUpInTime() throws Exception {
        HostLimits http = HostLimits.over(client).perHost(1);
        HttpRequest slow = HttpRequest.newBuilder(to("/trickle").uri())
                .timeout(Duration.ofMillis(300))
                .build();
        assertThatThrownBy(() -> http.send(slow, BodyHandlers.ofString())).isInstanceOf(HttpTimeoutException.class);
        assertThat(http.send(to("/"), BodyHandlers.discarding()).statusCode()).isEqualTo(204);
        assertThat(http.busy("127.0.0.1")).isZero();
    }

    private Thread sending(HostLimits http, String path) {
        return Thread.ofVirtual().start(() -> send(http, to(path)));
    }

    private static void send(HostLimits http, HttpRequest request) {
        try {
            http.send(request, BodyHandlers.discarding());
        } catch (IOException | InterruptedException ended) {
            Thread.currentThread().interrupt();
        }
    }

    @Test
    void tooMuchBecomesARateLimit() throws Exception {
        assertThat(heeded("/busy", "X-After", "7").verdict().after()).isEqualTo(Duration.ofSeconds(7));
        assertThat(heeded("/busy").verdict().after()).isEqualTo(Duration.ofSeconds(30));
        assertThat(heeded("/busy", "X-After", "0").verdict().after())
                .as("never at once, since it burns no attempt")
                .isEqualTo(Duration.ofSeconds(1));
        assertThat(heeded("/down", "X-After", "nonsense").verdict().after()).isEqualTo(Duration.ofSeconds(30));
        Retry down = heeded("/down");
        assertThat(down.verdict().category()).isEqualTo(ErrorCategory.RATE_LIMITED);
        assertThat(down).hasMessageContaining("503");
        // The server's own Date says what time it is there, whatever it is here.
        Duration inAnHour = heeded(
                        "/busy",
                        "X-After",
                        DateTimeFormatter.RFC_1123_DATE_TIME.format(
                                ZonedDateTime.now(ZoneOffset.UTC).plusHours(1)))
                .verdict()
                .after();
        assertThat(inAnHour).isBetween(Duration.ofMinutes(59), Duration.ofMinutes(61));
        var fine = HostLimits.over(client).send(to("/"), BodyHandlers.discarding());
        assertThat(HostLimits.heed(fine)).isSameAs(fine);
    }
}
