package dev.tidemill.storefront;

import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.awaitility.Awaitility.await;

import dev.tidemill.cache.Cache;
import dev.tidemill.cache.Caches;
import dev.tidemill.jobs.JobFilter;
import dev.tidemill.jobs.JobState;
import dev.tidemill.jobs.Tidemill;
import dev.tidemill.server.caches.WarmUpJobs.WarmCache;
import dev.tidemill.storefront.ShopUnderTest.Reply;
import dev.tidemill.storefront.catalogue.Catalogue;
import dev.tidemill.storefront.catalogue.Offer;
import dev.tidemill.storefront.shop.InvalidInput;
import dev.tidemill.storefront.shop.Sql;
import dev.tidemill.testkit.TestDatabase;
import java.net.URLEncoder;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The catalogue: what is shown comes from the cache, which the jobs keep warm and every change voids as it commits. */
class CatalogueTest extends AtTheShop {
    private static final List<String> WARM_UPS = List.of("categories", "prices", "products", "search");

    CatalogueTest(TestDatabase database) throws Exception {
        super(database);
    }

    private Catalogue catalogue() {
        return shop.shop().catalogue();
    }

    private Offer offer(String sku) {
        return catalogue().offer(sku).orElseThrow();
    }

    private String body(String path) throws Exception {
        HttpResponse<String> page = page(path, "");
        assertThat(page.statusCode()).isEqualTo(200);
        return page.body();
    }

    private List<String> found(String words) throws Exception {
        Reply reply = shop.get("/api/products?q=" + URLEncoder.encode(words, StandardCharsets.UTF_8), "");
        assertThat(reply.status()).as(words).isEqualTo(200);
        List<String> skus = new ArrayList<>();
        reply.body().forEach(offer -> skus.add(offer.path("sku").asString()));
        return skus;
    }

    @Test
    void aCategoryShowsWhatStandsInItAndBelowIt() throws Exception {
        assertThat(body("/c/mornings"))
                .contains("Tide mug", "Enamel kettle", "/c/cups")
                .doesNotContain("Harbour lamp");
        assertThat(body("/c/cups")).contains("Tide mug", "Slow mornings").doesNotContain("Enamel kettle");
        assertThat(page("/c/nowhere", "").statusCode()).isEqualTo(404);
        assertThat(body("/p/tide-mug")).contains("Stoneware", "/c/mornings", "/c/cups", "€18.50");
        for (String sku : List.of("nothing", "Tide-Mug", "%00", "x".repeat(300))) {
            assertThat(page("/p/" + sku, "").statusCode()).as(sku).isEqualTo(404);
        }
        assertThat(shop.get("/api/categories", "").body().findValuesAsString("slug"))
                .as("parents first, each in its place")
                .containsExactly("mornings", "cups", "kettles", "desks", "light", "paper", "on-the-way", "bags");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                "mug; tide-mug",
                "MUGS; tide-mug",
                "kettles; enamel-kettle",
                "honey; beeswax-candle",
                "coffee -kettle; tide-mug",
                "\"whistle you can bear\"; enamel-kettle"
            })
    void aSearchFindsWordsHoweverTheyAreInflected(String words, String sku) throws Exception {
        assertThat(found(words)).containsExactly(sku);
    }

    @Test
    void aWordInTheNameCountsForMoreThanOneInTheDescription() throws Exception {
        assertThat(found("candle")).containsExactly("beeswax-candle", "harbour-lamp");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"zeppelin", "the", "'", "\"", "((", "a & | b", "'; DROP TABLE shop.product; --", "\u0000", "🫖"})
    void whatIsNoWordOfOursFindsNothing(String words) throws Exception {
        assertThat(page("/search?q=" + URLEncoder.encode(words, StandardCharsets.UTF_8), "")
                        .statusCode())
                .isEqualTo(200);
        if (!words.isBlank() && !words.equals("\u0000")) {
            assertThat(found(words)).isEmpty();
        }
    }

    @Test
    void whatWasTypedIsShownAsItWasAndRefusedWhenItIsTooLong() throws Exception {
        assertThat(body("/search?q=%3Cimg%20src%3Dx%3E"))
                .contains("&lt;img src=x&gt;")
                .doesNotContain("<img src=x>");
        HttpResponse<String> refused = page("/search?q=" + "x".repeat(81), "");
        assertThat(refused.statusCode()).isEqualTo(422);
        assertThat(refused.body()).contains("The search has 81 characters; it may have 80");
        Reply problem = shop.get("/api/products?q=" + "x".repeat(81), "");
        assertThat(problem.status()).isEqualTo(422);
        assertThat(problem.body().path("errors").path(0).path("field").asString())
                .isEqualTo("q");
    }

    @Test
    void aNewPriceIsShownByEveryProcessAndOneThatIsRefusedVoidsNothing() throws Exception {
        try (Caches caches = Caches.on(shop.pool()).open()) {
            Catalogue other = new Catalogue(shop.pool(), caches);
            assertThat(other.offer("harbour-lamp").orElseThrow().unitCents()).isEqualTo(6_400);
            assertThat(offer("harbour-lamp").reduced()).isFalse();

            catalogue().reprice("harbour-lamp", 4_800);

            await().atMost(ofSeconds(20))
                    .until(() -> offer("harbour-lamp").unitCents() == 4_800
                            && other.offer("harbour-lamp").orElseThrow().unitCents() == 4_800);
            assertThat(body("/p/harbour-lamp")).contains("<s>€64.00</s>", "€48.00");

            for (long cents : new long[] {0, -1, 6_401}) {
                assertThatExceptionOfType(InvalidInput.class)
                        .isThrownBy(() -> catalogue().reprice("harbour-lamp", cents));
            }
            assertThatExceptionOfType(InvalidInput.class)
                    .isThrownBy(() -> catalogue().reprice("nothing", 1));
            assertThat(offer("harbour-lamp").unitCents()).isEqualTo(4_800);
        }
    }

    @Test
    void aPriceThatAnotherProgramSetsInSqlIsShownOnceItCommits() throws Exception {
        assertThat(offer("field-notebook").unitCents()).isEqualTo(1_290);
        try (Connection connection = shop.pool().getConnection()) {
            connection.setAutoCommit(false);
            Sql.on(connection, "UPDATE shop.price SET cents = 990 WHERE sku = 'field-notebook'")
                    .update();
            Sql.on(connection, "SELECT tidemill.cache_invalidate('shop.prices', 'field-notebook')")
                    .list(row -> true);
            assertThat(offer("field-notebook").unitCents()).isEqualTo(1_290);
            connection.commit();
        }
        await().atMost(ofSeconds(20)).until(() -> offer("field-notebook").unitCents() == 990);
    }

    @Test
    void aProductIsFoundByItsNewWordsAndNoLongerByTheOld() throws Exception {
        assertThat(found("cotton")).containsExactly("beeswax-candle", "canvas-tote");
        assertThat(found("satchel")).isEmpty();

        catalogue().rewrite("canvas-tote", "Canvas satchel", "Heavy linen, long handles, one honest pocket.");

        await().atMost(ofSeconds(20))
                .until(() -> found("satchel").equals(List.of("canvas-tote"))
                        && found("cotton").equals(List.of("beeswax-candle")));
        assertThat(body("/c/bags")).contains("Canvas satchel").doesNotContain("Canvas tote");
    }

    @Test
    void whatIsPaidIsThePriceOfTheMomentAndNeverAnotherThanTheOneShown() throws Exception {
        String token = shop.customer("careful-buyer@example.com");
        post("/cart", token, "sku=beeswax-candle");
        assertThat(page("/cart", token).body()).contains("name=\"total\" value=\"1600\"");
        // As a program would that forgot to say so: the cache does not know.
        run("UPDATE shop.price SET cents = 1200 WHERE sku = 'beeswax-candle'");

        HttpResponse<String> refused = post("/checkout", token, "total=1600");

        assertThat(refused.statusCode()).isEqualTo(422);
        assertThat(refused.body()).contains("A price has changed: it comes to €12.00 now.");
        assertThat(shop.get("/api/orders", token).body()).isEmpty();
        assertThat(post("/checkout", token, "total=1200").statusCode()).isEqualTo(303);
        assertThat(shop.get("/api/orders", token)
                        .body()
                        .path(0)
                        .path("totalCents")
                        .asLong())
                .isEqualTo(1_200);
        assertThat(post("/checkout", token, "total=").headers().firstValue("Location"))
                .as("the cart is empty")
                .hasValue("/account");
    }

    private HttpResponse<String> post(String path, String token, String form) throws Exception {
        return shop.send(shop.request(path)
                .header("Authorization", "Bearer " + token)
                .header("Content-Type", "application/x-www-form-urlencoded")
                .POST(BodyPublishers.ofString(form)));
    }

    @Test
    void theEngineWarmsTheCatalogueAtTheStartAndKeepsItWarm() throws Exception {
        Tidemill mill = shop.shop().mill();
        JobFilter done = JobFilter.ANY.kind("WarmCache").state(JobState.SUCCEEDED);
        await().until(() -> WARM_UPS.stream()
                .allMatch(name -> mill.search(done, null, 100).jobs().stream()
                        .anyMatch(job -> job.payload().contains(name))));
        for (String name : WARM_UPS) {
            assertThat(mill.schedules().get("warm-up-" + name).kind()).isEqualTo("WarmCache");
            long job = mill.enqueue(new WarmCache(name, 0));
            await().until(() -> mill.job(job).orElseThrow().state() == JobState.SUCCEEDED);
        }
        Map<String, Long> before = misses();

        body("/");
        body("/c/desks");
        body("/p/enamel-kettle");
        assertThat(found("kettle")).containsExactly("enamel-kettle");

        assertThat(misses()).as("nobody waited for the tables").isEqualTo(before);
        assertThat(before).containsKeys("shop.categories", "shop.prices", "shop.products", "shop.searches");
    }

    private Map<String, Long> misses() {
        return shop.shop().caches().all().stream()
                .filter(cache -> !cache.name().equals("shop.customer-ids"))
                .collect(Collectors.toMap(Cache::name, cache -> cache.stats().misses()));
    }
}
