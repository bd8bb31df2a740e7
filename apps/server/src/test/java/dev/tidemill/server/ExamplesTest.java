package dev.tidemill.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.tidemill.jobs.AttemptOutcome;
import dev.tidemill.jobs.AttemptView;
import dev.tidemill.jobs.JobRequest;
import dev.tidemill.jobs.JobState;
import dev.tidemill.jobs.JobView;
import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.TestDatabase;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/** The examples in TypeScript, built by npm and run by Node against a server. */
@Tag("node")
@Timeout(300)
@ExtendWith(FreshSchema.class)
final class ExamplesTest {
    private static final Path EXAMPLES = Path.of("..", "..", "examples", "typescript");
    private static final Path BUILT = Path.of("target", "examples");
    private static final String SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    private static final Duration SOON = Duration.ofSeconds(60);

    private final ServerUnderTest server;
    private final List<Process> processes = new ArrayList<>();

    ExamplesTest(TestDatabase database) {
        this.server = ServerUnderTest.on(database, jobs -> jobs, TidemillServerBuilder::allowPrivateEndpoints);
    }

    @AfterEach
    void stop() {
        processes.forEach(Process::destroyForcibly);
        server.close();
    }

    /** Copied, so that nothing is left beside the sources. */
    private static Path built(String example) throws IOException, InterruptedException {
        Path from = EXAMPLES.resolve(example);
        Path to = BUILT.resolve(example);
        try (Stream<Path> files = Files.walk(from)) {
            for (Path file : files.toList()) {
                String relative = from.relativize(file).toString();
                if (relative.startsWith("node_modules") || relative.startsWith("dist")) {
                    continue;
                }
                Path copy = to.resolve(relative);
                if (Files.isDirectory(file)) {
                    Files.createDirectories(copy);
                } else {
                    Files.copy(file, copy, StandardCopyOption.REPLACE_EXISTING);
                }
            }
        }
        run(to, "npm", "ci", "--no-audit", "--no-fund");
        run(to, "npm", "run", "build");
        return to;
    }

    private static void run(Path folder, String... command) throws IOException, InterruptedException {
        Path log = Files.createTempFile("npm", ".log");
        Process process = new ProcessBuilder(command)
                .directory(folder.toFile())
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
        boolean ended = process.waitFor(200, TimeUnit.SECONDS);
        assertThat(ended && process.exitValue() == 0)
                .describedAs(() -> String.join(" ", command) + ": " + read(log))
                .isTrue();
        Files.delete(log);
    }

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }

    private Process node(Path folder, String program, Map<String, String> environment) throws IOException {
        ProcessBuilder builder = new ProcessBuilder("node", "dist/" + program)
                .directory(folder.toFile())
                .redirectError(ProcessBuilder.Redirect.DISCARD);
        builder.environment().putAll(environment);
        Process process = builder.start();
        processes.add(process);
        return process;
    }

    private JobView in(long id, JobState state) {
        return await().atMost(SOON).until(() -> server.mill.job(id).orElseThrow(), job -> job.state() == state);
    }

    private static List<AttemptOutcome> outcomes(JobView job) {
        return job.attempts().stream().map(AttemptView::outcome).toList();
    }

    @Test
    void theWorkerThatAsksRunsJobsKeepsItsLeasesAndIsReplacedWhenItDies() throws Exception {
        Path folder = built("pull");
        Map<String, String> environment = Map.of("TIDEMILL_URL", server.server.url(), "LEASE_SECONDS", "2");
        Process first = node(folder, "worker.js", environment);
        long resized = server.mill.enqueue(new JobRequest("ResizeImage", "{\"width\": 200, \"factor\": 2}"));
        assertThat(in(resized, JobState.SUCCEEDED).attempts().getFirst().result())
                .contains("400");
        long wrong = server.mill.enqueue(new JobRequest("ResizeImage", "{\"width\": 0, \"factor\": 2}"));
        assertThat(in(wrong, JobState.DEAD).attempts())
                .hasSize(1)
                .first()
                .satisfies(attempt -> assertThat(attempt.error()).contains("width 0"));
        long film = server.mill.enqueue(new JobRequest("RenderFilm", "{\"seconds\": 5}"));
        assertThat(outcomes(in(film, JobState.SUCCEEDED))).containsExactly(AttemptOutcome.SUCCEEDED);

        long interrupted = server.mill.enqueue(new JobRequest("RenderFilm", "{\"seconds\": 4}"));
        in(interrupted, JobState.RUNNING);
        first.destroyForcibly().waitFor();
        Process second = node(folder, "worker.js", environment);
        assertThat(outcomes(in(interrupted, JobState.SUCCEEDED)))
                .containsExactly(AttemptOutcome.LOST, AttemptOutcome.SUCCEEDED);
        second.toHandle().destroy();
        assertThat(second.waitFor(20, TimeUnit.SECONDS)).isTrue();
        assertThat(second.exitValue()).isZero();
    }

    @Test
    void theEndpointVerifiesWhatItIsSentAndAnswersWithTheResult() throws Exception {
        Process process = node(built("push"), "endpoint.js", Map.of("TIDEMILL_SECRET", SECRET, "PORT", "0"));
        int port;
        try (var lines = process.inputReader()) {
            port = ServerUnderTest.json(lines.readLine()).get("port").asInt();
        }
        String url = "http://127.0.0.1:" + port + "/jobs";
        assertThat(server.put(
                                "/api/v1/endpoints/receipts",
                                "{\"url\": \"" + url + "\", \"kinds\": [\"SendReceipt\"], \"secret\": \"" + SECRET
                                        + "\"}")
                        .statusCode())
                .isEqualTo(201);
        long id = server.mill.enqueue(new JobRequest("SendReceipt", "{\"order\": 4711}"));
        assertThat(in(id, JobState.SUCCEEDED).attempts().getFirst().result()).contains("R-4711");
        int forged = server.send(HttpRequest.newBuilder(URI.create(url))
                        .header("webhook-id", "job_1")
                        .header("webhook-timestamp", Long.toString(System.currentTimeMillis() / 1000))
                        .header("webhook-signature", "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=")
                        .POST(BodyPublishers.ofString("{\"kind\": \"SendReceipt\"}")))
                .statusCode();
        assertThat(forged).isEqualTo(401);
    }
}
