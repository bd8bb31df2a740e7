package dev.tidemill.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.tidemill.jobs.Retry;
import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.TestDatabase;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import tools.jackson.databind.JsonNode;

@ExtendWith(FreshSchema.class)
final class ActionsApiTest {
    private final BlockingQueue<String> ran = new LinkedBlockingQueue<>();
    private final ServerUnderTest server;

    ActionsApiTest(TestDatabase database) {
        this.server = ServerUnderTest.on(
                database,
                jobs -> jobs.nodeName("web-1").handleJson("Mail", (json, run) -> {
                    if (json.contains("bad")) {
                        throw Retry.never("no use");
                    }
                    ran.add(json);
                }),
                settings -> settings);
    }

    @AfterEach
    void stopServer() {
        server.close();
    }

    private long enqueue(String json) {
        return ServerUnderTest.json(server.post("/api/v1/jobs", json)).get("id").longValue();
    }

    private JsonNode job(long id) {
        return ServerUnderTest.json(server.get("/api/v1/jobs/" + id));
    }

    private String outcome(long id, String what, String body) {
        String path = "/api/v1/jobs/" + id + "/" + what;
        HttpResponse<String> answer = body.isEmpty() ? server.post(path) : server.post(path, body);
        assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
        return ServerUnderTest.json(answer).get("outcome").stringValue();
    }

    private JsonNode act(String body) {
        HttpResponse<String> answer = server.post("/api/v1/actions", body);
        assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
        return ServerUnderTest.json(answer);
    }

    @Test
    void aWaitingJobGetsAnotherTimeAndPriorityAndRunsWhenTold() throws InterruptedException {
        long id = enqueue("{\"kind\":\"Mail\",\"payload\":\"a\",\"delay\":\"P1D\"}");
        assertThat(outcome(id, "reschedule", "{\"at\":\"2030-01-31T09:00:00Z\"}"))
                .isEqualTo("DONE");
        assertThat(job(id).get("due_at").stringValue()).isEqualTo("2030-01-31T09:00:00Z");
        assertThat(outcome(id, "reschedule", "{\"delay\":\"PT2H\"}")).isEqualTo("DONE");
        assertThat(outcome(id, "priority", "{\"priority\":\"high\"}")).isEqualTo("DONE");
        assertThat(job(id).get("priority").stringValue()).isEqualTo("HIGH");
        assertThat(outcome(id, "run-now", "")).isEqualTo("DONE");
        assertThat(ran.poll(10, TimeUnit.SECONDS)).isEqualTo("\"a\"");
        await().until(() -> job(id).get("state").stringValue().equals("SUCCEEDED"));
        assertThat(outcome(id, "run-now", "")).isEqualTo("SUCCEEDED");
        JsonNode lines = ServerUnderTest.json(server.get("/api/v1/audit?target=JOB%20" + id))
                .get("lines");
        assertThat(lines).hasSize(4);
        assertThat(lines.get(1).get("action").stringValue()).isEqualTo("prioritize");
        assertThat(lines.get(1).get("by").stringValue()).isEqualTo("anyone");
    }

    @Test
    void deadLettersAreEditedAndActionsAreAboutWhatFits() throws InterruptedException {
        long edited = enqueue("{\"kind\":\"Mail\",\"payload\":\"bad 1\"}");
        long other = enqueue("{\"kind\":\"Mail\",\"payload\":\"bad 2\",\"tags\":{\"order\":\"7\"}}");
        await().until(() -> job(edited).get("state").stringValue().equals("DEAD")
                && job(other).get("state").stringValue().equals("DEAD"));
        String path = "/api/v1/dead-letters/" + edited + "/replay-edited";
        assertProblem(server.post(path, "{\"load\":1}"), 400, "/payload");
        assertThat(server.post(path, "{\"payload\":{\"to\":[1,2]}}").statusCode())
                .isEqualTo(204);
        assertThat(ran.poll(10, TimeUnit.SECONDS)).isEqualTo("{\"to\":[1,2]}");
        assertProblem(server.post(path, "{\"payload\":1}"), 404, "no dead letter");

        JsonNode counted = act("{\"action\":\"discard\",\"tag\":\"order:7\",\"dry_run\":true}");
        assertThat(counted.get("count").intValue()).isEqualTo(1);
        assertThat(act("{\"action\":\"discard\",\"code\":\"GIVEN_UP\",\"tag\":\"order:7\"}")
                        .get("count")
                        .intValue())
                .isEqualTo(1);
        assertThat(job(other).get("state").stringValue()).isEqualTo("DISCARDED");

        for (int i = 0; i < 3; i++) {
            enqueue("{\"kind\":\"Mail\",\"delay\":\"P1D\",\"key\":\"t\"}");
        }
        JsonNode some = act("{\"action\":\"cancel\",\"key\":\"t\",\"limit\":2}");
        assertThat(some.get("count").intValue()).isEqualTo(2);
        assertThat(some.get("more").booleanValue()).isTrue();
        assertThat(act("{\"action\":\"cancel\",\"key\":\"t\"}").get("more").booleanValue())
                .isFalse();
        assertThat(server.get("/api/v1/audit?action=cancel%20all&limit=1").body())
                .contains("\"target\":\"JOBS key=t\"", "\"detail\":\"1 job\"", "next_before");
    }

    @Test
    void aDrainedNodeStandsInTheStatisticsUntilItIsCalledBack() throws InterruptedException {
        String path = "/api/v1/nodes/web-1/drain";
        assertThat(put(path + "?reason=disk").statusCode()).isEqualTo(201);
        assertThat(put(path).statusCode()).isEqualTo(204);
        long id = enqueue("{\"kind\":\"Mail\",\"payload\":\"later\"}");
        assertThat(server.get("/api/v1/stats").body()).contains("\"duty\":\"DRAINED\"");
        assertThat(server.get("/api/v1/drained").body()).contains("\"node\":\"web-1\"", "\"reason\":\"disk\"");
        assertThat(server.get("/api/v1/jobs/" + id + "/why").body()).contains("NODES_DRAINED");
        assertThat(server.get("/").body()).contains("drained");
        assertThat(ran).isEmpty();
        assertThat(server.send(server.to(path).DELETE()).statusCode()).isEqualTo(204);
        assertThat(ran.poll(10, TimeUnit.SECONDS)).isEqualTo("\"later\"");
        assertThat(server.send(server.to(path).DELETE()).statusCode()).isEqualTo(404);
        assertProblem(put("/api/v1/nodes/nobody/drain"), 404, "nobody");
    }

    @Test
    void whatMakesNoSenseIsRefusedWithItsPlace() {
        assertProblem(server.post("/api/v1/jobs/999999999/run-now"), 404, "999999999");
        assertProblem(server.post("/api/v1/jobs/1/reschedule", "{}"), 400, "one of them");
        assertProblem(server.post("/api/v1/jobs/1/reschedule", "{\"at\":\"soon\"}"), 400, "/at");
        assertProblem(server.post("/api/v1/jobs/1/priority", "{\"priority\":\"urgent\"}"), 400, "/priority");
        assertProblem(server.post("/api/v1/actions", "{\"action\":\"cancel\"}"), 400, "Nothing says which");
        assertProblem(server.post("/api/v1/actions", "{\"action\":\"mend\"}"), 400, "/action");
        assertProblem(server.post("/api/v1/actions", "{\"action\":\"replay\",\"tag\":\"x\"}"), 400, "/tag");
        assertProblem(server.post("/api/v1/actions", "{\"action\":\"cancel\",\"state\":\"running\"}"), 400, "READY");
        assertProblem(
                server.post("/api/v1/actions", "{\"action\":\"cancel\",\"kind\":\"A\",\"limit\":1000000}"),
                400,
                "/limit");
        assertProblem(
                server.post(
                        "/api/v1/actions", "{\"action\":\"cancel\",\"kind\":\"A\",\"at\":\"2030-01-31T09:00:00Z\"}"),
                400,
                "/at");
        assertProblem(server.get("/api/v1/audit?limit=0"), 400, "limit");
    }

    private HttpResponse<String> put(String path) {
        return server.send(server.to(path).PUT(BodyPublishers.noBody()));
    }

    private static void assertProblem(HttpResponse<String> answer, int status, String about) {
        assertThat(answer.statusCode()).as(answer.body()).isEqualTo(status);
        assertThat(answer.body()).contains(about);
    }
}
