package dev.tidemill.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import dev.tidemill.jobs.AuditLine;
import dev.tidemill.schema.Component;
import dev.tidemill.schema.Migrations;
import dev.tidemill.schema.SchemaException;
import dev.tidemill.server.access.Role;
import dev.tidemill.server.http.Permission;
import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.TestClock;
import dev.tidemill.testkit.TestDatabase;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/** What guessing costs whoever guesses, and what it leaves behind; behind a proxy that says where people come from. */
@ExtendWith(FreshSchema.class)
@Timeout(120)
final class GuessingTest {
    private static final String PASSWORD = "four words in a row";
    private static ServerUnderTest server;
    private static TestDatabase database;

    @BeforeAll
    static void startServer(TestDatabase given) {
        database = given;
        server = ServerUnderTest.closed(given, settings -> settings.trustedProxies(List.of("127.0.0.0/8")));
        server.server.accounts().addUser("ada", PASSWORD, Role.OPERATOR, "test");
    }

    @AfterAll
    static void stopServer() {
        server.close();
    }

    private static void execute(String sql) throws SQLException {
        try (Connection connection = database.dataSource().getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute(sql.replace("{schema}", database.schema()));
        }
    }

    private static long count(String condition) throws SQLException {
        try (Connection connection = database.dataSource().getConnection();
                Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery(
                        "select count(*) from " + database.schema() + ".login_guard g where " + condition)) {
            rows.next();
            return rows.getLong(1);
        }
    }

    private static int logIn(String name, String address) {
        return Visitor.browser(server)
                .with("X-Forwarded-For", address)
                .logIn(name, "a wrong password")
                .statusCode();
    }

    @Test
    void whoeverIsToWaitLeavesNothingBehindWithHoweverManyNames() throws SQLException {
        TestClock clock = TestClock.install(database.dataSource(), database.schema());
        assertThat(logIn("somebody", "198.51.100.1")).isEqualTo(401);
        execute("update {schema}.login_guard set failures = 30");
        assertThat(logIn("somebody.else", "198.51.100.1")).isEqualTo(401);
        long before = count("true");
        for (int i = 0; i < 10; i++) {
            assertThat(logIn("name" + i, "198.51.100.1")).isEqualTo(429);
        }
        assertThat(count("true")).isEqualTo(before);
        clock.run();
    }

    @Test
    void aTryThatFailsTakesOldFailuresAlong() throws SQLException {
        execute("insert into {schema}.login_guard select sha256(n::text::bytea), 1, {schema}.now_micros() - "
                + Duration.ofDays(2).plusMinutes(1).toNanos() / 1000 + ", 0 from generate_series(1, 20) n");
        execute("insert into {schema}.login_guard values ('young', 1, {schema}.now_micros() - "
                + Duration.ofDays(2).minusMinutes(1).toNanos() / 1000 + ", 0)");
        assertThat(logIn("somebody", "198.51.100.2")).isEqualTo(401);
        assertThat(count("g.last_at < {schema}.now_micros() - 172800000000".replace("{schema}", database.schema())))
                .isZero();
        assertThat(count("g.subject = 'young'")).isEqualTo(1);
    }

    /** Which call the function as the first version did. */
    @Test
    void serversOfTheFormerVersionStartBesideIt() throws SQLException {
        Component former = new Component(
                "server",
                List.of("S001__access.sql", "S003__endpoints.sql", "S004__idempotency.sql"),
                GuessingTest::migration);
        try {
            new Migrations(database.dataSource(), database.schema(), former).check();
        } catch (SchemaException refused) {
            throw new AssertionError("A former server would not start", refused);
        }
    }

    private static String migration(String file) {
        String path = "/dev/tidemill/server/migration/" + file;
        try (InputStream in = Objects.requireNonNull(TidemillServer.class.getResourceAsStream(path), path)) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }

    private static HttpResponse<String> ask(String key, String address) {
        return Visitor.withKey(server, key).with("X-Forwarded-For", address).get("/api/v1/stats");
    }

    private static String key(String name) {
        return server.server
                .accounts()
                .createKey(name, Set.of(Permission.READ), Duration.ofHours(1), "test")
                .secret();
    }

    @Test
    void whoeverGuessesBearersIsNotLookedAtForAMinuteAndOthersAreWhoAreKnown() {
        String address = "198.51.100.3";
        String known = key("known");
        String fresh = key("fresh");
        assertThat(ask(known, address).statusCode()).isEqualTo(200);
        Visitor person = Visitor.loggedIn(server, "ada", PASSWORD).with("X-Forwarded-For", address);
        for (int i = 0; i < 20; i++) {
            assertThat(ask("tdm_guess" + i, address).statusCode()).isEqualTo(401);
        }
        for (String bearer : List.of("tdm_another", fresh)) {
            HttpResponse<String> refused = ask(bearer, address);
            assertThat(refused.statusCode()).isEqualTo(429);
            assertThat(Integer.parseInt(
                            refused.headers().firstValue("Retry-After").orElseThrow()))
                    .isBetween(1, 60);
            assertThat(refused.body())
                    .contains("TOO_MANY_REQUESTS", "20 bearers from this address")
                    .doesNotContain(bearer);
        }
        assertThat(ask(known, address).statusCode()).isEqualTo(200);
        assertThat(person.get("/api/v1/stats").statusCode()).isEqualTo(200);
        assertThat(Visitor.nobody(server)
                        .with("X-Forwarded-For", address)
                        .get("/api/v1/stats")
                        .statusCode())
                .isEqualTo(401);
        assertThat(Visitor.withKey(server, "tdm_another")
                        .with("X-Forwarded-For", address)
                        .get("/healthz")
                        .statusCode())
                .isEqualTo(200);
        assertThat(ask(fresh, "198.51.100.4").statusCode()).isEqualTo(200);
        assertThat(ask(fresh, address).statusCode()).as("known by now").isEqualTo(200);
        assertThat(server.mill.audit(Long.MAX_VALUE, 100, "log-in-failed", "bearer"))
                .extracting(AuditLine::by, AuditLine::detail)
                .containsExactly(tuple("nobody", "20 times within a minute, now from " + address));
        server.server.accounts().revokeKey("known", "test");
        assertThat(ask(known, address).statusCode()).isEqualTo(401);
        assertThat(ask(known, address).statusCode()).isEqualTo(429);
    }
}
