package dev.tidemill.server;

import static org.assertj.core.api.Assertions.assertThat;

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
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

/** That answers are as the description of the API says, all of them, and have the headers that it names. */
@ExtendWith(FreshSchema.class)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class ApiAnswersTest {
    /** What is asked for, after the path that the document has for it. */
    private static final List<List<String>> LOOKS = List.of(
            List.of("/api/v1/jobs", "/api/v1/jobs"),
            List.of("/api/v1/jobs", "/api/v1/jobs?tag=a:b"),
            List.of("/api/v1/jobs", "/api/v1/jobs?tag=a:b&before=1000000"),
            List.of("/api/v1/dead-letters", "/api/v1/dead-letters"),
            List.of("/api/v1/schedules", "/api/v1/schedules"),
            List.of("/api/v1/schedules/{name}", "/api/v1/schedules/nightly"),
            List.of("/api/v1/queues", "/api/v1/queues"),
            List.of("/api/v1/queues/{name}", "/api/v1/queues/mail"),
            List.of("/api/v1/kinds", "/api/v1/kinds"),
            List.of("/api/v1/limits", "/api/v1/limits"),
            List.of("/api/v1/pauses", "/api/v1/pauses"),
            List.of("/api/v1/stats", "/api/v1/stats"),
            List.of("/api/v1/attempts", "/api/v1/attempts"),
            List.of("/api/v1/process", "/api/v1/process"),
            List.of("/api/v1/doctor", "/api/v1/doctor"),
            List.of("/api/v1/audit", "/api/v1/audit"),
            List.of("/api/v1/drained", "/api/v1/drained"),
            List.of("/api/v1/breakers", "/api/v1/breakers"),
            List.of("/api/v1/alarms", "/api/v1/alarms"),
            List.of("/api/v1/rules", "/api/v1/rules"),
            List.of("/api/v1/rules/{name}", "/api/v1/rules/copy"),
            List.of("/api/v1/rules/{name}/parked", "/api/v1/rules/copy/parked"),
            List.of("/api/v1/rules/{name}/drift", "/api/v1/rules/copy/drift"),
            List.of("/api/v1/rule-alarms", "/api/v1/rule-alarms"),
            List.of("/api/v1/retention", "/api/v1/retention"),
            List.of("/api/v1/caches", "/api/v1/caches"),
            List.of("/api/v1/caches/{cache}", "/api/v1/caches/names"),
            List.of("/api/v1/caches/{cache}/tiers", "/api/v1/caches/names/tiers?key=a"),
            List.of("/api/v1/caches/{cache}/entry", "/api/v1/caches/names/entry?key=a"),
            List.of("/api/v1/log-level", "/api/v1/log-level"),
            List.of("/api/v1/me", "/api/v1/me"));

    private final TestDatabase database;
    private final Caches caches;
    private final Cache<String, String> names;
    private final Receiver receiver = new Receiver();
    private ServerUnderTest server;
    private BusyRules rules;
    private ApiDocument document;

    ApiAnswersTest(TestDatabase database) {
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
                jobs -> jobs.nodeName("answers")
                        .handle(Works.class, (job, run) -> {
                            run.log(LogLevel.WARN, "one line");
                            run.result(Map.of("n", job.n()));
                        })
                        .handle(Breaks.class, (job, run) -> {
                            throw Retry.never("it broke");
                        }),
                settings -> settings.allowPrivateEndpoints()
                        .caches(ServedCaches.of(caches).serve(names, key -> key, key -> "a name")));
        server.get("/api/v1/caches/names/entry?key=a");
        document = ApiDocument.of(server);
        server.post("/api/v1/jobs", "{\"kind\":\"Works\",\"payload\":{\"n\":1},\"tags\":{\"a\":\"b\"},\"key\":\"k\"}");
        server.post("/api/v1/jobs", "{\"kind\":\"Breaks\",\"payload\":{\"n\":1}}");
        server.post("/api/v1/jobs", "{\"kind\":\"Later\",\"delay\":\"PT1H\",\"unique\":{\"key\":\"u\"}}");
        server.put(
                "/api/v1/schedules/nightly",
                "{\"cron\":\"30 2 * * *\",\"zone\":\"Europe/Berlin\",\"kind\":\"Works\",\"payload\":{\"n\":2}}");
        server.put("/api/v1/alarms/Works", "{\"at_least\":50}");
        server.put("/api/v1/breakers/partner", "{\"ratio\":0.5}");
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
        server.server.stop();
        server.close();
        receiver.close();
        caches.close();
    }

    private JsonNode get(String described, String path) {
        return checked("get", described, server.get(path));
    }

    private JsonNode post(String described, String path, String json) {
        return checked("post", described, json.isEmpty() ? server.post(path) : server.post(path, json));
    }

    private JsonNode put(String described, String path, String json) {
        return checked("put", described, server.put(path, json));
    }

    private JsonNode checked(String method, String described, HttpResponse<String> answer) {
        assertThat(answer.statusCode())
                .as("%s %s: %s", method, described, answer.body())
                .isBetween(200, 299);
        document.assertAnswer(method, described, answer);
        return ServerUnderTest.json(answer.body().isEmpty() ? "null" : answer.body());
    }

    @Test
    void whateverIsPromisedIsAnsweredAsItIsPromised() {
        LOOKS.forEach(look -> get(look.get(0), look.get(1)));
        jobsInEveryState();
        enqueues();
        steering();
        schedulesAndRules();
        access();
        work();
        endpoints();
        assertThat(document.seen()).containsAll(document.promises());
    }

    private void jobsInEveryState() {
        for (JsonNode job : ServerUnderTest.json(server.get("/api/v1/jobs")).get("jobs")) {
            String path = "/api/v1/jobs/" + job.get("id").longValue();
            get("/api/v1/jobs/{id}", path);
            get("/api/v1/jobs/{id}/why", path + "/why");
            get("/api/v1/jobs/{id}/log", path + "/log");
        }
    }

    private void enqueues() {
        post("/api/v1/jobs", "/api/v1/jobs", "[{\"kind\":\"Sits\"}]");
        String unique = "{\"kind\":\"Sits\",\"delay\":\"PT1H\",\"unique\":{\"key\":\"once\"}}";
        post("/api/v1/jobs", "/api/v1/jobs", unique);
        post("/api/v1/jobs", "/api/v1/jobs", unique);
        for (int i = 0; i < 2; i++) {
            checked(
                    "post",
                    "/api/v1/jobs",
                    server.send(server.to("/api/v1/jobs")
                            .header("Content-Type", "application/json")
                            .header("Idempotency-Key", "again")
                            .POST(BodyPublishers.ofString("{\"kind\":\"Sits\"}"))));
        }
    }

    private void steering() {
        long id = post("/api/v1/jobs", "/api/v1/jobs", "{\"kind\":\"Sits\",\"delay\":\"PT1H\"}")
                .get("id")
                .longValue();
        String path = "/api/v1/jobs/" + id;
        post("/api/v1/jobs/{id}/priority", path + "/priority", "{\"priority\":\"HIGH\"}");
        post("/api/v1/jobs/{id}/reschedule", path + "/reschedule", "{\"delay\":\"PT2H\"}");
        post("/api/v1/jobs/{id}/run-now", path + "/run-now", "");
        post("/api/v1/jobs/{id}/cancel", path + "/cancel", "");
        post("/api/v1/actions", "/api/v1/actions", "{\"action\":\"replay\",\"kind\":\"Breaks\",\"dry_run\":true}");
        long dead = get("/api/v1/dead-letters", "/api/v1/dead-letters")
                .get("dead_letters")
                .get(0)
                .get("job_id")
                .longValue();
        post("/api/v1/dead-letters/replay", "/api/v1/dead-letters/replay", "{\"ids\":[" + dead + "]}");
        String node = "/api/v1/nodes/answers/drain";
        put("/api/v1/nodes/{node}/drain", node, "");
        get("/api/v1/drained", "/api/v1/drained");
        checked(
                "delete",
                "/api/v1/nodes/{node}/drain",
                server.send(server.to(node).DELETE()));
        put("/api/v1/log-level", "/api/v1/log-level", "{\"logger\":\"dev.tidemill.answers\",\"level\":null}");
    }

    private void schedulesAndRules() {
        post("/api/v1/schedules", "/api/v1/schedules", "{\"name\":\"other\",\"every\":\"PT1H\",\"kind\":\"Sits\"}");
        put("/api/v1/schedules/{name}", "/api/v1/schedules/other", "{\"every\":\"PT2H\",\"kind\":\"Sits\"}");
        post("/api/v1/schedules/{name}/trigger", "/api/v1/schedules/other/trigger", "");
        get("/api/v1/schedules/{name}", "/api/v1/schedules/other");
        post("/api/v1/rules/{name}/backfill", "/api/v1/rules/copy/backfill?rows_per_second=10", "");
        post("/api/v1/rules/{name}/sweep", "/api/v1/rules/copy/sweep", "");
        post("/api/v1/rules/{name}/dry-run", "/api/v1/rules/copy/dry-run?rows=3", "");
    }

    private void access() {
        post(
                "/api/v1/users",
                "/api/v1/users",
                "{\"name\":\"ada\",\"password\":\"correct horse battery staple\",\"role\":\"operator\"}");
        get("/api/v1/users", "/api/v1/users");
        get("/api/v1/users/{name}", "/api/v1/users/ada");
        post("/api/v1/keys", "/api/v1/keys", "{\"name\":\"shop\",\"scopes\":[\"enqueue\"],\"expires_in\":\"P90D\"}");
        post("/api/v1/keys", "/api/v1/keys", "{\"name\":\"for-good\",\"scopes\":[\"work\"]}");
        get("/api/v1/keys", "/api/v1/keys");
    }

    private void work() {
        String parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        String claim = "{\"worker\":\"w\",\"kinds\":[\"Away\"],\"max\":5,\"wait\":\"PT20S\"}";
        server.send(server.to("/api/v1/jobs")
                .header("Content-Type", "application/json")
                .header("traceparent", parent)
                .header("tracestate", "vendor=x")
                .POST(BodyPublishers.ofString("{\"kind\":\"Away\",\"timeout\":\"PT1M\"}")));
        JsonNode traced = post("/api/v1/work/claim", "/api/v1/work/claim", claim)
                .get("jobs")
                .get(0);
        assertThat(traced.get("tracestate").stringValue()).isEqualTo("vendor=x");
        server.post("/api/v1/jobs", "{\"kind\":\"Away\"}");
        JsonNode plain = post("/api/v1/work/claim", "/api/v1/work/claim", claim)
                .get("jobs")
                .get(0);
        String held = "{\"attempt\":1,\"token\":\"" + plain.get("token").stringValue() + "\"}";
        String path = "/api/v1/work/" + plain.get("id").longValue();
        post("/api/v1/work/{id}/heartbeat", path + "/heartbeat", held);
        post("/api/v1/work/{id}/finish", path + "/finish", held);
    }

    private void endpoints() {
        String one = "/api/v1/endpoints/{name}";
        String path = "/api/v1/endpoints/images";
        put(one, path, "{\"url\":\"" + receiver.url() + "\",\"kinds\":[\"Resize\"],\"headers\":{\"X-A\":\"b\"}}");
        get(one, path);
        post(one + "/rotate", path + "/rotate", "{}");
        post(one + "/test", path + "/test", "");
        post(one + "/pause", path + "/pause", "{\"reason\":\"a test\"}");
        get(one, path);
        get("/api/v1/endpoints", "/api/v1/endpoints");
        post("/api/v1/work/run", "/api/v1/work/run?batch=1", "");
    }

    @ParameterizedTest
    @ValueSource(strings = {"/api/v1/jobs?limit=0", "/api/v1/jobs/999999999", "/api/v1/queues/none"})
    void aProblemIsAsItsSchemaSays(String path) {
        HttpResponse<String> refused = server.get(path);
        assertThat(refused.statusCode()).isBetween(400, 499);
        assertThat(document.at("/components/schemas/Problem").validate(ServerUnderTest.json(refused)))
                .isEmpty();
    }

    @Test
    void aWrongAnswerWouldBeNoticed() {
        assertThat(document.at("/components/schemas/Job").validate(ServerUnderTest.json("{\"id\":\"7\"}")))
                .isNotEmpty();
    }
}
