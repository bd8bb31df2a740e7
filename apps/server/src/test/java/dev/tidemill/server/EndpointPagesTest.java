package dev.tidemill.server;

import static com.microsoft.playwright.assertions.PlaywrightAssertions.assertThat;
import static dev.tidemill.server.BusyMill.state;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.tidemill.jobs.AuditLine;
import dev.tidemill.jobs.JobRequest;
import dev.tidemill.jobs.JobState;
import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.TestDatabase;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/** The page of endpoints in a browser, and what the receiver and the audit trail have of it. */
@ExtendWith(FreshSchema.class)
@Tag("browser")
@Timeout(120)
final class EndpointPagesTest extends AtTheDashboard {
    private final Receiver receiver = new Receiver();

    EndpointPagesTest(TestDatabase database) {
        super(database, TidemillServerBuilder::allowPrivateEndpoints);
    }

    @AfterEach
    void stopReceiver() {
        receiver.close();
    }

    /** Adds one over the page; returns its secret. */
    private String add(String name, String kind) {
        open("/endpoints");
        page.locator("#endpoint-name").fill(name);
        page.locator("#url").fill(receiver.url());
        page.locator("#kinds").fill(kind);
        page.locator("#headers").fill("X-Custom: s3cret");
        button("Add").click();
        assertThat(page.locator("#made-title")).containsText(name);
        return page.locator("#secret").textContent();
    }

    private AuditLine newest() {
        return mill.audit(Long.MAX_VALUE, 1).getFirst();
    }

    @Test
    void anEndpointIsAddedTriedAndSentTo() {
        String secret = add("adding", "Add1");
        assertThat(secret).startsWith("whsec_");
        assertThat(newest().action()).isEqualTo("put endpoint");
        assertThat(newest().by()).isEqualTo("anyone");
        assertThat(page.content()).contains("X-Custom").doesNotContain("s3cret");
        button("Test adding").click();
        says("adding answered 200");
        assertThat(page.content()).as("shown once").doesNotContain(secret);
        long id = mill.enqueue(new JobRequest("Add1", "{\"order\": 7}"));
        await().until(() -> state(mill, id) == JobState.SUCCEEDED);
        assertThat(receiver.messages.getLast().custom()).isEqualTo("s3cret");
    }

    @Test
    void oneThatIsPausedGetsNothingUntilItIsResumed() {
        add("pausing", "Pause1");
        open("/endpoints");
        page.locator("#pause-pausing summary").click();
        page.locator("#reason-pausing").fill("it moves");
        button("Pause pausing").click();
        says("Nothing is sent to pausing");
        assertThat(page.locator("#endpoints")).containsText("by anyone: it moves");
        assertThat(newest().action()).isEqualTo("pause endpoint");
        assertThat(newest().detail()).isEqualTo("it moves");
        long id = mill.enqueue(new JobRequest("Pause1", "{}"));
        assertThat(state(mill, id)).isEqualTo(JobState.READY);
        button("Resume pausing").click();
        says("sent to pausing again");
        await().until(() -> state(mill, id) == JobState.SUCCEEDED);
        assertThat(newest().action()).isEqualTo("resume endpoint");
    }

    @Test
    void oneIsChangedAndKeepsTheHeadersThatNobodyTyped() {
        add("changing", "Change1");
        open("/endpoints");
        page.locator("a[aria-label='Change changing']").click();
        assertThat(page.locator("#headers")).hasValue("X-Custom:\n");
        page.locator("#concurrency").fill("3");
        page.locator("#kinds").fill("Change1 Change2");
        button("Save").click();
        says("changing is changed");
        assertThat(page.locator("#endpoints")).containsText("Change2");
        long id = mill.enqueue(new JobRequest("Change2", "{}"));
        await().until(() -> state(mill, id) == JobState.SUCCEEDED);
        assertThat(receiver.messages.getLast().custom()).isEqualTo("s3cret");
    }

    @Test
    void theValuesOfHeadersDoNotGoToAnotherServerUnlessTheyAreTypedAgain() {
        add("moving", "Move1");
        open("/endpoints?change=moving");
        page.locator("#url").fill(receiver.url().replace("127.0.0.1", "localhost"));
        button("Save").click();
        assertThat(page.locator("[role=alert]")).containsText("another server");
        assertThat(page.locator("#endpoints")).containsText("http://127.0.0.1");
        page.locator("#headers").fill("X-Custom: other");
        button("Save").click();
        says("moving is changed");
        button("Test moving").click();
        says("moving answered 200");
        assertThat(receiver.messages.getLast().custom()).isEqualTo("other");
    }

    @Test
    void aNewSecretIsShownOnceAndTheEndpointIsRemoved() {
        String first = add("rotating", "Rotate1");
        open("/endpoints");
        page.locator("#rotate-rotating summary").click();
        page.locator("#keep-rotating").fill("1");
        button("Give rotating another secret").click();
        assertThat(page.locator("#made-title")).containsText("rotating");
        assertThat(page.locator("#secret").textContent()).startsWith("whsec_").isNotEqualTo(first);
        assertThat(newest().action()).isEqualTo("rotate endpoint");
        open("/endpoints");
        button("Remove rotating").click();
        says("rotating is removed");
        assertThat(newest().action()).isEqualTo("delete endpoint");
        assertThat(page.locator("#endpoint-rotating")).hasCount(0);
    }

    @Test
    void whatIsWrongIsToldBesideWhatWasTypedButForSecrets() {
        open("/endpoints");
        page.locator("#endpoint-name").fill("wrong");
        page.locator("#url").fill(receiver.url());
        page.locator("#kinds").fill("no,good 1");
        page.locator("#headers").fill("Authorization: Bearer s3cret");
        button("Add").click();
        assertThat(page.locator("[role=alert]")).containsText("kind is '1'");
        assertThat(page.locator("#endpoint-name")).hasValue("wrong");
        assertThat(page.locator("#headers")).hasValue("Authorization:\n");
        assertThat(page.content()).doesNotContain("s3cret");
        button("Add").click();
        assertThat(page.locator("[role=alert]")).containsText("kind is '1'");
        page.locator("#kinds").fill("Good1");
        button("Add").click();
        assertThat(page.locator("[role=alert]")).containsText("Authorization has no value yet");
    }
}
