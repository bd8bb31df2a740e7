package dev.tidemill.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemill.cli.CliRun.Answer;
import dev.tidemill.jobs.Breaker;
import dev.tidemill.jobs.EnqueueOptions;
import dev.tidemill.jobs.JobRequest;
import dev.tidemill.jobs.JobState;
import dev.tidemill.jobs.Limit;
import dev.tidemill.jobs.LogLevel;
import dev.tidemill.jobs.Retry;
import dev.tidemill.jobs.Tidemill;
import dev.tidemill.rules.Rules;
import dev.tidemill.server.TidemillServer;
import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.TestDatabase;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.TreeSet;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/** That {@code --json} has the names and the values that the same things have over HTTP, beside a server on the tables. */
@ExtendWith(FreshSchema.class)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class JsonNamesTest {
    private final TestDatabase database;
    private final CliRun cli;
    private final HttpClient client = HttpClient.newHttpClient();
    private Tidemill mill;
    private Rules rules;
    private TidemillServer server;
    private long done;
    private long dead;

    JsonNamesTest(TestDatabase database) {
        this.database = database;
        this.cli = new CliRun(database, database.schema());
    }

    @BeforeAll
    void fill() throws SQLException {
        assertThat(cli.run("migrate").exit()).isZero();
        mill = Tidemill.on(database.dataSource())
                .schema(database.schema())
                .nodeName("beside-the-cli")
                .queue("mail", queue -> queue.concurrency(2))
                .queue("default", queue -> queue.concurrency(2))
                .handleJson("Fine", (json, run) -> {
                    run.log(LogLevel.WARN, "one line");
                    run.result("well done");
                })
                .handleJson("Fail", (json, run) -> {
                    throw Retry.never("no use");
                })
                .breaker(Breaker.of("partner").ratio(0.5, 10, Duration.ofMinutes(1)))
                .handleJson("Call", (json, run) -> {}, options -> options.dependsOn("partner"))
                .start();
        rules = Rules.on(mill);
        run("create table " + database.schema() + ".piece (id bigint primary key, state text)");
        rules.table(database.schema() + ".piece")
                .watching("state")
                .key("id")
                .attempts(1)
                .react("copy", (change, run) -> {
                    throw new IllegalStateException("it never works");
                });
        rules.start();
        run("insert into " + database.schema() + ".piece values (1, 'a')");
        server = TidemillServer.builder(mill).open().start();
        done = mill.enqueue(
                new JobRequest("Fine", "{\"n\": 1}"),
                EnqueueOptions.NONE.key("k").tag("a", "b").onQueue("mail"));
        dead = mill.enqueue(new JobRequest("Fail", "[1.50, null]"));
        mill.enqueue(new JobRequest("Nobody", "{}"), EnqueueOptions.NONE.in(Duration.ofHours(1)));
        mill.limits().put(Limit.ofQueue("mail").concurrency(3));
        mill.limits().shareFairly("reports");
        Awaitility.await().atMost(Duration.ofSeconds(60)).untilAsserted(() -> {
            assertThat(mill.job(done).orElseThrow().state()).isEqualTo(JobState.SUCCEEDED);
            assertThat(mill.job(dead).orElseThrow().state()).isEqualTo(JobState.DEAD);
            assertThat(rules.rule("copy").status().parked()).isEqualTo(1);
        });
        commands();
    }

    private void commands() {
        cli.reading("correct horse battery\n");
        for (String command : new String[] {
            "users add ada --role operator --new-password-file -",
            "keys create shop --scope read,enqueue --valid-for 90d",
            "keys create old --scope work",
            "keys revoke old",
            "pause --queue mail --reason maintenance",
            "schedules put nightly Report {\"all\":true} --cron 30_2_*_*_* --zone Europe/Berlin",
            "schedules put hourly Report --every 1h",
            "schedules trigger hourly",
            "retention keep --kind Fine --failed 10",
            "breakers open partner",
            "alarms put Fine --at-least 7",
            "alarms put Fail",
            "nodes drain beside-the-cli",
        }) {
            String[] words = command.split(" ", -1);
            for (int i = 0; i < words.length; i++) {
                words[i] = words[i].replace('_', ' ');
            }
            Answer answer = cli.run(words);
            assertThat(answer.exit()).as(command + ": " + answer.err()).isZero();
        }
    }

    private void run(String sql) throws SQLException {
        try (Connection connection = database.dataSource().getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    @AfterAll
    void stop() {
        server.stop();
        rules.close();
        mill.close();
    }

    private JsonNode http(String method, String path, String body) throws IOException, InterruptedException {
        HttpRequest request = HttpRequest.newBuilder(URI.create(server.url() + path))
                .header("Content-Type", "application/json")
                .method(method, body.isEmpty() ? BodyPublishers.noBody() : BodyPublishers.ofString(body))
                .build();
        return JsonMapper.shared()
                .readTree(client.send(request, BodyHandlers.ofString()).body());
    }

    private JsonNode command(String command) {
        return cli.run((command + " --json").split(" ", -1)).json();
    }

    /** Numbers by their value, however they are written, and names in one order. */
    private static String plain(JsonNode node) {
        StringBuilder text = new StringBuilder();
        if (node.isNumber()) {
            text.append(node.decimalValue().stripTrailingZeros().toPlainString());
        } else if (node.isObject()) {
            new TreeSet<>(node.propertyNames())
                    .forEach(name -> text.append(name)
                            .append(": {")
                            .append(plain(node.get(name)))
                            .append("}\n"));
        } else if (node.isArray()) {
            node.forEach(one -> text.append("[").append(plain(one)).append("]\n"));
        } else {
            text.append(node);
        }
        return text.toString();
    }

    /** The names and what kind of thing each is, for what changes from one look to the next. */
    private static String shape(JsonNode node) {
        StringBuilder text = new StringBuilder();
        if (node.isObject()) {
            new TreeSet<>(node.propertyNames())
                    .forEach(name -> text.append(name)
                            .append(": {")
                            .append(shape(node.get(name)))
                            .append("}\n"));
        } else if (node.isArray()) {
            node.forEach(one -> text.append("[").append(shape(one)).append("]\n"));
        } else {
            text.append(node.isNumber() ? "number" : node.isString() ? "text" : node.getNodeType());
        }
        return text.toString();
    }

    @ParameterizedTest
    @CsvSource({
        "users list, /api/v1/users?limit=100",
        "users list --limit 1, /api/v1/users?limit=1",
        "keys list, /api/v1/keys?limit=100",
        "keys list --limit 1, /api/v1/keys?limit=1",
        "audit, /api/v1/audit",
        "audit --limit 2, /api/v1/audit?limit=2",
        "pauses, /api/v1/pauses",
        "limits list, /api/v1/limits",
        "schedules list, /api/v1/schedules",
        "schedules show nightly, /api/v1/schedules/nightly",
        "schedules show hourly, /api/v1/schedules/hourly",
        "retention, /api/v1/retention",
        "breakers list, /api/v1/breakers",
        "alarms list, /api/v1/alarms",
        "alarms list --limit 1, /api/v1/alarms?limit=1",
        "dead-letters list, /api/v1/dead-letters",
        "dead-letters list --limit 1, /api/v1/dead-letters?limit=1",
        "jobs list --tag a:b --state SUCCEEDED, /api/v1/jobs?tag=a:b&state=SUCCEEDED",
        "rules parked copy, /api/v1/rules/copy/parked",
        "rules drift copy, /api/v1/rules/copy/drift",
    })
    void whatStandsStillIsTheSame(String command, String path) {
        Awaitility.await().atMost(Duration.ofSeconds(30)).untilAsserted(() -> {
            ObjectNode over = (ObjectNode) http("GET", path, "");
            if (command.startsWith("jobs list")) {
                // Only over HTTP pages by tag also have what they ended with before there were cursors.
                over.remove("next_before");
            }
            assertThat(plain(command(command))).isEqualTo(plain(over)).isNotEmpty();
        });
    }

    @ParameterizedTest
    @CsvSource({
        "stats, /api/v1/stats",
        "queues, /api/v1/queues",
        "doctor, /api/v1/doctor",
        "rules status, /api/v1/rules",
        "rules alarms, /api/v1/rule-alarms",
    })
    void whatChangesHasTheSameNames(String command, String path) {
        Awaitility.await()
                .atMost(Duration.ofSeconds(30))
                .untilAsserted(() -> assertThat(shape(command(command)))
                        .isEqualTo(shape(http("GET", path, "")))
                        .isNotEmpty());
    }

    @Test
    void aQueueHasItsPauseAndItsLimits() throws Exception {
        JsonNode queue = command("queues mail").get("queues").get(0);
        JsonNode over = http("GET", "/api/v1/queues/mail", "");
        for (String name : new String[] {"queue", "fair", "paused", "limits"}) {
            assertThat(plain(queue.get(name))).as(name).isEqualTo(plain(over.get(name)));
        }
        assertThat(queue.get("paused").get("reason").stringValue()).isEqualTo("maintenance");
    }

    @Test
    void aJobAndWhatIsDoneWithJobsIsTheSame() throws Exception {
        for (long id : new long[] {done, dead}) {
            JsonNode shown = command("jobs show " + id);
            JsonNode log = ((ObjectNode) shown).remove("log");
            assertThat(plain(shown)).isEqualTo(plain(http("GET", "/api/v1/jobs/" + id, "")));
            assertThat(plain(log))
                    .isEqualTo(
                            plain(http("GET", "/api/v1/jobs/" + id + "/log", "").get("lines")));
            assertThat(shape(command("jobs why " + id)))
                    .isEqualTo(shape(http("GET", "/api/v1/jobs/" + id + "/why", "")));
        }
        assertThat(plain(command("cancel --kind Nobody --dry-run")))
                .isEqualTo(plain(http(
                        "POST",
                        "/api/v1/actions",
                        "{\"action\": \"cancel\", \"kind\": \"Nobody\", \"dry_run\": true}")))
                .contains("count: {1}");
        assertThat(plain(command("nodes list").get("drained")))
                .isEqualTo(plain(http("GET", "/api/v1/drained", "").get("drained")));
        assertThat(shape(command("nodes list").get("nodes")))
                .isEqualTo(shape(http("GET", "/api/v1/stats", "").get("nodes")));
    }
}
