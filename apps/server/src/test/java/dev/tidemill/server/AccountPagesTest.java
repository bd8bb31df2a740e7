package dev.tidemill.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemill.server.access.Role;
import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.TestDatabase;
import java.net.http.HttpResponse;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(FreshSchema.class)
@Timeout(120)
final class AccountPagesTest {
    private static final String PASSWORD = "four words in a row";
    private static ServerUnderTest server;
    private static TestDatabase tables;
    private static Visitor root;

    @BeforeAll
    static void startServer(TestDatabase database) {
        tables = database;
        server = ServerUnderTest.closed(database, settings -> settings);
        server.server.accounts().addUser("root", PASSWORD, Role.ADMIN, "test");
        root = Visitor.loggedIn(server, "root", PASSWORD);
    }

    @AfterAll
    static void stopServer() {
        server.close();
    }

    @Test
    void anAdminAddsChangesAndRemovesAUserOnThePage() {
        assertThat(root.form("/users/add", Map.of("name", "Grace", "password", PASSWORD, "role", "VIEWER"))
                        .statusCode())
                .isEqualTo(303);
        assertThat(root.get("/users").body()).contains("<b>grace</b>", "<b>root</b>", "/users/disable");
        Visitor grace = Visitor.loggedIn(server, "grace", PASSWORD);
        assertThat(grace.get("/").body()).doesNotContain("href=\"/users\"").contains("href=\"/me\"");
        assertThat(root.get("/").body()).contains("href=\"/users\"", "href=\"/keys\"");
        HttpResponse<String> refused = grace.with("Accept", "text/html").get("/users");
        assertThat(refused.statusCode()).isEqualTo(403);
        assertThat(refused.body()).contains("ADMIN");

        root.form("/users/role", Map.of("name", "grace", "role", "OPERATOR"));
        assertThat(server.server.accounts().user("grace").orElseThrow().role()).isEqualTo(Role.OPERATOR);
        root.form("/users/disable", Map.of("name", "grace"));
        assertThat(grace.get("/").statusCode()).isEqualTo(401);
        root.form("/users/enable", Map.of("name", "grace"));
        root.form("/users/password", Map.of("name", "grace", "password", "five other words in a row"));
        Visitor.loggedIn(server, "grace", "five other words in a row");
        root.form("/users/remove", Map.of("name", "grace"));
        assertThat(server.server.accounts().user("grace")).isEmpty();
        assertThat(server.mill
                        .audit(Long.MAX_VALUE, 10, null, "USER grace")
                        .getFirst()
                        .by())
                .isEqualTo("root");
    }

    @Test
    void theLastAdminStays() {
        HttpResponse<String> answer = root.form("/users/remove", Map.of("name", "root"));
        assertThat(answer.statusCode()).isEqualTo(303);
        assertThat(root.with("Cookie", root.headers().get("Cookie") + "; " + Visitor.cookie(answer))
                        .get("/users")
                        .body())
                .contains("only admin who can log in");
        assertThat(server.server.accounts().user("root")).isPresent();
    }

    @Test
    void aKeyIsShownOnceAndWorksUntilItIsRevoked() {
        HttpResponse<String> made =
                root.form("/keys", Map.of("name", "shop", "days", "30", "ENQUEUE", "on", "READ", "on"));
        assertThat(made.statusCode()).isEqualTo(200);
        Matcher secret =
                Pattern.compile("id=\"secret\">(tdm_[A-Za-z0-9_-]{43})<").matcher(made.body());
        assertThat(secret.find()).isTrue();
        Visitor shop = Visitor.withKey(server, secret.group(1));
        assertThat(shop.get("/api/v1/stats").statusCode()).isEqualTo(200);
        assertThat(shop.json("POST", "/api/v1/jobs", "{\"kind\":\"Mail\"}").statusCode())
                .isEqualTo(201);
        assertThat(root.get("/keys").body()).contains("shop").doesNotContain(secret.group(1));
        root.form("/keys/revoke", Map.of("name", "shop"));
        assertThat(shop.get("/api/v1/stats").statusCode()).isEqualTo(401);
        assertThat(root.get("/keys").body()).contains("revoked");
    }

    @Test
    void aKeyWhoseTimeIsOverSaysSo() throws SQLException {
        HttpResponse<String> made = root.form("/keys", Map.of("name", "brief", "days", "1", "READ", "on"));
        Matcher secret = Pattern.compile("id=\"secret\">([^<]+)<").matcher(made.body());
        assertThat(secret.find()).isTrue();
        assertThat(made.body()).contains("<b>brief</b>").doesNotContain("expired");
        try (Connection connection = tables.dataSource().getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute("update " + tables.schema() + ".api_key set ends_at = created_at where name = 'brief'");
        }
        assertThat(root.get("/keys").body()).contains("expired").contains("aria-label=\"Revoke brief\"");
        assertThat(Visitor.withKey(server, secret.group(1)).get("/api/v1/stats").statusCode())
                .isEqualTo(401);
        root.form("/keys/revoke", Map.of("name", "brief"));
        assertThat(root.get("/keys").body()).doesNotContain("expired");
    }

    @Test
    void aViewerChangesTheirOwnPasswordAndStaysLoggedIn() {
        server.server.accounts().addUser("hedy", PASSWORD, Role.VIEWER, "test");
        Visitor hedy = Visitor.loggedIn(server, "hedy", PASSWORD);
        Visitor elsewhere = Visitor.loggedIn(server, "hedy", PASSWORD);
        assertThat(hedy.get("/me").body()).contains("hedy", "May: read.", "name=\"old\"");
        String fresh = "five other words in a row";
        assertThat(hedy.form("/me/password", Map.of("old", "wrong", "new", fresh, "again", fresh))
                        .body())
                .contains("That is not your password.");
        assertThat(hedy.form("/me/password", Map.of("old", PASSWORD, "new", fresh, "again", "other"))
                        .body())
                .contains("differ");
        assertThat(hedy.form("/me/password", Map.of("old", PASSWORD, "new", "short", "again", "short"))
                        .body())
                .contains("12 to 200");
        HttpResponse<String> done = hedy.form("/me/password", Map.of("old", PASSWORD, "new", fresh, "again", fresh));
        assertThat(done.statusCode()).isEqualTo(303);
        assertThat(elsewhere.get("/").statusCode()).isEqualTo(401);
        assertThat(hedy.with("Cookie", Visitor.cookie(done)).get("/").statusCode())
                .isEqualTo(200);
    }
}
