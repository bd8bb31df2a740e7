package dev.tidemill.server;

import static com.microsoft.playwright.assertions.PlaywrightAssertions.assertThat;
import static org.assertj.core.api.Assertions.assertThat;

import com.microsoft.playwright.BrowserContext;
import com.microsoft.playwright.Locator;
import com.microsoft.playwright.Page;
import com.microsoft.playwright.options.AriaRole;
import com.microsoft.playwright.options.ColorScheme;
import dev.tidemill.testkit.TestDatabase;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;

/** A person before a dashboard that asks who they are, who says yes to every question. */
abstract class AtTheDoor {
    static final String PASSWORD = "four words in a row";
    static final String ANOTHER = "five other words in a row";

    final ServerUnderTest server;
    final Chromium chromium = new Chromium();
    final BrowserContext window = chromium.window(1400, ColorScheme.LIGHT, true);
    final Page page = chromium.page(window);

    AtTheDoor(TestDatabase database) {
        this.server = ServerUnderTest.closed(database, settings -> settings);
    }

    @BeforeEach
    final void sayYesToQuestions() {
        page.onDialog(dialog -> dialog.accept());
    }

    @AfterEach
    final void nothingComplained() {
        chromium.close();
        server.close();
        assertThat(chromium.complaints()).isEmpty();
    }

    /** Opens a page by way of the log-in. */
    final void open(String path, String name, String password) {
        page.navigate(server.server.url() + "/login?next=" + URLEncoder.encode(path, StandardCharsets.UTF_8));
        logIn(name, password);
        assertThat(page).hasURL(server.server.url() + path);
    }

    final void logIn(String name, String password) {
        page.locator("#name").fill(name);
        page.locator("#password").fill(password);
        button("Log in").click();
    }

    final Locator button(String name) {
        return page.getByRole(
                AriaRole.BUTTON, new Page.GetByRoleOptions().setName(name).setExact(true));
    }
}
