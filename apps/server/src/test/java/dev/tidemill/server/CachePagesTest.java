package dev.tidemill.server;

import static com.microsoft.playwright.assertions.PlaywrightAssertions.assertThat;
import static java.time.Duration.ofMinutes;
import static org.assertj.core.api.Assertions.assertThat;

import com.microsoft.playwright.BrowserContext;
import com.microsoft.playwright.Page;
import com.microsoft.playwright.assertions.LocatorAssertions;
import com.microsoft.playwright.options.AriaRole;
import com.microsoft.playwright.options.ColorScheme;
import dev.tidemill.cache.Cache;
import dev.tidemill.cache.CachePolicy;
import dev.tidemill.cache.Caches;
import dev.tidemill.cache.Keys;
import dev.tidemill.cache.ValueType;
import dev.tidemill.server.caches.ServedCaches;
import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.TestDatabase;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/** The caches' pages in a browser. */
@ExtendWith(FreshSchema.class)
@Tag("browser")
@Timeout(300)
final class CachePagesTest {
    private static final AtomicInteger NAMES = new AtomicInteger();

    private final String name = "shop.referral-codes-" + NAMES.incrementAndGet();
    private final Caches caches;
    private final Cache<String, String> texts;
    private final ServerUnderTest server;
    private final Chromium chromium = new Chromium();

    CachePagesTest(TestDatabase database) {
        this.caches = Caches.on(database.dataSource()).schema(database.schema()).open();
        this.texts = caches.cache(name, Keys.STRINGS, ValueType.of(String.class))
                .policy(CachePolicy.of(ofMinutes(5)))
                .tags((key, text) -> Set.of("of:" + key.charAt(0)))
                .open();
        this.server = ServerUnderTest.on(database, jobs -> jobs, settings -> settings.caches(ServedCaches.of(caches)));
    }

    @BeforeEach
    void use() {
        for (int i = 0; i < 50; i++) {
            texts.get(i % 20 + ":key", key -> "x".repeat(key.length() * 100));
        }
        texts.get("a-very-long-key-".repeat(20), key -> "long");
    }

    @AfterEach
    void stop() {
        chromium.close();
        server.close();
        caches.close();
        assertThat(chromium.complaints()).isEmpty();
    }

    private void open(Page page, String path) {
        page.navigate(server.server.url() + path);
    }

    @Test
    void bothPagesAreWholeInEveryWidthAndLightAndWithoutBarriers() {
        Map<String, String> rooms = Map.of(
                "caches-full", "/caches", "cache", "/caches/" + name, "cache-key", "/caches/" + name + "?key=3:key");
        for (ColorScheme scheme : List.of(ColorScheme.LIGHT, ColorScheme.DARK)) {
            for (int width : List.of(1400, 400)) {
                try (BrowserContext window = chromium.window(width, scheme, true)) {
                    Page page = chromium.page(window);
                    rooms.forEach((room, path) -> {
                        open(page, path);
                        Chromium.assertWhole(page, room, width, scheme);
                    });
                }
            }
        }
    }

    @Test
    void theHitRateByTierIsDrawnFromItsTable() {
        try (BrowserContext window = chromium.window(1400, ColorScheme.LIGHT, true)) {
            Page page = chromium.page(window);
            open(page, "/caches");
            assertThat(page.locator("#shared-size"))
                    .containsText(
                            Pattern.compile("[1-9][0-9]* entries, [1-9]"),
                            new LocatorAssertions.ContainsTextOptions().setTimeout(30_000));
            page.getByRole(AriaRole.LINK, new Page.GetByRoleOptions().setName(name))
                    .click();
            assertThat(page.locator("[data-chart=tiers] canvas")).isVisible();
            page.getByText("Figures").click();
            assertThat(page.locator("[data-figures] tbody tr").first()).containsText("58.8");
            assertThat(page.locator("[data-chart=tiers] figcaption")).containsText("This process 59%");
        }
    }

    @Test
    void aKeyIsFoundInItsTiersAndInvalidatedByHand() {
        try (BrowserContext window = chromium.window(1400, ColorScheme.LIGHT, true)) {
            Page page = chromium.page(window);
            page.onDialog(dialog -> dialog.accept());
            open(page, "/caches/" + name);
            page.getByLabel("Key", new Page.GetByLabelOptions().setExact(true)).fill("3:key");
            page.getByRole(AriaRole.BUTTON, new Page.GetByRoleOptions().setName("Look"))
                    .click();
            assertThat(page.locator("main")).containsText("of:3");
            page.getByRole(
                            AriaRole.BUTTON,
                            new Page.GetByRoleOptions().setName("Invalidate").setExact(true))
                    .click();
            assertThat(page.locator("#flash")).containsText("The key 3:key is invalidated");
            assertThat(texts.ask("3:key", key -> "new").value()).isEqualTo("new");
            assertThat(texts.ask("4:key", key -> "new").value()).isNotEqualTo("new");
            page.getByLabel("What", new Page.GetByLabelOptions().setExact(true)).selectOption("pattern");
            page.getByLabel("Its text").fill("*");
            page.getByRole(
                            AriaRole.BUTTON,
                            new Page.GetByRoleOptions().setName("Invalidate").setExact(true))
                    .click();
            assertThat(page.locator("#flash")).containsText("fits every key");
            page.getByRole(AriaRole.BUTTON, new Page.GetByRoleOptions().setName("Invalidate everything"))
                    .click();
            assertThat(page.locator("#flash")).containsText("All of " + name);
            assertThat(texts.ask("4:key", key -> "new").value()).isEqualTo("new");
            open(page, "/audit");
            assertThat(page.locator("main")).containsText("cache-invalidate");
            assertThat(page.locator("main")).containsText("key 3:key");
        }
    }
}
