package dev.tidemill.server;

import static com.microsoft.playwright.assertions.PlaywrightAssertions.assertThat;
import static org.assertj.core.api.Assertions.assertThat;

import com.microsoft.playwright.Locator;
import dev.tidemill.server.access.Role;
import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.TestDatabase;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A page that is open in a browser while its session ends on the server, and answers that are no pages. */
@ExtendWith(FreshSchema.class)
@Tag("browser")
@Timeout(120)
final class EndedSessionTest extends AtTheDoor {
    private static final AtomicInteger NUMBERS = new AtomicInteger();

    private final String name = "ada" + NUMBERS.incrementAndGet();

    EndedSessionTest(TestDatabase database) {
        super(database);
        server.server.accounts().addUser(name, PASSWORD, Role.ADMIN, "test");
    }

    private void endSession() {
        server.server.accounts().setPassword(name, ANOTHER, "test");
    }

    @Test
    void aFormThatIsSentThenLeadsToTheLogInAndBackToItsPage() {
        open("/users?after=a", name, PASSWORD);
        page.locator("#add-name").fill("grace");
        page.locator("#add-password").fill(PASSWORD);
        endSession();
        button("Add").click();
        assertThat(page.locator("#password")).isVisible();
        assertThat(server.server.accounts().user("grace")).isEmpty();

        logIn(name, ANOTHER);
        assertThat(page.locator("#add-name")).isVisible();
        assertThat(page).hasURL(server.server.url() + "/users?after=a");
    }

    @ParameterizedTest
    @ValueSource(strings = {"/", "/nodes"})
    void aPageThatRefreshesItselfBecomesTheLogIn(String path) {
        open(path, name, PASSWORD);
        assertThat(page.locator("#connection")).hasText("Live");
        endSession();
        page.locator("#password").waitFor();
        logIn(name, ANOTHER);
        assertThat(page.locator("#connection")).hasText("Live");
        assertThat(page).hasURL(server.server.url() + path);
    }

    @Test
    void aPageThatSomebodyTypesInIsLeftAloneAndSaysSo() {
        open("/limits", name, PASSWORD);
        Locator typed = page.locator("#limit-name");
        typed.fill("half a na");
        endSession();
        assertThat(page.locator("#connection")).hasText("Logged out; reload to log in");
        assertThat(typed).hasValue("half a na");
    }

    @Test
    void whatAPageAsksByItselfSaysSo() {
        open("/nodes", name, PASSWORD);
        page.waitForRequest(
                request -> request.url().endsWith("/nodes") && request.headers().containsKey("tidemill-refresh"),
                () -> {});
    }

    @Test
    void anAnswerThatIsNoPageIsToldOnThePageThatIsThere() {
        open("/nodes", name, PASSWORD);
        page.evaluate("""
                () => {
                    const form = document.createElement("form");
                    form.method = "post";
                    form.action = "/api/v1/nothing";
                    form.setAttribute("hx-boost", "true");
                    form.innerHTML = "<button>Send</button>";
                    document.querySelector("#main > .head").append(form);
                    htmx.process(form);
                }""");
        for (int i = 0; i < 2; i++) {
            button("Send").click();
            assertThat(page.locator("#flash")).hasText("Nothing is served at /api/v1/nothing.");
            assertThat(page.locator("#nodes")).isVisible();
        }
    }
}
