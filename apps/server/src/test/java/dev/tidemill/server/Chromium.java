package dev.tidemill.server;

import static org.assertj.core.api.Assertions.assertThat;

import com.deque.html.axecore.playwright.AxeBuilder;
import com.microsoft.playwright.Browser;
import com.microsoft.playwright.BrowserContext;
import com.microsoft.playwright.BrowserType;
import com.microsoft.playwright.Page;
import com.microsoft.playwright.Playwright;
import com.microsoft.playwright.assertions.PlaywrightAssertions;
import com.microsoft.playwright.options.ColorScheme;
import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;

/**
 * The system's own Chromium, what its pages complain about, and what axe finds wrong with them. One browser for all tests of
 * a JVM: starting one costs more than most of them. Windows share nothing, and are closed with this.
 */
final class Chromium implements AutoCloseable {
    private static final Set<String> SERIOUS = Set.of("serious", "critical");

    private final List<BrowserContext> windows = new ArrayList<>();
    private final List<String> complaints = new ArrayList<>();

    /** Started when the first test wants it; ends with the JVM. For one thread. */
    private static final class Started {
        private static final Playwright PLAYWRIGHT = Playwright.create(
                new Playwright.CreateOptions().setEnv(Map.of("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1")));
        private static final Browser BROWSER = PLAYWRIGHT
                .chromium()
                .launch(new BrowserType.LaunchOptions()
                        .setExecutablePath(executable())
                        .setArgs(List.of("--no-sandbox", "--disable-gpu", "--disable-background-networking")));

        static {
            Runtime.getRuntime().addShutdownHook(new Thread(PLAYWRIGHT::close));
        }
    }

    private static Path executable() {
        return Stream.of("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
                .flatMap(name -> Stream.of(System.getenv("PATH").split(File.pathSeparator))
                        .map(folder -> Path.of(folder, name)))
                .filter(Files::isExecutable)
                .findFirst()
                .orElseThrow(() -> new IllegalStateException(
                        "Chromium is not on the PATH; install it, or leave the tests tagged 'browser' out."));
    }

    /** A window of its own, with or without scripts. */
    BrowserContext window(int width, ColorScheme scheme, boolean scripts) {
        BrowserContext window = Started.BROWSER.newContext(new Browser.NewContextOptions()
                .setViewportSize(width, 900)
                .setColorScheme(scheme)
                .setJavaScriptEnabled(scripts));
        windows.add(window);
        return window;
    }

    /** A page that notes scripts' errors, and what the browser refuses to load or run. */
    Page page(BrowserContext window) {
        Page page = window.newPage();
        page.setDefaultTimeout(20_000);
        PlaywrightAssertions.setDefaultAssertionTimeout(20_000);
        page.onPageError(complaints::add);
        page.onConsoleMessage(message -> {
            if (message.type().equals("error")
                    && !message.text().matches("(?s).*([Ss]tatus of 4|Status Error Code 4).*")) {
                complaints.add(message.text());
            }
        });
        return page;
    }

    List<String> complaints() {
        return complaints;
    }

    /** Takes its picture, and asserts that all of it can be seen and got at: nothing sticks out, axe has nothing to say. */
    static void assertWhole(Page page, String name, int width, ColorScheme scheme) {
        page.waitForFunction("document.readyState === 'complete'");
        shoot(page, name, width, scheme);
        assertThat(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))
                .as("%s fits %d pixels", name, width)
                .isEqualTo(true);
        assertThat(page.evaluate("""
                        [...document.querySelectorAll('.card .scroll table')].filter(table => {
                            const scroll = table.closest('.scroll');
                            return getComputedStyle(scroll).overflowX === 'visible'
                                && table.getBoundingClientRect().right > scroll.getBoundingClientRect().right + 1;
                        }).map(table => table.innerText.slice(0, 80))"""))
                .as("%s: tables that stick out of their cards at %d pixels", name, width)
                .isEqualTo(List.of());
        assertThat(page.evaluate("""
                        [...document.querySelectorAll('.card details[open] > summary, .card details[open] > pre')]
                            .filter(text => text.getBoundingClientRect().right
                                > text.closest('.card').getBoundingClientRect().right + 1)
                            .map(text => text.innerText.slice(0, 80))"""))
                .as("%s: texts that stick out of their cards at %d pixels", name, width)
                .isEqualTo(List.of());
        assertThat(barriers(page)).as("%s, %d, %s", name, width, scheme).isEmpty();
    }

    /** What axe finds serious or worse: rule, and where. */
    static List<String> barriers(Page page) {
        return new AxeBuilder(page)
                .setLegacyMode(true).analyze().getViolations().stream()
                        .filter(rule -> SERIOUS.contains(rule.getImpact()))
                        .flatMap(rule -> rule.getNodes().stream()
                                .map(node -> rule.getId() + ": " + node.getHtml() + " " + node.getFailureSummary()))
                        .toList();
    }

    /** With {@code -Dtidemill.screenshots=true}, for a person to look at: leaves a picture in {@code target/screenshots}. */
    static void shoot(Page page, String name, int width, ColorScheme scheme) {
        if (!Boolean.getBoolean("tidemill.screenshots")) {
            return;
        }
        page.screenshot(new Page.ScreenshotOptions()
                .setPath(Path.of(
                        "target",
                        "screenshots",
                        name + "-" + width + "-" + scheme.name().toLowerCase(Locale.ROOT) + ".png"))
                .setFullPage(true));
    }

    @Override
    public void close() {
        windows.forEach(BrowserContext::close);
    }
}
