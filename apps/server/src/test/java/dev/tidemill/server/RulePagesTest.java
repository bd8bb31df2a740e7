package dev.tidemill.server;

import static com.microsoft.playwright.assertions.PlaywrightAssertions.assertThat;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.microsoft.playwright.BrowserContext;
import com.microsoft.playwright.Page;
import com.microsoft.playwright.options.AriaRole;
import com.microsoft.playwright.options.ColorScheme;
import dev.tidemill.rules.RuleState;
import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.TestDatabase;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/** The pages of rules with everything that can be wrong with one, in a browser: what is seen, and every button. */
@ExtendWith(FreshSchema.class)
@Tag("browser")
@Timeout(180)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
final class RulePagesTest {
    private final ServerUnderTest server;
    private final BusyRules rules;

    RulePagesTest(TestDatabase database) {
        this.server = ServerUnderTest.on(database);
        this.rules = new BusyRules(database, server.mill);
    }

    @AfterEach
    void stop() {
        rules.close();
        server.close();
    }

    private static String row(Page page, String rule) {
        return page.locator("main tbody tr")
                .filter(new com.microsoft.playwright.Locator.FilterOptions()
                        .setHas(page.getByRole(
                                AriaRole.LINK,
                                new Page.GetByRoleOptions().setName(rule).setExact(true))))
                .textContent()
                .replaceAll("\\s+", " ");
    }

    @Test
    @Order(1)
    void badInputEndsInAClearStateOnThePageAndEveryButtonDoesWhatItSays() {
        rules.fill();
        try (Chromium chromium = new Chromium()) {
            look(chromium);
            try (BrowserContext window = chromium.window(1400, ColorScheme.LIGHT, true)) {
                Page page = chromium.page(window);
                states(page);
                buttons(page);
            }
            assertThat(chromium.complaints()).isEmpty();
        }
    }

    /** Light and dark, wide and narrow, without barriers. */
    private void look(Chromium chromium) {
        for (ColorScheme scheme : new ColorScheme[] {ColorScheme.LIGHT, ColorScheme.DARK}) {
            for (int width : new int[] {1400, 400}) {
                try (BrowserContext window = chromium.window(width, scheme, true)) {
                    Page page = chromium.page(window);
                    Map.of(
                                    "rules-full",
                                    "/rules",
                                    "rule",
                                    "/rules/copy",
                                    "rule-broken",
                                    "/rules/renamed-column",
                                    "doctor-rules",
                                    "/doctor")
                            .forEach((name, path) -> {
                                assertThat(page.navigate(server.server.url() + path)
                                                .status())
                                        .isEqualTo(200);
                                Chromium.assertWhole(page, name, width, scheme);
                            });
                }
            }
        }
    }

    private void states(Page page) {
        page.navigate(server.server.url() + "/rules");
        assertThat(row(page, "renamed-column")).contains("broken");
        assertThat(row(page, "made-anew")).contains("broken");
        assertThat(row(page, "paused")).contains("paused");
        assertThat(row(page, "nobody")).contains("unserved");
        assertThat(row(page, "copy")).contains("active", "6 found", "3 repaired");
        assertThat(page.locator("main").textContent())
                .contains("has no column state any more")
                .contains("was made anew, without triggers")
                .contains("No process has had its code for 10 min; 3 changes wait.")
                .contains("2 keys are parked")
                .contains("2 handler error, 2 manual edit")
                .contains("2 missed capture");

        page.navigate(server.server.url() + "/rules/copy");
        assertThat(page.locator("main").textContent())
                .contains("thirteen brings bad luck", "missed capture", "manual edit", "handler error");
        page.navigate(server.server.url() + "/rules/loops");
        assertThat(page.locator("main").textContent())
                .contains("loops > loops > loops", "react to each other without end");
        String fighters = page.navigate(server.server.url() + "/rules/up").text()
                + page.navigate(server.server.url() + "/rules/down").text();
        assertThat(fighters).contains("up &gt; down");
        page.navigate(server.server.url() + "/");
        assertThat(page.locator("#attention")).containsText("may miss changes");
        page.navigate(server.server.url() + "/doctor");
        assertThat(page.locator("main")).containsText("Rule broken");
    }

    private void click(Page page, String name) {
        page.getByRole(
                        AriaRole.BUTTON,
                        new Page.GetByRoleOptions().setName(name).setExact(true))
                .click();
    }

    private void buttons(Page page) {
        page.onDialog(dialog -> dialog.accept());
        page.navigate(server.server.url() + "/rules");
        click(page, "Resume paused");
        assertThat(page.locator("#flash")).containsText("Rule paused goes on");
        await().atMost(Duration.ofSeconds(20)).until(() -> rules.of("paused").pending() == 0);
        click(page, "Pause paused");
        assertThat(page.locator("#flash")).containsText("is paused");

        page.navigate(server.server.url() + "/rules/made-anew");
        click(page, "Repair");
        assertThat(page.locator("#flash")).containsText("are made again");
        assertThat(rules.of("made-anew").state()).isEqualTo(RuleState.ACTIVE);

        page.navigate(server.server.url() + "/rules/copy");
        click(page, "Release key 13");
        assertThat(page.locator("#flash")).containsText("Key 13 is given back");
        click(page, "Dry run");
        assertThat(page.locator("#flash")).containsText("does the dry run");
        click(page, "Sweep now");
        assertThat(page.locator("#flash")).containsText("does the sweep");
        page.locator("#rate").fill("100000");
        click(page, "Backfill");
        assertThat(page.locator("#flash")).containsText("is under way");
        await().atMost(Duration.ofSeconds(40))
                .until(() -> rules.of("copy").backfill().orElseThrow().state().equals("DONE"));

        page.navigate(server.server.url() + "/rules/nobody");
        click(page, "Remove");
        assertThat(page.locator("#flash")).containsText("Rule nobody is removed");
        assertThat(server.get("/api/v1/rules/nobody").statusCode()).isEqualTo(404);
    }
}
