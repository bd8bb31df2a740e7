package dev.tidemill.storefront;

import static com.microsoft.playwright.assertions.PlaywrightAssertions.assertThat;
import static org.assertj.core.api.Assertions.assertThat;

import com.microsoft.playwright.BrowserContext;
import com.microsoft.playwright.Locator;
import com.microsoft.playwright.Page;
import com.microsoft.playwright.options.AriaRole;
import com.microsoft.playwright.options.ColorScheme;
import com.microsoft.playwright.options.Cookie;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The demo through a person's eyes; leaves pictures in {@code target/screenshots}. */
@Tag("browser")
@Timeout(300)
class BrowserTest {
    private static final List<ColorScheme> SCHEMES = List.of(ColorScheme.LIGHT, ColorScheme.DARK);
    private static final List<Integer> WIDTHS = List.of(400, 1400);

    @TempDir
    private Path data;

    @Test
    void aPersonSignsUpOrdersAndSeesWhatTheJobsDid() throws Exception {
        try (DemoProcess demo = DemoProcess.start(data, "--no-traffic");
                Chromium chromium = new Chromium();
                BrowserContext window = chromium.window(1400, ColorScheme.LIGHT)) {
            Page page = chromium.page(window);
            page.navigate(demo.url());
            shoot(chromium, window, "landing", demo.url());
            shoot(chromium, window, "mail-empty", demo.line().path("mail_url").asString());
            shoot(chromium, window, "cart-empty", demo.url() + "/cart");
            lookAround(demo, chromium, window, page);

            button(page, "Add Tide mug to the cart").click();
            assertThat(page.getByRole(AriaRole.STATUS)).containsText("Tide mug is in your cart");
            button(page, "Add Enamel kettle to the cart").click();
            page.getByRole(AriaRole.LINK, new Page.GetByRoleOptions().setName("Cart"))
                    .first()
                    .click();
            shoot(chromium, window, "cart", page.url());
            page.getByRole(AriaRole.LINK, new Page.GetByRoleOptions().setName("Sign up to order"))
                    .click();

            signUp(page, chromium, window);
            page.getByLabel("Code").fill(readCode(chromium, window, page));
            button(page, "Continue").click();

            button(page, "Place the order").click();
            assertThat(page.getByRole(AriaRole.HEADING, new Page.GetByRoleOptions().setName("Thank you, Wanda Sample")))
                    .isVisible();
            assertThat(page.locator(".state.done")).containsText("The confirmation e-mail went out");
            shoot(chromium, window, "order", page.url());
            readConfirmation(demo, chromium, window);
            page.getByRole(AriaRole.LINK, new Page.GetByRoleOptions().setName("Your orders"))
                    .click();
            assertThat(page.locator(".orders")).containsText("Order 1001");
            shoot(chromium, window, "account", page.url());

            page.navigate(demo.line().path("admin_url").asString());
            for (String kind : List.of("SendOtp", "SendWelcome", "SendOrderConfirmation")) {
                assertThat(page.getByText(kind).first()).isVisible();
            }
            assertThat(chromium.complaints()).isEmpty();
        }
    }

    @Test
    void aMemberSeesWhatTheRulesDidWithoutLoadingThePageAgain() throws Exception {
        try (DemoProcess demo = DemoProcess.start(data, "--no-traffic");
                Chromium chromium = new Chromium();
                BrowserContext window = chromium.window(1400, ColorScheme.LIGHT);
                BrowserContext other = chromium.window(1400, ColorScheme.LIGHT)) {
            Page page = chromium.page(window);
            page.navigate(demo.url() + "/signup");
            letIn(page, chromium, window, demo, "Rea Referrer", "rea@example.com");
            assertThat(page.locator("#status")).hasText("None");
            shoot(chromium, window, "account-new", page.url());

            button(page, "Subscribe to the Morning box").click();
            assertThat(page.locator("#status")).hasText("Active");
            page.getByLabel("Customer id").last().fill("cus_0815");
            button(page, "Save").click();
            assertThat(page.locator("#standing")).containsText("paid through cus_0815");
            button(page, "Subscribe to the Season box").click();
            button(page, "Cancel the Season box").click();
            assertThat(page.locator("#standing")).containsText("Cancelled");
            assertThat(page.locator("#status")).hasText("Active");
            shoot(chromium, window, "account-member", page.url());

            page.getByRole(AriaRole.LINK, new Page.GetByRoleOptions().setName("Your referrals"))
                    .click();
            assertThat(page.locator("#referral-code")).hasText(Pattern.compile("[a-z]{8,10}"));
            shoot(chromium, window, "referrals-new", page.url());
            order(chromium, other, demo, page.locator("#referral-link").textContent());

            assertThat(page.locator("#rewards")).containsText("Fritz");
            assertThat(page.locator("#friends")).hasText("1");
            assertThat(page.locator("#good")).hasText("€1.00");
            shoot(chromium, window, "referrals", page.url());
            assertThat(chromium.complaints()).isEmpty();
        }
    }

    /** By category and by search, with the keyboard. */
    private static void lookAround(DemoProcess demo, Chromium chromium, BrowserContext window, Page page) {
        link(page, "Late desks").click();
        assertThat(page.locator(".shelf h3"))
                .hasText(new String[] {"Harbour lamp", "Beeswax candle", "Field notebook"});
        shoot(chromium, window, "category", page.url());
        link(page, "Light").click();
        assertThat(page.locator(".shelf h3")).hasText(new String[] {"Harbour lamp", "Beeswax candle"});
        page.getByLabel("Search the shop").fill("kettles");
        page.keyboard().press("Enter");
        assertThat(page.locator(".shelf h3")).hasText(new String[] {"Enamel kettle"});
        shoot(chromium, window, "search", page.url());
        shoot(chromium, window, "search-wrong", demo.url() + "/search?q=" + "x".repeat(81));
        link(page, "Enamel kettle").click();
        assertThat(page.getByRole(AriaRole.HEADING, new Page.GetByRoleOptions().setLevel(1)))
                .hasText("Enamel kettle");
        shoot(chromium, window, "product", page.url());
        page.navigate(demo.url());
    }

    private static Locator link(Page page, String name) {
        return page.getByRole(
                AriaRole.LINK, new Page.GetByRoleOptions().setName(name).setExact(true));
    }

    /** A friend, in a browser of their own, who follows the link. */
    private static void order(Chromium chromium, BrowserContext window, DemoProcess demo, String link) {
        Page page = chromium.page(window);
        page.navigate(link);
        assertThat(page.getByLabel("Referral code")).hasValue(Pattern.compile("[a-z]{8,10}"));
        shoot(chromium, window, "signup-invited", page.url());
        letIn(page, chromium, window, demo, "Fritz Friend", "fritz@example.com");
        page.navigate(demo.url());
        button(page, "Add Tide mug to the cart").click();
        page.navigate(demo.url() + "/cart");
        button(page, "Place the order").click();
        assertThat(page.locator(".state.done")).containsText("The confirmation e-mail went out");
        page.close();
    }

    private static void letIn(
            Page page, Chromium chromium, BrowserContext window, DemoProcess demo, String name, String email) {
        page.getByLabel("Your name").fill(name);
        page.getByLabel("E-mail").fill(email);
        button(page, "Send me the code").click();
        Page mail = chromium.page(window);
        mail.navigate(demo.line().path("mail_url").asString() + "?to=" + email);
        mail.locator("#mail-list a", new Page.LocatorOptions().setHasText("is your code"))
                .click();
        String code = mail.frameLocator("iframe").locator(".code").textContent();
        mail.close();
        page.getByLabel("Code").fill(code);
        button(page, "Continue").click();
    }

    private static void signUp(Page page, Chromium chromium, BrowserContext window) {
        button(page, "Send me the code").click();
        assertThat(page.getByText("Please tell us your name.")).isVisible();
        page.screenshot(new Page.ScreenshotOptions().setPath(picture("signup-wrong-1400-light")));
        shoot(chromium, window, "signup", page.url());
        page.getByLabel("Your name").fill("Wanda Sample");
        page.getByLabel("E-mail").fill("wanda@example.com");
        button(page, "Send me the code").click();
        assertThat(page.getByText("wanda@example.com")).isVisible();
        shoot(chromium, window, "verify", page.url());
    }

    /** From the mail page that the shop links to, in another tab. */
    private static String readCode(Chromium chromium, BrowserContext window, Page shop) {
        Page mail = window.waitForPage(
                () -> shop.getByRole(AriaRole.LINK, new Page.GetByRoleOptions().setName("your e-mail is here"))
                        .click());
        Locator letter = mail.locator("#mail-list a", new Page.LocatorOptions().setHasText("is your code"));
        letter.click();
        Locator code = mail.frameLocator("iframe").locator(".code");
        assertThat(code).hasText(Pattern.compile("[0-9]{6}"));
        String digits = code.textContent();
        shoot(chromium, window, "mail", mail.url());
        mail.close();
        return digits;
    }

    private static void readConfirmation(DemoProcess demo, Chromium chromium, BrowserContext window) {
        Page mail = chromium.page(window);
        mail.navigate(demo.line().path("mail_url").asString());
        mail.locator("#mail-list a", new Page.LocatorOptions().setHasText("Your order 1001"))
                .click();
        assertThat(mail.frameLocator("iframe").locator("table")).containsText("Enamel kettle");
        shoot(chromium, window, "mail-order", mail.url());
        mail.close();
    }

    private static Locator button(Page page, String name) {
        return page.getByRole(
                AriaRole.BUTTON, new Page.GetByRoleOptions().setName(name).setExact(true));
    }

    /** Takes the page's picture, wide and narrow, light and dark; nothing may stick out at the side. */
    private static void shoot(Chromium chromium, BrowserContext window, String name, String url) {
        for (ColorScheme scheme : SCHEMES) {
            for (int width : WIDTHS) {
                try (BrowserContext other = chromium.window(width, scheme)) {
                    other.addCookies(window.cookies().stream()
                            .map(cookie -> new Cookie(cookie.name, cookie.value).setUrl(url))
                            .toList());
                    Page page = chromium.page(other);
                    page.navigate(url);
                    assertThat(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))
                            .as("%s fits %d pixels", name, width)
                            .isEqualTo(true);
                    if (width == WIDTHS.getFirst()) {
                        assertThat(Chromium.barriers(page))
                                .as("%s, %s", name, scheme)
                                .isEmpty();
                    }
                    String file = name + "-" + width + "-" + scheme.name().toLowerCase(Locale.ROOT);
                    page.screenshot(
                            new Page.ScreenshotOptions().setPath(picture(file)).setFullPage(width == 1400));
                }
            }
        }
    }

    private static Path picture(String name) {
        return Path.of("target", "screenshots", name + ".png");
    }
}
