package dev.tidemill.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.tidemill.cli.CliRun.Answer;
import dev.tidemill.jobs.Tidemill;
import dev.tidemill.rules.Rules;
import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.TestDatabase;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import tools.jackson.databind.JsonNode;

/** Rules on data changes from the command line. */
@ExtendWith(FreshSchema.class)
final class RulesCliTest {
    private final TestDatabase database;

    RulesCliTest(TestDatabase database) {
        this.database = database;
    }

    private void run(String sql) throws SQLException {
        try (Connection connection = database.dataSource().getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute(sql.replace("{s}", database.schema()));
        }
    }

    @Test
    void rulesAreLookedAtPausedResumedAndTheirKeysGivenBack() throws Exception {
        CliRun cli = new CliRun(database, database.schema());
        try (Tidemill mill = Tidemill.on(database.dataSource())
                        .schema(database.schema())
                        .start();
                Rules rules = Rules.on(mill)) {
            Answer none = cli.run("rules");
            assertThat(none.out()).isEqualTo("No rules.\n");
            assertThat(none.exit()).isZero();
            assertThat(cli.run("rules", "pause", "sync").exit()).isEqualTo(1);
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
            assertThat(cli.run("rules", "status").out()).contains("sync").contains("ACTIVE");
            assertThat(cli.run("rules", "pause", "sync").out()).isEqualTo("Rule sync is paused.\n");
            assertThat(cli.run("rules", "pause", "sync").exit()).isEqualTo(1);
            run("insert into {s}.thing values (1, 'a'), (2, 'a')");
            JsonNode paused = cli.run("rules", "--json").json().get("rules").get(0);
            assertThat(paused.get("state").stringValue()).isEqualTo("PAUSED");
            assertThat(paused.get("pending").longValue()).isEqualTo(2);
            assertThat(cli.run("rules", "resume", "sync").out()).isEqualTo("Rule sync goes on.\n");
            await().atMost(Duration.ofSeconds(20))
                    .until(() -> cli.run("rules", "parked", "sync").out().contains("two is sick"));
            assertThat(cli.run("rules").exit()).as("a parked key is a finding").isEqualTo(1);
            assertThat(cli.run("rules", "release", "sync", "7").exit()).isEqualTo(1);
            assertThat(cli.run("rules", "release", "sync", "2").out()).isEqualTo("The key is given back.\n");
            Answer unknown = cli.run("rules", "pause", "nobody");
            assertThat(unknown.exit()).isEqualTo(1);
            assertThat(unknown.err()).startsWith("tidemill: RULE_NOT_FOUND: ");
            assertThat(cli.run("rules", "parked", "sync", "--limit", "0").exit())
                    .isEqualTo(2);
        }
    }
}
