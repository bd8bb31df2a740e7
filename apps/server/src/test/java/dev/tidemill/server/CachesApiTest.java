package dev.tidemill.server;

import static java.time.Duration.ofMillis;
import static java.time.Duration.ofMinutes;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemill.cache.Cache;
import dev.tidemill.cache.CachePolicy;
import dev.tidemill.cache.Caches;
import dev.tidemill.cache.Keys;
import dev.tidemill.cache.ValueType;
import dev.tidemill.server.caches.ServedCaches;
import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.TestDatabase;
import java.net.URLEncoder;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;

/** An application's caches, over HTTP. */
@ExtendWith(FreshSchema.class)
final class CachesApiTest {
    private static final AtomicInteger NAMES = new AtomicInteger();

    record User(long id, String name) {}

    private final String name = "users" + NAMES.incrementAndGet();
    private final AtomicInteger loads = new AtomicInteger();
    private final Caches caches;
    private final Cache<Long, User> users;
    private final ServerUnderTest server;

    CachesApiTest(TestDatabase database) {
        this.caches = Caches.on(database.dataSource()).schema(database.schema()).open();
        this.users = caches.cache(name, Keys.LONGS, ValueType.of(User.class))
                .policy(CachePolicy.of(ofMinutes(5)).jitter(0))
                .tags((id, user) -> Set.of("initial:" + user.name().charAt(0)))
                .open();
        Cache<Long, User> late = caches.cache(name + "late", Keys.LONGS, ValueType.of(User.class))
                .policy(CachePolicy.of(ofMillis(1)).staleWhileRevalidate(ofMinutes(5)))
                .open();
        caches.cache(name + "own", Keys.STRINGS, ValueType.of(String.class)).open();
        Cache<String, String> kept = caches.cache(name + "kept", Keys.STRINGS, ValueType.of(String.class))
                .open();
        ServedCaches served = ServedCaches.of(caches)
                .serve(users, Long::valueOf, this::load)
                .serve(late, Long::valueOf, this::load)
                .serve(kept, key -> key);
        this.server = ServerUnderTest.on(database, jobs -> jobs, settings -> settings.caches(served));
    }

    @AfterEach
    void stop() {
        server.close();
        caches.close();
    }

    private @Nullable User load(long id) {
        loads.incrementAndGet();
        if (id == 500) {
            throw new IllegalStateException("the password is secret");
        }
        return id == 404 ? null : new User(id, "Ada" + loads.get());
    }

    private static String encoded(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8);
    }

    private String entry(String key) {
        return "/api/v1/caches/" + name + "/entry?key=" + encoded(key);
    }

    private HttpResponse<String> delete(String query) {
        return server.send(
                server.to("/api/v1/caches/" + name + "/entry" + query).DELETE());
    }

    private static String header(HttpResponse<?> response, String name) {
        return response.headers().firstValue(name).orElse("none");
    }

    private void stored(String key) {
        Awaitility.await().until(() -> users.inspectText(key).size() == 2);
    }

    @Test
    void aMissIsFilledFromTheOriginAndTheNextIsAHit() {
        HttpResponse<String> miss = server.get(entry("7"));
        assertThat(miss.statusCode()).isEqualTo(200);
        assertThat(ServerUnderTest.json(miss).get("name").stringValue()).isEqualTo("Ada1");
        assertThat(header(miss, "X-Cache")).isEqualTo("MISS");
        assertThat(header(miss, "Cache-Status"))
                .isEqualTo("Tidemill; fwd=uri-miss; fwd-status=200; detail=UNKNOWN; key=\"7\"");
        HttpResponse<String> hit = server.get(entry("7"));
        assertThat(hit.body()).isEqualTo(miss.body());
        assertThat(header(hit, "X-Cache")).isEqualTo("HIT");
        assertThat(header(hit, "Cache-Status")).matches("Tidemill; hit; ttl=29\\d; detail=LOCAL; key=\"7\"");
        assertThat(header(hit, "Age")).isBetween("0", "30");
        assertThat(header(hit, "Cache-Control")).isEqualTo("private, no-cache");
        assertThat(header(hit, "Content-Type")).isEqualTo("application/json");
        assertThat(header(hit, "Content-Security-Policy")).contains("sandbox");
        assertThat(loads).hasValue(1);
        HttpResponse<String> known = server.send(server.to(entry("7")).header("If-None-Match", header(hit, "ETag")));
        assertThat(known.statusCode()).isEqualTo(304);
        assertThat(header(known, "X-Cache")).isEqualTo("HIT");
    }

    @Test
    void whatAnotherNodeLoadedIsAHitInTheSharedTier(TestDatabase database) {
        try (Caches others =
                Caches.on(database.dataSource()).schema(database.schema()).open()) {
            others.cache(name, Keys.LONGS, ValueType.of(User.class)).open().get(7L, id -> new User(id, "Bob"));
            Awaitility.await().until(() -> !users.inspectText("7").isEmpty());
            HttpResponse<String> hit = server.get(entry("7"));
            assertThat(header(hit, "X-Cache")).isEqualTo("HIT");
            assertThat(header(hit, "Cache-Status")).contains("; hit; ").contains("detail=SHARED");
            assertThat(hit.body()).contains("Bob");
        }
    }

    @Test
    void thatThereIsNothingIsRemembered() {
        HttpResponse<String> none = server.get(entry("404"));
        assertThat(none.statusCode()).isEqualTo(404);
        assertThat(ServerUnderTest.json(none).get("code").stringValue()).isEqualTo("NOT_FOUND");
        assertThat(header(none, "X-Cache")).isEqualTo("MISS");
        assertThat(header(none, "Cache-Status")).contains("fwd-status=404");
        assertThat(header(server.get(entry("404")), "X-Cache")).isEqualTo("HIT");
        assertThat(loads).hasValue(1);
    }

    @Test
    void aValueIsPutForATimeWithTagsAndLeavesWithThem() {
        assertThat(server.put(entry("9") + "&ttl=PT1H&tags=org:7,team:3", "{\"id\":9,\"name\":\"Eve\"}")
                        .statusCode())
                .isEqualTo(204);
        HttpResponse<String> hit = server.get(entry("9"));
        assertThat(hit.body()).contains("Eve");
        assertThat(header(hit, "Cache-Status")).matches("Tidemill; hit; ttl=3\\d\\d\\d; .*");
        assertThat(loads).hasValue(0);
        stored("9");
        JsonNode tiers = ServerUnderTest.json(server.get("/api/v1/caches/" + name + "/tiers?key=9"))
                .get("tiers");
        assertThat(tiers.size()).isEqualTo(2);
        assertThat(tiers.get(1).get("tags").toString()).isEqualTo("[\"initial:E\",\"org:7\",\"team:3\"]");
        assertThat(tiers.get(1).get("fresh_for_ms").doubleValue()).isBetween(3_500_000.0, 3_600_000.0);
        assertThat(delete("?tag=" + encoded("team:3")).statusCode()).isEqualTo(204);
        HttpResponse<String> miss = server.get(entry("9"));
        assertThat(header(miss, "Cache-Status"))
                .isEqualTo("Tidemill; fwd=miss; fwd-status=200; detail=INVALIDATED; key=\"9\"");
        assertThat(miss.body()).contains("Ada1");
    }

    @Test
    void aKeyAPatternAndEverythingAreInvalidatedAndTheWideOnesAudited() {
        for (String aim : List.of("?key=12", "?pattern=" + encoded("1*"), "?everything=true")) {
            server.get(entry("12"));
            assertThat(delete(aim).statusCode()).isEqualTo(204);
            assertThat(header(server.get(entry("12")), "X-Cache")).as(aim).isEqualTo("MISS");
        }
        HttpResponse<String> refused = delete("?pattern=*");
        assertThat(refused.statusCode()).isEqualTo(400);
        assertThat(refused.body()).contains("fits every key", "everything=true");
        assertThat(header(server.get(entry("12")), "X-Cache")).isEqualTo("HIT");
        assertThat(server.get("/api/v1/audit?target=" + encoded("CACHE " + name))
                        .body())
                .contains("cache-invalidate", "pattern 1*", "everything true")
                .doesNotContain("key 12");
    }

    @Test
    void whatIsPastItsTimeSaysSo() {
        String path = "/api/v1/caches/" + name + "late/entry?key=1";
        server.get(path);
        HttpResponse<String> stale = Awaitility.await()
                .until(() -> server.get(path), one -> header(one, "X-Cache").equals("STALE"));
        assertThat(stale.statusCode()).isEqualTo(200);
        assertThat(header(stale, "Cache-Status")).startsWith("Tidemill; hit; detail=STALE");
    }

    @Test
    void anOriginsOwnWordsStayInTheLog() {
        HttpResponse<String> failed = server.get(entry("500"));
        assertThat(failed.statusCode()).isEqualTo(502);
        assertThat(failed.body()).contains("ORIGIN_FAILED").doesNotContain("secret");
    }

    @Test
    void aCacheWithoutAnOriginHasWhatIsPut() {
        String path = "/api/v1/caches/" + name + "kept/entry?key=" + encoded("a/b?c=ä");
        assertThat(server.get(path).statusCode()).isEqualTo(404);
        assertThat(server.put(path, "\"text\"").statusCode()).isEqualTo(204);
        assertThat(server.get(path).body()).isEqualTo("\"text\"");
    }

    @Test
    void statisticsAreOfEachCacheAndOfOne() {
        server.get(entry("7"));
        server.get(entry("7"));
        JsonNode all = ServerUnderTest.json(server.get("/api/v1/caches"));
        assertThat(all.get("shared_tier").stringValue()).isEqualTo("postgres");
        assertThat(all.get("in_contact").booleanValue()).isTrue();
        assertThat(all.get("caches").size()).isEqualTo(4);
        stored("7");
        JsonNode one = ServerUnderTest.json(server.get("/api/v1/caches/" + name));
        assertThat(one.get("hit_rate").doubleValue()).isEqualTo(0.5);
        assertThat(one.get("loads").intValue()).isEqualTo(1);
        assertThat(one.get("has_origin").booleanValue()).isTrue();
        assertThat(one.get("shared_entries").intValue()).isEqualTo(1);
    }

    @ParameterizedTest
    @CsvSource({
        "GET, /entry, 400, PARAMETER_INVALID",
        "GET, /entry?key=, 400, PARAMETER_INVALID",
        "GET, /entry?key=seven, 400, PARAMETER_INVALID",
        "GET, /entry?key=7&more=1, 400, PARAMETER_INVALID",
        "GET, late2/entry?key=7, 404, NOT_FOUND",
        "GET, own/entry?key=7, 404, NOT_FOUND",
        "PUT, /entry?key=7&ttl=soon, 400, PARAMETER_INVALID",
        "PUT, /entry?key=7&ttl=PT0S, 400, PARAMETER_INVALID",
        "PUT, /entry?key=7&ttl=P400D, 400, PARAMETER_INVALID",
        "PUT, /entry?key=7&tags=a%2C%2Cb, 400, PARAMETER_INVALID",
        "PUT, /entry?key=seven, 400, PARAMETER_INVALID",
        "DELETE, /entry, 400, PARAMETER_INVALID",
        "DELETE, /entry?key=7&tag=a, 400, PARAMETER_INVALID",
        "DELETE, /entry?everything=yes, 400, PARAMETER_INVALID",
        "GET, /tiers, 400, PARAMETER_INVALID",
    })
    void badInputGetsOneClearError(String method, String path, int status, String code) {
        HttpRequest.Builder request = server.to("/api/v1/caches/" + name + path)
                .header("Content-Type", "application/json")
                .method(
                        method,
                        method.equals("PUT")
                                ? HttpRequest.BodyPublishers.ofString("{\"id\":7,\"name\":\"x\"}")
                                : HttpRequest.BodyPublishers.noBody());
        HttpResponse<String> answer = server.send(request);
        assertThat(answer.statusCode()).as(answer.body()).isEqualTo(status);
        assertThat(ServerUnderTest.json(answer).get("code").stringValue()).isEqualTo(code);
        assertThat(loads).hasValue(0);
    }

    @Test
    void aBodyThatIsNoValueOfTheCacheIsRefused() {
        HttpResponse<String> refused = server.put(entry("7"), "[1, 2]");
        assertThat(refused.statusCode()).isEqualTo(400);
        assertThat(ServerUnderTest.json(refused).get("code").stringValue()).isEqualTo("BODY_INVALID");
        HttpResponse<String> untyped =
                server.send(server.to(entry("7")).PUT(HttpRequest.BodyPublishers.ofString("{}")));
        assertThat(untyped.statusCode()).isEqualTo(415);
        assertThat(users.inspectText("7")).isEmpty();
    }

    @Test
    void aKeyThatIsTooLongIsToldSo() {
        HttpResponse<String> refused = server.get("/api/v1/caches/" + name + "kept/entry?key=" + "k".repeat(513));
        assertThat(refused.statusCode()).isEqualTo(400);
        assertThat(refused.body()).contains("513 bytes");
    }

    @Test
    void theTimeThatAValueIsPutForIsBoundedByTheLog() {
        HttpResponse<String> refused =
                server.put(entry("7") + "&ttl=" + Duration.ofHours(3), "{\"id\":7,\"name\":\"x\"}");
        assertThat(refused.statusCode()).isEqualTo(400);
        assertThat(refused.body()).contains("PT2H");
    }
}
