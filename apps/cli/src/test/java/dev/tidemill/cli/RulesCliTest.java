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
            assertThat(cli.run("rules", "alarms"))
                    .matches(answer -> answer.exit() == 0 && answer.out().equals("No alarms.\n"));
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

    @Test
    void rulesAreMendedAndRunOverTheirTablesInTheNameOfWhoeverAsks() throws Exception {
        CliRun cli = new CliRun(database, database.schema());
        try (Tidemill mill = Tidemill.on(database.dataSource())
                        .schema(database.schema())
                        .start();
                Rules rules = Rules.on(mill)) {
            run("create table {s}.piece (id bigint primary key, state text);"
                    + " create table {s}.copy (id bigint primary key, state text);"
                    + " insert into {s}.piece select g, 'a' from generate_series(1, 9) g");
            rules.table(database.schema() + ".piece")
                    .watching("state")
                    .key("id")
                    .sql(
                            "copy",
                            "insert into " + database.schema()
                                    + ".copy select c.key::bigint, c.new->>'state' from changes c"
                                    + " where not exists (select from " + database.schema()
                                    + ".copy p where p.id = c.key::bigint)");
            rules.start();
            long dry = cli.run("rules", "dry-run", "copy", "--rows", "5", "--by", "ada", "--json")
                    .json()
                    .get("job")
                    .longValue();
            await().atMost(Duration.ofSeconds(20))
                    .until(() ->
                            cli.run("jobs", "show", Long.toString(dry)).out().contains("would_change"));
            assertThat(cli.run("rules", "sweep", "copy", "--by", "ada").out()).contains("does the sweep");
            await().atMost(Duration.ofSeconds(20))
                    .until(() -> cli.run("rules", "alarms").out().contains("DRIFT  copy"));
            Answer drifted = cli.run("rules", "alarms");
            assertThat(drifted.exit()).isEqualTo(1);
            assertThat(drifted.out()).contains("9 unknown", "remedy");
            assertThat(cli.run("rules", "drift", "copy").out()).contains("UNKNOWN");
            rules.table(database.schema() + ".copy")
                    .watching("state")
                    .key("id")
                    .onDelete()
                    .react("gone", (c, r) -> {});
            Answer refused = cli.run("rules", "sweep", "gone");
            assertThat(refused.exit()).isEqualTo(2);
            assertThat(refused.err()).startsWith("tidemill: RULE_INVALID: ").contains("deletes alone");
            rules.remove("gone");
            assertThat(cli.run("rules", "backfill", "copy", "--rate", "0").exit())
                    .isEqualTo(2);
            assertThat(cli.run("rules", "backfill", "copy", "--by", "ada").out())
                    .endsWith("is under way.\n");
            await().atMost(Duration.ofSeconds(20))
                    .until(() -> cli.run("rules", "--json")
                            .json()
                            .at("/rules/0/backfill/state")
                            .asString("")
                            .equals("DONE"));
            assertThat(cli.run("rules", "backfill", "copy", "--cancel").exit()).isEqualTo(1);
            run("alter table {s}.piece disable trigger all");
            await().atMost(Duration.ofSeconds(20))
                    .until(() -> cli.run("rules", "alarms").out().contains("BROKEN  copy"));
            assertThat(cli.run("doctor").out()).contains("RULE_BROKEN").contains("./tidemill rules repair copy");
            assertThat(cli.run("rules", "repair", "copy", "--by", "ada").out()).contains("are made again");
            assertThat(cli.run("rules", "status").out()).contains("ACTIVE");
            assertThat(cli.run("rules", "remove", "copy").exit())
                    .as("nobody can be asked")
                    .isEqualTo(2);
            assertThat(cli.run("rules", "remove", "copy", "--yes", "--by", "ada")
                            .out())
                    .isEqualTo("Rule copy is removed.\n");
            assertThat(cli.run("rules", "remove", "copy", "--yes").exit()).isEqualTo(1);
            assertThat(cli.run("audit", "--target", "RULE copy").out())
                    .contains("rule-dry-run", "rule-sweep", "rule-backfill", "rule-repair", "rule-remove")
                    .contains("ada");
        }
    }
}
