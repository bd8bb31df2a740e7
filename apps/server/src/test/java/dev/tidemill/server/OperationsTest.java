package dev.tidemill.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import dev.tidemill.embedded.EmbeddedPostgres;
import dev.tidemill.jobs.JobRequest;
import dev.tidemill.jobs.JobState;
import dev.tidemill.jobs.Retry;
import dev.tidemill.jobs.Tidemill;
import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.TestDatabase;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.slf4j.LoggerFactory;
import tools.jackson.databind.JsonNode;

/** What whoever runs the server reads and does. */
@ExtendWith(FreshSchema.class)
final class OperationsTest {
    private final ServerUnderTest server;

    OperationsTest(TestDatabase database) {
        this.server = ServerUnderTest.on(
                database,
                jobs -> jobs.nodeName("node-1")
                        .handleJson("Fine", (json, run) -> {})
                        .handleJson("Fail", (json, run) -> {
                            throw Retry.never("no use");
                        }),
                settings -> settings);
    }

    @AfterEach
    void stopServer() {
        server.close();
    }

    private List<Long> deadLetters(int count) {
        List<Long> ids = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            ids.add(server.mill.enqueue(new JobRequest("Fail", "{}")));
        }
        ids.forEach(id -> await().until(() -> server.mill.job(id).orElseThrow().state() == JobState.DEAD));
        return ids;
    }

    @Test
    void aPageOfDeadLettersGoesOnThoughItsLastOneIsReplayed() {
        List<Long> ids = deadLetters(3);
        JsonNode page = ServerUnderTest.json(server.get("/api/v1/dead-letters?limit=2"));
        long replayed = page.at("/dead_letters/1/job_id").longValue();
        assertThat(server.post("/api/v1/dead-letters/" + replayed + "/replay").statusCode())
                .isEqualTo(204);
        JsonNode rest = ServerUnderTest.json(server.get(
                "/api/v1/dead-letters?limit=1&after=" + page.get("next_after").stringValue()));
        long next = rest.at("/dead_letters/0/job_id").longValue();
        assertThat(ids).contains(next);
        assertThat(next)
                .isNotEqualTo(replayed)
                .isNotEqualTo(page.at("/dead_letters/0/job_id").longValue());
    }

    @Test
    void deadLettersAreListedNewestFirstReplayedAndDiscarded() {
        List<Long> ids = deadLetters(3);
        JsonNode page = ServerUnderTest.json(server.get("/api/v1/dead-letters?limit=2"));
        assertThat(page.get("dead_letters").size()).isEqualTo(2);
        JsonNode newest = page.get("dead_letters").get(0);
        assertThat(newest.get("error").stringValue()).contains("no use");
        assertThat(newest.get("code").stringValue()).isEqualTo("GIVEN_UP");
        JsonNode rest = ServerUnderTest.json(server.get(
                "/api/v1/dead-letters?after=" + page.get("next_after").stringValue()));
        assertThat(rest.get("dead_letters").valueStream())
                .anySatisfy(
                        letter -> assertThat(ids).contains(letter.get("job_id").longValue()));

        assertThat(server.post("/api/v1/dead-letters/" + ids.get(0) + "/discard")
                        .statusCode())
                .isEqualTo(204);
        assertThat(server.post("/api/v1/dead-letters/" + ids.get(1) + "/replay").statusCode())
                .isEqualTo(204);
        JsonNode replayed = ServerUnderTest.json(
                server.post("/api/v1/dead-letters/replay", "{\"ids\":[" + ids.get(0) + "," + ids.get(2) + ",424242]}"));
        assertThat(replayed.get("replayed").size()).isEqualTo(1);
        assertThat(replayed.get("replayed").get(0).longValue()).isEqualTo(ids.get(2));
        await().until(() -> server.mill.job(ids.get(2)).orElseThrow().attempts().size() == 2);
    }

    @Test
    void attemptsAndStatisticsAreThere() {
        long id = server.mill.enqueue(new JobRequest("Fine", "{}"));
        await().untilAsserted(() -> assertThat(ServerUnderTest.json(server.get("/api/v1/attempts?limit=10"))
                        .get("attempts")
                        .valueStream())
                .anySatisfy(attempt -> {
                    assertThat(attempt.get("job_id").longValue()).isEqualTo(id);
                    assertThat(attempt.get("node").stringValue()).isEqualTo("node-1");
                }));
        await().atMost(Duration.ofSeconds(30)).untilAsserted(() -> {
            JsonNode stats = ServerUnderTest.json(server.get("/api/v1/stats"));
            assertThat(stats.get("nodes").size()).isPositive();
            assertThat(stats.get("queues").size()).isPositive();
            assertThat(stats.get("nodes").get(0).get("kinds").valueStream())
                    .anySatisfy(kind -> assertThat(kind.stringValue()).isEqualTo("Fine"));
            assertThat(stats.get("queues").get(0).get("priorities").valueStream())
                    .anySatisfy(lane ->
                            assertThat(lane.get("succeeded").longValue()).isPositive());
        });
    }

    @Test
    void prometheusReadsTheJvmTheRoutesAndTheJobs() {
        server.get("/api/v1/jobs/7");
        server.mill.enqueue(new JobRequest("Nobody", "{}"));
        await().atMost(Duration.ofSeconds(30)).untilAsserted(() -> {
            HttpResponse<String> metrics = server.get("/metrics");
            assertThat(metrics.headers().firstValue("Content-Type").orElse("")).startsWith("text/plain; version=0.0.4");
            assertThat(metrics.body())
                    .contains("jvm_memory_used_bytes")
                    .contains("http_server_requests_seconds_count{method=\"GET\",status=\"404\","
                            + "uri=\"/api/v1/jobs/{id}\"}")
                    .contains("tidemill_database_up 1.0")
                    .contains("tidemill_nodes 1.0")
                    .contains("tidemill_jobs_unhandled{kind=\"Nobody\"} ")
                    .containsPattern("tidemill_jobs_ready\\{priority=\"MEDIUM\",queue=\"default\"} [1-9]");
        });
    }

    @Test
    void aLogLevelIsChangedWhileTheServerRuns() {
        Logger logger = (Logger) LoggerFactory.getLogger("dev.tidemill.server.test");
        assertThat(logger.isTraceEnabled()).isFalse();
        HttpResponse<String> changed = putLevel("{\"logger\":\"dev.tidemill.server.test\",\"level\":\"TRACE\"}");
        assertThat(changed.statusCode()).isEqualTo(200);
        assertThat(logger.isTraceEnabled()).isTrue();
        assertThat(server.get("/api/v1/log-level").body())
                .contains("{\"logger\":\"dev.tidemill.server.test\",\"level\":\"TRACE\"}");
        putLevel("{\"logger\":\"dev.tidemill.server.test\",\"level\":null}");
        assertThat(logger.getLevel()).isNull();
    }

    @Test
    void aLogLevelThatIsWrongChangesNothing() {
        Level before = ((Logger) LoggerFactory.getLogger("ROOT")).getLevel();
        for (String body : new String[] {
            "{\"logger\":\"ROOT\",\"level\":\"LOUD\"}",
            "{\"logger\":\"ROOT\",\"level\":null}",
            "{\"logger\":\"ROOT\"}",
            "{\"level\":\"DEBUG\"}",
            "{\"logger\":\"a b\",\"level\":\"DEBUG\"}",
            "{\"logger\":\"ROOT\",\"level\":\"DEBUG\",\"for\":\"1h\"}",
            "[]",
        }) {
            assertThat(putLevel(body).statusCode()).as(body).isEqualTo(400);
        }
        assertThat(((Logger) LoggerFactory.getLogger("ROOT")).getLevel()).isEqualTo(before);
    }

    private HttpResponse<String> putLevel(String body) {
        return server.send(server.to("/api/v1/log-level")
                .header("Content-Type", "application/json")
                .PUT(BodyPublishers.ofString(body)));
    }

    @Test
    void headAnswersWithTheLengthAlone() {
        HttpResponse<String> head = server.send(server.to("/healthz").method("HEAD", BodyPublishers.noBody()));
        assertThat(head.statusCode()).isEqualTo(200);
        assertThat(head.body()).isEmpty();
        assertThat(head.headers().firstValueAsLong("Content-Length")).hasValue(15);
    }

    @Test
    void withoutADatabaseEverythingSaysSoAndComesBackWithIt() {
        try (EmbeddedPostgres postgres = EmbeddedPostgres.builder().start()) {
            var source = new org.postgresql.ds.PGSimpleDataSource();
            source.setUrl(postgres.jdbcUrlWithPassword());
            source.setConnectTimeout(2);
            try (Tidemill mill = Tidemill.on(source).start();
                    TidemillServer alone = TidemillServer.builder(mill).open().start()) {
                try (ServerUnderTest other = new ServerUnderTest(mill, alone)) {
                    assertThat(other.get("/readyz").statusCode()).isEqualTo(200);
                    postgres.kill();
                    HttpResponse<String> refused = other.post("/api/v1/jobs", "{\"kind\":\"A\"}");
                    assertThat(refused.statusCode()).isEqualTo(503);
                    assertThat(refused.headers().firstValue("Retry-After")).isPresent();
                    assertThat(ServerUnderTest.json(refused).get("code").stringValue())
                            .isEqualTo("DATABASE_UNREACHABLE");
                    assertThat(refused.body()).doesNotContain(postgres.password(), "127.0.0.1");
                    assertThat(other.get("/healthz").statusCode()).isEqualTo(200);
                    await().untilAsserted(() ->
                            assertThat(other.get("/readyz").statusCode()).isEqualTo(503));
                    await().untilAsserted(
                                    () -> assertThat(other.get("/").body()).contains("The database does not answer"));
                    await().untilAsserted(() ->
                            assertThat(other.get("/metrics").body()).contains("tidemill_database_up 0.0"));

                    postgres.restart();
                    await().atMost(Duration.ofSeconds(30))
                            .untilAsserted(() -> assertThat(other.post("/api/v1/jobs", "{\"kind\":\"A\"}")
                                            .statusCode())
                                    .isEqualTo(201));
                    await().untilAsserted(() ->
                            assertThat(other.get("/readyz").statusCode()).isEqualTo(200));
                }
            }
        }
    }
}
