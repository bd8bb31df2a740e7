package dev.tidemill.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.TestDatabase;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import tools.jackson.databind.JsonNode;

/** How long history stays, over HTTP. */
@ExtendWith(FreshSchema.class)
final class RetentionApiTest {
    private final ServerUnderTest server;

    RetentionApiTest(TestDatabase database) {
        this.server = ServerUnderTest.on(database);
    }

    @AfterEach
    void stopServer() {
        server.close();
    }

    @Test
    void whatIsKeptAndWhereItLiesIsTold() {
        JsonNode view = ServerUnderTest.json(server.get("/api/v1/retention"));
        assertThat(view.get("age").stringValue()).isEqualTo("PT168H");
        assertThat(view.get("parts").valueStream()).anySatisfy(part -> {
            assertThat(part.get("family").stringValue()).isEqualTo("job");
            assertThat(part.get("step").stringValue()).isEqualTo("STAYS");
        });
    }

    @Test
    void whatIsKeptIsChangedForAllAndForAKind() {
        assertThat(server.put("/api/v1/retention", "{\"age\": \"P30D\"}").statusCode())
                .isEqualTo(204);
        assertThat(server.put("/api/v1/retention/Invoice", "{\"completed\": 100, \"failed\": 50}")
                        .statusCode())
                .isEqualTo(204);
        JsonNode view = ServerUnderTest.json(server.get("/api/v1/retention"));
        assertThat(view.get("age").stringValue()).isEqualTo("PT720H");
        JsonNode invoice = view.get("kinds").get("Invoice");
        assertThat(invoice.get("completed").intValue()).isEqualTo(100);
        assertThat(invoice.get("failed").intValue()).isEqualTo(50);
        assertThat(invoice.get("age").stringValue()).isEqualTo("PT0S");
        assertThat(server.get("/api/v1/audit?action=keep").body())
                .contains("\"detail\":\"the last 100 completed and 50 failed\"");
    }

    @Test
    void whatIsOutOfBoundsIsRefusedAndChangesNothing() {
        assertThat(server.put("/api/v1/retention", "{\"age\": \"PT1M\"}").statusCode())
                .isEqualTo(400);
        assertThat(server.put("/api/v1/retention", "{}").statusCode()).isEqualTo(400);
        assertThat(server.put("/api/v1/retention/Invoice", "{\"completed\": 10001}")
                        .statusCode())
                .isEqualTo(400);
        JsonNode view = ServerUnderTest.json(server.get("/api/v1/retention"));
        assertThat(view.get("age").stringValue()).isEqualTo("PT168H");
        assertThat(view.get("kinds").isEmpty()).isTrue();
    }
}
