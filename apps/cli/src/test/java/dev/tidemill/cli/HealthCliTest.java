package dev.tidemill.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemill.cli.CliRun.Answer;
import dev.tidemill.cli.terminal.Screen;
import dev.tidemill.jobs.JobRequest;
import dev.tidemill.jobs.Retry;
import dev.tidemill.jobs.Tidemill;
import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.TestDatabase;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import tools.jackson.databind.JsonNode;

/** What the commands say beside a node that works. */
@ExtendWith(FreshSchema.class)
final class HealthCliTest {
    private final TestDatabase database;
    private static final AtomicInteger WORKERS = new AtomicInteger();

    private final String worker = "worker-" + WORKERS.incrementAndGet();
    private final CountDownLatch release = new CountDownLatch(1);
    private Tidemill mill;
    private CliRun cli;

    HealthCliTest(TestDatabase database) {
        this.database = database;
    }

    @BeforeEach
    void start() {
        mill = Tidemill.on(database.dataSource())
                .schema(database.schema())
                .nodeName(worker)
                .handleJson("Fine", (json, run) -> {})
                .handleJson("Fail", (json, run) -> {
                    throw Retry.never("no use");
                })
                .handleJson("Hang", (json, run) -> {
                    while (release.getCount() > 0) {
                        try {
                            release.await();
                        } catch (InterruptedException ignored) {
                            // A handler that heeds nothing.
                        }
                    }
                })
                .start();
        cli = new CliRun(database, database.schema());
    }

    @AfterEach
    void stop() {
        release.countDown();
        mill.close();
    }

    @Test
    void aNodeThatHangsIsSeenAndItsJobsRunAgainElsewhere() {
        long id = mill.enqueue(new JobRequest("Hang", "{}"));
        Awaitility.await()
                .atMost(Duration.ofSeconds(30))
                .untilAsserted(() -> assertThat(cli.run("leases", "list").out())
                        .contains(worker)
                        .contains("LIVING")
                        .contains("Hang")
                        .contains(Long.toString(id)));
        assertThat(cli.run("nodes", "drain", worker).exit()).isZero();
        Answer broken = cli.run("leases", "break", worker, "--yes", "--reason", "hangs", "--json");
        assertThat(broken.exit()).as(broken.err()).isZero();
        assertThat(broken.json().get("epochs").get(0).get("jobs").longValue()).isEqualTo(1);
        try (Tidemill other = Tidemill.on(database.dataSource())
                .schema(database.schema())
                .nodeName("another-one")
                .handleJson("Hang", (json, run) -> {})
                .start()) {
            Answer followed = cli.run("jobs", "tail", Long.toString(id), "--every", "0.2s", "--for", "60s");
            assertThat(followed.exit()).as(followed.out()).isZero();
            assertThat(followed.out()).contains("RELEASED").contains("another-one");
            release.countDown();
            assertThat(other.job(id).orElseThrow().attempts()).hasSize(2);
        }
    }

    @Test
    void whatEndsIsFollowed() {
        mill.enqueue(new JobRequest("Fine", "{\"before\": true}"));
        Awaitility.await()
                .atMost(Duration.ofSeconds(30))
                .until(() -> mill.latestAttempts(1).size() == 1);
        Answer late = cli.run("jobs", "tail", "--every", "0.1s", "--for", "0.3s");
        assertThat(late.exit()).isZero();
        assertThat(late.out()).as("what ended before").isEmpty();
        CompletableFuture<Answer> failures = CompletableFuture.supplyAsync(() -> new CliRun(database, database.schema())
                .untilLines(2)
                .run("jobs", "tail", "--failed", "--json", "--every", "0.1s", "--for", "60s"));
        Awaitility.await().atMost(Duration.ofSeconds(30)).until(() -> {
            mill.enqueueAll(List.of(new JobRequest("Fine", "{}"), new JobRequest("Fail", "{}")));
            return failures.isDone();
        });
        assertThat(failures.join().jsonLines()).hasSizeGreaterThanOrEqualTo(2).allSatisfy(line -> {
            assertThat(line.get("kind").stringValue()).isEqualTo("Fail");
            assertThat(line.get("outcome").stringValue()).isEqualTo("FAILED");
            assertThat(line.get("error").stringValue()).contains("no use");
        });
        assertThat(failures.join().jsonLines().stream()
                        .map(line -> line.get("job_id").longValue()))
                .doesNotHaveDuplicates();
    }

    @Test
    void statisticsAreShownOnceAgainAndAgainAndToPrograms() {
        mill.enqueue(new JobRequest("Fine", "{}"));
        mill.enqueue(new JobRequest("Nobody", "{}"));
        Awaitility.await()
                .atMost(Duration.ofSeconds(30))
                .untilAsserted(() -> assertThat(cli.run("stats").out())
                        .contains(", 1 node, 0 schedules")
                        .contains("default")
                        .contains(worker)
                        .contains("unhandled  Nobody  1 job ready, and no node that lives handles it"));
        Answer once = cli.run("stats", "--json");
        assertThat(once.json().get("nodes").get(0).get("name").stringValue()).isEqualTo(worker);
        Answer often = cli.run("stats", "--json", "--watch", "--every", "0.1s", "--for", "0.5s");
        assertThat(often.jsonLines()).hasSizeGreaterThan(2).allMatch(line -> line.has("queues"));
        Answer piped = cli.run("stats", "--watch", "--every", "0.1s", "--for", "0.3s");
        assertThat(piped.out()).doesNotContain("\u001b").contains(worker);
        assertThat(once.json().get("more_queues").intValue()).isZero();
        JsonNode page = cli.run("queues", "--limit", "1", "--json").json();
        assertThat(page.get("queues").size()).isEqualTo(1);
        assertThat(page.get("next_after").stringValue()).isEqualTo("default");
        JsonNode rest = cli.run("queues", "--after", "default", "--json").json();
        assertThat(rest.get("queues").size()).isZero();
        assertThat(rest.get("next_after").isNull()).isTrue();
        assertThat(cli.run("queues", "--json")
                        .json()
                        .get("queues")
                        .get(0)
                        .get("paused")
                        .isNull())
                .isTrue();
    }

    @Test
    void aTerminalIsWrittenOverInPlaceAndGivenBack() {
        Screen small = new Screen(true, true, true, true, 60, 12);
        Answer watched = cli.on(small).run("stats", "--watch", "--every", "0.1s", "--for", "0.3s");
        assertThat(watched.out()).startsWith("\u001b[?1049h\u001b[?25l\u001b[H").endsWith("\u001b[?25h\u001b[?1049l");
        List<String> frames = List.of(watched.out().split("\u001b\\[H", -1));
        assertThat(frames).hasSizeGreaterThan(2);
        assertThat(frames).allMatch(frame -> frame.lines().count() <= 12);
        assertThat(watched.out().replaceAll("\u001b\\[[?0-9;]*[a-zA-Z]", "").lines())
                .allMatch(line -> line.length() <= 60);
    }
}
