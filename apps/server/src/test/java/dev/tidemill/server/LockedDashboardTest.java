package dev.tidemill.server;

import static com.microsoft.playwright.assertions.PlaywrightAssertions.assertThat;
import static org.assertj.core.api.Assertions.assertThat;

import com.microsoft.playwright.Page;
import com.microsoft.playwright.options.ColorScheme;
import com.sun.net.httpserver.HttpServer;
import dev.tidemill.server.access.Role;
import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.TestDatabase;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/** The ways into a dashboard that asks who somebody is, and the pages about users and keys, in a browser. */
@ExtendWith(FreshSchema.class)
@Tag("browser")
@Timeout(120)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
final class LockedDashboardTest extends AtTheDoor {
    private static final String TOKEN = "a-token-for-this-test-only";
    private static final List<Integer> WIDTHS = List.of(400, 1400);
    private static final List<ColorScheme> SCHEMES = List.of(ColorScheme.DARK, ColorScheme.LIGHT);

    private final TestDatabase database;

    LockedDashboardTest(TestDatabase database) {
        super(database);
        this.database = database;
    }

    /** The page as it is, light and dark, wide and narrow. */
    private void look(String name) {
        for (ColorScheme scheme : SCHEMES) {
            page.emulateMedia(new Page.EmulateMediaOptions().setColorScheme(scheme));
            for (int width : WIDTHS) {
                page.setViewportSize(width, 900);
                Chromium.assertWhole(page, name, width, scheme);
            }
        }
    }

    private void admin(String name) {
        server.server.accounts().addUser(name, PASSWORD, Role.ADMIN, "test");
    }

    private void says(String text) {
        assertThat(page.locator("#flash")).containsText(text);
    }

    @Test
    @Order(1)
    void theFirstUserIsSetUpByTheLinkAndLogsOutAndIn() {
        page.navigate(server.server.url() + "/");
        assertThat(page.locator("main")).containsText("Nobody can log in yet.");
        look("login-nobody");

        String link = server.server.setUpLink().orElseThrow();
        page.navigate(link);
        look("setup");
        fillSetUp(ANOTHER);
        assertThat(page.locator("#message")).hasText("The two passwords differ.");
        look("setup-refused");
        fillSetUp(PASSWORD);
        assertThat(page.locator("h1")).hasText("Overview");
        assertThat(server.server.accounts().user("first").orElseThrow().role()).isEqualTo(Role.ADMIN);

        button("Log out").click();
        assertThat(page).hasURL(server.server.url() + "/login");
        look("login");
        page.navigate(link);
        assertThat(page.locator("h1")).hasText("This link does not hold");
        look("setup-used");

        page.navigate(server.server.url() + "/queues");
        logIn("first", ANOTHER);
        assertThat(page.locator("#message")).hasText("The name or the password is wrong.");
        look("login-refused");
        logIn("first", PASSWORD);
        assertThat(page.locator("h1")).hasText("Queues");
        assertThat(page).hasURL(server.server.url() + "/queues");
    }

    private void fillSetUp(String again) {
        page.locator("#name").fill("first");
        page.locator("#password").fill(PASSWORD);
        page.locator("#again").fill(again);
        button("Start").click();
    }

    @Test
    void anAdminAddsAUserAndChangesAllThatThereIsAboutThem() {
        admin("root");
        open("/users", "root", PASSWORD);
        addGrace();
        says("grace may log in as viewer.");
        look("users");
        addGrace();
        assertThat(page.locator("#flash.bad")).containsText("grace");

        page.locator("select[aria-label='Role of grace']").selectOption("OPERATOR");
        button("Set the role of grace").click();
        says("grace is operator.");
        assertThat(server.server.accounts().user("grace").orElseThrow().role()).isEqualTo(Role.OPERATOR);

        page.locator("#password-name").fill("grace");
        page.locator("#password-new").fill(ANOTHER);
        button("Set").click();
        says("grace has another password");
        Visitor grace = Visitor.loggedIn(server, "grace", ANOTHER);

        button("Disable grace").click();
        says("grace is kept out");
        assertThat(grace.get("/").statusCode()).isEqualTo(401);
        button("Enable grace").click();
        says("grace may log in again.");
        Visitor.loggedIn(server, "grace", ANOTHER);
        button("Remove grace").click();
        says("grace is removed.");
        assertThat(server.server.accounts().user("grace")).isEmpty();
    }

    private void addGrace() {
        page.locator("#add-name").fill("grace");
        page.locator("#add-password").fill(PASSWORD);
        button("Add").click();
    }

    @Test
    void aKeyIsMadeShownOnceAndRevoked() {
        admin("keeper");
        open("/keys", "keeper", PASSWORD);
        look("keys-empty");
        page.locator("#key-name").fill("shop");
        button("Make").click();
        assertThat(page.locator("#flash.bad")).containsText("scope");

        page.locator("#key-name").fill("shop");
        page.locator("#key-days").fill("30");
        page.locator("input[name=READ]").check();
        button("Make").click();
        Visitor shop = Visitor.withKey(server, page.locator("#secret").textContent());
        look("key-made");
        assertThat(shop.get("/api/v1/stats").statusCode()).isEqualTo(200);

        page.navigate(server.server.url() + "/keys");
        assertThat(page.locator("#secret")).hasCount(0);
        button("Revoke shop").click();
        says("The key shop is revoked.");
        look("keys");
        assertThat(shop.get("/api/v1/stats").statusCode()).isEqualTo(401);
    }

    @Test
    void aViewerChangesTheirPasswordAndIsKeptFromTheRest() {
        server.server.accounts().addUser("hedy", PASSWORD, Role.VIEWER, "test");
        Visitor elsewhere = Visitor.loggedIn(server, "hedy", PASSWORD);
        open("/me", "hedy", PASSWORD);
        look("me");
        changePassword(ANOTHER, ANOTHER, ANOTHER);
        assertThat(page.locator("main [role=alert]")).hasText("That is not your password.");
        changePassword(PASSWORD, ANOTHER, PASSWORD);
        assertThat(page.locator("main [role=alert]")).hasText("The two new passwords differ.");
        look("me-refused");
        changePassword(PASSWORD, ANOTHER, ANOTHER);
        assertThat(page.locator("h1")).hasText("Overview");
        assertThat(elsewhere.get("/").statusCode()).isEqualTo(401);

        assertThat(page.locator("nav a[href='/users']")).hasCount(0);
        page.navigate(server.server.url() + "/users");
        assertThat(page.locator("main")).containsText("ADMIN");
        look("forbidden");
        button("Log out").click();
        logIn("hedy", ANOTHER);
        assertThat(page.locator("h1")).hasText("Overview");
    }

    private void changePassword(String old, String fresh, String again) {
        page.locator("#me-old").fill(old);
        page.locator("#me-new").fill(fresh);
        page.locator("#me-again").fill(again);
        button("Change").click();
    }

    @Test
    void whoeverHasTheServersTokenLogsInWithIt() {
        admin("tess");
        try (ServerUnderTest withToken = ServerUnderTest.closed(database, settings -> settings.token(TOKEN))) {
            page.navigate(withToken.server.url() + "/me");
            page.locator("#token").fill("another-token-than-that");
            button("Log in with the token").click();
            assertThat(page.locator("#token-message")).hasText("That is not this server's token.");
            look("login-token");
            page.locator("#token").fill(TOKEN);
            button("Log in with the token").click();
            assertThat(page.locator("#me-title")).hasText("token");
            look("me-token");
        }
    }

    @Test
    void aLinkOnAnotherSiteLeadsToItsVeryPageForWhoeverIsLoggedIn() throws IOException {
        server.server.accounts().addUser("lin", PASSWORD, Role.VIEWER, "test");
        open("/", "lin", PASSWORD);
        String path = "/jobs?state=DEAD&error=no%20bank";
        HttpServer chat = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        chat.createContext("/", exchange -> {
            byte[] body = ("<!doctype html><link rel=icon href=data:,><a href=\"" + server.server.url()
                            + path.replace("&", "&amp;") + "\">look</a>")
                    .getBytes(StandardCharsets.UTF_8);
            exchange.getResponseHeaders().set("Content-Type", "text/html");
            exchange.sendResponseHeaders(200, body.length);
            exchange.getResponseBody().write(body);
            exchange.close();
        });
        chat.start();
        try {
            // By its name the loopback address is another site.
            page.navigate("http://localhost:" + chat.getAddress().getPort() + "/");
            page.locator("a").click();
            assertThat(page.locator("h1")).hasText("Jobs");
            assertThat(page).hasURL(server.server.url() + path);
            assertThat(page.locator("#error")).hasValue("no bank");
        } finally {
            chat.stop(0);
        }
    }
}
