package dev.tidemill.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.tidemill.rules.Rules;
import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.TestDatabase;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import tools.jackson.databind.JsonNode;

/** Rules on data changes over HTTP, and on their page. */
@ExtendWith(FreshSchema.class)
final class RulesApiTest {
    private final TestDatabase database;
    private final ServerUnderTest server;

    RulesApiTest(TestDatabase database) {
        this.database = database;
        this.server = ServerUnderTest.on(database, jobs -> jobs, settings -> settings);
    }

    @AfterEach
    void stopServer() {
        server.close();
    }

    private void run(String sql) throws SQLException {
        try (Connection connection = database.dataSource().getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute(sql.replace("{s}", database.schema()));
        }
    }

    private JsonNode rules() {
        return ServerUnderTest.json(server.get("/api/v1/rules")).get("rules");
    }

    @Test
    void howRulesAreIsShownWithWhyAndWhatToDo() throws SQLException {
        assertThat(rules()).isEmpty();
        assertThat(server.get("/rules").body()).contains("None. An application that defines rules");
        try (Rules rules = Rules.on(server.mill)) {
            run("create table {s}.thing (id bigint primary key, state text)");
            rules.table(database.schema() + ".thing")
                    .watching("state")
                    .key("id")
                    .attempts(1)
                    .react("sync", (change, run) -> {
                        if (change.key().equals("2")) {
                            throw new IllegalStateException("two is sick");
                        }
                    });
            rules.start();
            run("insert into {s}.thing values (1, 'a'), (2, 'a')");
            await().atMost(Duration.ofSeconds(20))
                    .until(() -> rules().get(0).get("parked").asInt() == 1
                            && rules().get(0).get("changes").asInt() == 1
                            && rules().get(0).has("lag_p99_ms"));
            assertThat(rules().get(0).get("state").asString()).isEqualTo("ACTIVE");
            assertThat(server.get("/rules").body()).contains("sync").contains(".thing");
            run("alter table {s}.thing drop column state");
            await().atMost(Duration.ofSeconds(20))
                    .until(() -> rules().get(0).get("state").asString().equals("BROKEN"));
            assertThat(rules().get(0).get("reason").asString()).contains("no column state");
            assertThat(server.get("/rules").body()).contains("no column state");
        }
    }
}
