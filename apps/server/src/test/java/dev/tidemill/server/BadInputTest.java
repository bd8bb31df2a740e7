package dev.tidemill.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.TestDatabase;
import java.io.ByteArrayInputStream;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;

/** Whatever is wrong with a request is answered with one clear problem, and nothing is written. */
@ExtendWith(FreshSchema.class)
final class BadInputTest {
    private static final String LATER = "\"tags\":{\"bad\":\"input\"}";
    private static ServerUnderTest server;

    @BeforeAll
    static void startServer(TestDatabase database) {
        server = ServerUnderTest.on(database, jobs -> jobs.payloadLimit(1000), settings -> settings.bodyLimit(4096));
    }

    @AfterAll
    static void stopServer() {
        server.close();
    }

    private static JsonNode refused(HttpResponse<String> response, int status, String code) {
        assertThat(response.body()).doesNotContain("Exception", "\tat ", "jdbc:");
        JsonNode problem = ServerUnderTest.json(response);
        assertThat(problem.get("code").stringValue()).isEqualTo(code);
        assertThat(response.statusCode()).isEqualTo(status);
        assertThat(problem.get("status").intValue()).isEqualTo(status);
        assertThat(response.headers().firstValue("Content-Type")).contains("application/problem+json");
        assertThat(problem.get("type").stringValue())
                .isEqualTo("urn:problem-type:tidemill:"
                        + code.toLowerCase(java.util.Locale.ROOT).replace('_', '-'));
        assertThat(problem.get("title").stringValue()).isNotBlank();
        assertThat(problem.get("detail").stringValue()).isNotBlank();
        assertThat(ServerUnderTest.json(server.get("/api/v1/jobs?tag=bad:input"))
                        .get("jobs")
                        .size())
                .isZero();
        return problem;
    }

    @ParameterizedTest
    @CsvSource(
            quoteCharacter = '`',
            delimiter = '|',
            nullValues = "-",
            value = {
                "``                                              | BODY_INVALID    | -",
                "`{`                                             | BODY_INVALID    | -",
                "`nonsense`                                      | BODY_INVALID    | -",
                "`\"text\"`                                      | BODY_INVALID    | -",
                "`{\"kind\":\"A\",LATER} {}`                     | BODY_INVALID    | -",
                "`{\"kind\":\"A\",\"kind\":\"B\",LATER}`         | BODY_INVALID    | -",
                "`[]`                                            | FIELD_INVALID   | ``",
                "`{\"jobs\":[]}`                                 | FIELD_INVALID   | /jobs",
                "`{\"jobs\":{}}`                                 | FIELD_INVALID   | /jobs",
                "`{\"jobs\":[{\"kind\":\"A\",LATER}],\"x\":1}`   | FIELD_UNKNOWN   | /x",
                "`{\"jobs\":[{\"kind\":\"A\",LATER},3]}`         | FIELD_INVALID   | /jobs/1",
                "`{LATER}`                                       | FIELD_MISSING   | /kind",
                "`{\"kind\":\"A\",LATER,\"a/b\":1}`              | FIELD_UNKNOWN   | /a~1b",
                "`{\"kind\":7,LATER}`                            | FIELD_INVALID   | /kind",
                "`{\"kind\":\"7\",LATER}`                        | INVALID_KIND    | /kind",
                "`{\"kind\":\"a b\",LATER}`                      | INVALID_KIND    | /kind",
                "`{\"kind\":\"A\",LATER,\"queue\":\"<q>\"}`      | INVALID_QUEUE   | /queue",
                "`{\"kind\":\"A\",LATER,\"priority\":\"SOON\"}`  | INVALID_OPTION  | /priority",
                "`{\"kind\":\"A\",LATER,\"priority\":1}`         | FIELD_INVALID   | /priority",
                "`{\"kind\":\"A\",LATER,\"delay\":\"5m\"}`       | FIELD_INVALID   | /delay",
                "`{\"kind\":\"A\",LATER,\"delay\":\"-PT5M\"}`    | INVALID_OPTION  | /delay",
                "`{\"kind\":\"A\",LATER,\"delay\":\"P9999D\"}`   | INVALID_OPTION  | /delay",
                "`{\"kind\":\"A\",LATER,\"delay_seconds\":-1}`   | INVALID_OPTION  | /delay_seconds",
                "`{\"kind\":\"A\",LATER,\"delay_seconds\":1e99}` | FIELD_INVALID   | /delay_seconds",
                "`{\"kind\":\"A\",LATER,\"delay_seconds\":\"1\"}`| FIELD_INVALID   | /delay_seconds",
                "`{\"kind\":\"A\",LATER,\"run_at\":\"soon\"}`    | FIELD_INVALID   | /run_at",
                "`{\"kind\":\"A\",LATER,\"run_at\":\"2001-01-01T00:00:00Z\"}` | INVALID_OPTION | /run_at",
                "`{\"kind\":\"A\",LATER,\"run_at\":\"2999-01-01T00:00:00Z\"}` | INVALID_OPTION | /run_at",
                "`{\"kind\":\"A\",LATER,\"run_at\":\"+999999999-01-01T00:00:00Z\"}` | INVALID_OPTION | /run_at",
                "`{\"kind\":\"A\",LATER,\"delay\":\"PT1M\",\"run_at\":\"2030-01-01T00:00:00Z\"}`|INVALID_OPTION|/run_at",
                "`{\"kind\":\"A\",LATER,\"attempts\":0}`         | INVALID_OPTION  | /attempts",
                "`{\"kind\":\"A\",LATER,\"attempts\":99999999999}`| INVALID_OPTION | /attempts",
                "`{\"kind\":\"A\",LATER,\"attempts\":1.5}`       | FIELD_INVALID   | /attempts",
                "`{\"kind\":\"A\",LATER,\"timeout\":\"-PT1S\"}`  | INVALID_OPTION  | /timeout",
                "`{\"kind\":\"A\",\"tags\":[\"bad\",\"input\"]}` | FIELD_INVALID   | /tags",
                "`{\"kind\":\"A\",\"tags\":{\"bad\":1}}`         | FIELD_INVALID   | /tags/bad",
                "`{\"kind\":\"A\",\"tags\":{\"bad\":\"\"}}`      | INVALID_TAG     | /tags",
                "`{\"kind\":\"A\",LATER,\"payload\":\"\\ud800\"}`| FIELD_INVALID   | /payload",
            })
    void aJobThatIsWrongIsRefusedWithAPointer(String body, String code, String pointer) {
        JsonNode problem = refused(server.post("/api/v1/jobs", body.replace("LATER", LATER)), 400, code);
        assertThat(problem.has("pointer") ? problem.get("pointer").stringValue() : null)
                .isEqualTo(pointer);
    }

    @ParameterizedTest
    @CsvSource({
        "/api/v1/jobs?tag=name, tag",
        "/api/v1/jobs?tag=name:, tag",
        "/api/v1/jobs?tag=1name:x, tag",
        "/api/v1/jobs?tag=a:b&limit=0, limit",
        "/api/v1/jobs?tag=a:b&limit=1001, limit",
        "/api/v1/jobs?tag=a:b&before=x, before",
        "/api/v1/jobs?tag=a:b&tag=c:d, tag",
        "/api/v1/jobs?before=7, before",
        "/api/v1/jobs?tag=a:b&before=7&state=READY, state",
        "/api/v1/jobs?state=ready-ish, state",
        "/api/v1/jobs?kind=1x, kind",
        "/api/v1/jobs?queue=, queue",
        "/api/v1/jobs?key=, key",
        "/api/v1/jobs?from=yesterday, from",
        "/api/v1/jobs?from=%2B1000000000-12-31T23:59:59Z, from",
        "/api/v1/jobs?before_time=0001-01-01T00:00:00Z, before_time",
        "/api/v1/jobs?error=%00, error",
        "/api/v1/jobs?code=, code",
        "/api/v1/jobs?state=READY&code=TIMED_OUT, code",
        "/api/v1/jobs?cursor=, cursor",
        "/api/v1/jobs?cursor=MSBhIDAgMQ, cursor",
        "/api/v1/jobs?limit=10&cursor=%25%25, cursor",
        "/api/v1/stats?verbose=1, verbose",
        "/api/v1/attempts?limit=-1, limit",
        "/api/v1/dead-letters?after=1000, after",
        "/api/v1/dead-letters?after=MSAxIHg, after",
    })
    void aQueryParameterThatIsWrongIsRefusedByName(String path, String parameter) {
        HttpResponse<String> response = server.get(path);
        assertThat(response.statusCode()).isEqualTo(400);
        assertThat(ServerUnderTest.json(response).get("parameter").stringValue())
                .isEqualTo(parameter);
    }

    @Test
    void aPayloadOverTheLimitIsTooLarge() {
        String body = "{\"kind\":\"A\"," + LATER + ",\"payload\":\"" + "x".repeat(1000) + "\"}";
        assertThat(refused(server.post("/api/v1/jobs", body), 413, "PAYLOAD_TOO_LARGE")
                        .get("pointer")
                        .stringValue())
                .isEqualTo("/payload");
    }

    @Test
    void aBodyOverTheLimitIsTooLargeWhetherItsLengthIsToldOrNot() {
        String body = "[" + "{\"kind\":\"A\"},".repeat(400) + "{\"kind\":\"A\"," + LATER + "}]";
        refused(server.post("/api/v1/jobs", body), 413, "BODY_TOO_LARGE");
        refused(
                server.send(server.to("/api/v1/jobs")
                        .header("Content-Type", "application/json")
                        .POST(BodyPublishers.ofInputStream(() ->
                                new ByteArrayInputStream(body.getBytes(java.nio.charset.StandardCharsets.UTF_8))))),
                413,
                "BODY_TOO_LARGE");
    }

    @Test
    void aBodyThatClaimsToBeHugeIsRefusedUnread() {
        String answer = server.rawWithBody(
                "{",
                "POST /api/v1/jobs HTTP/1.1",
                "Host: localhost",
                "Content-Type: application/json",
                "Content-Length: 99999999999");
        assertThat(answer).startsWith("HTTP/1.1 413").contains("BODY_TOO_LARGE");
    }

    @Test
    void deepNestingIsRefused() {
        String body = "{\"kind\":\"A\"," + LATER + ",\"payload\":" + "[".repeat(1500) + "]".repeat(1500) + "}";
        refused(server.post("/api/v1/jobs", body), 400, "BODY_INVALID");
    }

    @Test
    void anotherMediaTypeIsNotSupported() {
        HttpResponse<String> form = server.send(server.to("/api/v1/jobs")
                .header("Content-Type", "application/x-www-form-urlencoded")
                .POST(BodyPublishers.ofString("kind=A")));
        refused(form, 415, "MEDIA_TYPE_UNSUPPORTED");
        refused(
                server.send(server.to("/api/v1/jobs").POST(BodyPublishers.ofString("{\"kind\":\"A\"}"))),
                415,
                "MEDIA_TYPE_UNSUPPORTED");
    }

    @Test
    void anotherMethodIsNotAllowedAndTheAllowedOnesAreNamed() {
        HttpResponse<String> response = server.send(server.to("/api/v1/jobs").DELETE());
        refused(response, 405, "METHOD_NOT_ALLOWED");
        assertThat(response.headers().firstValue("Allow")).contains("GET, HEAD, POST");
    }

    @Test
    void whatIsNotThereIsNotFound() {
        refused(server.get("/nothing/here"), 404, "ROUTE_UNKNOWN");
        refused(server.get("/assets/../module-info.class"), 404, "ROUTE_UNKNOWN");
        refused(server.get("/assets/%2e%2e%2fpage.jte"), 404, "ROUTE_UNKNOWN");
        refused(server.post("/api/v1/dead-letters/12345/replay"), 404, "NOT_FOUND");
        refused(server.post("/api/v1/dead-letters/12345/discard"), 404, "NOT_FOUND");
    }

    @ParameterizedTest
    @CsvSource(
            quoteCharacter = '`',
            delimiter = '|',
            value = {
                "`{\"ids\":[1,\"2\"]}`     | FIELD_INVALID",
                "`{\"ids\":7}`             | FIELD_INVALID",
                "`{\"id\":[7]}`            | FIELD_UNKNOWN",
                "`{\"ids\":[1],\"all\":1}` | FIELD_UNKNOWN",
                "`[1]`                     | BODY_INVALID",
                "`{\"ids\":[1`             | BODY_INVALID",
            })
    void aReplayThatIsWrongIsRefused(String body, String code) {
        refused(server.post("/api/v1/dead-letters/replay", body), 400, code);
    }

    @Test
    void aRequestThatIsNoHttpIsRefusedWithoutDetails() {
        String answer = server.raw("NONSENSE");
        assertThat(answer)
                .startsWith("HTTP/1.1 400")
                .contains("REQUEST_MALFORMED")
                .doesNotContain("Exception", "\tat ");
    }
}
