package dev.tidemill.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemill.cli.CliRun.Answer;
import dev.tidemill.jobs.EnqueueOptions;
import dev.tidemill.jobs.JobRequest;
import dev.tidemill.jobs.JobState;
import dev.tidemill.jobs.JobView;
import dev.tidemill.jobs.LogLevel;
import dev.tidemill.jobs.Priority;
import dev.tidemill.jobs.Retry;
import dev.tidemill.testkit.FreshMill;
import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.TestDatabase;
import dev.tidemill.testkit.TestMill;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;

/** Jobs and dead letters from the command line. */
@ExtendWith(FreshSchema.class)
final class JobsCliTest {
    private final List<String> seen = new ArrayList<>();

    @RegisterExtension
    private final FreshMill fresh = FreshMill.with(jobs -> jobs.handleJson("Fine", (json, run) -> {
                seen.add(json);
                run.log(LogLevel.INFO, "half way");
                run.result(Map.of("pages", 3));
            })
            .handleJson("Fail", (json, run) -> {
                throw Retry.never("order 4711 is gone\nand here is why");
            }));

    @TempDir
    private Path folder = Path.of("set by JUnit");

    private final TestDatabase database;
    private TestMill mill;
    private CliRun cli;

    JobsCliTest(TestDatabase database) {
        this.database = database;
    }

    @BeforeEach
    void take(TestMill given) {
        mill = given;
        mill.clock().run();
        cli = new CliRun(database, mill.schema());
    }

    private long enqueue(String kind) {
        return mill.tidemill().enqueue(new JobRequest(kind, "{}"));
    }

    private JobView job(long id) {
        return mill.tidemill().job(id).orElseThrow();
    }

    private long enqueued(String... arguments) {
        List<String> all = new ArrayList<>(List.of("jobs", "enqueue"));
        all.addAll(List.of(arguments));
        all.add("--json");
        Answer answer = cli.run(all.toArray(String[]::new));
        assertThat(answer.exit()).as(answer.err()).isZero();
        return answer.json().get("id").longValue();
    }

    @Test
    void aJobIsEnqueuedWithAllThatIsSaidOfIt() {
        JobView job = job(enqueued(
                "Fine",
                "{\"n\": 12345678901234567890.10}",
                "--queue",
                "mail",
                "--priority",
                "high",
                "--delay",
                "2h",
                "--key",
                "tenant-7",
                "--tag",
                "orderId:4711",
                "--tag",
                "source:cli:test",
                "--attempts",
                "7",
                "--timeout",
                "90s"));
        assertThat(job.payload()).isEqualTo("{\"n\": 12345678901234567890.10}");
        assertThat(job.queue()).isEqualTo("mail");
        assertThat(job.priority()).isEqualTo(Priority.HIGH);
        assertThat(job.state()).isEqualTo(JobState.SCHEDULED);
        assertThat(job.dueAt()).isEqualTo(job.createdAt().plus(Duration.ofHours(2)));
        assertThat(job.key()).isEqualTo("tenant-7");
        assertThat(job.tags()).containsEntry("orderId", "4711").containsEntry("source", "cli:test");
        assertThat(job(enqueued("Fine", "--at", "2030-01-01T00:00:00Z")).dueAt())
                .hasToString("2030-01-01T00:00:00Z");
    }

    @Test
    void aPayloadComesFromAFileOrFromStandardInput() throws IOException {
        Path file = Files.writeString(folder.resolve("payload.json"), "{\"from\": \"file, ü\"}\n");
        assertThat(job(enqueued("Fine", "@" + file)).payload()).isEqualTo("{\"from\": \"file, ü\"}");
        cli.reading(" {\"from\": \"pipe\"}\n");
        assertThat(job(enqueued("Fine", "-")).payload()).isEqualTo("{\"from\": \"pipe\"}");
    }

    @Test
    void aUniqueJobIsNamedInsteadOfEnqueuedAgain() {
        long first = enqueued("Fine", "--unique-key", "report-7");
        Answer second = cli.run("jobs", "enqueue", "Fine", "--unique-key", "report-7", "--json");
        assertThat(second.json().get("id").longValue()).isEqualTo(first);
        assertThat(second.json().get("created").booleanValue()).isFalse();
        assertThat(cli.run("jobs", "enqueue", "Fine", "--unique-key", "report-7")
                        .out())
                .contains("Job " + first + " was there before and has the key; nothing was enqueued.");
    }

    @Test
    void aUniqueJobGivesItsPayloadToTheOneThatWaits() {
        String[] debounced = {"--unique-key", "index-42", "--mode", "debounce", "--wait", "1h", "--max-wait", "2h"};
        long first = enqueued(with(debounced, "Fine", "{\"n\": 1}"));
        assertThat(job(first).dueAt()).isEqualTo(job(first).createdAt().plus(Duration.ofHours(1)));
        Answer second = cli.run(with(debounced, "jobs", "enqueue", "Fine", "{\"n\": 2}"));
        assertThat(second.out())
                .contains("Job " + first + " was there before and has the key; it has this payload now.");
        assertThat(job(first).payload()).isEqualTo("{\"n\": 2}");

        String[] throttled = {"--unique-key", "mail-7", "--mode", "throttle", "--window", "1d"};
        long mail = enqueued(with(throttled, "Fine"));
        assertThat(enqueued(with(throttled, "Fine"))).isEqualTo(mail);

        long waiting = enqueued(
                "Fine", "{}", "--delay", "1h", "--unique-key", "k", "--mode", "replace", "--release", "at_end");
        assertThat(job(waiting).uniqueKey()).isEqualTo("k");
        assertThat(cli.run("jobs", "enqueue", "Fine", "--unique-key", "k", "--mode", "throttle")
                        .err())
                .contains("INVALID_OPTION", "window");
        assertThat(cli.run("jobs", "enqueue", "Fine", "--mode", "replace").exit())
                .isEqualTo(2);
    }

    private static String[] with(String[] options, String... before) {
        return Stream.concat(Stream.of(before), Stream.of(options)).toArray(String[]::new);
    }

    @Test
    void everyLineIsAJob() {
        String lines = IntStream.range(0, 2500)
                .mapToObj(n -> "{\"kind\": \"Fine\", \"payload\": {\"n\": " + n + "}, \"queue\": \"bulk\"}")
                .collect(Collectors.joining("\n", "", "\n\n"));
        Answer answer = cli.reading(lines).run("jobs", "enqueue", "-", "--json");
        assertThat(answer.exit()).as(answer.err()).isZero();
        assertThat(answer.json().get("enqueued").longValue()).isEqualTo(2500);
        assertThat(job(answer.json().get("first_id").longValue()).queue()).isEqualTo("bulk");
        assertThat(answer.err()).as("no bar in a pipe").isEmpty();
    }

    @Test
    void everyLineIsAPayload() throws IOException {
        Path file = Files.writeString(folder.resolve("payloads"), "{\"n\": 1}\n{\"n\": 2}\n[3]");
        assertThat(cli.run("jobs", "enqueue", "Fine", "@" + file, "--lines", "--priority", "critical")
                        .out())
                .contains("3 jobs are enqueued.");
        mill.runDue().succeeded(3);
        assertThat(seen).containsExactlyInAnyOrder("{\"n\": 1}", "{\"n\": 2}", "[3]");
    }

    @Test
    void aLineThatIsWrongEndsItAndSaysWhatIsEnqueued() {
        String good = "{\"kind\": \"Fine\"}\n";
        Answer early =
                cli.reading(good + "{\"kind\": \"Fine\", \"colour\": 1}\n").run("jobs", "enqueue", "-");
        assertThat(early.exit()).isEqualTo(2);
        assertThat(early.err())
                .contains("Line 2: The field 'colour' is unknown")
                .contains("Nothing was enqueued.");
        Answer late = cli.reading(good.repeat(1000) + "{\"kind\": \n").run("jobs", "enqueue", "-", "--json");
        assertThat(late.exit()).isEqualTo(1);
        assertThat(late.err()).contains("Line 1001: ").contains("Lines 1 to 1000 are enqueued.");
        assertThat(late.json().get("enqueued").longValue()).isEqualTo(1000);
        Answer payload = cli.reading("{\"n\": }\n").run("jobs", "enqueue", "Fine", "-", "--lines");
        assertThat(payload.err()).contains("In lines 1 to 1: ").contains("Nothing was enqueued.");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "jobs enqueue 7up | INVALID_KIND",
                "jobs enqueue Fine {no | PAYLOAD_INVALID",
                "jobs enqueue Fine --queue a,b | INVALID_QUEUE",
                "jobs enqueue Fine --priority urgent | Unknown priority 'urgent'",
                "jobs enqueue Fine --delay soon | 'soon' is no time",
                "jobs enqueue Fine --at tomorrow | 'tomorrow' is no time",
                "jobs enqueue Fine --delay 1h --at 2090-01-01T00:00:00Z | give one of them",
                "jobs enqueue Fine --tag colour | write it as name:value",
                "jobs enqueue Fine --attempts 0 | attempts is 0",
                "jobs enqueue Fine @/nowhere | The file /nowhere cannot be read: there is none.",
                "jobs enqueue - --queue a | Where every line is a whole job",
                "jobs enqueue Fine {} --lines | --lines needs a payload that is - or @FILE",
                "jobs list --limit 0 | between 1 and 1000",
                "jobs list --within 2h | between 0s and 1h",
                "jobs list --state GONE | GONE",
                "jobs list --tag colour | write it as name:value",
                "jobs list --cursor nonsense | none that a search gave out",
                "jobs show x | 'x'",
                "jobs show 7 --log 1001 | between 0 and 1000",
                "jobs tail 7 --kind A | One job is followed whole",
                "jobs tail --every 0.01s | between 0.1s and 1h",
                "jobs retry | ID",
                "dead-letters list --limit 0 | between 1 and 1000",
                "dead-letters replay | Name jobs",
            })
    void whatIsWrongIsSaidInALine(String command, String said) {
        Answer answer = cli.run(command.strip().split(" ", -1));
        assertThat(answer.exit()).isEqualTo(2);
        assertThat(answer.out()).isEmpty();
        assertThat(answer.err())
                .startsWith("tidemill: ")
                .contains(said.strip())
                .doesNotContain("Exception")
                .doesNotContain("\tat ");
    }

    @Test
    void jobsAreListedByWhatTheyHaveInCommonPageByPage() {
        long fine = mill.tidemill().enqueue(new JobRequest("Fine", "{}"), EnqueueOptions.NONE.tag("orderId", "4711"));
        long fail = enqueue("Fail");
        mill.runDue();
        long waiting = mill.tidemill().enqueue(new JobRequest("Fine", "{}"), EnqueueOptions.delay(Duration.ofDays(1)));
        assertThat(cli.run("jobs", "list").out())
                .contains("ID  STATE")
                .contains("order 4711 is gone")
                .doesNotContain("and here is why")
                .doesNotContain("--cursor");
        assertThat(ids(cli.run("jobs", "list", "--json"))).containsExactly(waiting, fail, fine);
        assertThat(ids(cli.run("jobs", "list", "--state", "dead", "--json"))).containsExactly(fail);
        assertThat(ids(cli.run("jobs", "list", "--tag", "orderId:4711", "--json")))
                .containsExactly(fine);
        assertThat(ids(cli.run("jobs", "list", "--kind", "Fine", "--state", "SCHEDULED", "--json")))
                .containsExactly(waiting);
        assertThat(ids(cli.run("jobs", "list", "--error", "IS GONE", "--json"))).containsExactly(fail);
        assertThat(cli.run("jobs", "list", "--kind", "Rare").out()).contains("No job fits.");

        JsonNode first = cli.run("jobs", "list", "--limit", "2", "--json").json();
        assertThat(first.get("jobs").size()).isEqualTo(2);
        String next = first.get("next").stringValue();
        assertThat(cli.run("jobs", "list", "--limit", "2").out()).contains("--cursor ");
        assertThat(ids(cli.run("jobs", "list", "--limit", "2", "--cursor", next, "--json")))
                .containsExactly(fine);
    }

    private static List<Long> ids(Answer answer) {
        List<Long> ids = new ArrayList<>();
        answer.json().get("jobs").forEach(job -> ids.add(job.get("id").longValue()));
        return ids;
    }

    @Test
    void aJobIsShownWithItsAttemptsItsErrorsAndItsLog() {
        long fine = mill.tidemill()
                .enqueue(
                        new JobRequest("Fine", "{\"email\": \"ada@example.com\"}"),
                        EnqueueOptions.NONE.tag("orderId", "4711"));
        long fail = enqueue("Fail");
        mill.runDue();
        assertThat(cli.run("jobs", "show", Long.toString(fine)).out())
                .contains("Job " + fine + " is SUCCEEDED")
                .contains("tag       orderId:4711")
                .contains("payload   {\"email\": \"ada@example.com\"}")
                .contains("Attempt 1 resulted in")
                .contains("{\"pages\":3}")
                .contains("INFO  half way");
        assertThat(cli.run("jobs", "show", Long.toString(fail)).out())
                .contains("Job " + fail + " is DEAD")
                .contains("Attempt 1 failed with")
                .contains("Retry: order 4711 is gone\n  and here is why")
                .contains("more lines; --full shows them");
        assertThat(cli.run("jobs", "show", Long.toString(fail), "--full").out()).doesNotContain("more lines");
        JsonNode json = cli.run("jobs", "show", Long.toString(fine), "--json").json();
        assertThat(json.get("state").stringValue()).isEqualTo("SUCCEEDED");
        assertThat(json.get("attempts").get(0).get("result").get("pages").intValue())
                .isEqualTo(3);
        assertThat(json.get("log").get(0).get("text").stringValue()).isEqualTo("half way");
        assertThat(cli.run("jobs", "show", "424242"))
                .matches(none -> none.exit() == 1 && none.out().contains("There is no job 424242."));
    }

    @Test
    void whatWouldSteerATerminalIsShownAsADot() {
        long id = mill.tidemill().enqueue(new JobRequest("Fine", "{\"a\": \"\u009b31m\u202egnp.exe\"}"));
        assertThat(cli.run("jobs", "show", Long.toString(id)).out())
                .contains("·31m·gnp.exe")
                .doesNotContain("\u009b")
                .doesNotContain("\u202e");
    }

    @Test
    void aDeadLetterAndAWaitingJobAreTriedAgain() {
        long dead = enqueue("Fail");
        mill.runDue();
        long later = mill.tidemill().enqueue(new JobRequest("Fine", "{}"), EnqueueOptions.delay(Duration.ofDays(1)));
        Answer answer = cli.run("jobs", "retry", Long.toString(dead), Long.toString(later), "424242", "--json");
        assertThat(answer.json()
                        .get("jobs")
                        .valueStream()
                        .map(one -> one.get("outcome").stringValue()))
                .containsExactly("DONE", "DONE", "NOT_FOUND");
        assertThat(answer.exit()).isEqualTo(1);
        assertThat(job(dead).state()).isEqualTo(JobState.READY);
        assertThat(job(later).state()).isEqualTo(JobState.READY);
        mill.runDue();
        assertThat(cli.run("jobs", "retry", Long.toString(later)))
                .matches(done -> done.exit() == 1 && done.out().contains("too late, it succeeded"));
    }

    @Test
    void deadLettersAreListedPageByPageAndGrouped() {
        assertThat(cli.run("dead-letters").out()).isEqualTo("No dead letters.\n");
        List<Long> ids = List.of(enqueue("Fail"), enqueue("Fail"), enqueue("Fail"));
        mill.runDue();
        Answer first = cli.run("dead-letters", "list", "--limit", "2", "--json");
        assertThat(first.json().get("dead_letters").size()).isEqualTo(2);
        String after = first.json().get("next_after").stringValue();
        mill.tidemill().replay(List.of(first.json().at("/dead_letters/1/job_id").longValue()), "test");
        Answer rest = cli.run("dead-letters", "list", "--limit", "2", "--after", after, "--json");
        assertThat(rest.json().get("dead_letters").size()).isEqualTo(1);
        assertThat(rest.json().get("next_after").isNull()).isTrue();
        mill.runDue();
        assertThat(cli.run("dead-letters").out())
                .contains("GIVEN_UP")
                .contains("order 4711 is gone")
                .doesNotContain("and here is why");

        JsonNode groups = cli.run("dead-letters", "groups", "--json").json();
        assertThat(groups.get("groups").size()).isEqualTo(1);
        assertThat(groups.get("groups").get(0).get("count").longValue()).isEqualTo(3);
        assertThat(groups.get("groups").get(0).get("sample").stringValue()).contains("order 4711 is gone");
        assertThat(groups.get("groups").get(0).get("newest_job").longValue()).isIn(ids);
        assertThat(cli.run("dead-letters", "groups").out())
                .contains("JOBS  KIND")
                .contains("   3  Fail  GIVEN_UP");
    }

    @Test
    void aJobIsFollowedToItsEnd() {
        long fine = enqueue("Fine");
        long fail = enqueue("Fail");
        mill.runDue();
        Answer good = cli.run("jobs", "tail", Long.toString(fine));
        assertThat(good.exit()).isZero();
        assertThat(good.out())
                .contains("INFO  half way")
                .contains("SUCCEEDED")
                .contains("Job " + fine + " is SUCCEEDED");
        Answer bad = cli.run("jobs", "tail", Long.toString(fail), "--json");
        assertThat(bad.exit()).isEqualTo(1);
        assertThat(bad.jsonLines().getLast().get("outcome").stringValue()).isEqualTo("FAILED");
        assertThat(cli.run("jobs", "tail", "424242"))
                .matches(none -> none.exit() == 1 && none.err().contains("There is no job 424242."));
    }
}
