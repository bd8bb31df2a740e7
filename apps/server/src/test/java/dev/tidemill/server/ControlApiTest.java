package dev.tidemill.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.TestDatabase;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import tools.jackson.databind.JsonNode;

@ExtendWith(FreshSchema.class)
final class ControlApiTest {
    private final BlockingQueue<String> ran = new LinkedBlockingQueue<>();
    private final CountDownLatch never = new CountDownLatch(1);
    private final ServerUnderTest server;

    ControlApiTest(TestDatabase database) {
        this.server = ServerUnderTest.on(
                database,
                jobs -> jobs.handleJson("Quick", (json, run) -> ran.add(json)).handleJson("Slow", (json, run) -> {
                    ran.add("slow");
                    never.await();
                }),
                settings -> settings);
    }

    @AfterEach
    void stopServer() {
        server.close();
    }

    private HttpResponse<String> put(String path, String json) {
        return server.send(server.to(path)
                .header("Content-Type", "application/json")
                .PUT(json.isEmpty() ? BodyPublishers.noBody() : BodyPublishers.ofString(json)));
    }

    private HttpResponse<String> delete(String path) {
        return server.send(server.to(path).DELETE());
    }

    private long enqueue(String json) {
        return ServerUnderTest.json(server.post("/api/v1/jobs", json)).get("id").longValue();
    }

    private String state(long id) {
        return ServerUnderTest.json(server.get("/api/v1/jobs/" + id))
                .get("state")
                .stringValue();
    }

    @Test
    void aPausedKindWaitsUntilItIsResumed() throws InterruptedException {
        assertThat(server.post("/api/v1/pauses", "{\"scope\":\"kind\",\"name\":\"Quick\",\"reason\":\"a bug\"}")
                        .statusCode())
                .isEqualTo(201);
        assertThat(server.post("/api/v1/pauses", "{\"scope\":\"kind\",\"name\":\"Quick\"}")
                        .statusCode())
                .isEqualTo(204);
        long id = enqueue("{\"kind\":\"Quick\",\"payload\":1,\"key\":\"tenant-1\"}");
        JsonNode pause =
                ServerUnderTest.json(server.get("/api/v1/pauses")).get("pauses").get(0);
        assertThat(pause.get("reason").stringValue()).isEqualTo("a bug");
        JsonNode job = ServerUnderTest.json(server.get("/api/v1/jobs/" + id));
        assertThat(job.get("state").stringValue()).isEqualTo("READY");
        assertThat(job.get("key").stringValue()).isEqualTo("tenant-1");
        assertThat(delete("/api/v1/pauses?scope=kind&name=Quick").statusCode()).isEqualTo(204);
        assertThat(delete("/api/v1/pauses?scope=kind&name=Quick").statusCode()).isEqualTo(404);
        assertThat(ran.poll(10, TimeUnit.SECONDS)).isEqualTo("1");
    }

    @Test
    void aLimitIsSetSeenAndTakenAway() throws InterruptedException {
        assertThat(put("/api/v1/limits", "{\"scope\":\"kind\",\"name\":\"Slow\",\"concurrency\":1}")
                        .statusCode())
                .isEqualTo(204);
        assertThat(server.get("/api/v1/audit?action=limit").body()).contains("\"detail\":\"1 at a time\"");
        long first = enqueue("{\"kind\":\"Slow\"}");
        long second = enqueue("{\"kind\":\"Slow\"}");
        assertThat(ran.poll(10, TimeUnit.SECONDS)).isEqualTo("slow");
        await().untilAsserted(() -> {
            JsonNode limit = ServerUnderTest.json(server.get("/api/v1/limits"))
                    .get("limits")
                    .get(0);
            assertThat(limit.get("held").longValue()).isEqualTo(1);
            assertThat(limit.get("waiting").longValue()).isEqualTo(1);
        });
        assertThat(ran).isEmpty();
        assertThat(delete("/api/v1/limits?scope=kind&name=Slow").statusCode()).isEqualTo(204);
        assertThat(ran.poll(10, TimeUnit.SECONDS)).isEqualTo("slow");
        for (long id : new long[] {first, second}) {
            HttpResponse<String> cancelled = server.post("/api/v1/jobs/" + id + "/cancel");
            assertThat(ServerUnderTest.json(cancelled).get("outcome").stringValue())
                    .isEqualTo("INTERRUPTED");
            await().untilAsserted(() -> assertThat(state(id)).isEqualTo("CANCELLED"));
        }
    }

    @Test
    void theAuditTrailSaysInWordsWhatALimitIs() {
        put(
                "/api/v1/limits",
                "{\"scope\":\"queue\",\"name\":\"mail\",\"per_key\":true,\"rate\":100,\"per\":\"PT1M\",\"burst\":20}");
        assertThat(server.get("/api/v1/audit?action=limit").body())
                .contains("\"detail\":\"100 in PT1M, up to 20 saved up, per key\"");
        assertThat(delete("/api/v1/limits?scope=queue&name=mail&per_key=true").statusCode())
                .isEqualTo(204);
    }

    /** Whoever means the limit per key must not take the shared one away. */
    @Test
    void aLimitIsTakenAwayOnlyByWhatIsTrueOrFalse() {
        String shared = "\"name\":\"post\",\"per_key\":false";
        put("/api/v1/limits", "{\"scope\":\"queue\",\"name\":\"post\",\"concurrency\":3}");
        put("/api/v1/limits", "{\"scope\":\"queue\",\"name\":\"post\",\"per_key\":true,\"concurrency\":1}");
        for (String given : new String[] {"1", "yes", "TRUE", "", "false%20"}) {
            assertProblem(delete("/api/v1/limits?scope=queue&name=post&per_key=" + given), 400, "true or false");
        }
        assertThat(server.get("/api/v1/limits").body()).contains(shared);
        assertThat(delete("/api/v1/limits?scope=queue&name=post&per_key=true").statusCode())
                .isEqualTo(204);
        assertThat(server.get("/api/v1/limits").body()).contains(shared);
        assertThat(delete("/api/v1/limits?scope=queue&name=post&per_key=false").statusCode())
                .isEqualTo(204);
        assertThat(server.get("/api/v1/limits").body()).doesNotContain(shared);
    }

    @Test
    void keysTakeTurnsWhereTheQueueIsFair() {
        assertProblem(
                put("/api/v1/fair-queues/mail/weights", "{\"key\":\"big\",\"weight\":3}"), 400, "do not take turns");
        assertThat(put("/api/v1/fair-queues/mail", "").statusCode()).isEqualTo(204);
        HttpResponse<String> unweighed = server.get("/api/v1/limits");
        assertThat(put("/api/v1/fair-queues/mail/weights", "{\"key\":\"big\",\"weight\":3}")
                        .statusCode())
                .isEqualTo(204);
        HttpResponse<String> weighed = server.get("/api/v1/limits");
        assertThat(weighed.body())
                .contains("\"fair_queues\":[\"mail\"]")
                .contains("\"weights\":[{\"queue\":\"mail\",\"key\":\"big\",\"weight\":3}]");
        assertThat(weighed.headers().firstValue("ETag"))
                .as("a weight is what people set")
                .isNotEqualTo(unweighed.headers().firstValue("ETag"));
        assertThat(delete("/api/v1/fair-queues/mail").statusCode()).isEqualTo(204);
        assertThat(delete("/api/v1/fair-queues/mail").statusCode()).isEqualTo(404);
    }

    @Test
    void whatMakesNoSenseIsRefusedWithItsPlace() {
        assertProblem(put("/api/v1/limits", "{\"scope\":\"kind\",\"name\":\"Slow\"}"), 400, "limits nothing");
        assertProblem(put("/api/v1/limits", "{\"scope\":\"team\",\"name\":\"x\"}"), 400, "/scope");
        assertProblem(
                put("/api/v1/limits", "{\"scope\":\"kind\",\"name\":\"Slow\",\"concurrency\":0}"), 400, "pause them");
        assertProblem(put("/api/v1/limits", "{\"scope\":\"kind\",\"name\":\"Slow\",\"rate\":5}"), 400, "a period");
        assertProblem(put("/api/v1/limits", "{\"scope\":\"kind\",\"speed\":5}"), 400, "/speed");
        assertProblem(server.post("/api/v1/pauses", "{\"scope\":\"key\"}"), 400, "/name");
        assertProblem(server.post("/api/v1/jobs/999999999/cancel"), 404, "999999999");
        assertProblem(put("/api/v1/fair-queues/mail/weights", "{\"key\":\"a\",\"weight\":17}"), 400, "between 1");
        assertProblem(server.post("/api/v1/jobs", "{\"kind\":\"Quick\",\"key\":\"\"}"), 400, "/key");
    }

    private static void assertProblem(HttpResponse<String> answer, int status, String about) {
        assertThat(answer.statusCode()).as(answer.body()).isEqualTo(status);
        assertThat(answer.headers().firstValue("Content-Type")).contains("application/problem+json");
        assertThat(answer.body()).contains(about);
    }
}
