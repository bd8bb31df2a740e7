package dev.tidemill.tracing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.tidemill.jobs.Tidemill;
import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.TestDatabase;
import io.opentelemetry.api.OpenTelemetry;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import javax.sql.DataSource;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** The traces' code in docs/metrics.md, compiled and run. */
@ExtendWith(FreshSchema.class)
final class TracesPageTest {
    record SendWelcome(String email) {}

    /** Where this page's e-mails go. */
    static final class Mailer {
        private final List<String> sent = new CopyOnWriteArrayList<>();

        void welcome(String email) {
            sent.add(email);
        }
    }

    @Test
    void jobsRunAlsoWhereNothingIsRecorded(TestDatabase database) {
        DataSource dataSource = database.dataSource();
        Mailer mailer = new Mailer();
        OpenTelemetry openTelemetry = OpenTelemetry.noop();
        String schema = database.schema();
        Tidemill mill = Tidemill.on(dataSource)
                .schema(schema)
                .tracing(OpenTelemetryTracing.on(openTelemetry))
                .handle(SendWelcome.class, (job, run) -> mailer.welcome(job.email()))
                .start();
        try (mill) {
            mill.enqueue(new SendWelcome("ada@example.org"));
            await().atMost(Duration.ofSeconds(30)).until(() -> mailer.sent.contains("ada@example.org"));
        }
    }

    @Test
    void thePageShowsThisCode() throws IOException {
        String page = Files.readString(Path.of("../../docs/metrics.md"));
        String shown = page.substring(page.indexOf("<!-- traces:start -->"), page.indexOf("<!-- traces:end -->"));
        List<String> mine =
                stripped(Files.readString(Path.of("src/test/java/dev/tidemill/tracing/TracesPageTest.java")));
        assertThat(stripped(shown).stream().filter(line -> !line.startsWith("<!--") && !line.startsWith("```")))
                .hasSize(5)
                .isSubsetOf(mine);
    }

    private static List<String> stripped(String text) {
        return text.lines().map(String::strip).filter(line -> !line.isEmpty()).toList();
    }
}
