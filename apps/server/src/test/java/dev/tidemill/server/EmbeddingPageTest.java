package dev.tidemill.server;

import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import dev.tidemill.cache.Cache;
import dev.tidemill.cache.Caches;
import dev.tidemill.cache.Keys;
import dev.tidemill.cache.ValueType;
import dev.tidemill.jobs.HandMill;
import dev.tidemill.jobs.Tidemill;
import dev.tidemill.server.caches.ServedCaches;
import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.TestDatabase;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.Statement;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** The code of docs/embedding.md, compiled and run, and what it says of stopping. */
@ExtendWith(FreshSchema.class)
final class EmbeddingPageTest {
    private static final Pattern BLOCK = Pattern.compile("```java\n(.*?)```", Pattern.DOTALL);

    private final TestDatabase database;
    private final HttpClient client =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

    EmbeddingPageTest(TestDatabase database) {
        this.database = database;
    }

    record SendWelcome(String email) {}

    @Test
    void handlersRunWhenSomebodyAsksWhereNothingRunsForLong() throws Exception {
        Mailer mailer = new Mailer();
        HikariDataSource pool = pool();
        String schema = database.schema();
        String token = "a-token-of-the-application-s";
        HandMill hand = Tidemill.on(pool)
                .schema(schema)
                .handle(SendWelcome.class, (job, run) -> mailer.welcome(job.email()))
                .startByHand();
        TidemillServer onDemand = TidemillServer.builder(hand).token(token).start();
        hand.tidemill().enqueue(new SendWelcome("ada@example.com"));
        HttpResponse<String> ran = client.send(
                HttpRequest.newBuilder(URI.create(onDemand.url() + "/api/v1/work/run?batch=20"))
                        .header("Authorization", "Bearer " + token)
                        .POST(HttpRequest.BodyPublishers.noBody())
                        .build(),
                BodyHandlers.ofString());
        assertThat(ran.body()).contains("\"succeeded\":1");
        assertThat(mailer.sent).containsExactly("ada@example.com");
        onDemand.stop();
        hand.close();
        pool.close();
    }

    /** Where this page's e-mails go. */
    static final class Mailer {
        private final List<String> sent = new CopyOnWriteArrayList<>();

        void welcome(String email) {
            sent.add(email);
        }
    }

    private HikariDataSource pool() {
        HikariConfig config = new HikariConfig();
        config.setDataSource(database.dataSource());
        config.setMaximumPoolSize(24);
        return new HikariDataSource(config);
    }

    private int status(String url) throws IOException, InterruptedException {
        return client.send(HttpRequest.newBuilder(URI.create(url)).build(), BodyHandlers.discarding())
                .statusCode();
    }

    @Test
    void aServerStartsInsideOfAnApplicationAndStopsBeforeIt() throws Exception {
        Mailer mailer = new Mailer();
        HikariDataSource pool = pool();
        String schema = database.schema();
        String token = "a-token-of-the-application-s";
        Tidemill mill = Tidemill.on(pool)
                .schema(schema)
                .handle(SendWelcome.class, (job, run) -> mailer.welcome(job.email()))
                .start();
        TidemillServer server =
                TidemillServer.builder(mill).port(0).token(token).start();
        String address = server.url();
        assertThat(status(address + "/readyz")).isEqualTo(200);
        mill.enqueue(new SendWelcome("ada@example.org"));
        await().atMost(ofSeconds(30)).until(() -> mailer.sent.contains("ada@example.org"));

        server.drain();
        assertThat(status(address + "/readyz")).isEqualTo(503);
        assertThat(status(address + "/healthz")).isEqualTo(200);
        server.stop();
        mill.stop(ofSeconds(20));
        pool.close();
        assertThat(pool.isClosed()).isTrue();
    }

    record User(long id, String name) {}

    /** What the users come from. */
    static final class Repository {
        User find(long id) {
            return new User(id, "Ada");
        }
    }

    @Test
    void theApplicationsCachesAreServed() throws Exception {
        Repository repository = new Repository();
        try (Tidemill mill = Tidemill.on(database.dataSource())
                        .schema(database.schema())
                        .start();
                Caches caches = Caches.on(database.dataSource())
                        .schema(database.schema())
                        .open()) {
            Cache<Long, User> users =
                    caches.cache("users", Keys.LONGS, ValueType.of(User.class)).open();
            ServedCaches served = ServedCaches.of(caches).serve(users, Long::valueOf, id -> repository.find(id));
            TidemillServer server =
                    TidemillServer.builder(mill).caches(served).open().start();
            try (server) {
                assertThat(status(server.url() + "/api/v1/caches/users/entry?key=42"))
                        .isEqualTo(200);
                assertThat(users.get(42L, id -> new User(id, "nobody"))).isEqualTo(new User(42, "Ada"));
            }
        }
    }

    @Test
    void severalMillsShareAProcess() throws Exception {
        try (HikariDataSource pool = pool()) {
            String shopSchema = database.schema() + "_shop";
            String billingSchema = database.schema() + "_billing";
            Tidemill shop = Tidemill.on(pool).schema(shopSchema).start();
            Tidemill billing = Tidemill.on(pool).schema(billingSchema).start();
            TidemillServer shopServer = TidemillServer.builder(shop).open().start();
            TidemillServer billingServer =
                    TidemillServer.builder(billing).open().start();
            try (shop;
                    billing;
                    shopServer;
                    billingServer) {
                long job = shop.enqueue(new SendWelcome("ada@example.org"));
                assertThat(status(shopServer.url() + "/api/v1/jobs/" + job)).isEqualTo(200);
                assertThat(status(billingServer.url() + "/api/v1/jobs/" + job)).isEqualTo(404);
            }
            try (Connection connection = pool.getConnection();
                    Statement statement = connection.createStatement()) {
                statement.execute("drop schema " + shopSchema + " cascade");
                statement.execute("drop schema " + billingSchema + " cascade");
            }
        }
    }

    /** An enqueue whose body comes slowly is in hand when the server is told to stop. */
    @Test
    void aRequestInHandIsAnsweredBeforeTheServerStops() throws Exception {
        try (ServerUnderTest under = ServerUnderTest.on(database);
                Socket slow = new Socket(InetAddress.getLoopbackAddress(), under.server.port())) {
            slow.setSoTimeout(20_000);
            String body = "{\"kind\": \"Slow\"}";
            send(
                    slow,
                    "POST /api/v1/jobs HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                            + "Content-Length: " + body.length() + "\r\n\r\n" + body.substring(0, 5));
            CompletableFuture<Void> stopped = new CompletableFuture<>();
            await().atMost(ofSeconds(20)).until(() -> under.server.inHand() == 1);
            Thread.ofVirtual().start(() -> {
                under.server.stop();
                stopped.complete(null);
            });
            await().atMost(ofSeconds(20)).until(() -> status(under.server.url() + "/readyz") == 503);
            assertThat(stopped).isNotDone();
            send(slow, body.substring(5));
            String answer = new String(slow.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            assertThat(answer).startsWith("HTTP/1.1 201").containsIgnoringCase("Connection: close");
            assertThat(stopped).succeedsWithin(ofSeconds(20));
        }
    }

    private static void send(Socket socket, String text) throws IOException {
        socket.getOutputStream().write(text.getBytes(StandardCharsets.UTF_8));
        socket.getOutputStream().flush();
    }

    @Test
    void thePageShowsThisCode() throws IOException {
        Matcher blocks = BLOCK.matcher(Files.readString(Path.of("../../docs/embedding.md")));
        List<String> mine =
                stripped(Files.readString(Path.of("src/test/java/dev/tidemill/server/EmbeddingPageTest.java")));
        int shown = 0;
        while (blocks.find()) {
            List<String> lines = stripped(blocks.group(1));
            assertThat(mine).containsAll(lines);
            shown += lines.size();
        }
        assertThat(shown).isGreaterThan(10);
    }

    private static List<String> stripped(String text) {
        return text.lines().map(String::strip).filter(line -> !line.isEmpty()).toList();
    }
}
