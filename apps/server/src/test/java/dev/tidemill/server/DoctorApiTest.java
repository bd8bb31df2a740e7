package dev.tidemill.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemill.jobs.JobRequest;
import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.TestDatabase;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import tools.jackson.databind.JsonNode;

/** The doctor and the reasons of a job, over HTTP. */
@ExtendWith(FreshSchema.class)
final class DoctorApiTest {
    private final ServerUnderTest server;

    DoctorApiTest(TestDatabase database) {
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
