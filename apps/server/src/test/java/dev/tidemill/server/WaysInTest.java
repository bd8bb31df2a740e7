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
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Where whoever is not in yet is sent, and where they go on from there. */
@ExtendWith(FreshSchema.class)
final class WaysInTest {
    private static ServerUnderTest server;

    @BeforeAll
    static void startServer(TestDatabase database) {
        server = ServerUnderTest.closed(database, settings -> settings.token("a-token-for-this-test-only"));
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
}
