package dev.tidemill.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.tidemill.jobs.Breaker;
import dev.tidemill.jobs.JobRequest;
import dev.tidemill.jobs.JobState;
import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.TestDatabase;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import tools.jackson.databind.JsonNode;

/** Breakers over HTTP. */
@ExtendWith(FreshSchema.class)
final class BreakersApiTest {
    private final ServerUnderTest server;

    BreakersApiTest(TestDatabase database) {
        this.server = ServerUnderTest.on(
                database,
                jobs -> jobs.breaker(Breaker.of("smtp").ratio(0.5, 10, Duration.ofMinutes(1)))
                        .handleJson("Mail", (json, run) -> {}, options -> options.dependsOn("smtp")),
                settings -> settings);
    }

    @AfterEach
    void stopServer() {
        server.close();
    }

    private JsonNode smtp() {
        return ServerUnderTest.json(server.get("/api/v1/breakers"))
                .get("breakers")
                .get(0);
    }

    @Test
    void aBreakerIsShownOpenedAndClosed() {
        assertThat(smtp().get("name").asString()).isEqualTo("smtp");
        assertThat(smtp().get("state").asString()).isEqualTo("CLOSED");
        assertThat(smtp().get("kinds").get(0).asString()).isEqualTo("Mail");
        assertThat(smtp().get("failures").asInt()).isEqualTo(5);
        assertThat(smtp().get("at_least").asInt()).isEqualTo(10);
        assertThat(smtp().get("open_for_ms").asInt()).isEqualTo(10_000);
        assertThat(server.post("/api/v1/breakers/smtp/open", "").statusCode()).isEqualTo(204);
        assertThat(smtp().get("state").asString()).isEqualTo("OPEN");
        assertThat(smtp().get("by_hand").asBoolean()).isTrue();
        long id = server.mill.enqueue(new JobRequest("Mail", "{}"));
        JsonNode why = ServerUnderTest.json(server.get("/api/v1/jobs/" + id + "/why"));
        assertThat(why.get("reasons").get(0).get("code").asString()).isEqualTo("BREAKER_OPEN");
        JsonNode stats = ServerUnderTest.json(server.get("/api/v1/stats"));
        assertThat(stats.get("open_breakers").get(0).get("name").asString()).isEqualTo("smtp");
        assertThat(server.post("/api/v1/breakers/smtp/close", "").statusCode()).isEqualTo(204);
        await().until(() -> server.mill.job(id).orElseThrow().state() == JobState.SUCCEEDED);
        assertThat(server.post("/api/v1/breakers/nobody/open", "").statusCode()).isEqualTo(404);
    }
}
