package dev.tidemill.storefront;

import static org.awaitility.Awaitility.await;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import dev.tidemill.jobs.Backoff;
import dev.tidemill.storefront.shop.Sql;
import dev.tidemill.testkit.TestDatabase;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.Map;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** A shop with its own database and mail server, reached over HTTP. */
final class ShopUnderTest implements AutoCloseable {
    private static final JsonMapper JSON = new JsonMapper();

    private final TestDatabase server;
    private final TestMailServer mail = TestMailServer.start();
    private final HikariDataSource pool;
    private final Storefront shop;
    private final HttpClient http = HttpClient.newHttpClient();

    /** An answer: the status, and the body as JSON. */
    record Reply(int status, JsonNode body) {}

    ShopUnderTest(TestDatabase server, MailMode mode) throws Exception {
        this.server = server;
        execute("CREATE DATABASE " + server.schema());
        HikariConfig config = new HikariConfig();
        config.setJdbcUrl(server.jdbcUrl().replaceFirst("/[^/]*$", "/" + server.schema()));
        config.setUsername(server.user());
        config.setPassword(server.password());
        config.setMaximumPoolSize(32);
        pool = new HikariDataSource(config);
        shop = Storefront.builder(
                        pool, SmtpSettings.plain("127.0.0.1", mail.port()).timeout(Duration.ofSeconds(5)))
                .mailMode(mode)
                .mailBackoff(Backoff.fixed(Duration.ofMillis(100)))
                .start();
    }

    private void execute(String sql) throws SQLException {
        try (Connection connection = server.dataSource().getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    @Override
    public void close() throws SQLException {
        shop.close();
        mail.close();
        pool.close();
        execute("DROP DATABASE " + server.schema() + " WITH (FORCE)");
    }

    Storefront shop() {
        return shop;
    }

    TestMailServer mail() {
        return mail;
    }

    HikariDataSource pool() {
        return pool;
    }

    long count(String sql, Object... arguments) {
        try (Connection connection = pool.getConnection()) {
            return Sql.on(connection, sql, arguments)
                    .first(row -> row.getLong(1))
                    .orElseThrow();
        } catch (SQLException failed) {
            throw new IllegalStateException(failed);
        }
    }

    /** Whether everything that was written has been reacted to, and no rule is going through a table. */
    boolean rulesAreIdle() {
        return count("""
                SELECT (SELECT count(*) FROM tidemill.rule_change) + (SELECT count(*) FROM tidemill.rule_held)
                     + (SELECT count(*) FROM tidemill.rule_run WHERE state = 'RUNNING')""") == 0;
    }

    HttpResponse<String> send(HttpRequest.Builder request) throws Exception {
        return http.send(request.timeout(Duration.ofSeconds(30)).build(), BodyHandlers.ofString());
    }

    HttpRequest.Builder request(String path) {
        return HttpRequest.newBuilder(URI.create(shop.url() + path));
    }

    Reply post(String path, String token, Object body) throws Exception {
        return postText(path, token, JSON.writeValueAsString(body));
    }

    Reply postText(String path, String token, String body) throws Exception {
        HttpRequest.Builder request =
                request(path).header("Content-Type", "application/json").POST(BodyPublishers.ofString(body));
        if (!token.isEmpty()) {
            request.header("Authorization", "Bearer " + token);
        }
        return reply(send(request));
    }

    Reply get(String path, String token) throws Exception {
        return reply(send(request(path).header("Authorization", "Bearer " + token)));
    }

    private static Reply reply(HttpResponse<String> response) {
        return new Reply(response.statusCode(), JSON.readTree(response.body()));
    }

    Reply signUp(String name, String email) throws Exception {
        return post("/api/signup", "", Map.of("name", name, "email", email));
    }

    /** Signs up and verifies; returns the token. */
    String customer(String email) throws Exception {
        return customer("Ada Sample", email);
    }

    String customer(String name, String email) throws Exception {
        return verified(signUp(name, email), email);
    }

    /** The same with a friend's referral code. */
    String invited(String name, String email, String referralCode) throws Exception {
        Reply taken = post("/api/signup", "", Map.of("name", name, "email", email, "referralCode", referralCode));
        return verified(taken, email);
    }

    private String verified(Reply reply, String email) throws Exception {
        JsonNode taken = reply.body();
        await().until(() -> mail.code(email).isPresent());
        return post(
                        "/api/verify",
                        "",
                        Map.of(
                                "challenge",
                                taken.path("challenge").asString(),
                                "code",
                                mail.code(email).orElseThrow()))
                .body()
                .path("token")
                .asString();
    }
}
