package dev.tidemill.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.TestDatabase;
import java.net.http.HttpRequest.BodyPublishers;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.ExtendWith;
import tools.jackson.databind.JsonNode;

/** Queues and kinds as the API shows them. */
@ExtendWith(FreshSchema.class)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class QueuesApiTest {
    private final TestDatabase database;
    private ServerUnderTest server;

    QueuesApiTest(TestDatabase database) {
        this.database = database;
    }

    @BeforeAll
    void start() {
        server = ServerUnderTest.on(database);
    }

    @AfterAll
    void stop() {
        server.close();
    }

    @Test
    void queuesAndKindsAreShownWithTheRulesThatHoldForThem() {
        server.post("/api/v1/jobs", "{\"kind\":\"Sends\",\"queue\":\"letters\"}");
        server.put("/api/v1/limits", "{\"scope\":\"queue\",\"name\":\"letters\",\"concurrency\":2}");
        server.put("/api/v1/limits", "{\"scope\":\"kind\",\"name\":\"Sends\",\"concurrency\":1}");
        server.post("/api/v1/pauses", "{\"scope\":\"queue\",\"name\":\"letters\",\"reason\":\"a test\"}");
        server.send(server.to("/api/v1/fair-queues/letters").PUT(BodyPublishers.noBody()));
        JsonNode queue = ServerUnderTest.json(server.get("/api/v1/queues/letters"));
        assertThat(queue.get("queue").stringValue()).isEqualTo("letters");
        assertThat(queue.at("/paused/reason").stringValue()).isEqualTo("a test");
        assertThat(queue.at("/limits/0/concurrency").intValue()).isEqualTo(2);
        assertThat(queue.get("fair").booleanValue()).isTrue();
        assertThat(ServerUnderTest.json(server.get("/api/v1/queues")).get("queues"))
                .anySatisfy(shown -> assertThat(shown).isEqualTo(queue));
        assertThat(ServerUnderTest.json(server.get("/api/v1/kinds")).get("kinds"))
                .anySatisfy(kind -> {
                    assertThat(kind.get("kind").stringValue()).isEqualTo("Sends");
                    assertThat(kind.at("/limits/0/concurrency").intValue()).isEqualTo(1);
                    assertThat(kind.get("nodes").size()).isZero();
                });
        assertThat(server.get("/api/v1/queues/nothing-like-it").statusCode()).isEqualTo(404);
    }
}
