package dev.tidemill.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import dev.tidemill.cache.Caches;
import dev.tidemill.cache.Keys;
import dev.tidemill.cache.ValueType;
import dev.tidemill.jobs.EnqueueOptions;
import dev.tidemill.jobs.FailureAlarm;
import dev.tidemill.jobs.HostLimits;
import dev.tidemill.jobs.JobRequest;
import dev.tidemill.jobs.Limit;
import dev.tidemill.jobs.Pause;
import dev.tidemill.jobs.Retry;
import dev.tidemill.jobs.Tidemill;
import dev.tidemill.jobs.Timing;
import dev.tidemill.jobs.Unique;
import dev.tidemill.rules.Rules;
import dev.tidemill.server.caches.ServedCaches;
import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.TestDatabase;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import tools.jackson.databind.JsonNode;

/** What Prometheus is told, by a mill that has something of everything to tell. */
@ExtendWith(FreshSchema.class)
final class MetricsTest {
    private static final Pattern TYPE = Pattern.compile("^# TYPE (\\w+) (\\w+)$", Pattern.MULTILINE);
    private static final Pattern DOCUMENTED = Pattern.compile("`((?:tidemill|hikaricp|http_server)_[a-z_]+)`");
    /** A kind that fails too often is known only when a minute is over; the alarm has a test of its own. */
    private static final Set<String> NOT_NOW = Set.of("tidemill_alarm");

    private final HikariDataSource pool;
    private final Caches caches;
    private final ServerUnderTest server;
    private final TestDatabase database;
    private final Rules rules;
    /** Nobody answers there, so that a call of it stays under way. */
    private final ServerSocket silent = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());

    private final HttpClient client = HttpClient.newHttpClient();
    private final HostLimits http = HostLimits.over(client);
    private final Thread calling = Thread.ofVirtual().unstarted(this::call);

    MetricsTest(TestDatabase database) throws IOException {
        this.database = database;
        HikariConfig config = new HikariConfig();
        config.setPoolName("tidemill");
        config.setDataSource(database.dataSource());
        config.setMaximumPoolSize(20);
        this.pool = new HikariDataSource(config);
        Tidemill mill = Tidemill.on(pool)
                .schema(database.schema())
                .handleJson("Fail", (json, run) -> {
                    throw Retry.never("no use");
                })
                .handleJson(
                        "Flaky",
                        (json, run) -> {
                            if (run.attempt() == 1) {
                                throw new IllegalStateException("once");
                            }
                        },
                        options -> options.alarm(new FailureAlarm(1, 1_000_000, Duration.ofMinutes(1))))
                .handleJson("Calls", (json, run) -> {}, options -> options.dependsOn("bank"))
                .handleJsonChunks("Many", chunk -> {}, options -> options)
                .start();
        this.caches = Caches.on(pool).schema(database.schema()).open();
        caches.cache("names", Keys.STRINGS, ValueType.of(String.class)).open();
        this.rules = Rules.on(mill);
        run("create table {s}.thing (id bigint primary key, state text)");
        rules.table(database.schema() + ".thing").watching("state").key("id").react("sync", (change, run) -> {});
        rules.start();
        run("insert into {s}.thing values (1, 'a')");
        rules.rule("sync").sweep();
        this.server = new ServerUnderTest(
                mill,
                TidemillServer.builder(mill)
                        .caches(ServedCaches.of(caches))
                        .hosts(http)
                        .open()
                        .start());
        calling.start();
    }

    private void call() {
        URI nobody = URI.create("http://127.0.0.1:" + silent.getLocalPort());
        try {
            http.send(
                    HttpRequest.newBuilder(nobody)
                            .timeout(Duration.ofMinutes(5))
                            .build(),
                    BodyHandlers.discarding());
        } catch (IOException | InterruptedException ended) {
            // By the end of the test.
        }
    }

    private void run(String sql) {
        try (Connection connection = database.dataSource().getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute(sql.replace("{s}", database.schema()));
        } catch (SQLException failed) {
            throw new IllegalStateException(failed);
        }
    }

    @AfterEach
    void stopServer() throws IOException, InterruptedException {
        calling.interrupt();
        calling.join();
        client.shutdownNow();
        silent.close();
        rules.remove("sync");
        rules.close();
        run("drop table {s}.thing");
        server.close();
        caches.close();
        pool.close();
    }

    /** The page once all that is read aside and counted by others has arrived. */
    private String everything() {
        server.mill.enqueueAll(List.of(
                new JobRequest("Fail", "1"),
                new JobRequest("Flaky", "1"),
                new JobRequest("Many", "1"),
                new JobRequest("Nobody", "1")));
        for (int i = 0; i < 2; i++) {
            server.mill.enqueue(new JobRequest("Nobody", "1"), EnqueueOptions.unique(Unique.key("k")));
        }
        server.mill.breakers().open("bank", "test");
        server.mill.limits().put(Limit.ofQueue("narrow").concurrency(1));
        server.mill.pauses().pause(Pause.Scope.KEY, "k", "test", "");
        server.mill.schedules().put("daily", Timing.every(Duration.ofDays(1)), new JobRequest("Flaky", "1"));
        return await().atMost(Duration.ofSeconds(60))
                .until(() -> server.get("/metrics").body(), text -> names(text).containsAll(expected()));
    }

    private static Set<String> expected() {
        Set<String> documented = documented();
        documented.removeAll(NOT_NOW);
        return documented;
    }

    /** Of families; a timer's parts are one, its maximum is another. */
    private static Set<String> names(String text) {
        return TYPE.matcher(text)
                .results()
                .map(match -> match.group(1))
                .map(name ->
                        name.endsWith("_max") && !name.startsWith("hikaricp") ? name.replaceFirst("_max$", "") : name)
                .collect(Collectors.toCollection(TreeSet::new));
    }

    private static Set<String> documented() {
        try {
            return DOCUMENTED
                    .matcher(Files.readString(Path.of("../../docs/metrics.md")))
                    .results()
                    .map(match -> match.group(1))
                    .collect(Collectors.toCollection(TreeSet::new));
        } catch (IOException unreadable) {
            throw new UncheckedIOException(unreadable);
        }
    }

    @Test
    void whatIsToldIsDocumentedAndWhatIsDocumentedIsTold() {
        Set<String> told = names(everything());
        told.removeIf(name -> name.matches("(jvm|process|system)_.*"));
        assertThat(told).isEqualTo(expected());
    }

    @Test
    @Tag("promtool")
    void promtoolHasNothingToSay() throws Exception {
        assertThat(promtool(everything())).isEmpty();
        assertThat(promtool("# TYPE a counter\na 1\n")).contains("a");
    }

    private static String promtool(String metrics) throws IOException, InterruptedException {
        Process process = new ProcessBuilder("promtool", "check", "metrics")
                .redirectErrorStream(true)
                .start();
        try (var in = process.getOutputStream()) {
            in.write(metrics.getBytes(StandardCharsets.UTF_8));
        }
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        process.waitFor();
        return said;
    }

    @Test
    void theDashboardIsJsonWhosePanelsHavePlacesOfTheirOwn() throws IOException {
        JsonNode dashboard =
                ServerUnderTest.json(Files.readString(Path.of("../../docs/operate/grafana/tidemill.json")));
        Set<String> taken = new TreeSet<>();
        Set<Integer> ids = new TreeSet<>();
        for (JsonNode panel : dashboard.get("panels")) {
            JsonNode at = panel.get("gridPos");
            assertThat(ids.add(panel.get("id").intValue())).isTrue();
            assertThat(at.get("x").intValue() + at.get("w").intValue()).isLessThanOrEqualTo(24);
            for (int x = at.get("x").intValue();
                    x < at.get("x").intValue() + at.get("w").intValue();
                    x++) {
                for (int y = at.get("y").intValue();
                        y < at.get("y").intValue() + at.get("h").intValue();
                        y++) {
                    assertThat(taken.add(x + "," + y))
                            .as(panel.get("title").stringValue())
                            .isTrue();
                }
            }
        }
        assertThat(ids).hasSizeGreaterThan(30);
    }

    @Test
    void countersAreOfThisProcessAndHaveBoundsThatDeadlinesNeed() {
        String text = everything();
        assertThat(text)
                .contains("tidemill_jobs_enqueued_total{kind=\"Fail\",priority=\"MEDIUM\",queue=\"default\"} 1.0")
                .contains("tidemill_jobs_dead_total{code=\"GIVEN_UP\",kind=\"Fail\",queue=\"default\"} 1.0")
                .contains("tidemill_retries_total{kind=\"Flaky\",queue=\"default\"} 1.0")
                .contains("tidemill_start_delay_seconds_bucket{priority=\"MEDIUM\",queue=\"default\",le=\"300.0\"}")
                .contains("tidemill_attempts_seconds_count{kind=\"Fail\",outcome=\"failed\",queue=\"default\"} 1")
                .contains("hikaricp_connections_max{pool=\"tidemill\"} 20.0")
                .contains("tidemill_rule_broken{rule=\"sync\"} 0.0")
                .contains("tidemill_rule_changes_last_quarter_hour{rule=\"sync\"} 1.0")
                .contains("tidemill_rule_drift_found{rule=\"sync\"} 0.0")
                .containsPattern("tidemill_rule_lag_seconds\\{percentile=\"99\",rule=\"sync\"} 0\\.");
        assertThat(text.lines().filter(line -> line.startsWith("tidemill_attempts_seconds_bucket{kind=\"Fail\"")))
                .hasSize(10);
        assertThat(TYPE.matcher(text).results().map(MatchResult::group)).doesNotHaveDuplicates();
    }
}
