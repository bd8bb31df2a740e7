package dev.tidemill.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.TestDatabase;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import tools.jackson.databind.JsonNode;

@ExtendWith(FreshSchema.class)
final class JobsApiTest {
    private final BlockingQueue<String> greeted = new LinkedBlockingQueue<>();
    private final ServerUnderTest server;

    JobsApiTest(TestDatabase database) {
        this.server = ServerUnderTest.on(
                database,
                jobs -> jobs.handleJson("Greet", (json, run) -> greeted.add(json))
                        .handleJson("Traced", (json, run) -> greeted.add(String.valueOf(run.trace()))),
                settings -> settings);
    }

    @AfterEach
    void stopServer() {
        server.close();
    }

    @Test
    void aJobThatIsPostedRuns() throws InterruptedException {
        HttpResponse<String> created =
                server.post("/api/v1/jobs", "{\"kind\":\"Greet\",\"payload\":{\"name\":\"Ada\",\"sum\":1.10}}");
        assertThat(created.statusCode()).isEqualTo(201);
        long id = ServerUnderTest.json(created).get("id").longValue();
        assertThat(created.headers().firstValue("Location")).contains("/api/v1/jobs/" + id);

        assertThat(greeted.poll(10, TimeUnit.SECONDS)).contains("\"Ada\"", "1.10");
        await().untilAsserted(() -> {
            JsonNode job = ServerUnderTest.json(server.get("/api/v1/jobs/" + id));
            assertThat(job.get("state").stringValue()).isEqualTo("SUCCEEDED");
            JsonNode attempt = job.get("attempts").get(0);
            assertThat(attempt.get("outcome").stringValue()).isEqualTo("SUCCEEDED");
            assertThat(attempt.get("took_ms").isNumber()).isTrue();
        });
    }

    @Test
    void theTraceOfARequestReachesTheHandlerWithItsState() throws InterruptedException {
        String parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        for (String body : new String[] {"{\"kind\":\"Traced\"}", "[{\"kind\":\"Traced\"}]"}) {
            assertThat(server.send(enqueue(body).header("traceparent", parent).header("tracestate", "vendor=x,other=1"))
                            .statusCode())
                    .isEqualTo(201);
            assertThat(greeted.poll(10, TimeUnit.SECONDS)).isEqualTo(parent + " vendor=x,other=1");
        }
        server.send(
                enqueue("{\"kind\":\"Traced\"}").header("traceparent", parent).header("tracestate", "x".repeat(513)));
        assertThat(greeted.poll(10, TimeUnit.SECONDS)).isEqualTo(parent);
        server.send(enqueue("{\"kind\":\"Traced\"}")
                .header("traceparent", "not one")
                .header("tracestate", "vendor=x"));
        assertThat(greeted.poll(10, TimeUnit.SECONDS)).isEqualTo("null");
    }

    private HttpRequest.Builder enqueue(String body) {
        return server.to("/api/v1/jobs")
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString(body));
    }

    @Test
    void aUniqueJobSaysWhichJobThereIs() {
        String later = "{\"kind\":\"Later\",\"payload\":%d,\"unique\":{\"key\":\"k\",\"mode\":\"debounce\","
                + "\"wait\":\"PT1H\",\"max_wait\":\"PT2H\"}}";
        HttpResponse<String> first = server.post("/api/v1/jobs", later.formatted(1));
        HttpResponse<String> second = server.post("/api/v1/jobs", later.formatted(2));
        assertThat(first.statusCode()).isEqualTo(201);
        assertThat(second.statusCode()).isEqualTo(200);
        JsonNode created = ServerUnderTest.json(first);
        JsonNode there = ServerUnderTest.json(second);
        assertThat(created.get("created").booleanValue()).isTrue();
        assertThat(there.get("created").booleanValue()).isFalse();
        assertThat(there.get("replaced").booleanValue()).isTrue();
        assertThat(there.get("id")).isEqualTo(created.get("id"));
        JsonNode job = ServerUnderTest.json(
                server.get("/api/v1/jobs/" + created.get("id").longValue()));
        assertThat(job.get("unique_key").stringValue()).isEqualTo("k");
        assertThat(job.get("payload").intValue()).isEqualTo(2);
        HttpResponse<String> refused =
                server.post("/api/v1/jobs", "{\"kind\":\"Later\",\"unique\":{\"key\":\"k\",\"mode\":\"never\"}}");
        assertThat(refused.statusCode()).isEqualTo(400);
        assertThat(refused.body()).contains("/unique/mode", "throttle");
    }

    @Test
    void nullInUniqueStandsForWhatIsLeftOut() {
        HttpResponse<String> made = server.post(
                "/api/v1/jobs",
                "{\"kind\":\"Later\",\"unique\":{\"key\":\"n\",\"mode\":null,\"window\":null,\"wait\":null,"
                        + "\"max_wait\":null,\"release\":null}}");
        assertThat(made.statusCode()).as(made.body()).isEqualTo(201);
        HttpResponse<String> keyless = server.post("/api/v1/jobs", "{\"kind\":\"Later\",\"unique\":{\"key\":null}}");
        assertThat(keyless.statusCode()).isEqualTo(400);
        assertThat(keyless.body()).contains("FIELD_MISSING", "/unique/key");
        HttpResponse<String> unknown =
                server.post("/api/v1/jobs", "{\"kind\":\"Later\",\"unique\":{\"key\":\"n\",\"keys\":null}}");
        assertThat(unknown.statusCode()).isEqualTo(400);
    }

    @Test
    void everyFieldOfAJobArrives() {
        Instant runAt = Instant.now().plus(Duration.ofHours(1)).truncatedTo(java.time.temporal.ChronoUnit.SECONDS);
        HttpResponse<String> created = server.post(
                "/api/v1/jobs",
                "{\"kind\":\"Later\",\"payload\":[1,\"two\",null],\"queue\":\"mail\",\"priority\":\"batch\","
                        + "\"run_at\":\"" + runAt + "\",\"attempts\":7,\"timeout\":\"PT30S\","
                        + "\"tags\":{\"orderId\":\"4711\"}}");
        JsonNode job = ServerUnderTest.json(
                server.get(created.headers().firstValue("Location").orElseThrow()));
        assertThat(job.get("kind").stringValue()).isEqualTo("Later");
        assertThat(job.get("queue").stringValue()).isEqualTo("mail");
        assertThat(job.get("priority").stringValue()).isEqualTo("OFF_PEAK");
        assertThat(job.get("state").stringValue()).isEqualTo("SCHEDULED");
        assertThat(job.get("due_at").stringValue()).isEqualTo(runAt.toString());
        assertThat(job.get("payload")).isEqualTo(ServerUnderTest.json("[1,\"two\",null]"));
        assertThat(job.get("tags").get("orderId").stringValue()).isEqualTo("4711");
    }

    @Test
    void aDelayIsADurationOrANumberOfSeconds() {
        for (String delay : new String[] {"\"delay\":\"PT2H\"", "\"delay_seconds\":7200.5"}) {
            JsonNode created = ServerUnderTest.json(server.post("/api/v1/jobs", "{\"kind\":\"Later\"," + delay + "}"));
            JsonNode job = ServerUnderTest.json(
                    server.get("/api/v1/jobs/" + created.get("id").longValue()));
            Duration ahead = Duration.between(
                    Instant.parse(job.get("created_at").stringValue()),
                    Instant.parse(job.get("due_at").stringValue()));
            assertThat(ahead).isCloseTo(Duration.ofHours(2), Duration.ofSeconds(2));
        }
    }

    @Test
    void manyJobsGoInAsAnArrayOrAnEnvelope() {
        JsonNode array = ServerUnderTest.json(server.post("/api/v1/jobs", "[{\"kind\":\"A\"},{\"kind\":\"B\"}]"));
        JsonNode envelope = ServerUnderTest.json(server.post("/api/v1/jobs", "{\"jobs\":[{\"kind\":\"C\"}]}"));
        assertThat(array.get("ids").size()).isEqualTo(2);
        JsonNode second = ServerUnderTest.json(
                server.get("/api/v1/jobs/" + array.get("ids").get(1).longValue()));
        assertThat(second.get("kind").stringValue()).isEqualTo("B");
        assertThat(envelope.get("ids").size()).isEqualTo(1);
    }

    @Test
    void tenThousandJobsAreTakenAtATimeAndNotOneMore() {
        String jobs = IntStream.range(0, 10_000)
                .mapToObj(i -> "{\"kind\":\"Bulk\",\"payload\":" + i + "}")
                .collect(Collectors.joining(","));
        HttpResponse<String> taken = server.post("/api/v1/jobs", "[" + jobs + "]");
        assertThat(taken.statusCode()).isEqualTo(201);
        assertThat(ServerUnderTest.json(taken).get("ids").size()).isEqualTo(10_000);

        HttpResponse<String> refused = server.post("/api/v1/jobs", "[" + jobs + ",{\"kind\":\"Bulk\"}]");
        assertThat(refused.statusCode()).isEqualTo(400);
        assertThat(ServerUnderTest.json(refused).get("code").stringValue()).isEqualTo("TOO_MANY_ITEMS");
    }

    @Test
    void oneBadJobKeepsAllOfThemOut() {
        HttpResponse<String> refused =
                server.post("/api/v1/jobs", "[{\"kind\":\"Good\",\"tags\":{\"batch\":\"half\"}},{\"kind\":\"0bad\"}]");
        assertThat(refused.statusCode()).isEqualTo(400);
        assertThat(ServerUnderTest.json(refused).get("pointer").stringValue()).isEqualTo("/1/kind");
        assertThat(ServerUnderTest.json(server.get("/api/v1/jobs?tag=batch:half"))
                        .get("jobs")
                        .size())
                .isZero();
    }

    @Test
    void aTagFindsJobsNewestFirstPageByPage() {
        for (int i = 0; i < 5; i++) {
            server.post("/api/v1/jobs", "{\"kind\":\"Tagged\",\"payload\":" + i + ",\"tags\":{\"user\":\"a:b c\"}}");
        }
        JsonNode first = ServerUnderTest.json(server.get("/api/v1/jobs?tag=user:a:b%20c&limit=3"));
        assertThat(first.get("jobs").size()).isEqualTo(3);
        assertThat(first.get("jobs").get(0).get("payload").intValue()).isEqualTo(4);
        JsonNode second = ServerUnderTest.json(server.get("/api/v1/jobs?tag=user:a:b%20c&limit=3&before="
                + first.get("next_before").longValue()));
        assertThat(second.get("jobs").size()).isEqualTo(2);
        assertThat(second.get("next_before").isNull()).isTrue();
    }

    @Test
    void aKindThatNobodyHandlesIsAcceptedAndShownToWait() {
        assertThat(server.post("/api/v1/jobs", "{\"kind\":\"NotYet\"}").statusCode())
                .isEqualTo(201);
        await().atMost(Duration.ofSeconds(30)).untilAsserted(() -> {
            JsonNode stats = ServerUnderTest.json(server.get("/api/v1/stats"));
            assertThat(stats.get("unhandled").valueStream())
                    .anySatisfy(
                            kind -> assertThat(kind.get("kind").stringValue()).isEqualTo("NotYet"));
            assertThat(stats.get("queues").get(0).get("priorities").isArray()).isTrue();
        });
    }

    @Test
    void aJobThatDoesNotExistIsNotFound() {
        HttpResponse<String> none = server.get("/api/v1/jobs/999999999");
        assertThat(none.statusCode()).isEqualTo(404);
        assertThat(none.headers().firstValue("Content-Type")).contains("application/problem+json");
        assertThat(server.get("/api/v1/jobs/abc").statusCode()).isEqualTo(404);
        assertThat(server.get("/api/v1/jobs/-1").statusCode()).isEqualTo(404);
    }
}
