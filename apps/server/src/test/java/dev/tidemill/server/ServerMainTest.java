package dev.tidemill.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.TestDatabase;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.Statement;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;

/** The program, in a process of its own where it starts for real. */
@ExtendWith(FreshSchema.class)
@Timeout(60)
final class ServerMainTest {
    @TempDir
    private Path folder = Path.of("set by JUnit");

    private ProcessBuilder program(TestDatabase database, String... options) {
        return programOn(database.jdbcUrl(), database, options);
    }

    private ProcessBuilder programOn(String url, TestDatabase database, String... options) {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                System.getProperty("java.class.path"),
                ServerMain.class.getName(),
                "--port",
                "0",
                "--json",
                "--schema",
                database.schema(),
                "--database",
                url));
        command.addAll(List.of(options));
        ProcessBuilder builder =
                new ProcessBuilder(command).redirectError(folder.resolve("log").toFile());
        builder.environment().put("TIDEMILL_DATABASE_USER", database.user());
        builder.environment().put("TIDEMILL_DATABASE_PASSWORD", database.password());
        return builder;
    }

    private String log() throws IOException {
        return Files.readString(folder.resolve("log"));
    }

    @Test
    void itPrintsOneLineServesAndStopsCleanlyWhenTold(TestDatabase database) throws Exception {
        Path token = Files.writeString(folder.resolve("token"), "token-from-a-file-0123456789\n");
        Process process = program(database, "--token-file", token.toString(), "--log-format", "json")
                .start();
        try (var lines = process.inputReader()) {
            String url = ServerUnderTest.json(lines.readLine()).get("url").stringValue();
            assertThat(status(url + "/healthz")).isEqualTo(200);
            assertThat(status(url + "/api/v1/stats")).isEqualTo(401);

            // Process.destroy would close the stream that is read below.
            process.toHandle().destroy();
            assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
            assertThat(lines.readLine()).isNull();
        }
        List<String> log = log().lines().toList();
        assertThat(log)
                .isNotEmpty()
                .allSatisfy(line -> assertThat(
                                ServerUnderTest.json(line).get("level").isString())
                        .isTrue());
        assertThat(log()).doesNotContain("token-from-a-file", "Exception").contains("Stopped");
    }

    @Test
    void itServesTheCachesOfAFileAndRefusesOneThatItCannotRead(TestDatabase database) throws Exception {
        Path caches = Files.writeString(folder.resolve("caches.yaml"), "caches:\n  sessions: { fresh: PT1H }\n");
        Process process =
                program(database, "--open", "--caches", caches.toString()).start();
        try (var lines = process.inputReader()) {
            String url = ServerUnderTest.json(lines.readLine()).get("url").stringValue();
            assertThat(status(url + "/api/v1/caches/sessions")).isEqualTo(200);
            assertThat(status(url + "/api/v1/caches/others")).isEqualTo(404);
            process.toHandle().destroy();
            assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
        }
        Process refused = program(
                        database,
                        "--open",
                        "--caches",
                        folder.resolve("none.yaml").toString())
                .start();
        assertThat(refused.waitFor(30, TimeUnit.SECONDS)).isTrue();
        assertThat(refused.exitValue()).isEqualTo(2);
        assertThat(log()).contains("none.yaml of the caches cannot be read");
    }

    @Test
    void itEnqueuesByTheDeadlinesItIsGivenAndRefusesThoseItCannotRead(TestDatabase database) throws Exception {
        Process process = program(database, "--open", "--start-deadline", "low=30m", "--weight", "HIGH=12")
                .start();
        try (var lines = process.inputReader()) {
            String url = ServerUnderTest.json(lines.readLine()).get("url").stringValue();
            try (HttpClient client = HttpClient.newHttpClient()) {
                HttpRequest enqueue = HttpRequest.newBuilder(URI.create(url + "/api/v1/jobs"))
                        .header("Content-Type", "application/json")
                        .POST(HttpRequest.BodyPublishers.ofString("{\"kind\": \"Nightly\", \"priority\": \"LOW\"}"))
                        .build();
                assertThat(client.send(enqueue, BodyHandlers.discarding()).statusCode())
                        .isEqualTo(201);
            }
            try (Connection connection = database.dataSource().getConnection();
                    Statement statement = connection.createStatement();
                    ResultSet rows = statement.executeQuery("select start_by - " + database.schema()
                            + ".now_micros() from " + database.schema() + ".ready")) {
                rows.next();
                assertThat(Duration.of(rows.getLong(1), ChronoUnit.MICROS))
                        .isBetween(Duration.ofMinutes(29), Duration.ofMinutes(30));
            }
            process.toHandle().destroy();
            assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
        }
        Process refused = program(database, "--open", "--off-peak", "nights").start();
        assertThat(refused.waitFor(30, TimeUnit.SECONDS)).isTrue();
        assertThat(refused.exitValue()).isEqualTo(2);
        assertThat(log()).contains("The off-peak window 'nights' cannot be read; write from and to as HH:MM");
    }

    private static int status(String url) throws IOException, InterruptedException {
        try (HttpClient client = HttpClient.newHttpClient()) {
            HttpResponse<Void> answer =
                    client.send(HttpRequest.newBuilder(URI.create(url)).build(), BodyHandlers.discarding());
            return answer.statusCode();
        }
    }

    @Test
    void toldToStopItSaysSoAndServesForAsLongAsItIsToDrain(TestDatabase database) throws Exception {
        Process process = program(database, "--drain", "3s").start();
        try (var lines = process.inputReader()) {
            String url = ServerUnderTest.json(lines.readLine()).get("url").stringValue();
            assertThat(status(url + "/readyz")).isEqualTo(200);
            process.toHandle().destroy();
            await().atMost(Duration.ofSeconds(20)).until(() -> status(url + "/readyz") == 503);
            assertThat(status(url + "/healthz")).isEqualTo(200);
            assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
        }
        assertThat(log()).containsPattern("Serving .* ms after the JVM began").contains("Stopping in PT3S", "Stopped");
    }

    @Test
    void itStopsByItselfAfterTheGivenTime(TestDatabase database) throws Exception {
        Process process = program(database, "--for", "200ms").start();
        assertThat(process.waitFor(30, TimeUnit.SECONDS)).isTrue();
        assertThat(process.exitValue()).isZero();
        assertThat(new String(process.getInputStream().readAllBytes(), java.nio.charset.StandardCharsets.UTF_8).lines())
                .hasSize(1);
    }

    @Test
    void aDatabaseThatDoesNotAnswerIsOneClearMessage(TestDatabase database) throws Exception {
        Process process = programOn("jdbc:postgresql://127.0.0.1:1/none?password=hunter2", database)
                .start();
        assertThat(process.waitFor(50, TimeUnit.SECONDS)).isTrue();
        assertThat(process.exitValue()).isEqualTo(3);
        assertThat(process.getInputStream().readAllBytes()).isEmpty();
        assertThat(log()).contains("tidemill server: ").contains("database").doesNotContain("hunter2", "\tat ");
    }

    @Test
    void anOpenServerIsForThisMachineOnly(TestDatabase database) throws Exception {
        Process process = program(database, "--open", "--host", "0.0.0.0").start();
        assertThat(process.waitFor(50, TimeUnit.SECONDS)).isTrue();
        assertThat(process.exitValue()).isEqualTo(2);
        assertThat(log()).contains("open", "loopback").doesNotContain("\tat ");
    }

    @Test
    void helpTellsEveryOption() {
        StringWriter out = new StringWriter();
        int exit = command(out, new StringWriter()).execute("--help");
        assertThat(exit).isZero();
        assertThat(out.toString())
                .contains(
                        "tidemill server",
                        "--port",
                        "--host",
                        "--token-file",
                        "--open",
                        "--trusted-proxy",
                        "--database",
                        "--password-file",
                        "--password-env",
                        "--data",
                        "--schema",
                        "--log-format",
                        "--log-level",
                        "--json",
                        "--for",
                        "curl ");
        assertThat(out.toString().lines())
                .allSatisfy(line -> assertThat(line.length()).isLessThanOrEqualTo(120));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "--port=x",
                "--for=soon",
                "--for=-1s",
                "--for=0s",
                "--log-format=xml",
                "--token=on-the-command-line",
                "stray"
            })
    void wrongUsageIsExitCodeTwo(String option) {
        StringWriter err = new StringWriter();
        assertThat(command(new StringWriter(), err).execute(option)).isEqualTo(2);
        assertThat(err.toString()).isNotBlank().doesNotContain("Exception");
    }

    private static CommandLine command(StringWriter out, StringWriter err) {
        return ServerMain.command(new ServerMain(new PrintWriter(out)))
                .setOut(new PrintWriter(out))
                .setErr(new PrintWriter(err));
    }
}
