package dev.tidemill.server;

import static org.assertj.core.api.Assertions.assertThat;

import com.networknt.schema.Error;
import com.networknt.schema.InputFormat;
import com.networknt.schema.Schema;
import com.networknt.schema.SchemaLocation;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.dialect.Dialects;
import dev.tidemill.cache.Cache;
import dev.tidemill.cache.Caches;
import dev.tidemill.cache.Keys;
import dev.tidemill.cache.ValueType;
import dev.tidemill.jobs.Limit;
import dev.tidemill.jobs.LogLevel;
import dev.tidemill.jobs.Retry;
import dev.tidemill.server.caches.ServedCaches;
import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.TestDatabase;
import java.io.IOException;
import java.io.InputStream;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.BiConsumer;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;

/** That the description of the API is one, that it is complete, and that answers are as it says. */
@ExtendWith(FreshSchema.class)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class OpenApiTest {
    private static final String HOME = "https://tidemill.invalid/openapi.json";
    private static final Set<String> METHODS = Set.of("get", "put", "post", "delete", "patch");

    private final TestDatabase database;
    private final Caches caches;
    private final Cache<String, String> names;
    private ServerUnderTest server;
    private BusyRules rules;
    private String text;
    private JsonNode document;
    private SchemaRegistry schemas;

    OpenApiTest(TestDatabase database) {
        this.database = database;
        this.caches = Caches.on(database.dataSource()).schema(database.schema()).open();
        this.names = caches.cache("names", Keys.STRINGS, ValueType.of(String.class))
                .tags((key, name) -> Set.of("all"))
                .open();
    }

    record Works(int n) {}

    record Breaks(int n) {}

    @BeforeAll
    void start() {
        server = ServerUnderTest.on(
                database,
                jobs -> jobs.handle(Works.class, (job, run) -> {
                            run.log(LogLevel.WARN, "one line");
                            run.result(Map.of("n", job.n()));
                        })
                        .handle(Breaks.class, (job, run) -> {
                            throw Retry.never("it broke");
                        }),
                settings -> settings.caches(ServedCaches.of(caches).serve(names, key -> key, key -> "a name")));
        server.get("/api/v1/caches/names/entry?key=a");
        text = server.get("/openapi.json").body();
        document = ServerUnderTest.json(text);
        schemas =
                SchemaRegistry.withDialect(Dialects.getDraft202012(), registry -> registry.schemas(Map.of(HOME, text)));
        server.post("/api/v1/jobs", "{\"kind\":\"Works\",\"payload\":{\"n\":1},\"tags\":{\"a\":\"b\"},\"key\":\"k\"}");
        server.post("/api/v1/jobs", "{\"kind\":\"Breaks\",\"payload\":{\"n\":1}}");
        server.post("/api/v1/jobs", "{\"kind\":\"Later\",\"delay\":\"PT1H\",\"unique\":{\"key\":\"u\"}}");
        server.put(
                "/api/v1/schedules/nightly",
                "{\"cron\":\"30 2 * * *\",\"zone\":\"Europe/Berlin\",\"kind\":\"Works\",\"payload\":{\"n\":2}}");
        server.mill.limits().put(Limit.ofQueue("mail").concurrency(3));
        rules = new BusyRules(database, server.mill);
        rules.fill();
        server.post("/api/v1/pauses", "{\"scope\":\"kind\",\"name\":\"Never\",\"reason\":\"a test\"}");
        Awaitility.await().untilAsserted(() -> {
            assertThat(ServerUnderTest.json(server.get("/api/v1/jobs?state=SUCCEEDED"))
                            .get("jobs"))
                    .isNotEmpty();
            assertThat(ServerUnderTest.json(server.get("/api/v1/dead-letters")).get("dead_letters"))
                    .isNotEmpty();
        });
    }

    @AfterAll
    void stop() {
        rules.close();
        server.close();
        caches.close();
    }

    private static String resource(String name) throws IOException {
        try (InputStream in = Objects.requireNonNull(OpenApiTest.class.getResourceAsStream(name))) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    private Schema at(String pointer) {
        return schemas.getSchema(SchemaLocation.of(HOME + "#" + pointer));
    }

    private void eachOperation(BiConsumer<String, JsonNode> then) {
        document.get("paths")
                .properties()
                .forEach(path -> path.getValue().properties().stream()
                        .filter(operation -> METHODS.contains(operation.getKey()))
                        .forEach(operation ->
                                then.accept(operation.getKey() + " " + path.getKey(), operation.getValue())));
    }

    private static void each(JsonNode node, String pointer, BiConsumer<String, JsonNode> then) {
        then.accept(pointer, node);
        if (node.isObject()) {
            node.properties()
                    .forEach(property -> each(
                            property.getValue(),
                            pointer + "/" + property.getKey().replace("~", "~0").replace("/", "~1"),
                            then));
        } else if (node.isArray()) {
            for (int i = 0; i < node.size(); i++) {
                each(node.get(i), pointer + "/" + i, then);
            }
        }
    }

    @Test
    void theDocumentIsOpenApi() throws IOException {
        List<Error> errors = SchemaRegistry.withDialect(Dialects.getDraft202012())
                .getSchema(resource("oas-3.1-schema.json"), InputFormat.JSON)
                .validate(text, InputFormat.JSON);
        assertThat(errors).isEmpty();
    }

    @Test
    void theSchemasInItAreJsonSchemas() {
        Schema meta = SchemaRegistry.withDialect(Dialects.getDraft202012())
                .getSchema(SchemaLocation.of("https://json-schema.org/draft/2020-12/schema"));
        List<String> wrong = new ArrayList<>();
        int[] seen = {0};
        each(document, "", (pointer, node) -> {
            boolean schema = pointer.endsWith("/schema") || pointer.matches("/components/schemas/[^/]+");
            if (schema) {
                seen[0]++;
                meta.validate(node).forEach(error -> wrong.add(pointer + ": " + error));
            }
        });
        assertThat(wrong).isEmpty();
        assertThat(seen[0]).isGreaterThan(50);
    }

    @Test
    void whatItRefersToIsThere() {
        each(document, "", (pointer, node) -> {
            JsonNode reference = node.isObject() ? node.get("$ref") : null;
            if (reference != null && reference.isString()) {
                assertThat(document.at(reference.stringValue().substring(1)).isMissingNode())
                        .as("%s at %s", reference, pointer)
                        .isFalse();
            }
        });
    }

    @Test
    void everyRouteIsDescribedAndNothingElse() {
        Set<String> routes = new TreeSet<>();
        server.server.entrances().stream()
                .filter(entrance -> entrance.pattern().startsWith("/api/"))
                .forEach(entrance ->
                        routes.add(entrance.method().toLowerCase(java.util.Locale.ROOT) + " " + entrance.pattern()));
        Set<String> described = new TreeSet<>();
        eachOperation((operation, node) -> described.add(operation));
        assertThat(routes).hasSizeGreaterThan(40);
        assertThat(described).isEqualTo(routes);
    }

    @Test
    void everyOperationHasANameASummaryAndAnExampleOfItsBody() {
        Set<String> names = new HashSet<>();
        eachOperation((operation, node) -> {
            assertThat(names.add(node.path("operationId").asString()))
                    .as("the operationId of %s is its own", operation)
                    .isTrue();
            assertThat(node.path("summary").asString()).as(operation).isNotBlank();
            assertThat(node.path("tags").size()).as(operation).isEqualTo(1);
            assertThat(node.get("responses").propertyNames())
                    .as(operation)
                    .contains("4XX", "5XX")
                    .anyMatch(status -> status.startsWith("2"));
            if (node.has("requestBody")) {
                JsonNode body = node.at("/requestBody/content/application~1json");
                assertThat(body.has("example") || body.has("examples"))
                        .as("an example of the body of %s", operation)
                        .isTrue();
            }
        });
    }

    @Test
    void everyExampleIsAsItsSchemaSays() {
        int[] seen = {0};
        each(document, "", (pointer, node) -> {
            if (!node.isObject() || !node.has("schema")) {
                return;
            }
            List<JsonNode> examples = new ArrayList<>();
            if (node.has("example")) {
                examples.add(node.get("example"));
            }
            node.path("examples").forEach(example -> examples.add(example.get("value")));
            for (JsonNode example : examples) {
                seen[0]++;
                assertThat(at(pointer + "/schema").validate(example))
                        .as(pointer)
                        .isEmpty();
            }
        });
        assertThat(seen[0]).isGreaterThan(40);
    }

    @ParameterizedTest
    @CsvSource({
        "/api/v1/jobs, /api/v1/jobs",
        "/api/v1/jobs?tag=a:b, /api/v1/jobs",
        "/api/v1/dead-letters, /api/v1/dead-letters",
        "/api/v1/schedules, /api/v1/schedules",
        "/api/v1/schedules/nightly, /api/v1/schedules/{name}",
        "/api/v1/queues, /api/v1/queues",
        "/api/v1/queues/mail, /api/v1/queues/{name}",
        "/api/v1/kinds, /api/v1/kinds",
        "/api/v1/limits, /api/v1/limits",
        "/api/v1/pauses, /api/v1/pauses",
        "/api/v1/stats, /api/v1/stats",
        "/api/v1/attempts, /api/v1/attempts",
        "/api/v1/process, /api/v1/process",
        "/api/v1/doctor, /api/v1/doctor",
        "/api/v1/audit, /api/v1/audit",
        "/api/v1/drained, /api/v1/drained",
        "/api/v1/breakers, /api/v1/breakers",
        "/api/v1/rules, /api/v1/rules",
        "/api/v1/rules/copy, /api/v1/rules/{name}",
        "/api/v1/rules/copy/parked, /api/v1/rules/{name}/parked",
        "/api/v1/rules/copy/drift, /api/v1/rules/{name}/drift",
        "/api/v1/rule-alarms, /api/v1/rule-alarms",
        "/api/v1/retention, /api/v1/retention",
        "/api/v1/caches, /api/v1/caches",
        "/api/v1/caches/names, /api/v1/caches/{cache}",
        "/api/v1/caches/names/tiers?key=a, /api/v1/caches/{cache}/tiers",
        "/api/v1/log-level, /api/v1/log-level",
    })
    void anAnswerIsAsItsSchemaSays(String path, String route) {
        HttpResponse<String> response = server.get(path);
        assertThat(response.statusCode()).isEqualTo(200);
        assertAnswer(route, "get", "200", response.body());
    }

    private void assertAnswer(String route, String method, String status, String body) {
        JsonNode response = document.at("/paths/" + route.replace("/", "~1") + "/" + method + "/responses/" + status);
        String pointer = response.has("$ref")
                ? response.get("$ref").stringValue().substring(1)
                : "/paths/" + route.replace("/", "~1") + "/" + method + "/responses/" + status;
        String type = status.startsWith("2") ? "application~1json" : "application~1problem+json";
        assertThat(at(pointer + "/content/" + type + "/schema").validate(body, InputFormat.JSON))
                .as("%s", body)
                .isEmpty();
    }

    @Test
    void aJobInEveryStateIsAsItsSchemaSays() {
        for (JsonNode job : ServerUnderTest.json(server.get("/api/v1/jobs")).get("jobs")) {
            long id = job.get("id").longValue();
            assertAnswer(
                    "/api/v1/jobs/{id}",
                    "get",
                    "200",
                    server.get("/api/v1/jobs/" + id).body());
            assertAnswer(
                    "/api/v1/jobs/{id}/why",
                    "get",
                    "200",
                    server.get("/api/v1/jobs/" + id + "/why").body());
            assertAnswer(
                    "/api/v1/jobs/{id}/log",
                    "get",
                    "200",
                    server.get("/api/v1/jobs/" + id + "/log").body());
        }
    }

    @Test
    void changesAnswerAsTheirSchemasSay() {
        HttpResponse<String> one = server.post("/api/v1/jobs", "{\"kind\":\"Sits\",\"delay\":\"PT1H\"}");
        assertAnswer("/api/v1/jobs", "post", "201", one.body());
        assertAnswer(
                "/api/v1/jobs",
                "post",
                "201",
                server.post("/api/v1/jobs", "[{\"kind\":\"Sits\"}]").body());
        assertAnswer(
                "/api/v1/rules/{name}/backfill",
                "post",
                "202",
                server.post("/api/v1/rules/copy/backfill?rows_per_second=10").body());
        assertAnswer(
                "/api/v1/rules/{name}/sweep",
                "post",
                "202",
                server.post("/api/v1/rules/copy/sweep").body());
        assertAnswer(
                "/api/v1/rules/{name}/dry-run",
                "post",
                "202",
                server.post("/api/v1/rules/copy/dry-run?rows=3").body());
        long id = ServerUnderTest.json(one).get("id").longValue();
        assertAnswer(
                "/api/v1/jobs/{id}/priority",
                "post",
                "200",
                server.post("/api/v1/jobs/" + id + "/priority", "{\"priority\":\"HIGH\"}")
                        .body());
        assertAnswer(
                "/api/v1/jobs/{id}/cancel",
                "post",
                "200",
                server.post("/api/v1/jobs/" + id + "/cancel").body());
        assertAnswer(
                "/api/v1/actions",
                "post",
                "200",
                server.post("/api/v1/actions", "{\"action\":\"replay\",\"kind\":\"Breaks\",\"dry_run\":true}")
                        .body());
        assertAnswer(
                "/api/v1/schedules",
                "post",
                "201",
                server.post("/api/v1/schedules", "{\"name\":\"other\",\"every\":\"PT1H\",\"kind\":\"Sits\"}")
                        .body());
    }

    @ParameterizedTest
    @CsvSource({"/api/v1/jobs?limit=0", "/api/v1/jobs/999999999", "/api/v1/queues/none"})
    void aProblemIsAsItsSchemaSays(String path) {
        HttpResponse<String> refused = server.get(path);
        assertThat(refused.statusCode()).isBetween(400, 499);
        assertAnswer("/api/v1/jobs", "get", "4XX", refused.body());
    }

    @Test
    void aWrongAnswerWouldBeNoticed() {
        assertThat(at("/components/schemas/Job").validate("{\"id\":\"7\"}", InputFormat.JSON))
                .isNotEmpty();
    }

    @Test
    void theDocumentIsNotSentAgainToWhoeverHasIt() {
        HttpResponse<String> first = server.get("/openapi.json");
        String tag = first.headers().firstValue("ETag").orElseThrow();
        HttpResponse<String> again = server.send(server.to("/openapi.json").header("If-None-Match", tag));
        assertThat(again.statusCode()).isEqualTo(304);
        assertThat(again.body()).isEmpty();
    }
}
