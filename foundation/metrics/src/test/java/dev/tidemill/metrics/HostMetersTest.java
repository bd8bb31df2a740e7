package dev.tidemill.metrics;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.sun.net.httpserver.HttpServer;
import dev.tidemill.jobs.HostLimits;
import dev.tidemill.jobs.HostStats;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tag;
import io.micrometer.core.instrument.search.Search;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.net.http.HttpTimeoutException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What is told of calls to others, by calls of servers that answer when they are let. */
final class HostMetersTest {
    private static final Duration LONG = Duration.ofSeconds(30);

    private final MeterRegistry registry = new SimpleMeterRegistry();
    private final CountDownLatch answer = new CountDownLatch(1);
    private final ExecutorService serving = Executors.newVirtualThreadPerTaskExecutor();
    private final HttpServer one = server("127.0.0.1");
    private final HttpServer two = server("127.0.0.2");
    private final HttpClient client = HttpClient.newHttpClient();
    private final List<Thread> callers = new ArrayList<>();

    HostMetersTest() throws IOException {}

    private HttpServer server(String address) throws IOException {
        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getByName(address), 0), 0);
        server.setExecutor(serving);
        server.createContext("/", exchange -> {
            try {
                answer.await();
                exchange.sendResponseHeaders(204, -1);
            } catch (InterruptedException told) {
                Thread.currentThread().interrupt();
            } finally {
                exchange.close();
            }
        });
        server.start();
        return server;
    }

    @AfterEach
    void stop() {
        answer.countDown();
        callers.forEach(Thread::interrupt);
        one.stop(0);
        two.stop(0);
        serving.close();
        client.close();
    }

    private static HttpRequest to(InetSocketAddress address) {
        return HttpRequest.newBuilder(
                        URI.create("http://" + address.getAddress().getHostAddress() + ":" + address.getPort() + "/"))
                .build();
    }

    private void call(HostLimits http, InetSocketAddress address) {
        callers.add(Thread.ofVirtual().start(() -> {
            try {
                http.send(to(address), BodyHandlers.discarding());
            } catch (IOException | InterruptedException ended) {
                Thread.currentThread().interrupt();
            }
        }));
    }

    private double gauge(String name, String host) {
        return registry.get(name).tags("host", host, "to", "providers").gauge().value();
    }

    private List<String> hosts(String name) {
        return Search.in(registry).name(name).gauges().stream()
                .map(gauge -> String.valueOf(gauge.getId().getTag("host")))
                .sorted()
                .toList();
    }

    /** By Prometheus's names. */
    private Set<String> told() {
        return registry.getMeters().stream()
                .map(meter -> meter.getId().getName().replace('.', '_')
                        + (meter.getId().getType() == Meter.Type.COUNTER ? "_total" : ""))
                .collect(Collectors.toCollection(TreeSet::new));
    }

    private static Set<String> documented() {
        try {
            return Pattern.compile("`(tidemill_host_[a-z_]+)`")
                    .matcher(Files.readString(Path.of("../../docs/metrics.md")))
                    .results()
                    .map(match -> match.group(1))
                    .collect(Collectors.toCollection(TreeSet::new));
        } catch (IOException unreadable) {
            throw new UncheckedIOException(unreadable);
        }
    }

    @Test
    void aHostIsToldWhileSomethingIsUnderWayToItOrWaits() {
        HostLimits http = HostLimits.over(client).perHost(2);
        try (HostMeters meters = HostMeters.of(http, Tag.of("to", "providers"))) {
            meters.bindTo(registry);
            assertThat(registry.get("tidemill.host.cap").gauge().value()).isEqualTo(2);
            assertThat(hosts("tidemill.host.under.way")).isEmpty();
            for (int i = 0; i < 5; i++) {
                call(http, one.getAddress());
            }
            call(http, two.getAddress());
            await().atMost(LONG)
                    .until(() -> http.stats()
                            .equals(List.of(new HostStats("127.0.0.1", 2, 3, 2), new HostStats("127.0.0.2", 1, 0, 2))));
            meters.refresh();
            assertThat(gauge("tidemill.host.under.way", "127.0.0.1")).isEqualTo(2);
            assertThat(gauge("tidemill.host.waiting", "127.0.0.1")).isEqualTo(3);
            assertThat(gauge("tidemill.host.under.way", "127.0.0.2")).isEqualTo(1);
            assertThat(gauge("tidemill.host.waiting", "127.0.0.2")).isZero();
            assertThat(told()).as("the page has them all").isEqualTo(documented());

            answer.countDown();
            await().atMost(LONG).until(() -> http.stats().isEmpty());
            meters.refresh();
            assertThat(hosts("tidemill.host.under.way")).isEmpty();
            assertThat(hosts("tidemill.host.waiting")).isEmpty();
            assertThat(registry.get("tidemill.host.turns.missed")
                            .functionCounter()
                            .count())
                    .isZero();
        }
    }

    @Test
    void aTurnThatDidNotComeIsCountedAtOnce() {
        HostLimits http = HostLimits.over(client).perHost(1).waitAtMost(Duration.ofMillis(50));
        try (HostMeters meters = HostMeters.of(http)) {
            meters.bindTo(registry);
            call(http, one.getAddress());
            await().atMost(LONG).until(() -> http.busy("127.0.0.1") == 1);
            assertThatThrownBy(() -> http.send(to(one.getAddress()), BodyHandlers.discarding()))
                    .isInstanceOf(HttpTimeoutException.class);
            assertThat(registry.get("tidemill.host.turns.missed")
                            .functionCounter()
                            .count())
                    .isEqualTo(1);
        }
    }

    @Test
    void hostsBeyondTheBoundAreOneSeriesTogether() throws IOException {
        HostLimits http = HostLimits.over(client).perHost(1);
        int beyond = 3;
        // These listen and never answer.
        List<ServerSocket> mute = new ArrayList<>();
        try (HostMeters meters = HostMeters.of(http, Tag.of("to", "providers"))) {
            meters.bindTo(registry);
            for (int i = 1; i <= Names.LIMIT + beyond; i++) {
                ServerSocket server =
                        new ServerSocket(0, 50, InetAddress.getByAddress(new byte[] {127, 0, 1, (byte) i}));
                mute.add(server);
                call(http, (InetSocketAddress) server.getLocalSocketAddress());
                call(http, (InetSocketAddress) server.getLocalSocketAddress());
            }
            await().atMost(LONG)
                    .until(() ->
                            http.stats().stream().mapToInt(HostStats::waiting).sum() == Names.LIMIT + beyond);
            for (int i = 0; i < 2; i++) {
                meters.refresh();
                assertThat(hosts("tidemill.host.waiting"))
                        .hasSize(Names.LIMIT + 1)
                        .contains(Names.OTHER);
                assertThat(gauge("tidemill.host.under.way", Names.OTHER)).isEqualTo(beyond);
                assertThat(gauge("tidemill.host.waiting", Names.OTHER)).isEqualTo(beyond);
            }
        } finally {
            callers.forEach(Thread::interrupt);
            for (ServerSocket server : mute) {
                server.close();
            }
        }
    }

    @Test
    void itRefreshesByItselfUntilItIsClosedAndLeavesNoHostBehind() {
        HostLimits http = HostLimits.over(client);
        call(http, one.getAddress());
        HostMeters meters = HostMeters.of(http);
        meters.bindTo(registry);
        meters.refreshing(Duration.ofSeconds(1));
        await().atMost(LONG).until(() -> hosts("tidemill.host.under.way").contains("127.0.0.1"));
        call(http, two.getAddress());
        await().atMost(LONG).until(() -> hosts("tidemill.host.under.way").contains("127.0.0.2"));
        assertThat(registry.getMeters()).allSatisfy(meter -> {
            assertThat(meter.getId().getDescription()).isNotBlank();
            assertThat(meter.getId().getName()).matches("tidemill\\.host(\\.[a-z]+)+");
        });
        meters.close();
        meters.refresh();
        assertThat(registry.find("tidemill.host.under.way").gauges()).isEmpty();
        assertThat(registry.find("tidemill.host.waiting").gauges()).isEmpty();
        assertThat(registry.find("tidemill.host.cap").gauges())
                .extracting(Gauge::value)
                .containsExactly(20.0);
        assertThatThrownBy(() -> meters.refreshing(Duration.ofMillis(10))).hasMessageContaining("PT0.01S");
    }
}
