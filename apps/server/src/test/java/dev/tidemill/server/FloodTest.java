package dev.tidemill.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemill.server.http.Permission;
import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.TestDatabase;
import java.net.http.HttpResponse;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** More requests than a caller may send. */
@ExtendWith(FreshSchema.class)
final class FloodTest {
    private final TestDatabase database;

    FloodTest(TestDatabase database) {
        this.database = database;
    }

    private static void assertRefused(HttpResponse<String> answer) {
        assertThat(answer.statusCode()).isEqualTo(429);
        assertThat(Integer.parseInt(answer.headers().firstValue("Retry-After").orElseThrow()))
                .isBetween(1, 10);
        assertThat(answer.headers().firstValue("RateLimit").orElseThrow()).startsWith("\"default\";r=0;t=");
        assertThat(ServerUnderTest.json(answer).get("code").asString()).isEqualTo("TOO_MANY_REQUESTS");
    }

    /** Asks until it is refused, which it must be within so many; what is refused first. */
    private static HttpResponse<String> flood(Visitor visitor, String path, int most) {
        for (int i = 0; i < most; i++) {
            HttpResponse<String> answer = visitor.get(path);
            if (answer.statusCode() == 429) {
                return answer;
            }
            assertThat(answer.statusCode()).isEqualTo(200);
        }
        throw new AssertionError("After " + most + " requests none was refused.");
    }

    @Test
    void anAddressIsRefusedBeyondItsRateAndWhatWatchesTheServerNever() {
        try (ServerUnderTest server = ServerUnderTest.on(database, jobs -> jobs, settings -> settings.rateLimit(1))) {
            HttpResponse<String> first = server.get("/api/v1/me");
            assertThat(first.headers().firstValue("RateLimit-Policy")).contains("\"default\";q=10;w=10");
            assertThat(first.headers().firstValue("RateLimit")).contains("\"default\";r=9;t=0");
            assertRefused(flood(Visitor.nobody(server), "/api/v1/me", 200));
            for (String path : List.of("/healthz", "/readyz", "/metrics")) {
                assertThat(server.get(path).statusCode()).as(path).isEqualTo(200);
            }
        }
    }

    @Test
    void aCallerIsRefusedFromWhereverItComes() {
        try (ServerUnderTest server = ServerUnderTest.closed(
                database, settings -> settings.rateLimit(2).trustedProxies(List.of("127.0.0.1")))) {
            String key = server.server
                    .accounts()
                    .createKey("busy", Set.of(Permission.READ), null, "test")
                    .secret();
            Visitor busy = Visitor.withKey(server, key);
            int[] address = {0};
            boolean refused = false;
            for (int i = 0; i < 200 && !refused; i++) {
                HttpResponse<String> answer =
                        busy.with("X-Forwarded-For", "192.0.2." + ++address[0]).get("/api/v1/me");
                refused = answer.statusCode() == 429;
            }
            assertThat(refused)
                    .as("every request came from an address of its own")
                    .isTrue();
        }
    }

    @Test
    void withoutALimitNobodyIsRefused() {
        try (ServerUnderTest server = ServerUnderTest.on(database, jobs -> jobs, settings -> settings.rateLimit(0))) {
            HttpResponse<String> answer = server.get("/api/v1/me");
            assertThat(answer.statusCode()).isEqualTo(200);
            assertThat(answer.headers().firstValue("RateLimit")).isEmpty();
        }
    }
}
