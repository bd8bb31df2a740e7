package dev.tidemill.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemill.jobs.Limit;
import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.TestDatabase;
import java.net.http.HttpRequest.BodyPublishers;
import java.util.ArrayList;
import java.util.List;
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

    @Test
    void kindsAreListedByThePage() {
        for (int i = 0; i < 120; i++) {
            server.mill.limits().put(Limit.ofKind("Paged%03d".formatted(i)).concurrency(1));
        }
        JsonNode first = ServerUnderTest.json(server.get("/api/v1/kinds"));
        assertThat(first.get("kinds")).as("unless a limit is given").hasSize(50);
        assertThat(first.get("next_after").stringValue())
                .isEqualTo(first.at("/kinds/49/kind").stringValue());
        List<String> seen = new ArrayList<>();
        String after = "";
        while (after != null) {
            JsonNode page = ServerUnderTest.json(server.get("/api/v1/kinds?limit=49&after=" + after));
            page.get("kinds").forEach(kind -> seen.add(kind.get("kind").stringValue()));
            after = page.get("next_after").isNull()
                    ? null
                    : page.get("next_after").stringValue();
        }
        assertThat(seen).isSorted().doesNotHaveDuplicates();
        assertThat(seen).filteredOn(kind -> kind.startsWith("Paged")).hasSize(120);
        assertThat(server.get("/api/v1/kinds?limit=1001").statusCode()).isEqualTo(400);
    }
}
