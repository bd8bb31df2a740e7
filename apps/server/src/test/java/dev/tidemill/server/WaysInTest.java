package dev.tidemill.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.TestDatabase;
import java.net.URLEncoder;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Where whoever is not in yet is sent, and where they go on from there. */
@ExtendWith(FreshSchema.class)
final class WaysInTest {
    private static final String TOKEN = "a-token-for-this-test-only";
    private static ServerUnderTest server;

    @BeforeAll
    static void startServer(TestDatabase database) {
        server = ServerUnderTest.closed(database, settings -> settings.token(TOKEN));
    }

    @AfterAll
    static void stopServer() {
        server.close();
    }

    @ParameterizedTest
    @CsvSource({
        "http://127.0.0.1/jobs?state=DEAD&kind=X%20Y#main, /jobs?state=DEAD&kind=X%20Y",
        "https://elsewhere.example/jobs, /jobs",
        "https://elsewhere.example//jobs, /",
        "https://elsewhere.example, /",
        "javascript:alert(1), /",
        "/\\elsewhere.example, /",
        "'', /"
    })
    void aFormThatAScriptSendsLeadsToTheLogInForAPageOfThisServer(String from, String next) {
        HttpResponse<String> refused = Visitor.browser(server)
                .with("HX-Request", "true")
                .with("HX-Current-URL", from)
                .form("/users/add", Map.of());
        assertThat(refused.statusCode()).isEqualTo(401);
        assertThat(refused.headers().firstValue("HX-Redirect"))
                .contains("/login?next=" + URLEncoder.encode(next, StandardCharsets.UTF_8));
    }

    private static Visitor follower(String site) {
        return Visitor.nobody(server)
                .with("Accept", "text/html")
                .with("Sec-Fetch-Mode", "navigate")
                .with("Sec-Fetch-Site", site);
    }

    @ParameterizedTest
    @CsvSource({
        "/jobs?state=DEAD&kind=X, /jobs?state=DEAD&amp;kind=X",
        "/jobs?error=a%20%26%3Cb%3E%22, /jobs?error=a%20%26%3Cb%3E%22",
        "/jobs?error=a;url=//elsewhere.example, /jobs?error=a;url=//elsewhere.example",
        "/queues/a%20b, /queues/a%20b",
        "//elsewhere.example/, /"
    })
    void whoeverFollowsALinkFromElsewhereIsSentOnToThatVeryPage(String path, String next) {
        HttpResponse<String> bounced = follower("cross-site").get(path);
        assertThat(bounced.statusCode()).isEqualTo(401);
        assertThat(bounced.body())
                .contains("content=\"0; url=" + next + "\"", "<a href=\"" + next + "\">")
                .doesNotContain("password");
        assertThat(bounced.headers().firstValue("Content-Security-Policy").orElse(""))
                .contains("default-src 'none'");
    }

    @Test
    void whoeverLogsInGoesOnWithThePageAndItsQuery() {
        HttpResponse<String> form = follower("same-origin").get("/jobs?state=DEAD&kind=X");
        assertThat(form.statusCode()).isEqualTo(401);
        assertThat(form.body()).contains("name=\"next\" value=\"/jobs?state=DEAD&amp;kind=X\"");
        HttpResponse<String> in =
                Visitor.browser(server).form("/login", Map.of("token", TOKEN, "next", "/jobs?state=DEAD&kind=X"));
        assertThat(in.headers().firstValue("Location")).contains("/jobs?state=DEAD&kind=X");
    }
}
