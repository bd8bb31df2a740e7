package dev.tidemill.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;
import static org.awaitility.Awaitility.await;

import dev.tidemill.jobs.AuditLine;
import dev.tidemill.server.access.Accounts;
import dev.tidemill.server.access.Role;
import dev.tidemill.server.http.Permission;
import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.TestClock;
import dev.tidemill.testkit.TestDatabase;
import java.net.http.HttpResponse;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/** Two servers on one database, behind a proxy that says where people come from, on a clock of the test's own. */
@ExtendWith(FreshSchema.class)
@Timeout(120)
final class LoginTest {
    private static final String PASSWORD = "four words in a row";
    private static final AtomicInteger NUMBERS = new AtomicInteger();
    private static ServerUnderTest one;
    private static ServerUnderTest other;
    private static TestClock clock;
    private static TestDatabase database;

    /** A user of the test's own. */
    private final String name = "user" + NUMBERS.incrementAndGet();

    @BeforeAll
    static void startServers(TestDatabase given) {
        database = given;
        one = ServerUnderTest.closed(given, settings -> settings.trustedProxies(List.of("127.0.0.0/8")));
        other = ServerUnderTest.closed(given, settings -> settings.trustedProxies(List.of("127.0.0.1")));
        clock = TestClock.install(given.dataSource(), given.schema());
        clock.run();
    }

    @AfterAll
    static void stopServers() {
        one.close();
        other.close();
    }

    @BeforeEach
    void addUser() {
        accounts().addUser(name, PASSWORD, Role.OPERATOR, "test");
    }

    /** A test that measures waits stops the clock: on a slow machine they would be over before it tries again. */
    @AfterEach
    void letTheClockRun() {
        clock.run();
    }

    private static Accounts accounts() {
        return one.server.accounts();
    }

    /** An address that no other test has failed from. */
    private static String address() {
        int number = NUMBERS.incrementAndGet();
        return "198.51." + number / 250 + "." + (number % 250 + 1);
    }

    private static Visitor from(ServerUnderTest server, String address) {
        return Visitor.browser(server).with("X-Forwarded-For", address);
    }

    private List<AuditLine> audit(String action) {
        return one.mill.audit(Long.MAX_VALUE, 100, action, "USER " + name);
    }

    @Test
    void aSessionHoldsOnEveryServerAndEndsOnAllOfThemWithALogOut() {
        Visitor browser = Visitor.loggedIn(one, name, PASSWORD);
        Visitor there = new Visitor(other, browser.headers()).with("Origin", other.server.url());
        assertThat(browser.get("/api/v1/stats").statusCode()).isEqualTo(200);
        assertThat(there.get("/api/v1/stats").statusCode()).isEqualTo(200);
        assertThat(ServerUnderTest.json(there.get("/api/v1/me")).get("name").stringValue())
                .isEqualTo(name);

        assertThat(there.form("/logout", Map.of()).statusCode()).isEqualTo(303);
        assertThat(there.get("/api/v1/stats").statusCode()).isEqualTo(401);
        await().until(() -> browser.get("/api/v1/stats").statusCode() == 401);
        assertThat(audit("log-in").getFirst().by()).isEqualTo(name);
        assertThat(audit("log-in").getFirst().detail()).isEqualTo("from 127.0.0.1");
        assertThat(audit("log-out").getFirst().by()).isEqualTo(name);
    }

    @Test
    void whatAUserDoesIsAuditedUnderTheirName() {
        Visitor browser = Visitor.loggedIn(one, name, PASSWORD);
        assertThat(browser.json("POST", "/api/v1/pauses", "{\"scope\":\"queue\",\"name\":\"" + name + "\"}")
                        .statusCode())
                .isEqualTo(201);
        assertThat(one.mill.audit(Long.MAX_VALUE, 1, "pause", null).getFirst().by())
                .isEqualTo(name);
        String secret = accounts()
                .createKey(name, Set.of(Permission.OPERATE), Duration.ofHours(1), "test")
                .secret();
        Visitor program = Visitor.withKey(one, secret);
        assertThat(program.send("DELETE", "/api/v1/pauses?scope=queue&name=" + name)
                        .statusCode())
                .isEqualTo(204);
        assertThat(one.mill.audit(Long.MAX_VALUE, 1, "resume", null).getFirst().by())
                .isEqualTo("key:" + name);
    }

    @Test
    void aChangeByACookieThatDoesNotSayWhereItComesFromIsRefused() {
        String cookie = Visitor.cookie(Visitor.browser(one).logIn(name, PASSWORD));
        Visitor mute = Visitor.nobody(one).with("Cookie", cookie);
        assertThat(mute.get("/api/v1/stats").statusCode()).isEqualTo(200);
        String pause = "{\"scope\":\"queue\",\"name\":\"" + name + "\"}";
        HttpResponse<String> refused = mute.json("POST", "/api/v1/pauses", pause);
        assertThat(refused.statusCode()).isEqualTo(403);
        assertThat(refused.body()).contains("CROSS_SITE");
        assertThat(one.mill.pauses().paused()).noneMatch(paused -> paused.name().equals(name));
        assertThat(mute.with("Origin", one.server.url())
                        .json("POST", "/api/v1/pauses", pause)
                        .statusCode())
                .isEqualTo(201);
    }

    @Test
    void everyChangeToAUserAndAKeyIsAudited() {
        accounts().setRole(name, Role.VIEWER, "boss");
        accounts().setDisabled(name, true, "boss");
        accounts().setDisabled(name, false, "boss");
        accounts().setPassword(name, "five other words in a row", "boss");
        accounts().removeUser(name, "boss");
        accounts().createKey(name, Set.of(Permission.READ), Duration.ofHours(1), "boss");
        accounts().revokeKey(name, "boss");
        assertThat(one.mill.audit(Long.MAX_VALUE, 100, null, "USER " + name))
                .extracting(AuditLine::action, AuditLine::by, AuditLine::detail)
                .containsExactly(
                        tuple("remove-user", "boss", ""),
                        tuple("set-password", "boss", ""),
                        tuple("enable-user", "boss", ""),
                        tuple("disable-user", "boss", ""),
                        tuple("set-role", "boss", "operator to viewer"),
                        tuple("add-user", "test", "operator"));
        assertThat(one.mill.audit(Long.MAX_VALUE, 100, null, "KEY " + name))
                .extracting(AuditLine::action, AuditLine::by, AuditLine::detail)
                .containsExactly(tuple("revoke-key", "boss", ""), tuple("create-key", "boss", "read, for PT1H"));
    }

    @Test
    void aNewPasswordEndsTheSessions() {
        Visitor browser = Visitor.loggedIn(one, name, PASSWORD);
        accounts().setPassword(name, "five other words in a row", "test");
        assertThat(browser.get("/api/v1/stats").statusCode()).isEqualTo(401);
        assertThat(browser.logIn(name, PASSWORD).statusCode()).isEqualTo(401);
        assertThat(browser.logIn(name, "five other words in a row").statusCode())
                .isEqualTo(303);
    }

    @Test
    void anotherRoleHoldsFromTheNextRequest() {
        Visitor browser = Visitor.loggedIn(one, name, PASSWORD);
        assertThat(browser.send("PUT", "/api/v1/fair-queues/mail").statusCode()).isEqualTo(204);
        accounts().setRole(name, Role.VIEWER, "test");
        assertThat(browser.send("PUT", "/api/v1/fair-queues/mail").statusCode()).isEqualTo(403);
        assertThat(browser.get("/api/v1/stats").statusCode()).isEqualTo(200);
    }

    @Test
    void aRemovedUsersSessionEndsOnTheOtherServerWithinASecondOrTwo() {
        Visitor there = Visitor.loggedIn(other, name, PASSWORD);
        assertThat(there.get("/api/v1/stats").statusCode()).isEqualTo(200);
        accounts().removeUser(name, "test");
        await().atMost(Duration.ofSeconds(30))
                .until(() -> there.get("/api/v1/stats").statusCode() == 401);
    }

    @Test
    void aSessionThatNobodyUsesEnds() {
        Visitor browser = Visitor.loggedIn(one, name, PASSWORD);
        clock.advance(Duration.ofHours(11));
        await().until(() -> browser.get("/api/v1/stats").statusCode() == 200 && seenLately());
        clock.advance(Duration.ofHours(11));
        assertThat(browser.get("/api/v1/stats").statusCode()).isEqualTo(200);
        clock.advance(Duration.ofHours(13));
        await().until(() -> browser.get("/api/v1/stats").statusCode() == 401);
    }

    @Test
    void whatAPageAsksByItselfKeepsNoSessionAndAPersonRightAfterItDoes() throws Exception {
        Visitor browser = Visitor.loggedIn(one, name, PASSWORD);
        Visitor page = browser.with("Tidemill-Refresh", "true");
        clock.advance(Duration.ofHours(11));
        assertThat(page.get("/api/v1/stats").statusCode()).isEqualTo(200);
        one.open(browser.request("GET", "/events")).body().close();
        assertThat(seenLately()).isFalse();
        assertThat(browser.get("/api/v1/stats").statusCode()).isEqualTo(200);
        assertThat(seenLately()).isTrue();
        clock.advance(Duration.ofHours(13));
        await().until(() -> page.get("/api/v1/stats").statusCode() == 401);
    }

    @Test
    void aSessionEndsAfterAWeekHoweverMuchItIsUsed() throws SQLException {
        Visitor browser = Visitor.loggedIn(one, name, PASSWORD);
        assertThat(browser.get("/api/v1/stats").statusCode()).isEqualTo(200);
        String schema = database.schema();
        try (Connection connection = database.dataSource().getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute("update " + schema + ".account_session s set created_at = s.created_at - "
                    + Duration.ofDays(7).toNanos() / 1000 + " where s.account = (select a.id from " + schema
                    + ".account a where a.name = '" + name + "')");
        }
        await().until(() -> browser.get("/api/v1/stats").statusCode() == 401);
    }

    @Test
    void whereSomebodySaysThatTheyComeFromIsBelievedOfProxiesAlone() {
        from(one, "203.0.113.7").logIn(name, PASSWORD);
        assertThat(audit("log-in").getFirst().detail()).isEqualTo("from 203.0.113.7");
        try (ServerUnderTest unproxied = ServerUnderTest.closed(database, settings -> settings)) {
            from(unproxied, "203.0.113.8").logIn(name, PASSWORD);
            assertThat(audit("log-in").getFirst().detail()).isEqualTo("from 127.0.0.1");
        }
    }

    @Test
    void aCookieThatAnybodyByHttpCouldHaveSetDoesNotCountByHttps() {
        Visitor browser = Visitor.loggedIn(one, name, PASSWORD);
        assertThat(browser.get("/api/v1/stats").statusCode()).isEqualTo(200);
        assertThat(browser.with("X-Forwarded-Proto", "https")
                        .get("/api/v1/stats")
                        .statusCode())
                .isEqualTo(401);
    }

    /** Whether a request has got past what the server remembers for a second, and so moved a session on. */
    private boolean seenLately() throws SQLException {
        try (Connection connection = database.dataSource().getConnection();
                Statement statement = connection.createStatement();
                var rows = statement.executeQuery("select max(s.seen_at) > " + database.schema()
                        + ".now_micros() - 3600000000 from " + database.schema() + ".account_session s")) {
            rows.next();
            return rows.getBoolean(1);
        }
    }

    @Test
    void aWrongPasswordAnUnknownUserAndADisabledOneGetTheSameAnswer() {
        accounts().addUser(name + "x", PASSWORD, Role.VIEWER, "test");
        accounts().setDisabled(name + "x", true, "test");
        HttpResponse<String> wrong = from(one, address()).logIn(name, "a wrong password, this");
        HttpResponse<String> unknown = from(one, address()).logIn(name + "y", "a wrong password, this");
        HttpResponse<String> disabled = from(one, address()).logIn(name + "x", PASSWORD);
        assertThat(wrong.statusCode()).isEqualTo(401);
        assertThat(wrong.body()).contains("The name or the password is wrong.").doesNotContain("this\"");
        assertThat(unknown.statusCode()).isEqualTo(401);
        assertThat(unknown.body().replace(name + "y", name)).isEqualTo(wrong.body());
        assertThat(disabled.statusCode()).isEqualTo(401);
        assertThat(disabled.body().replace(name + "x", name)).isEqualTo(wrong.body());
    }

    @Test
    void whoeverGuessesWaitsOnAllServersAndTheRightPasswordDoesNotHelp() {
        clock.stop();
        String address = address();
        for (int i = 0; i < 5; i++) {
            assertThat(from(i % 2 == 0 ? one : other, address)
                            .logIn(name, "wrong password " + i)
                            .statusCode())
                    .isEqualTo(401);
        }
        HttpResponse<String> early = from(other, address).logIn(name, PASSWORD);
        assertThat(early.statusCode()).isEqualTo(429);
        assertThat(early.headers().firstValue("Retry-After")).contains("1");
        assertThat(early.headers().firstValue("Set-Cookie")).isEmpty();
        assertThat(early.body()).contains("Try again in a second.");

        clock.advance(Duration.ofSeconds(2));
        assertThat(from(one, address).logIn(name, "wrong once more").statusCode())
                .isEqualTo(401);
        assertThat(from(one, address).logIn(name, PASSWORD).headers().firstValue("Retry-After"))
                .contains("2");
        clock.advance(Duration.ofSeconds(3));
        assertThat(from(one, address).logIn(name, PASSWORD).statusCode()).isEqualTo(303);
        assertThat(from(one, address).logIn(name, "wrong again").statusCode()).isEqualTo(401);

        List<AuditLine> failures = audit("log-in-failed");
        assertThat(failures).extracting(AuditLine::by).containsOnly("nobody");
        assertThat(failures)
                .extracting(AuditLine::detail)
                .containsExactly(
                        "once, now from " + address,
                        "4 times within a day of each other, now from " + address,
                        "2 times within a day of each other, now from " + address,
                        "once, now from " + address);
    }

    @Test
    void triesAtTheSameMomentCountEachForItself() throws Exception {
        String address = address();
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Callable<Integer>> tries = java.util.stream.IntStream.range(0, 30)
                    .<Callable<Integer>>mapToObj(i -> () ->
                            from(one, address).logIn(name, "guess number " + i).statusCode())
                    .toList();
            int looked = 0;
            for (Future<Integer> answer : threads.invokeAll(tries)) {
                assertThat(answer.get()).isIn(401, 429, 503);
                looked += answer.get() == 429 ? 0 : 1;
            }
            // Five, and whoever came when a second had passed.
            assertThat(looked).isBetween(5, 9);
        }
    }

    @Test
    void guessingFromManyAddressesDoesNotKeepAUserFromTheirOwnDesk() throws Exception {
        String desk = address();
        assertThat(from(one, desk).logIn(name, PASSWORD).statusCode()).isEqualTo(303);
        assertThat(from(one, address()).logIn(name, "a first wrong guess").statusCode())
                .isEqualTo(401);
        execute("update {schema}.login_guard set failures = 200");
        assertThat(from(one, address()).logIn(name, "a second wrong guess").statusCode())
                .isEqualTo(401);
        HttpResponse<String> elsewhere = from(one, address()).logIn(name, PASSWORD);
        assertThat(elsewhere.statusCode()).isEqualTo(429);
        assertThat(Integer.parseInt(
                        elsewhere.headers().firstValue("Retry-After").orElseThrow()))
                .isBetween(50, 60);
        execute("update {schema}.login_guard set failures = 0, free_at = 0 where failures < 201");
        assertThat(from(one, desk).logIn(name, PASSWORD).statusCode()).isEqualTo(303);
        // And from elsewhere when the minute is over.
        clock.advance(Duration.ofMinutes(1));
        assertThat(from(one, address()).logIn(name, PASSWORD).statusCode()).isEqualTo(303);
    }

    private static void execute(String sql) throws SQLException {
        try (Connection connection = database.dataSource().getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute(sql.replace("{schema}", database.schema()));
        }
    }

    @Test
    void anAddressThatTriesManyUsersWaitsForAllOfThem() throws SQLException {
        clock.stop();
        String address = address();
        assertThat(from(one, address).logIn("somebody", "a wrong password").statusCode())
                .isEqualTo(401);
        execute("update {schema}.login_guard set failures = 19 where failures = 1 and last_at > {schema}.now_micros()"
                + " - 5000000");
        assertThat(from(one, address).logIn("somebody.else", "a wrong password").statusCode())
                .isEqualTo(401);
        assertThat(from(one, address).logIn(name, PASSWORD).statusCode()).isEqualTo(429);
        assertThat(from(one, address()).logIn(name, PASSWORD).statusCode()).isEqualTo(303);
    }

    @Test
    void nobodyIsSentAwayAfterTheLogIn() {
        for (String next : List.of("//evil.example/", "https://evil.example/", "/\\evil.example", "jobs", "/a\nb")) {
            HttpResponse<String> answer =
                    Visitor.browser(one).form("/login", Map.of("name", name, "password", PASSWORD, "next", next));
            assertThat(answer.headers().firstValue("Location")).as(next).contains("/");
        }
        HttpResponse<String> own = Visitor.browser(one)
                .form("/login", Map.of("name", name, "password", PASSWORD, "next", "/api/v1/stats"));
        assertThat(own.headers().firstValue("Location")).contains("/api/v1/stats");
    }

    @Test
    void nobodyIsSentAwayAfterAnAction() {
        Visitor browser = Visitor.loggedIn(one, name, PASSWORD);
        for (String back : List.of("//evil.example/", "https://evil.example/", "/\\evil.example", "/a\nb")) {
            HttpResponse<String> answer = browser.form("/ticked-jobs", Map.of("action", "cancel", "back", back));
            assertThat(answer.headers().firstValue("Location")).as(back).contains("/jobs");
        }
    }

    @Test
    void neitherPasswordNorKeyNorSessionIsInTheDatabase() throws SQLException {
        String secret = accounts().createKey(name, Permission.ALL, null, "test").secret();
        HttpResponse<String> in = Visitor.browser(one).logIn(name, PASSWORD);
        String session = Visitor.cookie(in).split("=", 2)[1];
        for (String table : List.of("account", "account_session", "api_key", "audit", "login_guard")) {
            String all = text("select coalesce(string_agg(t::text, ' '), '') from {schema}." + table + " t");
            assertThat(all).as(table).doesNotContain(PASSWORD, secret, secret.substring(4), session);
        }
        assertThat(text("select password from {schema}.account where name = '" + name + "'"))
                .startsWith("pbkdf2-sha256$600000$");
    }

    private static String text(String sql) throws SQLException {
        try (Connection connection = database.dataSource().getConnection();
                Statement statement = connection.createStatement();
                var rows = statement.executeQuery(sql.replace("{schema}", database.schema()))) {
            rows.next();
            return rows.getString(1);
        }
    }
}
