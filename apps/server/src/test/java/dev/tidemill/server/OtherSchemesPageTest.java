package dev.tidemill.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.TestDatabase;
import java.io.IOException;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.ExtendWith;
import tools.jackson.databind.JsonNode;

/** What docs/http-api.md tells those who come from other schemes: its commands work, and its tables are complete. */
@ExtendWith(FreshSchema.class)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class OtherSchemesPageTest {
    private static final Pattern COMMAND =
            Pattern.compile("curl (?:-X (\\w+) )?http://127\\.0\\.0\\.1:8080(\\S+) -H '[^']*' \\\\\\n\\s+-d '([^']*)'");
    private static final Pattern PRIORITY = Pattern.compile("(?m)^\\| ([\\d, ]+) \\| `([A-Z_]+)`");

    private final TestDatabase database;
    private ServerUnderTest server;
    private String section;

    OtherSchemesPageTest(TestDatabase database) {
        this.database = database;
    }

    @BeforeAll
    void start() throws IOException {
        server = ServerUnderTest.on(database);
        String page = Files.readString(Path.of("..", "..", "docs", "http-api.md"));
        section = page.substring(page.indexOf("## Coming from another scheme"));
    }

    @AfterAll
    void stop() {
        server.close();
    }

    @Test
    void itsCommandsWork() {
        int run = 0;
        for (Matcher command = COMMAND.matcher(section); command.find(); run++) {
            String method = command.group(1) == null ? "POST" : command.group(1);
            HttpResponse<String> response = server.send(server.to(command.group(2))
                    .header("Content-Type", "application/json")
                    .method(method, BodyPublishers.ofString(command.group(3))));
            assertThat(response.statusCode()).as(command.group()).isIn(201, 204);
        }
        assertThat(run).isEqualTo(3);
        JsonNode found = ServerUnderTest.json(server.get("/api/v1/jobs?tag=orderId:4711"));
        assertThat(found.at("/jobs/0/kind").stringValue()).isEqualTo("order-confirmation");
        assertThat(found.at("/jobs/0/priority").stringValue()).isEqualTo("CRITICAL");
        assertThat(ServerUnderTest.json(server.get("/api/v1/retention"))
                        .at("/kinds/order-confirmation/completed")
                        .intValue())
                .isEqualTo(100);
    }

    @Test
    void everyNumberHasAPriorityOfOurs() {
        List<String> numbers = new ArrayList<>();
        for (Matcher row = PRIORITY.matcher(section); row.find(); ) {
            numbers.addAll(List.of(row.group(1).split(", ")));
            HttpResponse<String> made =
                    server.post("/api/v1/jobs", "{\"kind\":\"Mapped\",\"priority\":\"" + row.group(2) + "\"}");
            assertThat(made.statusCode()).as(row.group()).isEqualTo(201);
            assertThat(ServerUnderTest.json(server.get(
                                    made.headers().firstValue("Location").orElseThrow()))
                            .get("priority")
                            .stringValue())
                    .isEqualTo(row.group(2));
        }
        assertThat(numbers)
                .containsExactly("9", "10", "7", "8", "4", "5", "6", "2", "3", "0", "1", "0", "1", "5", "10", "20");
    }
}
