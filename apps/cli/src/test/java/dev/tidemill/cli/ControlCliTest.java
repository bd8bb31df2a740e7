package dev.tidemill.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import dev.tidemill.cli.CliRun.Answer;
import dev.tidemill.cli.terminal.Screen;
import dev.tidemill.jobs.AuditLine;
import dev.tidemill.jobs.Breaker;
import dev.tidemill.jobs.JobRequest;
import dev.tidemill.jobs.JobState;
import dev.tidemill.jobs.Limit;
import dev.tidemill.testkit.FreshMill;
import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.TestDatabase;
import dev.tidemill.testkit.TestMill;
import java.time.Duration;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;

/** Schedules, limits, breakers, retention, pauses and nodes from the command line. */
@ExtendWith(FreshSchema.class)
final class ControlCliTest {
    @RegisterExtension
    private final FreshMill fresh = FreshMill.with(jobs -> jobs.breaker(Breaker.of("bank"))
            .handleJson("Fine", (json, run) -> {}, options -> options.dependsOn("bank")));

    private final TestDatabase database;
    private TestMill mill;
    private CliRun cli;

    ControlCliTest(TestDatabase database) {
        this.database = database;
    }

    @BeforeEach
    void take(TestMill given) {
        mill = given;
        mill.clock().run();
        cli = new CliRun(database, mill.schema());
    }

    @Test
    void aScheduleIsPutLookedAtPausedTriggeredAndRemoved() {
        assertThat(cli.run("schedules").out()).isEqualTo("No schedules.\n");
        JsonNode put = cli.run(
                        "schedules",
                        "put",
                        "nightly",
                        "Fine",
                        "{\"scope\": \"all\"}",
                        "--cron",
                        "30 2 * * *",
                        "--zone",
                        "Europe/Berlin",
                        "--overlap",
                        "queue",
                        "--catch-up",
                        "3",
                        "--key",
                        "tenant-17",
                        "--tag",
                        "team:night",
                        "--json")
                .json();
        assertThat(put.get("cron").stringValue()).isEqualTo("30 2 * * *");
        assertThat(put.get("overlap").stringValue()).isEqualTo("QUEUE");
        assertThat(put.get("key").stringValue()).isEqualTo("tenant-17");
        assertThat(cli.run("schedules", "list").out()).contains("nightly").contains("cron 30 2 * * * @ Europe/Berlin");
        assertThat(cli.run("schedules", "pause", "nightly").exit()).isZero();
        assertThat(cli.run("schedules").out()).contains("paused");
        Answer triggered = cli.run("schedules", "trigger", "nightly", "--json");
        assertThat(mill.tidemill()
                        .job(triggered.json().get("id").longValue())
                        .orElseThrow()
                        .payload())
                .isEqualTo("{\"scope\": \"all\"}");
        assertThat(cli.run("schedules", "resume", "nightly").out()).contains("Schedule nightly goes on.");
        assertThat(cli.run("schedules", "show", "nightly", "--next", "2").out())
                .contains("Schedule nightly is on")
                .contains("tenant-17")
                .contains("ENQUEUED")
                .contains("yes");
        assertThat(cli.run("schedules", "show", "nightly", "--next", "2", "--json")
                        .json()
                        .get("next_fires")
                        .size())
                .isEqualTo(2);
        assertThat(cli.run("audit", "--target", "SCHEDULE nightly", "--json")
                        .json()
                        .get("lines")
                        .size())
                .isGreaterThanOrEqualTo(4);
        assertThat(cli.run("schedules", "remove", "nightly").exit()).isZero();
        assertThat(cli.run("schedules", "remove", "nightly").exit()).isEqualTo(1);
        assertThat(cli.run("schedules", "show", "nightly"))
                .matches(answer -> answer.exit() == 1 && answer.err().contains("There is no schedule 'nightly'."));
    }

    @Test
    void aLimitIsPutLookedAtAndRemoved() {
        assertThat(cli.run(
                                "limits",
                                "put",
                                "--queue",
                                "mail",
                                "--concurrency",
                                "5",
                                "--rate",
                                "100",
                                "--per",
                                "1m",
                                "--by",
                                "ann")
                        .exit())
                .isZero();
        assertThat(mill.tidemill().limits().list().getFirst().limit())
                .isEqualTo(Limit.ofQueue("mail").concurrency(5).rate(100, Duration.ofMinutes(1)));
        assertThat(cli.run("limits").out()).contains("QUEUE  mail").contains("100 in 1m 0s");
        assertThat(cli.run("limits", "put", "--kind", "Fine", "--per-key", "--concurrency", "1")
                        .out())
                .contains("The limit on kind Fine, for each key holds.");
        assertThat(cli.run("limits", "list", "--json").json().get("limits").size())
                .isEqualTo(2);
        assertThat(cli.run("limits", "remove", "--kind", "Fine").exit())
                .as("another one")
                .isEqualTo(1);
        assertThat(cli.run("limits", "remove", "--kind", "Fine", "--per-key", "--by", "bea")
                        .exit())
                .isZero();
        assertThat(cli.run("limits", "share", "mail", "--key", "big", "--weight", "4")
                        .err())
                .contains("The keys of queue 'mail' do not take turns");
        assertThat(cli.run("limits", "share", "mail", "--by", "cleo").out())
                .contains("The keys of queue mail take turns.");
        assertThat(cli.run("limits", "share", "mail", "--key", "big", "--weight", "4")
                        .exit())
                .isZero();
        assertThat(cli.run("limits").out())
                .contains("Keys take turns on: mail")
                .contains("Key big of queue mail has 4 turns.");
        assertThat(cli.run("limits", "--json").json().get("weights").toString())
                .isEqualTo("[{\"queue\":\"mail\",\"key\":\"big\",\"weight\":4}]");
        assertThat(cli.run("limits", "share", "mail", "--undo").exit()).isZero();
        assertThat(cli.run("limits", "share", "mail", "--undo").exit()).isEqualTo(1);
        assertThat(mill.tidemill().audit(Long.MAX_VALUE, 10))
                .extracting(AuditLine::by, AuditLine::action)
                .contains(tuple("ann", "limit"), tuple("bea", "unlimit"), tuple("cleo", "share fairly"));
    }

    @Test
    void aBreakerIsOpenedAndClosed() {
        assertThat(cli.run("breakers").out()).contains("bank").contains("CLOSED");
        assertThat(cli.run("breakers", "open", "bank", "--by", "ann").out()).contains("Breaker bank is open.");
        assertThat(cli.run("breakers", "open", "bank").exit()).isEqualTo(1);
        assertThat(cli.run("breakers", "list").out()).contains("OPEN by hand");
        assertThat(cli.run("breakers", "list", "--json")
                        .json()
                        .get("breakers")
                        .get(0)
                        .get("by_hand")
                        .booleanValue())
                .isTrue();
        assertThat(cli.run("breakers", "close", "bank").exit()).isZero();
        assertThat(cli.run("breakers", "close", "nobody"))
                .matches(answer -> answer.exit() == 1 && answer.err().contains("There is no breaker named 'nobody'"));
    }

    @Test
    void theSettingsOfABreakerChange() {
        assertThat(cli.run("breakers", "put", "bank", "--failures", "2", "--ratio", "0.25", "--open-for", "PT0.5S")
                        .out())
                .contains("The settings of breaker bank hold.");
        JsonNode bank = cli.run("breakers", "--json").json().get("breakers").get(0);
        assertThat(bank.get("failures").intValue()).isEqualTo(2);
        assertThat(bank.get("ratio").doubleValue()).isEqualTo(0.25);
        assertThat(bank.get("at_least").intValue()).isEqualTo(20);
        assertThat(bank.get("open_for_ms").intValue()).isEqualTo(500);
        assertThat(bank.get("longest_ms").intValue()).isEqualTo(300_000);
        assertThat(cli.run("audit", "--action", "put breaker").out()).contains("BREAKER bank");
    }

    @Test
    void theAlarmOfAKindIsSetAndListed() {
        assertThat(cli.run("alarms").out()).contains("No kind has an alarm of its own.");
        assertThat(cli.run("alarms", "put", "Fine", "--ratio", "0.1", "--at-least", "100", "--within", "5m")
                        .out())
                .contains("The alarm of kind Fine holds.");
        assertThat(cli.run("alarms", "put", "Other").exit()).isZero();
        assertThat(cli.run("alarms", "list", "--limit", "1").out())
                .contains("Fine")
                .contains("0.1")
                .doesNotContain("Other")
                .contains("--after Fine goes on");
        assertThat(cli.run("alarms", "list", "--after", "Fine").out())
                .contains("Other")
                .doesNotContain("Fine");
    }

    @Test
    void historyIsKeptForAnotherTime() {
        assertThat(cli.run("retention", "keep", "--age", "30d").out()).contains("History stays for 30d 0h at least.");
        assertThat(cli.run("retention", "keep", "--kind", "Fine", "--completed", "100", "--age", "365d")
                        .exit())
                .isZero();
        assertThat(cli.run("retention").out())
                .contains("30d 0h")
                .contains("365d 0h")
                .contains("job_");
        JsonNode json = cli.run("retention", "show", "--json").json();
        assertThat(json.get("age").stringValue()).isEqualTo("PT720H");
        assertThat(json.get("kinds").get("Fine").get("completed").intValue()).isEqualTo(100);
    }

    @Test
    void whatIsPausedIsListed() {
        assertThat(cli.run("pauses").out()).isEqualTo("Nothing is paused.\n");
        assertThat(cli.run("pause", "--all", "--by", "ann", "--reason", "a new disk")
                        .out())
                .contains("Everything is paused.");
        assertThat(cli.run("pauses").out())
                .contains("EVERYTHING")
                .contains("ann")
                .contains("a new disk");
        assertThat(cli.run("pauses", "--json")
                        .json()
                        .get("pauses")
                        .get(0)
                        .get("reason")
                        .stringValue())
                .isEqualTo("a new disk");
        assertThat(cli.run("resume", "--all").exit()).isZero();
    }

    @Test
    void nodesAndQueuesAreListed() {
        mill.tidemill().enqueue(new JobRequest("Fine", "{}"));
        mill.runDue();
        String node = mill.tidemill().stats().nodes().getFirst().name();
        assertThat(cli.run("nodes").out()).contains(node).contains("WORKING").contains("Fine");
        assertThat(cli.run("nodes", "drain", node, "--reason", "a new disk").exit())
                .isZero();
        Answer drained = cli.run("nodes", "list", "--json");
        assertThat(drained.json().get("drained").get(0).get("reason").stringValue())
                .isEqualTo("a new disk");
        assertThat(cli.run("nodes").out()).contains("drained  " + node);
        assertThat(cli.run("nodes", "drain", "--undo", node).exit()).isZero();
        assertThat(cli.run("queues", "nowhere"))
                .matches(answer ->
                        answer.exit() == 1 && answer.out().contains("Nothing waits or runs on queue nowhere"));
    }

    @Test
    void leasesAreListedAndBrokenOnceSomebodyMeansIt() {
        long id = mill.tidemill().enqueue(new JobRequest("Fine", "{}"));
        assertThat(cli.run("leases").out()).isEqualTo("No node holds a job.\n");
        mill.runDue();
        String node = mill.tidemill().stats().nodes().getFirst().name();
        assertThat(cli.run("leases", "break", node))
                .matches(answer -> answer.exit() == 2 && answer.err().contains("give --yes"));
        Screen terminal = new Screen(true, true, true, false, 100, 30);
        Answer no = cli.on(terminal).reading("no\n").run("leases", "break", node);
        assertThat(no.exit()).isEqualTo(1);
        assertThat(no.err())
                .contains("Take the 0 jobs of node " + node + " away? [y/N]")
                .contains("Left as it was.");
        assertThat(mill.tidemill().stats().nodes()).hasSize(1);
        Answer yes = cli.reading("y\n").run("leases", "break", node, "--reason", "hangs");
        assertThat(yes.exit()).isZero();
        assertThat(yes.out()).contains(" is closed; 0 jobs are ready again.");
        assertThat(mill.tidemill().stats().nodes()).isEmpty();
        assertThat(cli.on(Screen.PIPES).run("leases", "break", node, "--yes"))
                .matches(answer -> answer.exit() == 1 && answer.err().contains("NOT_FOUND"));
        assertThat(cli.run("audit", "--action", "break leases").out()).contains("hangs");
        assertThat(mill.tidemill().job(id).orElseThrow().state()).isEqualTo(JobState.SUCCEEDED);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "schedules put nightly Fine | --cron",
                "schedules put nightly Fine --cron often | INVALID_OPTION",
                "schedules put nightly Fine --cron x --zone Mars | The time zone 'Mars' is unknown",
                "schedules put nightly Fine --every 5m --every 6m | expected only one match",
                "schedules put nightly Fine --every 5m --overlap maybe | Unknown overlap policy 'maybe'",
                "schedules put 7 Fine --every 5m | is not a schedule's name",
                "schedules list --limit 0 | between 1 and 1000",
                "limits put --queue a | Say what the limit is",
                "limits put --queue a --rate 5 | A rate is --rate N with --per TIME",
                "limits put --queue a --concurrency 0 | between 1 and 1,000,000",
                "limits put --concurrency 5 | --queue",
                "limits share mail --key a | Give --key and --weight together",
                "limits share mail --key a --weight 17 | 17",
                "retention keep | Give --age for all history",
                "retention keep --age 1m | between 1 hour and",
                "retention keep --kind Fine --completed 10001 | between 0 and 10000",
                "breakers open | NAME",
                "breakers put | NAME",
                "breakers put bank --failures 0 | it must be 1 to 10000",
                "alarms put Fine --ratio 2 | above 0 and at most 1",
                "alarms put Fine --within 2h | between 1 minute and 1 hour",
                "leases break | NODE",
                "pause --queue a,b | INVALID_QUEUE",
                "nodes drain | NODE",
                "stats --watch --every x | 'x' is no time",
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
}
