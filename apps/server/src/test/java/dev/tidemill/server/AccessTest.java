package dev.tidemill.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tidemill.jobs.TidemillException;
import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.TestDatabase;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@ExtendWith(FreshSchema.class)
final class AccessTest {
    private static final String TOKEN = "a-token-for-this-test-only";
    private static final AtomicInteger ADDRESSES = new AtomicInteger();
    private static ServerUnderTest open;
    private static ServerUnderTest locked;

    @BeforeAll
    static void startServers(TestDatabase database) {
        open = ServerUnderTest.on(database);
        locked = ServerUnderTest.closed(
                database, settings -> settings.token(TOKEN).trustedProxies(List.of("127.0.0.0/8")));
    }

    @AfterAll
    static void stopServers() {
        open.close();
        locked.close();
    }

    private static HttpRequest.Builder request(String method, String path) {
        return locked.to(path).method(method, BodyPublishers.noBody());
    }

    @ParameterizedTest
    @CsvSource({
        "GET, /",
        "GET, /assets/tidemill.css",
        "GET, /assets/htmx.js",
        "GET, /metrics",
        "GET, /openapi.json",
        "GET, /api/v1/jobs?tag=a:b",
        "GET, /api/v1/jobs/1",
        "POST, /api/v1/jobs",
        "GET, /api/v1/stats",
        "GET, /api/v1/attempts",
        "GET, /api/v1/dead-letters",
        "POST, /api/v1/dead-letters/replay",
        "POST, /api/v1/dead-letters/1/replay",
        "POST, /api/v1/dead-letters/1/discard",
        "POST, /dead-letters/1/replay",
        "POST, /dead-letters/1/discard",
        "GET, /api/v1/log-level",
        "PUT, /api/v1/log-level",
        "GET, /nothing",
        "DELETE, /api/v1/jobs",
    })
    void everyRouteButHealthAsksForTheToken(String method, String path) {
        HttpResponse<String> none = locked.send(request(method, path));
        assertThat(none.statusCode()).isEqualTo(401);
        assertThat(none.headers().firstValue("WWW-Authenticate").orElse("")).startsWith("Bearer");
        assertThat(none.body()).doesNotContain(TOKEN);
        for (String wrong : new String[] {"Bearer " + TOKEN + "x", "Bearer ", "Basic " + TOKEN, TOKEN}) {
            // From elsewhere each time: who is wrong too often is not looked at any more.
            assertThat(locked.send(request(method, path)
                                    .header("Authorization", wrong)
                                    .header("X-Forwarded-For", "198.51.100." + ADDRESSES.incrementAndGet()))
                            .statusCode())
                    .isEqualTo(401);
        }
        assertThat(locked.send(request(method, path).header("Cookie", "tidemill_session=9999999999.x"))
                        .statusCode())
                .isEqualTo(401);
        assertThat(locked.send(request(method, path).header("Authorization", "Bearer " + TOKEN))
                        .statusCode())
                .isNotEqualTo(401);
    }

    @Test
    void theStreamOfThePageAsksForTheToken() {
        assertThat(locked.send(request("GET", "/events")).statusCode()).isEqualTo(401);
    }

    @Test
    void theTokenInTheAddressDoesNotCount() {
        assertThat(locked.send(request("GET", "/api/v1/stats?token=" + TOKEN)).statusCode())
                .isEqualTo(401);
    }

    @Test
    void healthNeedsNoToken() {
        assertThat(locked.get("/healthz").statusCode()).isEqualTo(200);
        assertThat(locked.get("/readyz").statusCode()).isEqualTo(200);
    }

    @Test
    void aBrowserLogsInWithTheTokenAndOut() {
        HttpResponse<String> form = locked.send(locked.to("/").header("Accept", "text/html"));
        assertThat(form.statusCode()).isEqualTo(401);
        assertThat(form.body()).contains("name=\"token\"").doesNotContain("<script");
        assertThat(form.headers().firstValue("Content-Security-Policy").orElse(""))
                .contains("style-src 'sha256-")
                .doesNotContain("unsafe");

        HttpResponse<String> wrong = logIn("wrong");
        assertThat(wrong.statusCode()).isEqualTo(401);
        assertThat(wrong.headers().firstValue("Set-Cookie")).isEmpty();

        HttpResponse<String> right = logIn(TOKEN);
        assertThat(right.statusCode()).isEqualTo(303);
        String cookie = right.headers().firstValue("Set-Cookie").orElseThrow();
        assertThat(cookie).contains("HttpOnly", "SameSite=Strict", "Path=/").doesNotContain(TOKEN);
        String session = cookie.split(";", 2)[0];
        HttpResponse<String> page = locked.send(locked.to("/").header("Cookie", session));
        assertThat(page.statusCode()).isEqualTo(200);
        assertThat(page.body()).contains("Log out").doesNotContain(TOKEN);

        HttpResponse<String> out = locked.send(request("POST", "/logout").header("Cookie", session));
        assertThat(out.headers().firstValue("Set-Cookie").orElse("")).contains("Max-Age=0");
        assertThat(locked.send(locked.to("/").header("Cookie", session)).statusCode())
                .isEqualTo(401);
    }

    private static HttpResponse<String> logIn(String token) {
        return locked.send(locked.to("/login")
                .header("Content-Type", "application/x-www-form-urlencoded")
                .POST(BodyPublishers.ofString("token=" + token)));
    }

    @Test
    void behindHttpsTheCookieIsSecure() {
        String form = "token=" + TOKEN;
        String answer = locked.rawWithBody(
                form,
                "POST /login HTTP/1.1",
                "Host: jobs.example",
                "Origin: https://jobs.example",
                "Content-Type: application/x-www-form-urlencoded",
                "Connection: close",
                "Content-Length: " + form.length());
        assertThat(answer).startsWith("HTTP/1.1 303").contains("; Secure");
    }

    @Test
    void behindHttpsWhatAPageSaysNextIsForHttpsAlone() {
        String path = "/jobs/999999999/cancel";
        String form = "reason=none";
        for (String origin : List.of("https://jobs.example", "http://jobs.example")) {
            boolean secure = origin.startsWith("https");
            String answer = locked.rawWithBody(
                    form,
                    "POST " + path + " HTTP/1.1",
                    "Host: jobs.example",
                    "Origin: " + origin,
                    "Authorization: Bearer " + TOKEN,
                    "Content-Type: application/x-www-form-urlencoded",
                    "Connection: close",
                    "Content-Length: " + form.length());
            assertThat(answer).startsWith("HTTP/1.1 303").containsIgnoringCase("set-cookie: tidemill_flash=");
            assertThat(answer.contains("; Secure")).as(origin).isEqualTo(secure);
            String next = locked.raw(
                    "GET / HTTP/1.1",
                    "Host: jobs.example",
                    "X-Forwarded-Proto: " + (secure ? "https" : "http"),
                    "Authorization: Bearer " + TOKEN,
                    "Cookie: tidemill_flash=0" + Base64.getUrlEncoder().encodeToString(new byte[] {'N', 'o', '.'}),
                    "Connection: close");
            assertThat(next).startsWith("HTTP/1.1 200").contains("tidemill_flash=;");
            assertThat(next.contains("; Secure")).as(origin).isEqualTo(secure);
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"evil.example", "evil.example:8080", "127.0.0.1.evil.example", "localhost.evil.example", ""})
    void onAnOpenServerAForeignHostNameIsRefused(String host) {
        String answer = open.raw("GET /api/v1/stats HTTP/1.1", "Host: " + host, "Connection: close");
        assertThat(answer).startsWith("HTTP/1.1 4").doesNotContain("depths_at");
    }

    @ParameterizedTest
    @ValueSource(strings = {"localhost", "LOCALHOST:80", "127.0.0.1:1", "[::1]:8080", "shop.localhost"})
    void onAnOpenServerALoopbackNameIsServed(String host) {
        String answer = open.raw("GET /api/v1/stats HTTP/1.1", "Host: " + host, "Connection: close");
        assertThat(answer).startsWith("HTTP/1.1 200");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "Sec-Fetch-Site: cross-site",
                "Sec-Fetch-Site: same-site",
                "Sec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: navigate",
                "Origin: http://evil.example",
                "Origin: http://localhost.evil.example",
                "Origin: http://localhost:1",
                "Origin: null",
            })
    void aChangeFromAnotherSiteIsRefused(String headers) {
        for (ServerUnderTest server : new ServerUnderTest[] {open, locked}) {
            String answer = server.raw(
                    "POST /dead-letters/1/discard HTTP/1.1",
                    "Host: localhost",
                    "Connection: close",
                    "Authorization: Bearer " + TOKEN,
                    "Content-Length: 0",
                    headers);
            assertThat(answer).startsWith("HTTP/1.1 403").contains("CROSS_SITE");
        }
    }

    @Test
    void anotherSiteMayLinkHereButNotLoadFromHere() {
        assertThat(fromElsewhere("navigate")).startsWith("HTTP/1.1 200");
        assertThat(fromElsewhere("no-cors")).startsWith("HTTP/1.1 403");
    }

    private static String fromElsewhere(String mode) {
        return open.raw(
                "GET / HTTP/1.1",
                "Host: localhost",
                "Connection: close",
                "Sec-Fetch-Site: cross-site",
                "Sec-Fetch-Mode: " + mode);
    }

    @Test
    void ourOwnPageMayChangeThings() {
        String answer = open.raw(
                "POST /dead-letters/1/discard HTTP/1.1",
                "Host: localhost:9",
                "Connection: close",
                "Origin: http://localhost:9",
                "Sec-Fetch-Site: same-origin",
                "Content-Length: 0");
        assertThat(answer).startsWith("HTTP/1.1 303");
    }

    @Test
    void everyAnswerCarriesTheSecurityHeaders() {
        for (HttpResponse<String> answer : List.of(open.get("/"), open.get("/nothing"))) {
            assertThat(answer.headers().firstValue("Content-Security-Policy").orElse(""))
                    .contains("default-src 'none'", "frame-ancestors 'none'")
                    .doesNotContain("unsafe");
            assertThat(answer.headers().firstValue("X-Content-Type-Options")).contains("nosniff");
            assertThat(answer.headers().firstValue("Referrer-Policy")).contains("same-origin");
            assertThat(answer.headers().firstValue("Cache-Control")).contains("no-store");
        }
    }

    @Test
    void anOpenServerListensOnLoopbackOnly() {
        assertThatThrownBy(() ->
                        TidemillServer.builder(open.mill).open().host("0.0.0.0").start())
                .isInstanceOf(TidemillException.class)
                .hasMessageContaining("0.0.0.0")
                .hasMessageContaining("loopback")
                .hasMessageContaining("--open");
    }

    @Test
    void aTokenThatIsTooShortOrOddIsRefusedWithoutBeingShown() {
        for (String token : new String[] {"", "short", "long enough but has spaces", "ümläut-ümläut-ümläut"}) {
            assertThatThrownBy(() -> TidemillServer.builder(open.mill).token(token))
                    .isInstanceOf(TidemillException.class)
                    .satisfies(refused -> {
                        if (!token.isEmpty()) {
                            assertThat(refused.getMessage()).doesNotContain(token);
                        }
                    });
        }
    }

    @Test
    void aPortThatIsTakenIsSaidClearly() {
        assertThatThrownBy(() -> TidemillServer.builder(open.mill)
                        .port(open.server.port())
                        .start())
                .isInstanceOf(TidemillException.class)
                .hasMessageContaining(Integer.toString(open.server.port()));
    }
}
