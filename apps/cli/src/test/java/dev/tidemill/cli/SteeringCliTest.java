package dev.tidemill.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemill.cli.CliRun.Answer;
import dev.tidemill.jobs.JobRequest;
import dev.tidemill.jobs.JobState;
import dev.tidemill.jobs.Priority;
import dev.tidemill.jobs.Retry;
import dev.tidemill.testkit.FreshMill;
import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.TestDatabase;
import dev.tidemill.testkit.TestMill;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** The commands that change jobs and nodes, with no server up. */
@ExtendWith(FreshSchema.class)
final class SteeringCliTest {
    private final List<String> fine = new ArrayList<>();

    @RegisterExtension
    private final FreshMill fresh = FreshMill.with(jobs -> jobs.handleJson("Fine", (json, run) -> fine.add(json))
            .handleJson("Fail", (json, run) -> {
                if (!json.contains("mended")) {
                    throw Retry.never("no use");
                }
            }));

    @TempDir
    private Path folder = Path.of("set by JUnit");

    private final TestDatabase database;
    private TestMill mill;

    SteeringCliTest(TestDatabase database) {
        this.database = database;
    }

    @BeforeEach
    void take(TestMill given) {
        mill = given;
        mill.clock().run();
    }

    private Answer run(String... arguments) {
        return new CliRun(database, mill.schema()).run(arguments);
    }

    private long enqueue(String kind) {
        return mill.tidemill().enqueue(new JobRequest(kind, "{}"));
    }

    @Test
    void aJobIsPutOffAndCalledBackAndGivenAnotherPriority() throws IOException {
        String id = Long.toString(enqueue("Fine"));
        assertThat(run("reschedule", id, "--in", "2h").out()).contains("Job " + id + ": done.");
        assertThat(mill.runDue().isEmpty()).isTrue();
        assertThat(run("prioritize", id, "424242", "--to", "high"))
                .matches(answer -> answer.exit() == 1 && answer.out().contains("Job 424242: there is none."));
        assertThat(mill.tidemill().job(Long.parseLong(id)).orElseThrow().priority())
                .isEqualTo(Priority.HIGH);
        assertThat(run("reschedule", id, "--now").exit()).isZero();
        mill.runDue().succeeded(1);
        assertThat(run("reschedule", id, "--at", "2030-01-31T09:00:00Z"))
                .matches(answer -> answer.exit() == 1 && answer.out().contains("too late, it succeeded"));
    }

    @Test
    void whatFitsIsCancelledRescheduledAndPutAside() throws IOException {
        enqueue("Fine");
        enqueue("Fine");
        enqueue("Fail");
        assertThat(run("cancel", "--kind", "Fine", "--dry-run").out()).contains("2 jobs would be cancelled.");
        assertThat(run("reschedule", "--kind", "Fine", "--at", "2090-01-01T00:00:00Z")
                        .exit())
                .isEqualTo(2);
        assertThat(run("cancel", "--kind", "Fine", "--most", "1").out())
                .contains("1 job is cancelled; there are more.");
        assertThat(run("cancel", "--kind", "Fine").out()).contains("1 job is cancelled.");
        mill.runDue();
        assertThat(fine).isEmpty();
        assertThat(run("replay", "--kind", "Fail", "--code", "GIVEN_UP").out()).contains("1 job is ready again.");
        mill.runDue();
        assertThat(run("discard", "--all").out()).contains("1 job is put aside.");
        assertThat(run("discard", "424242").exit()).isEqualTo(1);
        assertThat(run("audit", "--limit", "2").out().lines()).hasSize(3).satisfies(lines -> {
            assertThat(lines.getFirst()).contains("discard all JOBS (1 job)");
            assertThat(lines.getLast()).contains("--before ").contains(" goes on");
        });
    }

    @Test
    void aDeadLetterIsReplayedWithAnotherPayload() throws IOException {
        long id = enqueue("Fail");
        mill.runDue();
        Path broken = Files.writeString(folder.resolve("broken.json"), "{\"mended");
        Path payload = Files.writeString(folder.resolve("payload.json"), "{\"mended\": true}\n");
        assertThat(run("replay", Long.toString(id), "--payload-file", broken.toString()))
                .matches(answer -> answer.exit() == 2 && answer.err().contains("PAYLOAD_INVALID"));
        assertThat(run("replay", Long.toString(id), "--payload-file", payload.toString(), "--by", "ann")
                        .exit())
                .isZero();
        mill.runDue().succeeded(1);
        assertThat(mill.tidemill().job(id).orElseThrow())
                .matches(job ->
                        job.state() == JobState.SUCCEEDED && job.payload().equals("{\"mended\": true}"));
        assertThat(run("audit", "--target", "JOB " + id).out())
                .contains("ann: replay JOB " + id + " (with another payload)");
    }

    @Test
    void aNodeIsDrainedAndCalledBack() throws IOException {
        enqueue("Fine");
        mill.runDue();
        String node = mill.tidemill().stats().nodes().getFirst().name();
        assertThat(run("drain", node, "--reason", "a new disk").out()).contains("Node " + node + " is drained.");
        assertThat(run("drain", node).exit()).isEqualTo(1);
        long id = enqueue("Fine");
        assertThat(mill.runDue().isEmpty()).isTrue();
        assertThat(run("why", Long.toString(id)).out())
                .contains("NODES_DRAINED: The nodes that could run it are drained: " + node)
                .contains("./tidemill drain --undo " + node);
        assertThat(run("drain", "--undo", node).exit()).isZero();
        assertThat(run("drain", "--undo", node).exit()).isEqualTo(1);
        mill.runDue().succeeded(1);
        assertThat(run("drain", "nobody-of-that-name"))
                .matches(answer -> answer.exit() == 1 && answer.err().contains("NOT_FOUND"));
    }
}
