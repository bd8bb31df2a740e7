package dev.tidemill.server;

import static com.microsoft.playwright.assertions.PlaywrightAssertions.assertThat;
import static dev.tidemill.server.BusyMill.state;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.microsoft.playwright.Locator;
import com.microsoft.playwright.Page;
import com.microsoft.playwright.options.AriaRole;
import dev.tidemill.jobs.JobFilter;
import dev.tidemill.jobs.JobRequest;
import dev.tidemill.jobs.JobState;
import dev.tidemill.jobs.Priority;
import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.TestDatabase;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/** Finding jobs in a browser, and acting on many of them. */
@ExtendWith(FreshSchema.class)
@Tag("browser")
@Timeout(120)
final class DashboardSearchTest extends AtTheDashboard {
    DashboardSearchTest(TestDatabase database) {
        super(database);
    }

    @Test
    void tickedJobsAreCancelledAndOthersAreNot() {
        long one = later("SendWelcome");
        long two = later("SendWelcome");
        long kept = later("SendWelcome");
        open("/jobs?state=SCHEDULED&kind=SendWelcome");
        page.getByLabel("Job " + one, new Page.GetByLabelOptions().setExact(true))
                .check();
        page.getByLabel("Job " + two, new Page.GetByLabelOptions().setExact(true))
                .check();
        page.locator("#priority").selectOption("HIGH");
        button("Set priority").click();
        says("2 of 2 jobs are of priority high now");
        assertThat(mill.job(two).orElseThrow().priority()).isEqualTo(Priority.HIGH);
        assertThat(mill.job(kept).orElseThrow().priority()).isEqualTo(Priority.MEDIUM);
        assertThat(page.url()).contains("state=SCHEDULED").contains("kind=SendWelcome");

        page.getByLabel("Job " + one, new Page.GetByLabelOptions().setExact(true))
                .check();
        page.getByLabel("Job " + two, new Page.GetByLabelOptions().setExact(true))
                .check();
        button("Cancel").click();
        says("2 of 2 jobs are cancelled");
        assertThat(state(mill, one)).isEqualTo(JobState.CANCELLED);
        assertThat(state(mill, kept)).isEqualTo(JobState.SCHEDULED);

        page.getByLabel("Tick all on this page").check();
        button("Run now").click();
        says("1 of 1 job is ready now");
        await().until(() -> state(mill, kept) == JobState.SUCCEEDED);
    }

    @Test
    void allThatFitAreCountedFirstAndDoneWhenAPersonSaysYes() {
        JobFilter cancelled = JobFilter.ANY.state(JobState.CANCELLED).kind("Fitting");
        for (int i = 0; i < 60; i++) {
            later("Fitting");
        }
        long other = later("SendWelcome");
        open("/jobs?kind=Fitting");
        assertThat(page.locator("main tbody tr")).hasCount(50);
        page.getByRole(AriaRole.LINK, new Page.GetByRoleOptions().setName("Next page"))
                .click();
        assertThat(page.locator("main tbody tr")).hasCount(10);
        page.locator("#all-action").selectOption("cancel");
        button("Count…").click();
        // A machine that is busy may not count to the end in time, and says 'or more' then; a person asks again.
        await().until(() -> {
            String said = page.locator("#count-title").textContent();
            if (said.endsWith("or more jobs fit")) {
                page.reload();
                return false;
            }
            assertThat(said).isEqualTo("60 jobs fit");
            return true;
        });
        assertThat(mill.search(cancelled, null, 10).jobs()).isEmpty();
        button("Yes, cancel 60 jobs").click();
        says("60 jobs: cancel done");
        assertThat(mill.search(cancelled, null, 100).jobs()).hasSize(60);
        assertThat(state(mill, other)).isEqualTo(JobState.SCHEDULED);
    }

    @Test
    void allThatFitGetThePriorityThatAPersonChooses() {
        long one = later("Urgent");
        long two = later("Urgent");
        open("/jobs?kind=Urgent");
        Locator priority = page.getByLabel("to this priority");
        assertThat(priority).isHidden();
        page.locator("#all-action").selectOption("priority");
        assertThat(priority).isVisible();
        priority.focus();
        page.keyboard().press("Home");
        assertThat(priority).hasValue("CRITICAL");
        button("Count…").click();
        // A machine that is busy may not count to the end in time, and says 'up to' then.
        page.getByRole(AriaRole.BUTTON, new Page.GetByRoleOptions().setName("Yes, give priority critical to"))
                .click();
        says("2 jobs: set priority critical done");
        assertThat(mill.job(one).orElseThrow().priority()).isEqualTo(Priority.CRITICAL);
        assertThat(mill.job(two).orElseThrow().priority()).isEqualTo(Priority.CRITICAL);
        open("/jobs?state=DEAD&kind=Urgent");
        assertThat(priority).hasCount(0);
    }

    @Test
    void kindsAndQueuesAreOfferedAndARunningJobSaysHowFarItIs() {
        long running = mill.enqueue(new JobRequest("ImportCatalog", "{}"));
        mill.enqueue(new JobRequest("NobodyHandlesThis", "{}"));
        await().until(() -> mill.job(running).orElseThrow().progress() != null);
        await().untilAsserted(() -> {
            open("/jobs?kind=ImportCatalog");
            assertThat(page.locator("#kinds option[value=SendWelcome]").count()).isEqualTo(1);
            assertThat(page.locator("#kinds option[value=NobodyHandlesThis]").count())
                    .isEqualTo(1);
            assertThat(page.locator("#queues option[value=default]").count()).isEqualTo(1);
        });
        assertThat(page.locator("main tbody tr")).containsText("420 of 1,000 (42%), reading products");
    }

    @Test
    void jobsAreFoundByWhatIsKnownOfThem() {
        long tagged = mill.enqueue(new JobRequest("SendWelcome", "{}", LATER.tag("order", "4711")));
        long dead = dead();
        open("/jobs");
        page.getByLabel("Tag").fill("order:4711");
        button("Search").click();
        assertThat(page.locator("main tbody tr")).hasCount(1);
        assertThat(page.locator("main tbody")).containsText("#" + tagged);
        open("/jobs?error=bank%20says");
        assertThat(page.locator("main tbody")).containsText("#" + dead);
        open("/jobs?tag=nonsense");
        assertThat(page.locator("main [role=alert]")).containsText("name:value");
        page.getByPlaceholder("Job id").fill(String.valueOf(tagged));
        button("Open").click();
        page.waitForURL("**/jobs/" + tagged);
    }
}
