package dev.tidemill.server;

import static com.microsoft.playwright.assertions.PlaywrightAssertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import dev.tidemill.server.access.Role;
import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.TestDatabase;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/** The ways into a dashboard that asks who somebody is, and the pages about users and keys, in a browser. */
@ExtendWith(FreshSchema.class)
@Tag("browser")
@Timeout(120)
final class LockedDashboardTest extends AtTheDoor {
    LockedDashboardTest(TestDatabase database) {
        super(database);
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
