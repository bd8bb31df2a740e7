package dev.tidemill.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tidemill.jobs.TidemillException;
import dev.tidemill.server.access.Role;
import dev.tidemill.server.http.Cors;
import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.TestDatabase;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Pages of other sites: none may use the API from a browser, unless its origin was named. */
@ExtendWith(FreshSchema.class)
final class CorsTest {
    private static final String FRIEND = "https://app.example.com";

    private final TestDatabase database;

    CorsTest(TestDatabase database) {
        this.database = database;
    }

    /** What a browser would send for a page of that origin; as lines, because Java's client will not. */
    private static String asked(ServerUnderTest server, String method, String path, String origin, String... more) {
        String[] lines = new String[5 + more.length];
        lines[0] = method + " " + path + " HTTP/1.1";
        lines[1] = "Host: localhost";
        lines[2] = "Origin: " + origin;
        lines[3] = "Sec-Fetch-Site: cross-site";
        lines[4] = "Connection: close";
        System.arraycopy(more, 0, lines, 5, more.length);
        return server.raw(lines);
    }

    @Test
    void noOtherSiteIsAnsweredUnlessItWasNamed() {
        try (ServerUnderTest server = ServerUnderTest.on(database)) {
            assertThat(asked(server, "GET", "/api/v1/stats", FRIEND))
                    .startsWith("HTTP/1.1 403")
                    .doesNotContainIgnoringCase("access-control-");
            assertThat(asked(server, "OPTIONS", "/api/v1/jobs", FRIEND, "Access-Control-Request-Method: POST"))
                    .doesNotContainIgnoringCase("access-control-")
                    .doesNotContain("HTTP/1.1 2");
        }
    }

    @Test
    void aNamedOriginIsToldSoAndAnswered() {
        try (ServerUnderTest server =
                ServerUnderTest.on(database, jobs -> jobs, settings -> settings.corsOrigins(List.of(FRIEND)))) {
            String allowed = asked(server, "OPTIONS", "/api/v1/jobs", FRIEND, "Access-Control-Request-Method: POST");
            assertThat(allowed)
                    .startsWith("HTTP/1.1 204")
                    .containsIgnoringCase("access-control-allow-origin: " + FRIEND)
                    .containsIgnoringCase("access-control-allow-methods: GET, HEAD, POST")
                    .containsIgnoringCase("idempotency-key")
                    .containsIgnoringCase("traceparent, tracestate")
                    .doesNotContainIgnoringCase("allow-credentials");
            assertThat(asked(server, "GET", "/api/v1/stats", FRIEND))
                    .startsWith("HTTP/1.1 200")
                    .containsIgnoringCase("access-control-allow-origin: " + FRIEND)
                    .containsIgnoringCase("vary: origin");
            assertThat(asked(server, "GET", "/api/v1/jobs?limit=0", FRIEND))
                    .startsWith("HTTP/1.1 400")
                    .containsIgnoringCase("access-control-allow-origin: " + FRIEND);
        }
    }

    @Test
    void othersStayOutBesideIt() {
        try (ServerUnderTest server =
                ServerUnderTest.on(database, jobs -> jobs, settings -> settings.corsOrigins(List.of(FRIEND)))) {
            for (String origin : List.of(
                    "https://evil.example.com",
                    FRIEND + ".evil.com",
                    "http://app.example.com",
                    FRIEND + ":444",
                    "null")) {
                assertThat(asked(server, "GET", "/api/v1/stats", origin))
                        .startsWith("HTTP/1.1 403")
                        .doesNotContainIgnoringCase("access-control-");
            }
            assertThat(asked(server, "GET", "/", FRIEND))
                    .as("pages are no part of it")
                    .startsWith("HTTP/1.1 403");
        }
    }

    @Test
    void aSessionLendsNothingToThem() {
        try (ServerUnderTest server =
                ServerUnderTest.closed(database, settings -> settings.corsOrigins(List.of(FRIEND)))) {
            String password = "a long enough password";
            server.server.accounts().addUser("ada", password, Role.ADMIN, "test");
            Visitor ada = Visitor.loggedIn(server, "ada", password);
            assertThat(ada.get("/api/v1/stats").statusCode()).isEqualTo(200);
            assertThat(asked(
                            server,
                            "GET",
                            "/api/v1/stats",
                            FRIEND,
                            "Cookie: " + ada.headers().get("Cookie")))
                    .startsWith("HTTP/1.1 401");
            String key = ServerUnderTest.json(
                            ada.json("POST", "/api/v1/keys", "{\"name\":\"page\",\"scopes\":[\"READ\"]}"))
                    .get("secret")
                    .asString();
            assertThat(asked(server, "GET", "/api/v1/stats", FRIEND, "Authorization: Bearer " + key))
                    .startsWith("HTTP/1.1 200");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"*", "null", "app.example.com", "https://app.example.com/", "https://a@b", "ftp://x", ""})
    void anOriginIsWrittenAsBrowsersSendIt(String origin) {
        assertThatThrownBy(() -> Cors.of(List.of(origin)))
                .isInstanceOf(TidemillException.class)
                .hasMessageContaining("https://app.example.com");
    }
}
