package dev.tidemill.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.tidemill.jobs.EnqueueOptions;
import dev.tidemill.jobs.JobRequest;
import dev.tidemill.jobs.JobState;
import dev.tidemill.jobs.JobView;
import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.TestDatabase;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import tools.jackson.databind.JsonNode;

/** Endpoints as they are registered, refused, tried out, changed and deleted, and the addresses that are guarded. */
@ExtendWith(FreshSchema.class)
final class EndpointsApiTest {
    private final TestDatabase database;
    private final EndpointUnderTest endpoint;
    private final ServerUnderTest server;
    private final Receiver receiver;

    EndpointsApiTest(TestDatabase database) {
        this.database = database;
        this.endpoint = new EndpointUnderTest(database);
        this.server = endpoint.server;
        this.receiver = endpoint.receiver;
    }

    @AfterEach
    void stop() {
        endpoint.close();
    }

    @Test
    void anEndpointDependsOnNineThingsBesideItsHost() {
        String names = IntStream.range(0, 10).mapToObj(i -> "\"d" + i + "\"").collect(Collectors.joining(", "));
        HttpResponse<String> refused = endpoint.put(receiver.url(), ", \"depends_on\": [" + names + "]");
        assertThat(refused.statusCode()).isEqualTo(400);
        assertThat(refused.body()).contains("depends_on: 10; it must be 0 to 9");
        assertThat(endpoint.put(receiver.url(), ", \"depends_on\": [\"no name\"]")
                        .body())
                .contains("dependency is 'no name'");
    }

    @Test
    void whatOneServerRegistersAnotherSendsToUntilItIsPausedOrDeleted() {
        try (ServerUnderTest other =
                ServerUnderTest.on(database, jobs -> jobs, TidemillServerBuilder::allowPrivateEndpoints)) {
            endpoint.register("");
            server.server.stop();
            endpoint.in(endpoint.enqueue(), JobState.SUCCEEDED);
            assertThat(other.post("/api/v1/endpoints/" + endpoint.name + "/pause", "{\"reason\": \"a new lock\"}")
                            .statusCode())
                    .isEqualTo(204);
            assertThat(other.get("/api/v1/endpoints/" + endpoint.name).body()).contains("a new lock");
            await().until(() -> !ServerUnderTest.json(other.get("/api/v1/endpoints/" + endpoint.name))
                    .get("open")
                    .asBoolean());
            int sent = receiver.messages.size();
            await().during(Duration.ofSeconds(1)).until(() -> receiver.messages.size() == sent);
            long waits = endpoint.enqueue();
            await().during(Duration.ofSeconds(1)).until(() -> receiver.messages.size() == sent);
            assertThat(other.post("/api/v1/endpoints/" + endpoint.name + "/resume")
                            .statusCode())
                    .isEqualTo(204);
            endpoint.in(waits, JobState.SUCCEEDED);
            assertThat(other.send(other.to("/api/v1/endpoints/" + endpoint.name).DELETE())
                            .statusCode())
                    .isEqualTo(204);
            assertThat(other.get("/api/v1/endpoints/" + endpoint.name).statusCode())
                    .isEqualTo(404);
        }
    }

    @Test
    void anEndpointIsTriedOutWithoutAJob() {
        endpoint.register("");
        JsonNode tried = ServerUnderTest.json(server.post("/api/v1/endpoints/" + endpoint.name + "/test"));
        assertThat(tried.get("ok").asBoolean()).isTrue();
        assertThat(receiver.messages.getFirst().json().get("kind").asString()).isEqualTo("tidemill.test");
        receiver.behaviour = exchange -> Receiver.reply(exchange, 500, "\"broken\"");
        JsonNode failed = ServerUnderTest.json(server.post("/api/v1/endpoints/" + endpoint.name + "/test"));
        assertThat(failed.get("status").asInt()).isEqualTo(500);
        assertThat(failed.get("error").asString()).contains("broken");
        assertThat(server.post("/api/v1/endpoints/nobody/test").statusCode()).isEqualTo(404);
    }

    @Test
    void whatIsNoEndpointIsRefusedWithItsRule() {
        endpoint.register("");
        assertThat(server.put(
                                "/api/v1/endpoints/another",
                                "{\"url\": \"" + receiver.url() + "\", \"kinds\": [\"" + endpoint.kind + "\"]}")
                        .body())
                .contains("ALREADY_EXISTS", endpoint.name);
        assertThat(endpoint.put("ftp://example.com", "").statusCode()).isEqualTo(400);
        assertThat(endpoint.put("https://user:hunter2@example.com/", "").body())
                .contains("400")
                .doesNotContain("hunter2");
        for (String taken : List.of("Webhook-Id", "traceparent", "Tracestate")) {
            assertThat(endpoint.put(receiver.url(), ", \"headers\": {\"" + taken + "\": \"1\"}")
                            .statusCode())
                    .isEqualTo(400);
        }
        assertThat(endpoint.put(receiver.url(), ", \"headers\": {\"X-Key\": \"hunter2\\u0000\"}")
                        .body())
                .contains("X-Key")
                .doesNotContain("hunter2");
        assertThat(endpoint.put(receiver.url(), ", \"concurrency\": 0").statusCode())
                .isEqualTo(400);
        assertThat(endpoint.put(receiver.url(), ", \"timeout\": \"PT1H\"").statusCode())
                .isEqualTo(400);
        assertThat(endpoint.put(receiver.url(), ", \"secret\": \"hunter2\"").statusCode())
                .isEqualTo(400);
        assertThat(endpoint.put("http://127.0.0.1:99999/", "").body()).contains("1 to 65535");
        assertThat(endpoint.put("http://127.0.0.1:0/", "").statusCode()).isEqualTo(400);
        assertThat(endpoint.put(receiver.url(), "").statusCode()).isEqualTo(204);
    }

    @Test
    void withoutLeaveNothingIsSentToPrivateAddressesOrWithoutTls() {
        try (ServerUnderTest strict = ServerUnderTest.on(database)) {
            for (String url : List.of(
                    "https://127.0.0.1/",
                    "https://localhost:8443/",
                    "https://[::ffff:10.0.0.1]/",
                    "https://169.254.169.254/latest/meta-data/")) {
                HttpResponse<String> refused =
                        strict.put("/api/v1/endpoints/inside", "{\"url\": \"" + url + "\", \"kinds\": [\"Inside\"]}");
                assertThat(refused.statusCode()).describedAs(url).isEqualTo(400);
                assertThat(refused.body()).contains("--allow-private-endpoints");
            }
            assertThat(strict.put(
                                    "/api/v1/endpoints/inside",
                                    "{\"url\": \"https://2130706433/\", \"kinds\": [\"Inside\"]}")
                            .statusCode())
                    .isEqualTo(400);
            assertThat(strict.put(
                                    "/api/v1/endpoints/plain",
                                    "{\"url\": \"http://example.com/\", \"kinds\": [\"Inside\"]}")
                            .body())
                    .contains("https");
        }
    }

    @Test
    void anAddressThatAnotherServerLetInIsStillGuardedWhenSending() {
        endpoint.register("");
        assertThat(server.put(
                                "/api/v1/endpoints/" + endpoint.name + "byTls",
                                "{\"url\": \"" + receiver.url().replace("http:", "https:") + "\", \"kinds\": [\""
                                        + endpoint.kind + "byTls\"]}")
                        .statusCode())
                .isEqualTo(201);
        server.server.stop();
        try (ServerUnderTest strict = ServerUnderTest.on(database)) {
            long id = strict.mill.enqueue(new JobRequest(endpoint.kind, "{}"), EnqueueOptions.NONE.attempts(1));
            JobView dead = endpoint.in(id, JobState.DEAD);
            assertThat(dead.attempts().getLast().error()).contains("https alone", "--allow-private-endpoints");
            assertThat(strict.post("/api/v1/endpoints/" + endpoint.name + "/test")
                            .body())
                    .contains("https alone", "--allow-private-endpoints");
            assertThat(strict.post("/api/v1/endpoints/" + endpoint.name + "byTls/test")
                            .body())
                    .contains("not on the public network", "--allow-private-endpoints");
            assertThat(receiver.messages).isEmpty();
        }
    }
}
