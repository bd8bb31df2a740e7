package dev.tidemill.server;

import static org.assertj.core.api.Assertions.assertThat;

import com.microsoft.playwright.BrowserContext;
import com.microsoft.playwright.Page;
import com.microsoft.playwright.options.ColorScheme;
import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.TestDatabase;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/** Every page, empty and full, light and dark, wide and narrow: whole, usable with a keyboard and a screen reader. */
@ExtendWith(FreshSchema.class)
@Tag("browser")
@Timeout(300)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
final class DashboardPagesTest {
    private static final List<Integer> WIDTHS = List.of(1400, 400);
    private static final List<ColorScheme> SCHEMES = List.of(ColorScheme.LIGHT, ColorScheme.DARK);

    private final BusyMill busy = new BusyMill();
    private final ServerUnderTest server;

    DashboardPagesTest(TestDatabase database) {
        this.server = ServerUnderTest.on(database, busy::handlers, settings -> settings);
    }

    @AfterEach
    void stopServer() {
        busy.leave();
        server.close();
    }

    private static Map<String, String> rooms() {
        Map<String, String> rooms = new LinkedHashMap<>();
        rooms.put("overview", "/");
        rooms.put("queues", "/queues");
        rooms.put("jobs", "/jobs");
        rooms.put("schedules", "/schedules");
        rooms.put("schedule-new", "/new-schedule");
        rooms.put("dead-letters", "/dead-letters");
        rooms.put("nodes", "/nodes");
        rooms.put("limits", "/limits");
        rooms.put("breakers", "/breakers");
        rooms.put("alarms", "/alarms");
        rooms.put("caches", "/caches");
        rooms.put("rules", "/rules");
        rooms.put("endpoints", "/endpoints");
        rooms.put("retention", "/retention");
        rooms.put("doctor", "/doctor");
        rooms.put("audit", "/audit");
        return rooms;
    }

    private void look(Map<String, String> rooms, String suffix) {
        try (Chromium chromium = new Chromium()) {
            for (ColorScheme scheme : SCHEMES) {
                for (int width : WIDTHS) {
                    try (BrowserContext window = chromium.window(width, scheme, true)) {
                        Page page = chromium.page(window);
                        rooms.forEach((name, path) -> look(page, name + suffix, path, width, scheme));
                    }
                }
            }
            assertThat(chromium.complaints()).isEmpty();
        }
    }

    private void look(Page page, String name, String path, int width, ColorScheme scheme) {
        assertThat(page.navigate(server.server.url() + path).status()).as(path).isEqualTo(200);
        Chromium.assertWhole(page, name, width, scheme);
        assertThat(page.locator("h1").count()).as("%s has one heading", name).isEqualTo(1);
        assertThat(page.locator("main table").count() == 0
                        || page.locator("main thead").count() > 0
                        || page.locator("main .log").count() > 0)
                .as("%s: tables have heads", name)
                .isTrue();
    }

    @Test
    @Order(1)
    void emptyRoomsSayWhatWouldBeThere() {
        look(rooms(), "-empty");
    }

    @Test
    @Order(2)
    void roomsShowWhatThereIsWithoutBarriers() {
        busy.fill(server.mill);
        assertThat(server.put(
                                "/api/v1/endpoints/shipping",
                                "{\"url\": \"https://example.com/jobs\", \"kinds\": [\"Ship\", \"Return\"], \"headers\":"
                                        + " {\"Authorization\": \"Bearer s3cret\"}, \"on_demand\": true}")
                        .statusCode())
                .isEqualTo(201);
        Map<String, String> rooms = rooms();
        rooms.put("endpoint-change", "/endpoints?change=shipping");
        rooms.put("breaker-change", "/breakers?change=mail-api");
        rooms.put("alarm-change", "/alarms?change=CallMail");
        rooms.put("queue", "/queues/default");
        rooms.put("job-succeeded", "/jobs/" + busy.succeeded);
        rooms.put("job-dead", "/jobs/" + busy.dead);
        rooms.put("job-running", "/jobs/" + busy.running);
        rooms.put("job-scheduled", "/jobs/" + busy.scheduled);
        rooms.put("job-waiting", "/jobs/" + busy.waiting);
        rooms.put("schedule", "/schedules/nightly-report");
        rooms.put("schedule-edit", "/schedules/nightly-report/edit");
        rooms.put("jobs-dead", "/jobs?state=DEAD");
        rooms.put("bulk", "/all-jobs?state=DEAD&action=replay");
        look(rooms, "");
    }

    @Test
    @Order(3)
    void whatIsNotThereIsToldOnAPageAndInJsonToTheApi() {
        try (Chromium chromium = new Chromium();
                BrowserContext window = chromium.window(1400, ColorScheme.LIGHT, true)) {
            Page page = chromium.page(window);
            assertThat(page.navigate(server.server.url() + "/jobs/99999999").status())
                    .isEqualTo(404);
            assertThat(page.locator("main").textContent()).contains("404", "NOT_FOUND", "no job 99999999");
            assertThat(page.locator("nav a").count()).isGreaterThan(5);
            Chromium.shoot(page, "problem", 1400, ColorScheme.LIGHT);
            assertThat(Chromium.barriers(page)).isEmpty();
            assertThat(page.navigate(server.server.url() + "/api/v1/jobs/99999999")
                            .text())
                    .startsWith("{");
        }
    }

    @Test
    @Order(4)
    void chartsAreDrawnFromTablesThatAreThereWithoutScriptsToo() {
        busy.fill(server.mill);
        try (Chromium chromium = new Chromium();
                BrowserContext plain = chromium.window(1400, ColorScheme.LIGHT, false);
                BrowserContext broken = chromium.window(1400, ColorScheme.LIGHT, true);
                BrowserContext whole = chromium.window(1400, ColorScheme.LIGHT, true)) {
            Page without = chromium.page(plain);
            without.navigate(server.server.url() + "/");
            double height = without.locator("[data-chart=finished]").boundingBox().height;
            assertThat(without.locator("[data-chart=finished] tbody tr").count())
                    .isEqualTo(60);
            assertThat(without.locator("[data-chart=finished] .no-plot").isVisible())
                    .isTrue();
            without.locator("[data-chart=finished] summary").click();
            assertThat(without.locator("[data-chart=finished] table").isVisible())
                    .isTrue();

            broken.route("**/assets/chart.js*", route -> route.abort());
            Page failing = broken.newPage();
            failing.navigate(server.server.url() + "/");
            assertThat(failing.locator("[data-chart=finished] .no-plot").isVisible())
                    .isTrue();
            assertThat(failing.locator("[data-chart=finished]").boundingBox().height)
                    .isEqualTo(height);

            Page page = chromium.page(whole);
            page.navigate(server.server.url() + "/");
            page.locator("[data-chart=finished] canvas").waitFor();
            assertThat(page.locator("[data-chart=finished]").boundingBox().height)
                    .isEqualTo(height);
            assertThat(page.evaluate("Chart.getChart(document.querySelector('[data-chart=finished] canvas'))"
                            + ".data.datasets[0].data.reduce((a, b) => a + b, 0)"))
                    .isEqualTo(page.evaluate("[...document.querySelectorAll('[data-chart=finished] tbody tr')]"
                            + ".reduce((a, row) => a + Number(row.cells[1].textContent), 0)"));
            assertThat(chromium.complaints()).isEmpty();
        }
    }

    @Test
    @Order(5)
    void everythingIsReachedWithTheKeyboardAndSeen() {
        try (Chromium chromium = new Chromium();
                BrowserContext window = chromium.window(1400, ColorScheme.LIGHT, true)) {
            Page page = chromium.page(window);
            page.navigate(server.server.url() + "/limits");
            page.keyboard().press("Tab");
            assertThat(page.evaluate("document.activeElement.className")).isEqualTo("skip");
            page.keyboard().press("Enter");
            assertThat(page.evaluate("location.hash")).isEqualTo("#main");
            int controls = (Integer) page.evaluate(
                    "[...document.querySelectorAll('main :is(a[href], button, input:not([type=hidden]), select, summary)')]"
                            + ".filter(one => one.checkVisibility()).length");
            java.util.Set<Object> reached = new java.util.HashSet<>();
            for (int i = 0; i < controls + 10; i++) {
                page.keyboard().press("Tab");
                reached.add(
                        page.evaluate("(() => { const at = document.activeElement; if (!at.closest('main')) return '';"
                                + " if (!at.matches('a[href], button, input, select, summary')) return '';"
                                + " if (getComputedStyle(at).outlineStyle === 'none') throw new Error('no ring: ' + at.outerHTML);"
                                + " at.dataset.seen ??= String(Math.random()); return at.dataset.seen; })()"));
            }
            reached.remove("");
            assertThat(reached).hasSize(controls);
        }
    }

    @Test
    @Order(6)
    void keysLeadToRoomsAndCanBeTurnedOff() {
        try (Chromium chromium = new Chromium();
                BrowserContext window = chromium.window(1400, ColorScheme.LIGHT, true)) {
            Page page = chromium.page(window);
            page.navigate(server.server.url() + "/limits");
            page.keyboard().press("?");
            assertThat(page.locator("#shortcuts").isVisible()).isTrue();
            assertThat(page.locator("#shortcuts").textContent())
                    .contains("Dead letters", "Endpoints", "Rules", "search jobs");
            Chromium.shoot(page, "keyboard", 1400, ColorScheme.LIGHT);
            assertThat(Chromium.barriers(page)).isEmpty();
            page.keyboard().press("Escape");
            assertThat(page.locator("#shortcuts").isVisible()).isFalse();

            page.keyboard().press("g");
            page.keyboard().press("e");
            page.waitForURL("**/endpoints");
            page.keyboard().press("g");
            page.keyboard().press("t");
            page.waitForURL("**/rules");
            page.keyboard().press("/");
            page.waitForURL("**/jobs");
            page.keyboard().press("/");
            assertThat(page.evaluate("document.activeElement.id")).isEqualTo("error");
            page.keyboard().type("why?g");
            assertThat(page.locator("#error").inputValue()).isEqualTo("why?g");
            assertThat(page.locator("#shortcuts").isVisible()).isFalse();

            page.locator("[data-shortcuts] button").click();
            page.locator("[data-shortcuts-on]").uncheck();
            page.locator("#shortcuts button").click();
            page.reload();
            page.keyboard().press("?");
            assertThat(page.locator("#shortcuts").isVisible()).isFalse();
            assertThat(page.locator("[data-shortcuts-on]").isChecked()).isFalse();
            assertThat(chromium.complaints()).isEmpty();
        }
    }
}
