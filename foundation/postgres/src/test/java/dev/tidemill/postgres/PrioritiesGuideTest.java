package dev.tidemill.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tidemill.jobs.EnqueueOptions;
import dev.tidemill.jobs.JobState;
import dev.tidemill.jobs.Priorities;
import dev.tidemill.jobs.Priorities.Window;
import dev.tidemill.jobs.Priority;
import dev.tidemill.jobs.Run;
import dev.tidemill.jobs.Tidemill;
import dev.tidemill.jobs.TidemillBuilder;
import dev.tidemill.jobs.TidemillException;
import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.TestDatabase;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import javax.sql.DataSource;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The code of docs/priorities.md, compiled and run, and how windows are written. */
final class PrioritiesGuideTest {
    record SendMail(String to) {}

    record Rebuild(String index) {}

    private void send(SendMail job, Run run) {
        run.result(job.to());
    }

    private void rebuild(Rebuild job, Run run) {
        run.result(job.index());
    }

    private TidemillBuilder builder(DataSource dataSource) {
        Priorities priorities = Priorities.standard()
                .deadline(Priority.LOW, Duration.ofMinutes(30))
                .weight(Priority.HIGH, 12)
                .offPeak(Window.parse("22:00-06:00 Europe/Berlin"));
        TidemillBuilder builder = Tidemill.on(dataSource)
                .priorities(priorities)
                .handle(SendMail.class, this::send, options -> options.priority(Priority.HIGH))
                .handle(Rebuild.class, this::rebuild, options -> options.priority(Priority.OFF_PEAK))
                .queue("mail", options -> options.concurrency(40).reservedForCritical(4))
                .queue("audit", options -> options.strictPriority());
        return builder;
    }

    @Test
    @ExtendWith(FreshSchema.class)
    void theGuideRuns(TestDatabase database) throws IOException {
        DocumentedCode.isIn(PrioritiesGuideTest.class, DocumentedCode.text("docs/priorities.md"), 1);
        try (Tidemill mill =
                builder(database.dataSource()).schema(database.schema()).start()) {
            long id = mill.enqueue(new SendMail("ada@example.org"), EnqueueOptions.queue("mail"));
            Jobs.in(mill, id, JobState.SUCCEEDED);
            assertThat(mill.job(id).orElseThrow().priority()).isEqualTo(Priority.HIGH);
            assertThat(mill.stats().nodes().getFirst().offPeak()).containsExactly("22:00-06:00 Europe/Berlin");
        }
    }

    @ParameterizedTest
    @CsvSource({
        "22:00-06:00 Europe/Berlin, 2026-07-01T20:00:00Z, true",
        "22:00-06:00 Europe/Berlin, 2026-07-01T19:59:59Z, false",
        "22:00-06:00 Europe/Berlin, 2026-07-02T04:00:00Z, false",
        "22:00-06:00 Europe/Berlin, 2026-12-01T21:00:00Z, true",
        "01:30-02:00, 2026-07-01T01:30:00Z, true",
        "01:30:15-02:00 Z, 2026-07-01T01:30:00Z, false",
        "00:00-00:00 +05:30, 2026-07-01T01:30:00Z, true",
    })
    void aWindowIsOpenByItsWallClock(String text, Instant moment, boolean open) {
        Window window = Window.parse(text);
        assertThat(window.contains(moment)).isEqualTo(open);
        assertThat(Window.parse(window.toString())).isEqualTo(window);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "night", "22-06", "22:00", "25:00-06:00", "22:00-06:00 Berlin", "22:00-06:00 Z Z"})
    void whatIsNoWindowIsRefused(String text) {
        assertThatThrownBy(() -> Window.parse(text))
                .isInstanceOf(TidemillException.class)
                .hasMessageStartingWith("The off-peak window '" + text + "' cannot be read")
                .hasMessageEndingWith(": 22:00-06:00 Europe/Berlin.");
    }
}
