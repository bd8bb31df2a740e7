package dev.tidemill.server;

import static com.microsoft.playwright.assertions.PlaywrightAssertions.assertThat;
import static dev.tidemill.server.BusyMill.state;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.microsoft.playwright.BrowserContext;
import com.microsoft.playwright.Page;
import com.microsoft.playwright.options.AriaRole;
import com.microsoft.playwright.options.ColorScheme;
import dev.tidemill.jobs.AttemptOutcome;
import dev.tidemill.jobs.AuditLine;
import dev.tidemill.jobs.Breaker;
import dev.tidemill.jobs.BreakerView;
import dev.tidemill.jobs.FailureAlarm;
import dev.tidemill.jobs.FailureAlarms.OfKind;
import dev.tidemill.jobs.JobRequest;
import dev.tidemill.jobs.JobState;
import dev.tidemill.jobs.Keep;
import dev.tidemill.jobs.Limit;
import dev.tidemill.jobs.LimitView;
import dev.tidemill.jobs.Pause;
import dev.tidemill.jobs.Priority;
import dev.tidemill.jobs.Stats.Duty;
import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.TestDatabase;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/** Every button of the dashboard in a browser, and what the database has of it afterwards. */
@ExtendWith(FreshSchema.class)
@Tag("browser")
@Timeout(120)
final class DashboardActionsTest extends AtTheDashboard {
    DashboardActionsTest(TestDatabase database) {
        super(database);
    }

    @Test
    void aWaitingJobIsSteeredAndCancelled() {
        long id = later("SendWelcome");
        open("/jobs/" + id);
        assertThat(page.locator(".why")).containsText("DELAYED");

        page.locator("#menu-priority summary").click();
        page.locator("#menu-priority select").selectOption("CRITICAL");
        button("Change").click();
        says("has priority critical");
        assertThat(mill.job(id).orElseThrow().priority()).isEqualTo(Priority.CRITICAL);

        page.locator("#menu-later summary").click();
        page.locator("#at").fill("2031-05-06T07:08:09");
        button("Reschedule").click();
        says("waits until");
        assertThat(mill.job(id).orElseThrow().dueAt()).isEqualTo(Instant.parse("2031-05-06T07:08:09Z"));

        button("Cancel").click();
        says("is cancelled");
        assertThat(state(mill, id)).isEqualTo(JobState.CANCELLED);
        assertThat(page.url()).endsWith("/jobs/" + id);
        assertThat(mill.audit(Long.MAX_VALUE, 1).getFirst().by()).isEqualTo("anyone");
    }

    @Test
    void aWaitingJobRunsNowAndThePageFollowsIt() {
        long id = later("SendWelcome");
        open("/jobs/" + id);
        button("Run now").click();
        says("is ready now");
        assertThat(page.locator("#job")).containsText("sent to ada@example.com");
        assertThat(page.locator("#job")).containsText("accepted by mail-api");
        assertThat(state(mill, id)).isEqualTo(JobState.SUCCEEDED);

        page.locator("#edit-title").click();
        page.locator("#payload").fill("{\"again\": true}");
        button("Enqueue a copy with this payload").click();
        says("is enqueued, like job " + id);
        long copy = Long.parseLong(page.url().replaceFirst(".*/", ""));
        assertThat(copy).isNotEqualTo(id);
        assertThat(mill.job(copy).orElseThrow().payload()).contains("again");
    }

    @Test
    void aRunningJobShowsProgressLiveAndIsInterrupted() {
        long id = mill.enqueue(new JobRequest("ImportCatalog", "{}"));
        open("/jobs/" + id);
        assertThat(page.locator("#job")).containsText("420 of 1,000 (42%), reading products");
        assertThat(page.locator("#job")).containsText("product 17 has no price");
        button("Cancel").click();
        await().until(() -> state(mill, id) == JobState.CANCELLED);
        assertThat(page.locator("#job table").first()).containsText("cancelled");
    }

    @Test
    void aDeadLetterIsReplayedEditedAndDiscarded() {
        long id = dead();
        open("/jobs/" + id);
        assertThat(page.locator("#job")).containsText("the bank says no");
        button("Replay").click();
        says("is ready again");
        await().until(() -> mill.job(id).orElseThrow().attempts().size() == 2 && state(mill, id) == JobState.DEAD);

        open("/jobs/" + id);
        page.locator("#payload").fill("{\"card\": \"edited\"}");
        button("Replay with this payload").click();
        says("with the payload as edited");
        await().until(() -> mill.job(id).orElseThrow().attempts().size() == 3 && state(mill, id) == JobState.DEAD);
        assertThat(mill.job(id).orElseThrow().payload()).contains("edited");

        open("/jobs/" + id);
        page.locator("#payload").fill("{\"card\": ");
        button("Replay with this payload").click();
        assertThat(page.locator("#flash.bad")).isVisible();
        assertThat(state(mill, id)).isEqualTo(JobState.DEAD);

        button("Discard").click();
        says("is put aside");
        assertThat(state(mill, id)).isEqualTo(JobState.DISCARDED);
    }

    @Test
    void deadLettersAreReplayedAndDiscardedOneByOneAndByTheirError() {
        long first = dead();
        long second = dead();
        long third = dead();
        open("/dead-letters");
        button("Discard job " + third).click();
        says("is put aside");
        assertThat(state(mill, third)).isEqualTo(JobState.DISCARDED);
        button("Replay job " + second).click();
        says("is ready again");
        await().until(() ->
                mill.job(second).orElseThrow().attempts().size() == 2 && state(mill, second) == JobState.DEAD);

        open("/dead-letters");
        button("Replay all of ChargeCard, HANDLER_FAILED").click();
        says("2 jobs are ready again");
        await().until(() -> mill.job(first).orElseThrow().attempts().size() == 2
                && mill.job(second).orElseThrow().attempts().size() == 3
                && mill.deadLetters(null, 10).size() == 2);
        // Groups are some seconds old at most: they may have been counted while there were none.
        await().until(() -> {
            open("/dead-letters");
            return button("Discard all of ChargeCard, HANDLER_FAILED").isVisible();
        });
        button("Discard all of ChargeCard, HANDLER_FAILED").click();
        says("2 jobs are put aside");
        assertThat(mill.deadLetters(null, 10)).isEmpty();
    }

    @Test
    void queuesKindsAndKeysArePausedAndGoOn() {
        open("/queues");
        page.locator("#pause-form summary").click();
        page.locator("#pause-scope").selectOption("KIND");
        page.locator("#pause-name").fill("SendWelcome");
        page.locator("#pause-reason").fill("a new template");
        button("Pause").click();
        says("Kind SendWelcome is paused");
        Pause pause = mill.pauses().paused().getFirst();
        assertThat(pause.name()).isEqualTo("SendWelcome");
        assertThat(pause.reason()).isEqualTo("a new template");
        button("Resume kind SendWelcome").click();
        says("Kind SendWelcome goes on.");
        assertThat(mill.pauses().paused()).isEmpty();

        open("/queues/default");
        button("Pause this queue").click();
        says("Queue default is paused");
        assertThat(mill.pauses().paused()).extracting(Pause::scope).containsExactly(Pause.Scope.QUEUE);
        button("Resume queue default").click();
        says("Queue default goes on.");
        assertThat(page.url()).contains("/queues/default");
    }

    @Test
    void schedulesAreMadeChangedRunPausedAndRemoved() {
        open("/new-schedule");
        page.locator("#name").fill("cleanup");
        page.locator("#when").fill("61 * * * *");
        page.locator("#kind").fill("SendWelcome");
        button("Save").click();
        assertThat(page.locator("[role=alert]")).isVisible();
        assertThat(page.locator("#when")).hasValue("61 * * * *");
        page.locator("#when").fill("15 4 * * *");
        page.locator("#zone").fill("Europe/Berlin");
        page.locator("#payload").fill("{\"deep\": true}");
        page.locator("#key").fill("tenant-17");
        button("Save").click();
        says("Schedule cleanup is saved");
        assertThat(page.locator("dl.pairs").first()).containsText("tenant-17");
        assertThat(mill.schedules().get("cleanup").timing().toString()).isEqualTo("cron 15 4 * * * @ Europe/Berlin");

        button("Run now").click();
        says("of schedule cleanup is enqueued");
        assertThat(mill.schedules().history("cleanup", 5)).hasSize(1).allMatch(fire -> fire.manual());
        button("Pause").click();
        says("is paused");
        assertThat(mill.schedules().get("cleanup").paused()).isTrue();
        button("Resume").click();
        says("goes on");
        assertThat(mill.schedules().get("cleanup").paused()).isFalse();

        page.getByRole(AriaRole.LINK, new Page.GetByRoleOptions().setName("Change"))
                .click();
        page.locator("#way").selectOption("every");
        page.locator("#when").fill("PT30M");
        button("Save").click();
        says("is saved");
        assertThat(mill.schedules().get("cleanup").timing().toString()).startsWith("every PT30M");
        assertThat(mill.schedules().get("cleanup").payload()).contains("deep");
        assertThat(mill.schedules().get("cleanup").key()).isEqualTo("tenant-17");

        open("/schedules?stretch=hour");
        assertThat(page.locator(".clock .mark")).hasCount(2);
        button("Pause cleanup").click();
        says("is paused");
        assertThat(page.url()).contains("stretch=hour");
        button("Resume cleanup").click();
        says("Schedule cleanup goes on.");
        button("Run cleanup now").click();
        says("is enqueued");
        open("/schedules/cleanup");
        button("Remove").click();
        says("is removed");
        assertThat(mill.schedules().find("cleanup")).isEmpty();
    }

    @Test
    void nodesAreDrainedAndCalledBack() {
        open("/nodes");
        button("Drain web-1").click();
        says("claims nothing more");
        assertThat(mill.stats().nodes().getFirst().duty()).isNotEqualTo(Duty.WORKING);
        button("Call web-1 back").click();
        says("is called back");
        assertThat(mill.stats().nodes().getFirst().duty()).isEqualTo(Duty.WORKING);
    }

    @Test
    void limitsAreSetChangedAndTakenAway() {
        open("/limits");
        page.locator("#limit-scope").selectOption("KIND");
        page.locator("#limit-name").fill("CallMail");
        page.locator("#limit-concurrency").fill("7");
        page.locator("#limit-rate").fill("90");
        page.locator("#limit-per").fill("30");
        button("Set the limit").click();
        says("Kind CallMail is limited");
        LimitView set = mill.limits().list().getFirst();
        assertThat(set.limit())
                .isEqualTo(Limit.ofKind("CallMail").concurrency(7).rate(90, Duration.ofSeconds(30)));
        button("Remove the limit on kind CallMail").click();
        says("is gone");
        assertThat(mill.limits().list()).isEmpty();

        page.locator("#fair-queue").fill("tenants");
        button("Share fairly").click();
        says("take turns");
        assertThat(mill.limits().fairQueues()).containsExactly("tenants");
        page.getByLabel("Key in tenants").fill("acme");
        button("Weigh").click();
        says("gets 2 turns");
        assertThat(page.locator("#fair")).containsText("acme: 2 turns");
        button("End turns in tenants").click();
        says("deadlines alone");
        assertThat(mill.limits().fairQueues()).isEmpty();
    }

    @Test
    void breakersAreOpenedAndClosed() {
        open("/breakers");
        button("Open mail-api").click();
        says("open until it is closed by hand");
        assertThat(mill.breakers().list().getFirst().state()).isEqualTo(BreakerView.State.OPEN);
        button("Close mail-api").click();
        says("starts again");
        assertThat(mill.breakers().list().getFirst().state()).isEqualTo(BreakerView.State.CLOSED);
    }

    @Test
    void breakersAreMadeAndTheirSettingsChanged() {
        open("/breakers");
        page.locator("#put summary").click();
        page.locator("#breaker-name").fill("stripe");
        page.locator("#breaker-ratio").fill("half");
        page.locator("#breaker-open-for").fill("2.5");
        button("Set the breaker").click();
        assertThat(page.locator("[role=alert]")).containsText("'ratio' is 'half'; it is a number.");
        assertThat(page.locator("#breaker-name")).hasValue("stripe");
        assertThat(page.locator("#breaker-ratio")).hasValue("half");
        page.locator("#breaker-ratio").fill("1.5");
        button("Set the breaker").click();
        assertThat(page.locator("[role=alert]")).containsText("ratio is 1.5; it must be above 0 and at most 1");
        assertThat(breakers()).doesNotContainKey("stripe");
        page.reload();
        assertThat(page.locator("h1")).hasText("Breakers");

        page.locator("#put summary").click();
        page.locator("#breaker-name").fill("stripe");
        page.locator("#breaker-ratio").fill("0.5");
        page.locator("#breaker-open-for").fill("2.5");
        button("Set the breaker").click();
        says("Breaker stripe is set: it opens after 5 failures in a row, or when 0.5 of at least 20 calls");
        Breaker made = Breaker.of("stripe")
                .ratio(0.5, 20, Duration.ofMinutes(1))
                .openFor(Duration.ofMillis(2500), Duration.ofMinutes(5));
        assertThat(breakers()).containsEntry("stripe", made);
        assertThat(newest().action()).isEqualTo("put breaker");
        assertThat(newest().target()).isEqualTo("BREAKER stripe");
        assertThat(newest().by()).isEqualTo("anyone");

        page.getByRole(AriaRole.LINK, new Page.GetByRoleOptions().setName("Change stripe"))
                .click();
        assertThat(page.locator("#breaker-open-for")).hasValue("2.5");
        assertThat(page.locator("#breaker-ratio")).hasValue("0.5");
        page.locator("#breaker-failures").fill("7");
        button("Set the breaker").click();
        says("opens after 7 failures in a row, or");
        assertThat(breakers()).containsEntry("stripe", made.failures(7));
    }

    private Map<String, Breaker> breakers() {
        return mill.breakers().list().stream()
                .map(BreakerView::breaker)
                .collect(Collectors.toMap(Breaker::name, breaker -> breaker));
    }

    private AuditLine newest() {
        return mill.audit(Long.MAX_VALUE, 1).getFirst();
    }

    @Test
    void alarmsOfKindsAreSetAndChanged() {
        open("/alarms");
        page.locator("#alarm-kind").fill("SendWelcome");
        page.locator("#alarm-minutes").fill("61");
        button("Set the alarm").click();
        assertThat(page.locator("[role=alert]")).containsText("between 1 minute and 1 hour");
        assertThat(page.locator("#alarm-minutes")).hasValue("61");
        assertThat(mill.alarms().list("", 10)).isEmpty();
        page.locator("#alarm-minutes").fill("5");
        page.locator("#alarm-ratio").fill("0.1");
        button("Set the alarm").click();
        says("raised when 0.1 of at least 20 attempts in 5 minutes fail");
        assertThat(mill.alarms().list("", 10))
                .containsExactly(new OfKind("SendWelcome", new FailureAlarm(0.1, 20, Duration.ofMinutes(5))));
        assertThat(newest().action()).isEqualTo("put alarm");
        assertThat(newest().target()).isEqualTo("KIND SendWelcome");
        assertThat(newest().by()).isEqualTo("anyone");

        page.getByRole(AriaRole.LINK, new Page.GetByRoleOptions().setName("Change the alarm of SendWelcome"))
                .click();
        assertThat(page.locator("#alarm-ratio")).hasValue("0.1");
        page.locator("#alarm-at-least").fill("100");
        button("Set the alarm").click();
        says("0.1 of at least 100 attempts");
        assertThat(mill.alarms().list("", 10))
                .containsExactly(new OfKind("SendWelcome", new FailureAlarm(0.1, 100, Duration.ofMinutes(5))));
    }

    @Test
    void historyIsKeptAsLongAsAPersonSays() {
        open("/retention");
        page.getByLabel("Hours, 1 to 87,672").fill("240");
        button("Change").click();
        says("stays for 10 d");
        assertThat(mill.retention().view().age()).isEqualTo(Duration.ofDays(10));
        page.locator("#keep-kind").fill("SendWelcome");
        page.locator("#keep-failed").fill("50");
        button("Keep").click();
        says("is changed");
        assertThat(mill.retention().view().kinds()).containsEntry("SendWelcome", new Keep(0, 50, Duration.ZERO));
    }

    @Test
    void theDoctorMendsAndTheAuditTrailTells() {
        open("/doctor");
        button("Mend what is safe").click();
        says("nothing to mend");
        mill.pauses().pause(Pause.Scope.QUEUE, "house", "ada", "moving");
        mill.pauses().resume(Pause.Scope.QUEUE, "house", "bob");
        open("/audit?target=QUEUE%20house");
        assertThat(page.locator("main tbody tr")).hasCount(2);
        page.locator("#action").fill("pause");
        button("Filter").click();
        assertThat(page.locator("main tbody tr")).hasCount(1);
        assertThat(page.locator("main tbody")).containsText("ada");
    }

    @Test
    void formsWorkWithoutScripts() {
        long id = later("SendWelcome");
        try (BrowserContext plain = chromium.window(400, ColorScheme.DARK, false)) {
            Page without = chromium.page(plain);
            Consumer<String> click = name -> without.getByRole(
                            AriaRole.BUTTON,
                            new Page.GetByRoleOptions().setName(name).setExact(true))
                    .click();
            without.navigate(server.server.url() + "/jobs/" + id);
            click.accept("Cancel");
            assertThat(without.locator("#flash")).containsText("is cancelled");
            without.reload();
            assertThat(without.locator("#flash")).hasCount(0);
        }
        assertThat(state(mill, id)).isEqualTo(JobState.CANCELLED);
    }

    @Test
    void theOverviewFollowsWhatHappens() {
        open("/");
        assertThat(page.locator("#connection")).containsText("Live");
        long id = dead();
        assertThat(page.locator("#dead-letters")).containsText("#" + id);
        assertThat(page.locator("#attempts")).containsText("failed");
        mill.pauses().pause(Pause.Scope.QUEUE, "mail", "ada", "moving house");
        assertThat(page.locator("#attention")).containsText("Queue mail is paused");
        assertThat(mill.job(id).orElseThrow().attempts().getFirst().outcome()).isEqualTo(AttemptOutcome.FAILED);
    }
}
