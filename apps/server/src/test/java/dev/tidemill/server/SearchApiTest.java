package dev.tidemill.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemill.jobs.Retry;
import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.TestDatabase;
import java.net.URLEncoder;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.ExtendWith;
import tools.jackson.databind.JsonNode;

/** Searching over HTTP; what a search finds is in the store's contract. */
@ExtendWith(FreshSchema.class)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class SearchApiTest {
    private final TestDatabase database;
    private ServerUnderTest server;

    SearchApiTest(TestDatabase database) {
        this.database = database;
    }

    record Works(int n) {}

    record Breaks(int n) {}

    @BeforeAll
    void start() {
        server = ServerUnderTest.on(
                database,
                jobs -> jobs.handle(Works.class, (job, run) -> {}).handle(Breaks.class, (job, run) -> {
                    throw Retry.never("the disk of " + job.n() + " is full");
                }),
                settings -> settings);
        server.mill.enqueue(new Works(1));
        server.mill.enqueue(new Breaks(7));
        server.post(
                "/api/v1/jobs",
                "[{\"kind\":\"Waits\",\"key\":\"shop 1\",\"tags\":{\"order\":\"a b\"}},"
                        + "{\"kind\":\"Waits\",\"delay\":\"PT1H\"},{\"kind\":\"Waits\",\"queue\":\"mail\"}]");
        Awaitility.await().untilAsserted(() -> {
            assertThat(found("state=SUCCEEDED")).isNotEmpty();
            assertThat(found("state=DEAD")).isNotEmpty();
        });
    }

    @AfterAll
    void stop() {
        server.close();
    }

    private JsonNode page(String query) {
        HttpResponse<String> response = server.get("/api/v1/jobs?" + query);
        assertThat(response.statusCode()).as("%s", response.body()).isEqualTo(200);
        return ServerUnderTest.json(response);
    }

    /** The kinds of what is found, page by page. */
    private List<String> found(String query) {
        List<String> kinds = new ArrayList<>();
        JsonNode page = page(query);
        while (true) {
            page.get("jobs").forEach(job -> kinds.add(job.get("kind").stringValue()));
            if (page.get("next").isNull()) {
                return kinds;
            }
            page = page(query + "&cursor=" + page.get("next").stringValue());
        }
    }

    private static String encoded(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8);
    }

    @Test
    void jobsAreFoundByWhateverIsKnownOfThem() {
        assertThat(found("limit=2"))
                .filteredOn(kind -> !kind.equals("T"))
                .containsExactly("Waits", "Waits", "Waits", "Breaks", "Works");
        assertThat(found("state=succeeded")).containsExactly("Works");
        assertThat(found("kind=Waits&state=SCHEDULED")).hasSize(1);
        assertThat(found("queue=mail")).containsExactly("Waits");
        assertThat(found("key=" + encoded("shop 1"))).containsExactly("Waits");
        assertThat(found("tag=" + encoded("order:a b") + "&state=READY")).containsExactly("Waits");
        assertThat(found("error=" + encoded("DISK of 7"))).containsExactly("Breaks");
        assertThat(found("code=GIVEN_UP")).containsExactly("Breaks");
        assertThat(found("from=2000-01-01T00:00:00Z&before_time=2001-01-01T00:00:00Z"))
                .isEmpty();
        assertThat(found("from=2000-01-01T00:00:00Z&kind=Works")).containsExactly("Works");
    }

    @Test
    void aPageSaysWhereItEnded() {
        JsonNode page = page("limit=1");
        assertThat(page.get("jobs").size()).isEqualTo(1);
        assertThat(page.get("examined").intValue()).isPositive();
        assertThat(page.get("searched_to").stringValue())
                .isEqualTo(page.get("jobs").get(0).get("created_at").stringValue());
        assertThat(page.has("next_before")).isFalse();
    }

    @Test
    void aCursorOfAnotherSearchIsRefused() {
        String cursor = page("limit=1").get("next").stringValue();
        HttpResponse<String> refused = server.get("/api/v1/jobs?kind=Works&cursor=" + cursor);
        assertThat(refused.statusCode()).isEqualTo(400);
        JsonNode problem = ServerUnderTest.json(refused);
        assertThat(problem.get("parameter").stringValue()).isEqualTo("cursor");
        assertThat(problem.get("detail").stringValue()).contains("other jobs");
    }

    @Test
    void pagesOfATagMayGoOnBelowAnId() {
        server.post(
                "/api/v1/jobs",
                "[{\"kind\":\"T\",\"tags\":{\"page\":\"x\"}},{\"kind\":\"T\",\"tags\":{\"page\":\"x\"}},"
                        + "{\"kind\":\"T\",\"tags\":{\"page\":\"x\"}}]");
        JsonNode first = page("tag=page:x&limit=2");
        assertThat(first.get("jobs").size()).isEqualTo(2);
        JsonNode rest =
                page("tag=page:x&limit=2&before=" + first.get("next_before").longValue());
        assertThat(rest.get("jobs").size()).isEqualTo(1);
        assertThat(rest.get("next_before").isNull()).isTrue();
    }
}
