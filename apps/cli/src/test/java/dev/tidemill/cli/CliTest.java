package dev.tidemill.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemill.cli.CliRun.Answer;
import dev.tidemill.jobs.JobRequest;
import dev.tidemill.jobs.JobState;
import dev.tidemill.jobs.Retry;
import dev.tidemill.server.tables.ServerTables;
import dev.tidemill.testkit.FreshMill;
import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.TestDatabase;
import dev.tidemill.testkit.TestMill;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

/** The commands on a real database with no server up; in a process of its own where it starts for real. */
@ExtendWith(FreshSchema.class)
final class CliTest {
    @RegisterExtension
    private final FreshMill fresh = FreshMill.with(jobs -> jobs.handleJson("Fine", (json, run) -> {})
            .handleJson("Fail", (json, run) -> {
                throw Retry.never("no use");
            })
            .handleJson("Other", (json, run) -> {
                throw Retry.never("no use either");
            }));

    @TempDir
    private Path folder = Path.of("set by JUnit");

    private final TestDatabase database;
    private TestMill mill;

    CliTest(TestDatabase database) {
        this.database = database;
    }

    @BeforeEach
    void take(TestMill given) {
        mill = given;
        mill.clock().run();
    }

    /** With everything as an option, and nothing in the environment. */
    private Answer run(String... arguments) throws IOException {
        List<String> all = new ArrayList<>(List.of(arguments));
        all.addAll(List.of("--database", database.jdbcUrl(), "--user", database.user(), "--schema", mill.schema()));
        all.addAll(List.of("--password-file", passwordFile().toString()));
        return runAsItIs(all.toArray(String[]::new));
    }

    private Path passwordFile() throws IOException {
        return Files.writeString(folder.resolve("password"), database.password() + "\n");
    }

    private Answer runAsItIs(String... arguments) {
        return new CliRun(database, "")
                .with("TIDEMILL_DATABASE", null)
                .with("TIDEMILL_DATABASE_USER", null)
                .with("TIDEMILL_DATABASE_PASSWORD", null)
                .runAsItIs(arguments);
    }

    private long enqueue(String kind) {
        return mill.tidemill().enqueue(new JobRequest(kind, "{}"));
    }

    @Test
    void theDoctorFindsNothingInADatabaseThatIsWell() throws IOException {
        Answer answer = run("doctor", "--patience", "10m");
        assertThat(answer.out()).contains("schema " + mill.schema()).contains(": nothing found");
        assertThat(answer.exit()).isZero();
        assertThat(run("doctor", "--json", "--patience", "10m")
                        .json()
                        .get("fine")
                        .booleanValue())
                .isTrue();
    }

    @Test
    void theDoctorPrintsFindingsWithTheirRemedies() throws IOException {
        enqueue("Fine");
        Answer answer = run("doctor", "--patience", "10m");
        assertThat(answer.out())
                .contains("CRITICAL  NO_NODE: 1 job may run, and no node is alive.")
                .contains("  why     Nothing runs.")
                .contains("  remedy  Start the application's processes that handle jobs.")
                .contains("  more    docs/operate/doctor.md#no_node");
        assertThat(answer.exit()).isEqualTo(1);
        JsonNode json = run("doctor", "--json", "--repair", "--patience", "10m").json();
        assertThat(json.get("findings").get(0).get("figures").get("ready").longValue())
                .isEqualTo(1);
        assertThat(json.get("repairs").isEmpty()).isTrue();
    }

    @Test
    void theDoctorTellsOfSecretsThatTheServerKeepsAsTheyAre() throws IOException, SQLException {
        new ServerTables(mill.dataSource(), mill.schema()).migrate();
        try (Connection connection = mill.dataSource().getConnection();
                Statement statement = connection.createStatement()) {
            String schema = '"' + mill.schema() + '"';
            statement.execute(
                    "insert into " + schema + ".endpoint (name, url, queues, headers, timeout_ms, concurrency,"
                            + " on_demand, created_at, changed_at)"
                            + " values ('shipping', 'https://example.com/', '{}', '{}', 15000, 10, true, 0, 0)");
            statement.execute("insert into " + schema + ".endpoint_secret (endpoint, secret, created_at)"
                    + " values ('shipping', decode('" + "ab".repeat(32) + "', 'hex'), 0)");
        }
        Answer answer = run("doctor", "--patience", "10m");
        assertThat(answer.out())
                .contains("INFO      SECRETS_PLAIN: 1 secrets of endpoints are in the table as they are.")
                .contains("--secret-key-file");
        assertThat(answer.exit()).isZero();
    }

    @Test
    void whySaysWhatKeepsAJob() throws IOException {
        long id = enqueue("Fine");
        Answer answer = run("why", Long.toString(id));
        assertThat(answer.out())
                .contains("Job " + id + " (Fine, MEDIUM on default) is READY.")
                .contains("NO_NODE: No node is alive.");
        assertThat(answer.exit()).isZero();
        assertThat(run("why", "--json", Long.toString(id))
                        .json()
                        .get("reasons")
                        .get(0)
                        .get("code")
                        .stringValue())
                .isEqualTo("NO_NODE");
        Answer none = run("why", "424242");
        assertThat(none.exit()).isEqualTo(1);
        assertThat(none.out()).contains("There is no job 424242.");
    }

    @Test
    void deadLettersAreReplayedByIdByKindAndAll() throws IOException {
        long one = enqueue("Fail");
        long two = enqueue("Fail");
        long other = enqueue("Other");
        mill.runDue();

        Answer named = run("replay", Long.toString(one), "424242", "--json");
        assertThat(named.json().get("replayed").get(0).longValue()).isEqualTo(one);
        assertThat(named.json().get("no_dead_letters").get(0).longValue()).isEqualTo(424_242);
        assertThat(named.exit()).isEqualTo(1);

        assertThat(run("replay", "--all", "--kind", "Other").out()).contains("1 job is ready again.");
        assertThat(mill.tidemill().job(other).orElseThrow().state()).isEqualTo(JobState.READY);
        assertThat(mill.tidemill().job(two).orElseThrow().state()).isEqualTo(JobState.DEAD);

        assertThat(run("replay", "--all").exit()).isZero();
        assertThat(mill.tidemill().deadLetters(null, 10)).isEmpty();
    }

    @Test
    void aQueueIsPausedAndResumed() throws IOException {
        long id = enqueue("Fine");
        assertThat(run("pause", "--queue", "default", "--by", "ann", "--reason", "new partner")
                        .out())
                .contains("Queue default is paused.");
        Answer again = run("pause", "--queue", "default", "--json");
        assertThat(again.json().get("changed").booleanValue()).isFalse();
        assertThat(again.exit()).isEqualTo(1);
        assertThat(mill.runDue().isEmpty()).isTrue();
        assertThat(run("why", Long.toString(id)).out())
                .contains("PAUSED: The queue default has been paused since ")
                .contains("by ann (new partner)")
                .contains("  remedy  ./tidemill resume --queue default");

        assertThat(run("resume", "--queue", "default").out()).contains("Queue default goes on.");
        assertThat(run("resume", "--queue", "default").exit()).isEqualTo(1);
        mill.runDue().succeeded(1);
        assertThat(run("pause", "--everything").exit()).isZero();
        assertThat(run("resume", "--everything").exit()).isZero();
    }

    @Test
    void jobsAreCancelled() throws IOException {
        long id = enqueue("Fine");
        Answer answer = run("cancel", Long.toString(id), "424242");
        assertThat(answer.out()).contains("Job 424242: there is none.").contains("Job " + id + ": ");
        assertThat(answer.exit()).isEqualTo(1);
        assertThat(mill.tidemill().job(id).orElseThrow().state()).isEqualTo(JobState.CANCELLED);
        assertThat(run("cancel", "--json", Long.toString(id))
                        .json()
                        .get("jobs")
                        .get(0)
                        .get("outcome")
                        .stringValue())
                .isIn("CANCELLED", "WILL_NOT_START");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "doctor --patience soon",
                "why",
                "why x",
                "replay",
                "replay 7 --all",
                "replay 7 --kind A",
                "pause",
                "pause --queue a --kind b",
                "cancel",
                "cancel 7 --queue a",
                "reschedule 7",
                "reschedule --queue a --in 5m",
                "prioritize 7",
                "drain",
                "audit --limit many",
                "mend"
            })
    void wrongUsageIsExitCodeTwo(String line) {
        Answer answer = runAsItIs(line.split(" ", -1));
        assertThat(answer.exit()).isEqualTo(2);
        assertThat(answer.err()).isNotBlank().doesNotContain("Exception");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "jdbc:postgresql://127.0.0.1:1/none?user=ann&password=hunter2",
                "jdbc:postgresql://ann:hunter2@127.0.0.1:1:x/none",
                "postgres://ann:hunter2@127.0.0.1:1/none"
            })
    void aPasswordIsNeverRepeated(String url) {
        for (String json : List.of("--json", "--schema=tidemill")) {
            Answer answer = runAsItIs("doctor", json, "--database", url);
            assertThat(answer.exit()).isIn(2, 3);
            assertThat(answer.out()).isEmpty();
            assertThat(answer.err()).startsWith("tidemill: ").doesNotContain("hunter2");
        }
    }

    @Test
    void aSchemaThatIsNotThereIsSaidAndNotMade() throws IOException {
        Answer answer = runAsItIs(
                "doctor",
                "--schema",
                "nowhere_to_be_found",
                "--database",
                database.jdbcUrl(),
                "--user",
                database.user(),
                "--password-file",
                passwordFile().toString());
        assertThat(answer.exit()).isEqualTo(3);
        assertThat(answer.err()).startsWith("tidemill: SCHEMA_OUTDATED: ").contains("'tidemill migrate'");
    }

    @Test
    void itRunsAsAProcessWithTheDatabaseInItsEnvironmentAndPrintsOneLine() throws Exception {
        enqueue("Fine");
        ProcessBuilder program = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-cp",
                        System.getProperty("java.class.path"),
                        CliMain.class.getName(),
                        "doctor",
                        "--json",
                        "--patience",
                        "10m",
                        "--schema",
                        mill.schema())
                .redirectError(folder.resolve("log").toFile());
        program.environment().put("TIDEMILL_DATABASE", database.jdbcUrl());
        program.environment().put("TIDEMILL_DATABASE_USER", database.user());
        program.environment().put("TIDEMILL_DATABASE_PASSWORD", database.password());
        Process process = program.start();
        String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(process.exitValue())
                .as(Files.readString(folder.resolve("log")))
                .isEqualTo(1);
        Answer answer = new Answer(1, out, "");
        assertThat(answer.json().get("findings").get(0).get("code").stringValue())
                .isEqualTo("NO_NODE");
        assertThat(folder.resolve("log")).isEmptyFile();
    }
}
