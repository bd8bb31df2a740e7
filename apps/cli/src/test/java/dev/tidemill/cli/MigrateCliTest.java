package dev.tidemill.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemill.cli.CliRun.Answer;
import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.TestDatabase;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

/** Migrations from the command line, and what it says of databases that it cannot ask. */
@ExtendWith(FreshSchema.class)
final class MigrateCliTest {
    private final TestDatabase database;
    private final CliRun cli;

    MigrateCliTest(TestDatabase database) {
        this.database = database;
        this.cli = new CliRun(database, database.schema());
    }

    private void execute(String sql) throws SQLException {
        try (Connection connection = database.dataSource().getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    @Test
    void aSchemaIsMadeBroughtUpToDateAndLeftAsItIsThen() throws SQLException {
        String fresh = database.schema() + "_fresh";
        try {
            migrates(new CliRun(database, fresh));
        } finally {
            execute("drop schema if exists \"" + fresh + "\" cascade");
        }
    }

    private static void migrates(CliRun cli) {
        Answer before = cli.run("migrate", "--check");
        assertThat(before.exit()).isEqualTo(1);
        assertThat(before.out())
                .contains("missing  jobs  V001__engine.sql")
                .contains("missing  server  S001__access.sql")
                .contains("missing  cache  C001__cache.sql")
                .contains("missing  rules  R001__rules.sql")
                .contains("are not there; ");
        assertThat(cli.run("stats"))
                .matches(answer -> answer.exit() == 3 && answer.err().contains("'tidemill migrate'"));
        assertThat(cli.run("migrate", "--component", "jobs").out())
                .contains("applied  jobs  V001__engine.sql")
                .doesNotContain("S001");
        assertThat(cli.run("migrate", "--check", "--component", "jobs").exit()).isZero();
        assertThat(cli.run("migrate", "--check").exit()).isEqualTo(1);
        assertThat(cli.run("migrate", "--component", "sails"))
                .matches(answer -> answer.exit() == 2 && answer.err().contains("there are jobs, server, cache, rules"));
        JsonNode all = cli.run("migrate", "--json").json().get("components");
        assertThat(all.get(0).get("applied").isEmpty()).isTrue();
        assertThat(all.get(2).get("name").stringValue()).isEqualTo("cache");
        assertThat(all.get(2).get("applied").get(0).stringValue()).isEqualTo("C001__cache.sql");
        assertThat(all.get(3).get("name").stringValue()).isEqualTo("rules");
        assertThat(all.get(3).get("applied").get(0).stringValue()).isEqualTo("R001__rules.sql");
        JsonNode done = all.get(1);
        assertThat(done.get("name").stringValue()).isEqualTo("server");
        assertThat(done.get("applied").get(0).stringValue()).isEqualTo("S001__access.sql");
        assertThat(done.get("missing").isEmpty()).isTrue();
        Answer again = cli.run("migrate");
        assertThat(again.exit()).isZero();
        assertThat(again.out()).doesNotContain("applied").contains(", up to date.");
        assertThat(cli.run("migrate", "--check").exit()).isZero();
        assertThat(cli.run("stats").exit()).isZero();
    }

    @Test
    void aRightThatIsMissingIsNamed() throws SQLException {
        assertThat(cli.run("migrate").exit()).isZero();
        String role = ("guest_of_" + database.schema()).toLowerCase(Locale.ROOT);
        execute("create role \"" + role + "\" login password 'guest'");
        try {
            CliRun guest = new CliRun(database, database.schema())
                    .with("TIDEMILL_DATABASE_USER", role)
                    .with("TIDEMILL_DATABASE_PASSWORD", "guest");
            for (List<String> command : List.of(
                    List.of("stats"),
                    List.of("jobs", "show", "7"),
                    List.of("jobs", "enqueue", "Fine"),
                    List.of("jobs", "tail"),
                    List.of("jobs", "list"),
                    List.of("leases"),
                    List.of("users"),
                    List.of("keys"),
                    List.of("dead-letters"),
                    List.of("schedules"),
                    List.of("pause", "--all"),
                    List.of("migrate"))) {
                Answer answer = guest.run(command.toArray(String[]::new));
                assertThat(answer.exit()).as("%s: %s", command, answer.err()).isEqualTo(3);
                assertThat(answer.out()).isEmpty();
                assertThat(answer.err())
                        .startsWith("tidemill: PRIVILEGE_MISSING: ")
                        .contains("permission denied")
                        .doesNotContain("\tat ");
            }
            assertThat(guest.with("TIDEMILL_DATABASE_PASSWORD", "hunter2").run("migrate"))
                    .matches(answer -> answer.exit() == 3 && !answer.err().contains("hunter2"));
        } finally {
            execute("drop role \"" + role + "\"");
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "stats",
                "stats --watch",
                "queues",
                "nodes",
                "leases",
                "leases break web-1 --yes",
                "jobs list",
                "jobs show 7",
                "users",
                "users role ada admin",
                "keys",
                "keys revoke deploy",
                "jobs why 7",
                "jobs tail",
                "jobs tail 7",
                "jobs enqueue Fine",
                "jobs retry 7",
                "jobs cancel 7",
                "jobs cancel --all",
                "dead-letters",
                "dead-letters groups",
                "dead-letters replay --all",
                "schedules",
                "schedules put nightly Fine --every 5m",
                "limits",
                "limits put --queue a --concurrency 5",
                "breakers",
                "alarms",
                "rules",
                "rules pause sync",
                "retention",
                "pauses",
                "pause --all",
                "doctor",
                "audit",
                "migrate",
                "migrate --check",
            })
    void aDatabaseThatDoesNotAnswerIsToldFromWrongUsage(String command) {
        Answer answer = cli.with("TIDEMILL_DATABASE", "jdbc:postgresql://127.0.0.1:1/none?connectTimeout=2")
                .run(command.split(" ", -1));
        assertThat(answer.exit()).as(answer.err()).isEqualTo(3);
        assertThat(answer.out()).isEmpty();
        assertThat(answer.err())
                .startsWith("tidemill: DATABASE_UNREACHABLE: ")
                .doesNotContain("\tat ")
                .doesNotContain(database.password());
        Answer none = cli.with("TIDEMILL_DATABASE", null).run(command.split(" ", -1));
        assertThat(none.exit()).isEqualTo(2);
        assertThat(none.err()).contains("No database was named: give --database");
    }
}
