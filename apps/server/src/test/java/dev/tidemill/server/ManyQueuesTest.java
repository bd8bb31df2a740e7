package dev.tidemill.server;

import static com.microsoft.playwright.assertions.PlaywrightAssertions.assertThat;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.microsoft.playwright.options.ColorScheme;
import dev.tidemill.jobs.EnqueueOptions;
import dev.tidemill.jobs.JobRequest;
import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.TestDatabase;
import java.time.Duration;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import tools.jackson.databind.JsonNode;

/** A queue for each of many tenants: lists of queues have an end. */
@ExtendWith(FreshSchema.class)
@Tag("browser")
@Timeout(120)
final class ManyQueuesTest extends AtTheDashboard {
    private static final int MANY = 1_025;

    ManyQueuesTest(TestDatabase database) {
        super(database);
        mill.enqueueAll(IntStream.range(0, MANY)
                .mapToObj(i -> new JobRequest(
                        "Mail", "{}", EnqueueOptions.queue(tenant(i)).in(Duration.ofHours(2))))
                .toList());
        await().atMost(Duration.ofSeconds(60)).until(() -> mill.stats().queues().size() == MANY);
    }

    private static String tenant(int number) {
        return "tenant-" + (10_000 + number);
    }

    private static List<String> names(JsonNode answer) {
        return answer.get("queues")
                .valueStream()
                .map(queue -> queue.get("queue").stringValue())
                .toList();
    }

    @Test
    void theyAreGoneThroughPageByPage() {
        JsonNode usual = ServerUnderTest.json(server.get("/api/v1/queues"));
        assertThat(names(usual)).hasSize(50).startsWith(tenant(0));
        assertThat(usual.get("next_after").stringValue()).isEqualTo(tenant(49));
        JsonNode first = ServerUnderTest.json(server.get("/api/v1/queues?limit=1000"));
        assertThat(names(first)).hasSize(1_000);
        JsonNode rest = ServerUnderTest.json(server.get(
                "/api/v1/queues?limit=1000&after=" + first.get("next_after").stringValue()));
        assertThat(names(rest)).hasSize(MANY - 1_000).startsWith(tenant(1_000)).endsWith(tenant(MANY - 1));
        assertThat(rest.get("next_after").isNull()).isTrue();

        JsonNode stats = ServerUnderTest.json(server.get("/api/v1/stats"));
        assertThat(names(stats)).hasSize(1_000).startsWith(tenant(0));
        assertThat(stats.get("more_queues").intValue()).isEqualTo(MANY - 1_000);

        open("/queues");
        assertThat(page.locator("#queues-title small")).hasText("1,025");
        assertThat(page.locator("#lanes tr.queue")).hasCount(100);
        Chromium.assertWhole(page, "queues-many", 1400, ColorScheme.LIGHT);
        page.locator("a[rel=next]").click();
        assertThat(page.locator("#lanes tr.queue a").first()).hasText(tenant(100));
        page.locator("a[rel=next]").click();
        assertThat(page.locator("#lanes tr.queue a").first()).hasText(tenant(200));
        page.locator("a[rel=prev]").click();
        assertThat(page.locator("#lanes tr.queue a").first()).hasText(tenant(100));
        page.locator("a[rel=prev]").click();
        assertThat(page.locator("#lanes tr.queue a").first()).hasText(tenant(0));
        assertThat(page.locator("a[rel=prev]")).hasCount(0);

        page.locator("#name").fill("nt-110");
        button("Find").click();
        assertThat(page.locator("#queues-title small")).hasText("25");
        assertThat(page.locator("#lanes tr.queue")).hasCount(25);
        assertThat(page.locator("a[rel=next]")).hasCount(0);
        page.locator("#name").fill("nobody");
        button("Find").click();
        assertThat(page.locator("#lanes")).containsText("No such queue");
    }
}
