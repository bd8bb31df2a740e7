package dev.tidemill.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemill.jobs.JobRequest;
import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.TestDatabase;
import java.net.http.HttpResponse;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** The page of a job while many look. */
@ExtendWith(FreshSchema.class)
final class CrowdedJobPageTest {
    private final TestDatabase database;
    private final ServerUnderTest server;

    CrowdedJobPageTest(TestDatabase database) {
        this.database = database;
        this.server = ServerUnderTest.on(database);
    }

    @AfterEach
    void stopServer() {
        server.close();
    }

    @Test
    void aPageDoesWithoutReasonsWhileTwoOthersAskForTheirs() throws Exception {
        long id = server.mill.enqueue(new JobRequest("Nobody", "{}"));
        String asksAgain = "Many pages ask at this moment";
        assertThat(server.get("/jobs/" + id).body())
                .contains("No node is alive.")
                .doesNotContain(asksAgain);
        String table = '"' + database.schema() + "\".breaker_kind";
        try (Connection connection = database.dataSource().getConnection();
                Statement statement = connection.createStatement()) {
            connection.setAutoCommit(false);
            statement.execute("lock table " + table + " in access exclusive mode");
            List<CompletableFuture<HttpResponse<String>>> asking = Stream.generate(
                            () -> CompletableFuture.supplyAsync(() -> server.get("/jobs/" + id)))
                    .limit(2)
                    .toList();
            Awaitility.await().pollInterval(Duration.ofMillis(5)).until(() -> {
                try (ResultSet waiting = statement.executeQuery("select count(*) from pg_locks where not granted and"
                        + " relation = '" + table + "'::regclass")) {
                    return waiting.next() && waiting.getInt(1) == 2;
                }
            });
            assertThat(server.get("/jobs/" + id).body()).contains(asksAgain).doesNotContain("No node is alive.");
            connection.rollback();
            CompletableFuture.allOf(asking.toArray(CompletableFuture[]::new)).join();
        }
        assertThat(server.get("/jobs/" + id).body()).contains("No node is alive.");
    }
}
