package dev.tidemill.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.TestDatabase;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Entity tags: what is known is not sent again, and an edit does not undo another that its sender has not seen. */
@ExtendWith(FreshSchema.class)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class EtagsTest {
    private final TestDatabase database;
    private ServerUnderTest server;
    private ServerUnderTest other;

    EtagsTest(TestDatabase database) {
        this.database = database;
    }

    @BeforeAll
    void start() {
        server = ServerUnderTest.on(database);
        other = ServerUnderTest.on(database);
    }

    @AfterAll
    void stop() {
        server.close();
        other.close();
    }

    private static String tag(HttpResponse<String> response) {
        return response.headers().firstValue("ETag").orElseThrow();
    }

    private HttpResponse<String> get(String path, String known) {
        return server.send(server.to(path).header("If-None-Match", known));
    }

    private static HttpRequest.Builder put(ServerUnderTest at, String path, String json) {
        return at.to(path).header("Content-Type", "application/json").PUT(BodyPublishers.ofString(json));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "/api/v1/jobs",
                "/api/v1/jobs?tag=a:b&before=9",
                "/api/v1/dead-letters",
                "/api/v1/schedules",
                "/api/v1/limits",
                "/api/v1/retention",
                "/api/v1/breakers",
                "/openapi.json"
            })
    void whatIsKnownIsNotSentAgain(String path) {
        HttpResponse<String> first = server.get(path);
        String tag = tag(first);
        assertThat(tag).startsWith("\"");
        for (String known : List.of(tag, "W/" + tag, "\"other\", " + tag, "*")) {
            HttpResponse<String> again = get(path, known);
            assertThat(again.statusCode()).as(known).isEqualTo(304);
            assertThat(again.body()).isEmpty();
            assertThat(tag(again)).isEqualTo(tag);
        }
        assertThat(get(path, "\"other\"").body()).isEqualTo(first.body());
    }

    /** They say when they were counted, and that may be at any moment. */
    @Test
    void queuesThatAreKnownAreSentAgainOnlyWhenTheyWereCountedAnew() {
        String path = "/api/v1/queues";
        HttpResponse<String> known = server.get(path);
        HttpResponse<String> again = get(path, tag(known));
        for (int i = 0; i < 10 && again.statusCode() == 200; i++) {
            assertThat(again.body()).isNotEqualTo(known.body());
            known = again;
            again = get(path, tag(known));
        }
        assertThat(again.statusCode()).isEqualTo(304);
    }

    @Test
    void aJobThatChangedIsSentAgain() {
        HttpResponse<String> made = server.post("/api/v1/jobs", "{\"kind\":\"Sits\"}");
        String path = made.headers().firstValue("Location").orElseThrow();
        String tag = tag(server.get(path));
        assertThat(get(path, tag).statusCode()).isEqualTo(304);
        server.post(path + "/cancel");
        assertThat(get(path, tag).statusCode()).isEqualTo(200);
    }

    @Test
    void anEditOfAScheduleThatSomebodyElseEditedIsRefused() {
        String path = "/api/v1/schedules/shared";
        String seen = tag(server.put(path, "{\"every\":\"PT1H\",\"kind\":\"A\"}"));
        assertThat(tag(server.get(path))).startsWith(seen.substring(0, seen.indexOf('.')));
        HttpResponse<String> theirs = other.send(
                put(other, path, "{\"every\":\"PT2H\",\"kind\":\"A\"}").header("If-Match", seen));
        assertThat(theirs.statusCode()).isEqualTo(200);
        HttpResponse<String> ours = server.send(
                put(server, path, "{\"every\":\"PT3H\",\"kind\":\"A\"}").header("If-Match", seen));
        assertThat(ours.statusCode()).isEqualTo(412);
        assertThat(ServerUnderTest.json(ours).get("code").stringValue()).isEqualTo("PRECONDITION_FAILED");
        assertThat(ServerUnderTest.json(server.get(path)).get("every").stringValue())
                .isEqualTo("PT2H");
        HttpResponse<String> removal =
                server.send(server.to(path).header("If-Match", seen).DELETE());
        assertThat(removal.statusCode()).isEqualTo(412);
        assertThat(server.send(server.to(path).header("If-Match", tag(theirs)).DELETE())
                        .statusCode())
                .isEqualTo(204);
    }

    @Test
    void aFireIsNoReasonToRefuseAnEdit() {
        String path = "/api/v1/schedules/fires";
        server.put(path, "{\"every\":\"PT1H\",\"kind\":\"A\"}");
        String seen = tag(server.get(path));
        assertThat(server.post(path + "/trigger").statusCode()).isEqualTo(201);
        assertThat(get(path, seen).statusCode()).as("what is shown has changed").isEqualTo(200);
        assertThat(server.send(put(server, path, "{\"every\":\"PT2H\",\"kind\":\"A\"}")
                                .header("If-Match", seen))
                        .statusCode())
                .isEqualTo(200);
    }

    @Test
    void aScheduleThatIsNotThereMatchesNothing() {
        String json = "{\"every\":\"PT1H\",\"kind\":\"A\"}";
        assertThat(server.send(put(server, "/api/v1/schedules/absent", json).header("If-Match", "*"))
                        .statusCode())
                .isEqualTo(412);
        assertThat(server.send(put(server, "/api/v1/schedules/absent", json).header("If-None-Match", "*"))
                        .statusCode())
                .isEqualTo(200);
        assertThat(server.send(put(server, "/api/v1/schedules/absent", json).header("If-None-Match", "*"))
                        .statusCode())
                .isEqualTo(412);
    }

    @ParameterizedTest
    @ValueSource(strings = {"/api/v1/limits", "/api/v1/retention"})
    void ofManyEditsOfTheSameStateOneIsMade(String path) throws Exception {
        String seen = tag(server.get(path));
        try (ExecutorService many = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<Integer>> edits = IntStream.range(0, 12)
                    .mapToObj(i -> many.submit(() -> {
                        ServerUnderTest at = i % 2 == 0 ? server : other;
                        String json = path.endsWith("limits")
                                ? "{\"scope\":\"queue\",\"name\":\"q\",\"concurrency\":" + (i + 1) + "}"
                                : "{\"age\":\"P" + (i + 10) + "D\"}";
                        return at.send(put(at, path, json).header("If-Match", seen))
                                .statusCode();
                    }))
                    .toList();
            int made = 0;
            for (Future<Integer> edit : edits) {
                assertThat(edit.get()).isIn(204, 412);
                made += edit.get() == 204 ? 1 : 0;
            }
            assertThat(made).isEqualTo(1);
        }
        assertThat(get(path, seen).statusCode()).isEqualTo(200);
    }
}
