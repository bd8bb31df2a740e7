package dev.tidemill.storefront;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemill.storefront.ShopUnderTest.Reply;
import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.TestDatabase;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Whatever comes in, it is answered with one clear error and nothing is written. */
@ExtendWith(FreshSchema.class)
@TestInstance(Lifecycle.PER_CLASS)
@Timeout(120)
class BadInputTest {
    private final ShopUnderTest shop;

    BadInputTest(TestDatabase database) throws Exception {
        shop = new ShopUnderTest(database, MailMode.JOB);
    }

    @AfterAll
    void close() throws Exception {
        shop.close();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "plain",
                "@example.com",
                "a@b",
                "a@@example.com",
                "a..b@example.com",
                ".a@example.com",
                "a@-example.com",
                "a@example.com\r\nBcc: b@example.com",
                "a b@example.com",
                "<a@example.com>",
                "ä@example.com",
                "a@example.com, b@example.com",
                "a@example.c"
            })
    void aWrongAddressIsNamed(String email) throws Exception {
        Reply refused = shop.signUp("Ada", email);

        assertThat(refused.status()).isEqualTo(422);
        assertThat(refused.body().path("errors").path(0).path("field").asString())
                .isEqualTo("email");
        assertThat(shop.count("SELECT count(*) FROM shop.customer WHERE name = 'Ada'"))
                .isZero();
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "  ", "Eve\r\nBcc: all@example.com", "Eve\u2028x", "Eve\u0000", "Eve\u202egnp"})
    void aNameCannotBreakOutOfItsLine(String name) throws Exception {
        Reply refused = shop.signUp(name, "eve@example.com");

        assertThat(refused.status()).isEqualTo(422);
        assertThat(refused.body().path("errors").path(0).path("field").asString())
                .isEqualTo("name");
        assertThat(shop.mail().to("eve@example.com")).isEmpty();
    }

    @Test
    void bothWrongFieldsAreNamedAtOnce() throws Exception {
        assertThat(shop.post("/api/signup", "", Map.of()).body().path("errors").size())
                .isEqualTo(2);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "{", "null", "[]", "{\"name\":\"a\"} x", "{\"nom\":\"a\"}"})
    void whatIsNotTheJsonAskedForIsRefused(String body) throws Exception {
        Reply refused = shop.postText("/api/signup", "", body);

        assertThat(refused.status()).isEqualTo(400);
        assertThat(refused.body().path("detail").asString()).isNotBlank();
    }

    @Test
    void aHugeBodyIsRefused() throws Exception {
        assertThat(shop.postText("/api/signup", "", "{\"name\":\"" + "x".repeat(100_000) + "\"}")
                        .status())
                .isEqualTo(413);
    }

    @Test
    void wrongOrdersWriteNothing() throws Exception {
        String token = shop.customer("careful@example.com");
        for (Object lines : List.of(
                List.of(),
                List.of(Map.of("sku", "unknown", "quantity", 1)),
                List.of(Map.of("sku", "tide-mug", "quantity", 0)),
                List.of(Map.of("sku", "tide-mug", "quantity", 21)),
                List.of(Map.of("sku", "tide-mug")),
                List.of(Map.of("sku", "tide-mug", "quantity", 1), Map.of("sku", "tide-mug", "quantity", 1)))) {
            assertThat(shop.post("/api/checkout", token, Map.of("lines", lines)).status())
                    .as(lines.toString())
                    .isEqualTo(422);
        }
        assertThat(shop.post("/api/checkout", "nonsense", Map.of("lines", List.of()))
                        .status())
                .isEqualTo(401);
        assertThat(shop.count("SELECT count(*) FROM shop.purchase")).isZero();
    }

    @Test
    void whatIsTypedIsShownAsText() throws Exception {
        HttpResponse<String> page = form("/signup", "name=Eve&email=%22%3E%3Cscript%3Ealert(1)%3C%2Fscript%3E");
        assertThat(page.statusCode()).isEqualTo(422);
        assertThat(page.body()).doesNotContain("\"><script>alert");

        String token = shop.customer("<script>alert(1)</script>", "markup@example.com");
        HttpResponse<String> account = shop.send(shop.request("/account").header("Authorization", "Bearer " + token));
        assertThat(account.body())
                .contains("&lt;script&gt;alert(1)&lt;/script&gt;")
                .doesNotContain("<script>alert");
    }

    @Test
    void otherSitesAreKeptOut() throws Exception {
        HttpResponse<String> foreign = shop.send(shop.request("/signup")
                .header("Origin", "https://elsewhere.example.com")
                .header("Content-Type", "application/x-www-form-urlencoded")
                .POST(BodyPublishers.ofString("name=a&email=b%40example.com")));
        assertThat(foreign.statusCode()).isEqualTo(403);

        HttpResponse<String> plain = shop.send(shop.request("/api/signup")
                .header("Content-Type", "text/plain")
                .POST(BodyPublishers.ofString("{\"name\":\"a\",\"email\":\"b@example.com\"}")));
        assertThat(plain.statusCode()).isEqualTo(415);
    }

    @Test
    void unknownPagesSaySo() throws Exception {
        HttpResponse<String> missing = shop.send(shop.request("/nothing"));
        assertThat(missing.statusCode()).isEqualTo(404);
        assertThat(missing.body()).contains("Nothing here");
        assertThat(shop.send(shop.request("/orders/not-an-id")).statusCode()).isEqualTo(401);
        assertThat(shop.send(shop.request("/assets/../secret")).statusCode()).isEqualTo(404);
    }

    @Test
    void aVerdictNeedsAChallenge() throws Exception {
        Reply refused = shop.post("/api/verify", "", Map.of("challenge", "x", "code", "1"));
        assertThat(refused.status()).isEqualTo(422);
        HttpResponse<String> page = form("/verify", "challenge=00000000-0000-0000-0000-000000000000&code=123456");
        assertThat(page.statusCode()).isEqualTo(410);
        assertThat(page.body()).contains("Get a new code");
    }

    private HttpResponse<String> form(String path, String body) throws Exception {
        return shop.send(shop.request(path)
                .header("Content-Type", "application/x-www-form-urlencoded")
                .POST(BodyPublishers.ofString(body)));
    }
}
