package dev.tidemill.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemill.jobs.JobRequest;
import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.TestDatabase;
import java.util.Base64;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import tools.jackson.databind.JsonNode;

/** The doctor and the reasons of a job, over HTTP. */
@ExtendWith(FreshSchema.class)
final class DoctorApiTest {
    private final TestDatabase database;
    private final ServerUnderTest server;

    DoctorApiTest(TestDatabase database) {
        this.database = database;
        this.server = ServerUnderTest.on(database);
    }

    @AfterEach
    void stopServer() {
        server.close();
    }

    @Test
    void findingsComeWithFiguresAReasonARemedyAndTheirSection() {
        server.mill.enqueue(new JobRequest("Nobody", "{}"));
        JsonNode diagnosis = ServerUnderTest.json(server.get("/api/v1/doctor?patience_seconds=60"));

        assertThat(diagnosis.get("fine").booleanValue()).isFalse();
        assertThat(diagnosis.get("server").stringValue()).startsWith("PostgreSQL ");
        assertThat(diagnosis.get("unseen").isEmpty()).isTrue();
        assertThat(diagnosis.get("findings").valueStream()).anySatisfy(finding -> {
            assertThat(finding.get("code").stringValue()).isEqualTo("NO_NODE");
            assertThat(finding.get("severity").stringValue()).isEqualTo("CRITICAL");
            assertThat(finding.get("figures").get("ready").longValue()).isEqualTo(1);
            assertThat(finding.get("why").stringValue()).isEqualTo("Nothing runs.");
            assertThat(finding.get("remedy").stringValue()).startsWith("Start ");
            assertThat(finding.get("doc").stringValue()).isEqualTo("docs/operate/doctor.md#no_node");
        });
    }

    @Test
    void secretsThatAreKeptAsTheyAreAreFoundUntilAServerWithAKeySealsThem() {
        assertThat(plainSecrets(server)).isEmpty();
        String endpoint = "{\"url\": \"https://example.com/jobs\", \"kinds\": [\"Sent\"]}";
        assertThat(server.put("/api/v1/endpoints/plain", endpoint).statusCode()).isEqualTo(201);
        assertThat(plainSecrets(server)).singleElement().satisfies(finding -> {
            assertThat(finding.get("severity").stringValue()).isEqualTo("INFO");
            assertThat(finding.get("figures").get("secrets").longValue()).isEqualTo(1);
            assertThat(finding.get("remedy").stringValue()).contains("--secret-key-file");
        });
        String key = Base64.getEncoder().encodeToString(new byte[32]);
        try (ServerUnderTest sealing =
                ServerUnderTest.on(database, jobs -> jobs, settings -> settings.secretKeys(key))) {
            assertThat(plainSecrets(sealing)).isEmpty();
        }
    }

    private static List<JsonNode> plainSecrets(ServerUnderTest asked) {
        return ServerUnderTest.json(asked.get("/api/v1/doctor?patience_seconds=61"))
                .get("findings")
                .valueStream()
                .filter(finding -> finding.get("code").stringValue().equals("SECRETS_PLAIN"))
                .toList();
    }

    @Test
    void aJobTellsWhyItIsNotRunning() {
        long id = server.mill.enqueue(new JobRequest("Nobody", "{}"));
        JsonNode why = ServerUnderTest.json(server.get("/api/v1/jobs/" + id + "/why"));
        assertThat(why.get("id").longValue()).isEqualTo(id);
        assertThat(why.get("state").stringValue()).isEqualTo("READY");
        JsonNode first = why.get("reasons").get(0);
        assertThat(first.get("code").stringValue()).isEqualTo("NO_NODE");
        assertThat(first.get("text").stringValue()).isEqualTo("No node is alive.");
    }

    @Test
    void whatIsWrongWithTheRequestIsSaid() {
        assertThat(server.get("/api/v1/jobs/424242/why").statusCode()).isEqualTo(404);
        assertThat(server.get("/api/v1/jobs/x/why").statusCode()).isEqualTo(404);
        assertThat(server.get("/api/v1/doctor?patience_seconds=0").statusCode()).isEqualTo(400);
        assertThat(server.get("/api/v1/doctor?verbose=1").statusCode()).isEqualTo(400);
        assertThat(server.post("/api/v1/doctor").statusCode()).isEqualTo(405);
    }
}
