package dev.tidemill.server;

import static com.microsoft.playwright.assertions.PlaywrightAssertions.assertThat;
import static dev.tidemill.server.BusyMill.state;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.microsoft.playwright.BrowserContext;
import com.microsoft.playwright.Locator;
import com.microsoft.playwright.Page;
import com.microsoft.playwright.options.AriaRole;
import com.microsoft.playwright.options.ColorScheme;
import dev.tidemill.jobs.EnqueueOptions;
import dev.tidemill.jobs.JobAction;
import dev.tidemill.jobs.JobFilter;
import dev.tidemill.jobs.JobRequest;
import dev.tidemill.jobs.JobState;
import dev.tidemill.jobs.Tidemill;
import dev.tidemill.testkit.TestDatabase;
import java.time.Duration;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;

/** A person before the dashboard, who says yes to every question; a test leaves nothing waiting for the next. */
abstract class AtTheDashboard {
    static final EnqueueOptions LATER = EnqueueOptions.delay(Duration.ofHours(2));

    final BusyMill busy = new BusyMill();
    final ServerUnderTest server;
    final Tidemill mill;
    final Page page;
    final Chromium chromium = new Chromium();
    private final BrowserContext window = chromium.window(1400, ColorScheme.LIGHT, true);

    AtTheDashboard(TestDatabase database) {
        this(database, settings -> settings);
    }

    AtTheDashboard(TestDatabase database, UnaryOperator<TidemillServerBuilder> settings) {
        this.server = ServerUnderTest.on(database, busy::handlers, settings);
        this.mill = server.mill;
        this.page = chromium.page(window);
    }

    @BeforeEach
    final void sayYesToQuestions() {
        page.onDialog(dialog -> dialog.accept());
    }

    @AfterEach
    final void nothingComplained() {
        window.close();
        chromium.close();
        busy.leave();
        mill.actions().all(JobFilter.ANY.state(JobState.DEAD), new JobAction.Discard(), 1000, "tester");
        mill.actions().all(JobFilter.ANY.state(JobState.SCHEDULED), new JobAction.Cancel(), 1000, "tester");
        mill.pauses().paused().forEach(pause -> mill.pauses().resume(pause.scope(), pause.name(), "tester"));
        server.close();
        assertThat(chromium.complaints()).isEmpty();
    }

    final void open(String path) {
        page.navigate(server.server.url() + path);
    }

    final Locator button(String name) {
        return page.getByRole(
                AriaRole.BUTTON, new Page.GetByRoleOptions().setName(name).setExact(true));
    }

    final void says(String text) {
        assertThat(page.locator("#flash")).containsText(text);
    }

    final long later(String kind) {
        return mill.enqueue(new JobRequest(kind, "{\"a\": 1}", LATER));
    }

    final long dead() {
        long id = mill.enqueue(new JobRequest("ChargeCard", "{\"card\": 1}", EnqueueOptions.NONE.attempts(1)));
        await().until(() -> state(mill, id) == JobState.DEAD);
        return id;
    }
}
