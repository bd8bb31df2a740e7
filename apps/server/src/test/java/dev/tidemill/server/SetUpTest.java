package dev.tidemill.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemill.server.access.Role;
import dev.tidemill.server.access.User;
import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.TestClock;
import dev.tidemill.testkit.TestDatabase;
import java.net.URI;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(FreshSchema.class)
@Timeout(60)
final class SetUpTest {
    private static final String PASSWORD = "four words in a row";

    private static String path(ServerUnderTest server) {
        URI link = URI.create(server.server.setUpLink().orElseThrow());
        assertThat(link.toString()).startsWith(server.server.url());
        return link.getPath() + "?" + link.getQuery();
    }

    private static HttpResponse<String> setUp(ServerUnderTest server, String path, String name, String password) {
        return Visitor.browser(server)
                .form(
                        "/setup",
                        Map.of("code", path.split("=", 2)[1], "name", name, "password", password, "again", password));
    }

    @Test
    void theFirstUserIsMadeByALinkThatWorksOnceAndNotAfterADay(TestDatabase database) {
        try (ServerUnderTest earlier = ServerUnderTest.closed(database, settings -> settings)) {
            TestClock clock = TestClock.install(database.dataSource(), database.schema());
            clock.run();
            String old = path(earlier);
            assertThat(Visitor.browser(earlier).get(old).statusCode()).isEqualTo(200);
            clock.advance(Duration.ofHours(25));
            assertThat(Visitor.browser(earlier).get(old).statusCode()).isEqualTo(404);
            assertThat(setUp(earlier, old, "ada", PASSWORD).statusCode()).isEqualTo(404);
        }
        try (ServerUnderTest first = ServerUnderTest.closed(database, settings -> settings);
                ServerUnderTest second = ServerUnderTest.closed(database, settings -> settings);
                ServerUnderTest withToken =
                        ServerUnderTest.closed(database, settings -> settings.token("a-token-for-this-test-only"))) {
            assertThat(withToken.server.setUpLink()).isEmpty();
            String path = path(first);
            String otherPath = path(second);
            assertThat(path).isNotEqualTo(otherPath);
            assertThat(Visitor.browser(first).get("/").statusCode()).isEqualTo(401);
            assertThat(Visitor.browser(first).get("/login").body()).contains("Nobody can log in yet");

            HttpResponse<String> form = Visitor.browser(second).get(path);
            assertThat(form.statusCode()).isEqualTo(200);
            assertThat(form.body()).contains("Become the first user", "name=\"again\"");
            assertThat(form.headers().firstValue("Content-Security-Policy").orElse(""))
                    .contains("form-action 'self'")
                    .doesNotContain("unsafe");

            assertThat(Visitor.browser(first).get("/setup?code=wrong").statusCode())
                    .isEqualTo(404);
            assertThat(setUp(first, "?code=wrong", "ada", PASSWORD).statusCode())
                    .isEqualTo(404);
            HttpResponse<String> weak = setUp(first, path, "ada", "short");
            assertThat(weak.statusCode()).isEqualTo(400);
            assertThat(weak.body()).contains("12 to 200").contains("value=\"ada\"");
            assertThat(setUp(first, path, "Ada Lovelace", PASSWORD).body()).contains("cannot be named");
            assertThat(first.server.accounts().hasUsers()).isFalse();

            HttpResponse<String> done = setUp(first, path, "Ada", PASSWORD);
            assertThat(done.statusCode()).isEqualTo(303);
            Visitor ada = Visitor.browser(second).with("Cookie", Visitor.cookie(done));
            assertThat(ada.get("/").statusCode()).isEqualTo(200);
            assertThat(ada.get("/api/v1/users").statusCode()).isEqualTo(200);
            List<User> users = first.server.accounts().users("", 10);
            assertThat(users).extracting(User::name).containsExactly("ada");
            assertThat(users).extracting(User::role).containsExactly(Role.ADMIN);

            for (String used : List.of(path, otherPath)) {
                assertThat(Visitor.browser(first).get(used).statusCode()).isEqualTo(404);
                assertThat(setUp(second, used, "eve", PASSWORD).statusCode()).isEqualTo(404);
            }
            assertThat(first.server.accounts().user("eve")).isEqualTo(Optional.empty());
            assertThat(first.mill
                            .audit(Long.MAX_VALUE, 10, "add-user", null)
                            .getFirst()
                            .by())
                    .isEqualTo("setup");
        }
        try (ServerUnderTest later = ServerUnderTest.closed(database, settings -> settings)) {
            assertThat(later.server.setUpLink()).isEmpty();
        }
    }
}
