package dev.tidemill.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.tidemill.jobs.Breaker;
import dev.tidemill.jobs.BreakerView;
import dev.tidemill.jobs.JobRequest;
import dev.tidemill.jobs.JobState;
import dev.tidemill.jobs.Retry;
import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.TestDatabase;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;

/** Breakers over HTTP. */
@ExtendWith(FreshSchema.class)
final class BreakersApiTest {
    private final TestDatabase database;
    private final ServerUnderTest server;

    BreakersApiTest(TestDatabase database) {
        this.database = database;
        this.server = ServerUnderTest.on(
                database,
                jobs -> jobs.breaker(Breaker.of("smtp").ratio(0.5, 10, Duration.ofMinutes(1)))
                        .handleJson("Mail", (json, run) -> {}, options -> options.dependsOn("smtp"))
                        .handleJson(
                                "Fax",
                                (json, run) -> {
                                    throw Retry.dependencyDown("fax", "busy");
                                },
                                options -> options.dependsOn("fax")),
                settings -> settings);
    }

    /** The tests share a schema. */
    @AfterEach
    void stopServer() throws SQLException {
        server.close();
        try (Connection connection = database.dataSource().getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute("truncate %1$s.breaker, %1$s.breaker_kind, %1$s.audit".formatted(database.schema()));
        }
    }

    private JsonNode smtp() {
        return ServerUnderTest.json(server.get("/api/v1/breakers"))
                .get("breakers")
                .get(1);
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

    @Test
    void settingsChangeWhileTheServerRuns() {
        server.post("/api/v1/breakers/smtp/open", "");
        assertThat(server.put(
                                "/api/v1/breakers/smtp",
                                "{\"failures\": 2, \"ratio\": 0.25, \"at_least\": 40, \"within\": \"PT2M\","
                                        + " \"open_for\": \"PT1S\", \"longest\": \"PT1H\"}")
                        .statusCode())
                .isEqualTo(204);
        assertThat(smtp().get("failures").asInt()).isEqualTo(2);
        assertThat(smtp().get("ratio").asDouble()).isEqualTo(0.25);
        assertThat(smtp().get("at_least").asInt()).isEqualTo(40);
        assertThat(smtp().get("within_ms").asInt()).isEqualTo(120_000);
        assertThat(smtp().get("open_for_ms").asInt()).isEqualTo(1_000);
        assertThat(smtp().get("longest_ms").asInt()).isEqualTo(3_600_000);
        assertThat(smtp().get("state").asString()).as("as it was").isEqualTo("OPEN");
        assertThat(server.get("/api/v1/audit?action=put+breaker").body())
                .contains("BREAKER smtp", "2 failures in a row or 0.25 of at least 40 calls within PT2M");
        assertThat(server.put("/api/v1/breakers/smtp", "{}").statusCode()).isEqualTo(204);
        assertThat(smtp().get("failures").asInt())
                .as("what is left out is the usual")
                .isEqualTo(5);
        assertThat(smtp().get("ratio")).isNull();
    }

    @Test
    void aBreakerOpensByTheSettingsThatWereChanged() {
        assertThat(server.put(
                                "/api/v1/breakers/fax",
                                "{\"failures\": 1, \"open_for\": \"PT1H\", \"longest\": \"PT1H\"}")
                        .statusCode())
                .isEqualTo(204);
        long id = server.mill.enqueue(new JobRequest("Fax", "{}"));
        await().untilAsserted(() -> assertThat(ServerUnderTest.json(server.get("/api/v1/jobs/" + id + "/why"))
                        .get("reasons")
                        .get(0)
                        .get("code")
                        .asString())
                .isEqualTo("BREAKER_OPEN"));
        assertThat(server.mill.breakers().list().getFirst().state()).isEqualTo(BreakerView.State.OPEN);
    }

    @Test
    void aChangeOfSettingsThatTheSenderHasNotSeenIsRefused() {
        String seen =
                server.get("/api/v1/breakers").headers().firstValue("ETag").orElseThrow();
        assertThat(server.put("/api/v1/breakers/smtp", "{\"failures\": 7}").statusCode())
                .isEqualTo(204);
        assertThat(server.send(server.to("/api/v1/breakers/smtp")
                                .header("Content-Type", "application/json")
                                .header("If-Match", seen)
                                .PUT(BodyPublishers.ofString("{\"failures\": 8}")))
                        .statusCode())
                .isEqualTo(412);
        assertThat(smtp().get("failures").asInt()).isEqualTo(7);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "smtp | {'failures': 0} | INVALID_OPTION | it must be 1 to 10000",
                "smtp | {'ratio': 1.5} | INVALID_OPTION | above 0 and at most 1",
                "smtp | {'ratio': 'half'} | FIELD_INVALID | must be a number",
                "smtp | {'failures': 2.5} | FIELD_INVALID | must be a whole number",
                "smtp | {'open_for': 'PT1H'} | INVALID_OPTION | PT1H to 7 days",
                "smtp | {'within': 'soon'} | FIELD_INVALID | ISO-8601 duration",
                "smtp | {'failure': 1} | FIELD_UNKNOWN | this route takes failures, ratio",
                "1a | {} | INVALID_OPTION | is not a dependency",
            })
    void whatMakesNoSenseIsRefused(String name, String body, String code, String said) {
        HttpResponse<String> answer = server.put("/api/v1/breakers/" + name, body.replace('\'', '"'));
        assertThat(answer.statusCode()).isEqualTo(400);
        assertThat(answer.body()).contains(code, said);
        assertThat(smtp().get("failures").asInt()).isEqualTo(5);
    }

    @Test
    void thereAreNoMoreThanAThousandWhoeverNamesThem() throws SQLException {
        try (Connection connection = database.dataSource().getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute(
                    "insert into %1$s.breaker (name, failures, at_least, span, open_for, longest, since) select 'x' || n, 5, 20, 60000000, 10000000, 300000000, 1 from generate_series(1, 998) n"
                            .formatted(database.schema()));
        }
        assertRefused(server.put("/api/v1/breakers/beyond", "{}"));
        assertRefused(server.put("/api/v1/work/dependencies", "{\"kinds\": [\"Ship\"], \"depends_on\": [\"beyond\"]}"));
        assertRefused(server.put(
                "/api/v1/endpoints/shipping",
                "{\"url\": \"https://example.com/jobs\", \"kinds\": [\"Ship\"], \"depends_on\": [\"x1\"]}"));
        assertThat(server.get("/api/v1/endpoints/shipping").statusCode()).isEqualTo(404);
        assertThat(ServerUnderTest.json(server.get("/api/v1/breakers")).get("breakers"))
                .hasSize(1_000);
        assertThat(server.put("/api/v1/work/dependencies", "{\"kinds\": [\"Ship\"], \"depends_on\": [\"x1\"]}")
                        .statusCode())
                .isEqualTo(204);
    }

    private static void assertRefused(HttpResponse<String> answer) {
        assertThat(answer.statusCode()).isEqualTo(400);
        assertThat(answer.body()).contains("INVALID_OPTION", "There are 1000 breakers already");
    }
}
