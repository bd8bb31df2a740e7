package dev.tidemill.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.TestDatabase;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.time.Instant;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;

@ExtendWith(FreshSchema.class)
final class SchedulesApiTest {
    private static final String PATH = "/api/v1/schedules";
    private static ServerUnderTest server;

    @BeforeAll
    static void startServer(TestDatabase database) {
        server = ServerUnderTest.on(
                database, jobs -> jobs.handleJson("Report", (json, run) -> run.jobId()), settings -> settings);
    }

    @AfterAll
    static void stopServer() {
        server.close();
    }

    private static HttpResponse<String> put(String name, String json) {
        return server.send(server.to(PATH + "/" + name)
                .header("Content-Type", "application/json")
                .PUT(BodyPublishers.ofString(json)));
    }

    @Test
    void aScheduleThatIsPostedComesBackWithItsNextFires() {
        HttpResponse<String> created = server.post(
                PATH,
                "{\"name\":\"nightly\",\"cron\":\"30 2 * * *\",\"zone\":\"Europe/Berlin\",\"kind\":\"Report\","
                        + "\"payload\":{\"sum\":1.10},\"catch_up\":7,\"overlap\":\"queue\",\"queue\":\"reports\","
                        + "\"priority\":\"low\",\"attempts\":4,\"timeout\":\"PT3M\",\"key\":\"tenant-17\",\"tags\":{\"team\":\"a\"}}");
        assertThat(created.statusCode()).as(created.body()).isEqualTo(201);
        assertThat(created.headers().firstValue("Location")).contains(PATH + "/nightly");
        JsonNode shown = ServerUnderTest.json(server.get(PATH + "/nightly?next=3"));
        assertThat(shown.get("cron").stringValue()).isEqualTo("30 2 * * *");
        assertThat(shown.get("zone").stringValue()).isEqualTo("Europe/Berlin");
        assertThat(shown.get("payload").toString()).contains("1.1");
        assertThat(shown.get("catch_up").stringValue()).isEqualTo("7");
        assertThat(shown.get("overlap").stringValue()).isEqualTo("QUEUE");
        assertThat(shown.get("queue").stringValue()).isEqualTo("reports");
        assertThat(shown.get("priority").stringValue()).isEqualTo("LOW");
        assertThat(shown.get("attempts").intValue()).isEqualTo(4);
        assertThat(shown.get("timeout").stringValue()).isEqualTo("PT3M");
        assertThat(shown.get("key").stringValue()).isEqualTo("tenant-17");
        assertThat(shown.get("tags").get("team").stringValue()).isEqualTo("a");
        assertThat(shown.get("next_fires").size()).isEqualTo(3);
        assertThat(shown.get("next_fires").get(0)).isEqualTo(shown.get("next_fire_at"));
        assertThat(shown.get("history").size()).isZero();
        HttpResponse<String> again = server.post(PATH, "{\"name\":\"nightly\",\"every\":\"PT1H\",\"kind\":\"Report\"}");
        assertThat(again.statusCode()).isEqualTo(409);
        assertThat(ServerUnderTest.json(again).get("code").stringValue()).isEqualTo("ALREADY_EXISTS");
    }

    @Test
    void aScheduleIsChangedPausedTriggeredAndRemoved() {
        assertThat(put("s", "{\"every\":\"PT1H\",\"kind\":\"Report\"}").statusCode())
                .isEqualTo(200);
        JsonNode changed = ServerUnderTest.json(put("s", "{\"after\":\"PT2H\",\"kind\":\"Report\"}"));
        assertThat(changed.get("after").stringValue()).isEqualTo("PT2H");
        assertThat(server.post(PATH + "/s/pause").statusCode()).isEqualTo(204);
        assertThat(ServerUnderTest.json(server.get(PATH + "/s")).get("paused").booleanValue())
                .isTrue();
        HttpResponse<String> triggered = server.post(PATH + "/s/trigger");
        assertThat(triggered.statusCode()).isEqualTo(201);
        await().untilAsserted(() -> {
            JsonNode fire =
                    ServerUnderTest.json(server.get(PATH + "/s")).get("history").get(0);
            assertThat(fire.get("manual").booleanValue()).isTrue();
            assertThat(fire.get("job_id"))
                    .isEqualTo(ServerUnderTest.json(triggered).get("id"));
            assertThat(fire.get("job_state").stringValue()).isEqualTo("SUCCEEDED");
        });
        assertThat(server.post(PATH + "/s/resume").statusCode()).isEqualTo(204);
        JsonNode stats = ServerUnderTest.json(server.get("/api/v1/stats")).get("schedules");
        assertThat(stats.get("total").intValue()).isPositive();
        assertThat(stats.get("failing").intValue()).isZero();
        assertThat(server.get("/metrics").body()).contains("tidemill_schedules_overdue 0.0");
        assertThat(server.send(server.to(PATH + "/s").DELETE()).statusCode()).isEqualTo(204);
        for (String gone : new String[] {"/s/pause", "/s/resume", "/s/trigger"}) {
            assertThat(server.post(PATH + gone).statusCode()).as(gone).isEqualTo(404);
        }
        assertThat(server.get(PATH + "/s").statusCode()).isEqualTo(404);
    }

    @Test
    void theListGoesPageByPage() {
        for (String name : new String[] {"page-c", "page-a", "page-b"}) {
            put(name, "{\"at\":\"" + Instant.now().plusSeconds(3600) + "\",\"kind\":\"Report\"}");
        }
        JsonNode first = ServerUnderTest.json(server.get(PATH + "?after=page&limit=2"));
        assertThat(first.get("schedules").get(0).get("name").stringValue()).isEqualTo("page-a");
        JsonNode second = ServerUnderTest.json(
                server.get(PATH + "?limit=2&after=" + first.get("next_after").stringValue()));
        assertThat(second.get("schedules").get(0).get("name").stringValue()).isEqualTo("page-c");
    }

    @ParameterizedTest
    @CsvSource(
            quoteCharacter = '`',
            delimiter = '|',
            nullValues = "-",
            value = {
                "`[]`                                                                  | BODY_INVALID   | -",
                "`{\"kind\":\"A\"}`                                                    | FIELD_MISSING  | -",
                "`{\"kind\":\"A\",\"every\":\"PT1H\",\"after\":\"PT1H\"}`              | FIELD_INVALID  | -",
                "`{\"every\":\"PT1H\"}`                                                | FIELD_MISSING  | /kind",
                "`{\"kind\":\"A\",\"every\":\"1h\"}`                                   | FIELD_INVALID  | /every",
                "`{\"kind\":\"A\",\"every\":\"PT0.5S\"}`                               | INVALID_OPTION | /every",
                "`{\"kind\":\"A\",\"after\":\"P9999D\"}`                               | INVALID_OPTION | /after",
                "`{\"kind\":\"A\",\"cron\":\"* * * * *\"}`                             | FIELD_MISSING  | /zone",
                "`{\"kind\":\"A\",\"cron\":\"* * * * *\",\"zone\":\"Mars\"}`           | FIELD_INVALID  | /zone",
                "`{\"kind\":\"A\",\"cron\":\"* 25 * * *\",\"zone\":\"UTC\"}`           | INVALID_OPTION | /cron",
                "`{\"kind\":\"A\",\"cron\":\"0 0 30 2 *\",\"zone\":\"UTC\"}`           | INVALID_OPTION | /cron",
                "`{\"kind\":\"A\",\"every\":\"PT1H\",\"zone\":\"UTC\"}`                | FIELD_INVALID  | /zone",
                "`{\"kind\":\"A\",\"at\":\"tomorrow\"}`                                | FIELD_INVALID  | /at",
                "`{\"kind\":\"A\",\"at\":\"2020-01-01T00:00:00Z\"}`                    | INVALID_OPTION | -",
                "`{\"kind\":\"A\",\"every\":\"PT1H\",\"catch_up\":1000}`               | INVALID_OPTION | /catch_up",
                "`{\"kind\":\"A\",\"every\":\"PT1H\",\"catch_up\":true}`               | FIELD_INVALID  | /catch_up",
                "`{\"kind\":\"A\",\"every\":\"PT1H\",\"overlap\":\"MAYBE\"}`           | INVALID_OPTION | /overlap",
                "`{\"kind\":\"A\",\"every\":\"PT1H\",\"delay\":\"PT1H\"}`              | FIELD_UNKNOWN  | /delay",
                "`{\"kind\":\"A\",\"every\":\"PT1H\",\"name\":\"x\"}`                  | FIELD_UNKNOWN  | /name",
                "`{\"kind\":\"A\",\"every\":\"PT1H\",\"tags\":{\"schedule\":\"x\"}}`   | INVALID_TAG    | /tags",
                "`{\"kind\":\"A B\",\"every\":\"PT1H\"}`                               | INVALID_KIND   | /kind",
            })
    void whatIsWrongIsRefusedWithAPointerToIt(String body, String code, String pointer) {
        HttpResponse<String> refused = put("refused", body);
        JsonNode problem = ServerUnderTest.json(refused);
        assertThat(problem.get("code").stringValue()).as(refused.body()).isEqualTo(code);
        assertThat(refused.statusCode()).isEqualTo(400);
        assertThat(
                        problem.get("pointer") == null
                                ? null
                                : problem.get("pointer").stringValue())
                .isEqualTo(pointer);
        assertThat(server.get(PATH + "/refused").statusCode()).isEqualTo(404);
    }
}
