package dev.tidemill.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.tidemill.jobs.FailureAlarm;
import dev.tidemill.jobs.JobRequest;
import dev.tidemill.jobs.Retry;
import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.TestDatabase;
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

/** When kinds fail too often, over HTTP. */
@ExtendWith(FreshSchema.class)
final class AlarmsApiTest {
    private final TestDatabase database;
    private final ServerUnderTest server;

    AlarmsApiTest(TestDatabase database) {
        this.database = database;
        this.server = ServerUnderTest.on(
                database,
                jobs -> jobs.handleJson(
                                "Coded",
                                (json, run) -> {},
                                options -> options.alarm(new FailureAlarm(0.1, 100, Duration.ofMinutes(5))))
                        .handleJson("Shaky", (json, run) -> {
                            throw Retry.never("it broke");
                        }),
                settings -> settings);
    }

    /** The tests share a schema. */
    @AfterEach
    void stopServer() throws SQLException {
        server.close();
        try (Connection connection = database.dataSource().getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute("truncate %1$s.failure_alarm, %1$s.tally, %1$s.audit".formatted(database.schema()));
        }
    }

    private JsonNode alarms(String query) {
        return ServerUnderTest.json(server.get("/api/v1/alarms" + query));
    }

    @Test
    void alarmsAreShownAndSet() {
        JsonNode first = alarms("");
        assertThat(first.get("standard").get("minutes").asInt()).isEqualTo(10);
        JsonNode coded = first.get("alarms").get(0);
        assertThat(coded.get("kind").asString()).isEqualTo("Coded");
        assertThat(coded.get("ratio").asDouble()).isEqualTo(0.1);
        assertThat(coded.get("at_least").asInt()).isEqualTo(100);
        assertThat(coded.get("minutes").asInt()).isEqualTo(5);
        server.put("/api/v1/alarms/Coded", "{\"ratio\": 0.2, \"at_least\": 7, \"within\": \"PT1H\"}");
        server.put("/api/v1/alarms/Bill", "{\"ratio\": 1}");
        assertThat(alarms("").get("alarms").toString())
                .isEqualTo("[{\"kind\":\"Bill\",\"ratio\":1.0,\"at_least\":20,\"minutes\":10},"
                        + "{\"kind\":\"Coded\",\"ratio\":0.2,\"at_least\":7,\"minutes\":60}]");
        assertThat(server.get("/api/v1/audit?action=put+alarm").body())
                .contains("KIND Coded", "0.2 of at least 7 attempts within PT1H");
    }

    @Test
    void theyAreListedByThePage() {
        for (String kind : new String[] {"A", "B", "D"}) {
            assertThat(server.put("/api/v1/alarms/" + kind, "{}").statusCode()).isEqualTo(204);
        }
        JsonNode page = alarms("?limit=2");
        assertThat(page.get("alarms")).hasSize(2);
        assertThat(page.get("next_after").asString()).isEqualTo("B");
        JsonNode last = alarms("?limit=3&after=B");
        assertThat(last.get("alarms").get(0).get("kind").asString()).isEqualTo("Coded");
        assertThat(last.get("next_after").isNull()).isTrue();
    }

    @Test
    void aKindThatFailsTooOftenByItsNewAlarmIsTold() {
        server.put("/api/v1/alarms/Shaky", "{\"ratio\": 0.5, \"at_least\": 1}");
        server.mill.enqueue(new JobRequest("Shaky", "{}"));
        await().untilAsserted(() -> {
            JsonNode told = ServerUnderTest.json(server.get("/api/v1/stats")).get("alarms");
            assertThat(told).hasSize(1);
            assertThat(told.get(0).get("kind").asString()).isEqualTo("Shaky");
        });
        server.put("/api/v1/alarms/Shaky", "{\"at_least\": 2}");
        assertThat(ServerUnderTest.json(server.get("/api/v1/stats")).get("alarms"))
                .isEmpty();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "Mail | {'ratio': 0} | above 0 and at most 1",
                "Mail | {'at_least': 0} | 1 to 1,000,000",
                "Mail | {'within': 'PT1S'} | between 1 minute and 1 hour",
                "Mail | {'ratio': true} | must be a number",
                "Mail | {'minutes': 5} | this route takes ratio, at_least, within",
                "no-kind! | {} | is not a kind",
            })
    void whatMakesNoSenseIsRefused(String kind, String body, String said) {
        HttpResponse<String> answer = server.put("/api/v1/alarms/" + kind, body.replace('\'', '"'));
        assertThat(answer.statusCode()).isEqualTo(400);
        assertThat(answer.body()).contains(said);
        assertThat(alarms("").get("alarms")).hasSize(1);
    }
}
