package dev.tidemill.postgres;

import static dev.tidemill.jobs.EnqueueOptions.priority;
import static dev.tidemill.jobs.Priority.HIGH;
import static dev.tidemill.jobs.Timing.afterEach;
import static dev.tidemill.jobs.Timing.cron;
import static dev.tidemill.jobs.Timing.every;
import static dev.tidemill.jobs.Timing.once;
import static java.time.Duration.ofMinutes;
import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemill.jobs.CatchUp;
import dev.tidemill.jobs.FireView;
import dev.tidemill.jobs.JobState;
import dev.tidemill.jobs.ScheduleView;
import dev.tidemill.jobs.Schedules;
import dev.tidemill.jobs.Tidemill;
import dev.tidemill.testkit.FreshMill;
import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.TestDatabase;
import dev.tidemill.testkit.TestMill;
import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.extension.RegisterExtension;

/** The code of docs/schedules.md, compiled and run; and a schedule on a clock in the test's hand. */
@ExtendWith(FreshSchema.class)
final class SchedulesGuideTest {
    record NightlyReport(String scope) {}

    record Ping() {}

    record CleanUp() {}

    static final class Reports {
        private final List<String> written = new CopyOnWriteArrayList<>();

        void write(String scope, @Nullable String time) {
            written.add(scope + " " + time);
        }
    }

    static final class Monitor {
        void ping() {}
    }

    private final Reports nights = new Reports();

    @RegisterExtension
    final FreshMill fresh = FreshMill.with(builder -> builder.handle(
                    NightlyReport.class,
                    (job, run) -> nights.write(job.scope(), run.tags().get("scheduledFor")))
            .schedule("nightly-report", cron("30 2 * * *", "Europe/Berlin"), new NightlyReport("all")));

    @Test
    void schedulesAreDefinedAndChanged(TestDatabase database) {
        DataSource dataSource = database.dataSource();
        String schema = database.schema();
        Reports reports = new Reports();
        Monitor monitor = new Monitor();
        Tidemill mill = Tidemill.on(dataSource)
                .schema(schema)
                .handle(
                        NightlyReport.class,
                        (job, run) -> reports.write(job.scope(), run.tags().get("scheduledFor")))
                .handle(Ping.class, (job, run) -> monitor.ping())
                .schedule("nightly-report", cron("30 2 * * *", "Europe/Berlin"), new NightlyReport("all"))
                .schedule(
                        "ping",
                        every(ofSeconds(30)),
                        new Ping(),
                        options ->
                                options.catchUp(CatchUp.NONE).job(priority(HIGH).attempts(1)))
                .start();
        try (mill) {
            Schedules schedules = mill.schedules();
            schedules.put("clean-up", afterEach(ofMinutes(10)), new CleanUp());
            schedules.put("launch", once(Instant.parse("2030-01-31T09:00:00Z")), new NightlyReport("launch"));
            schedules.pause("nightly-report");
            schedules.resume("nightly-report");
            long job = schedules.trigger("nightly-report");
            List<Instant> next = schedules.next("nightly-report", 5);
            List<FireView> history = schedules.history("nightly-report", 20);
            ScheduleView view = schedules.get("nightly-report");
            boolean removed = schedules.remove("clean-up");
            Jobs.in(mill, job, JobState.SUCCEEDED);
            assertThat(next).hasSize(5).first().isEqualTo(view.nextFireAt());
            assertThat(history).extracting(FireView::jobId).containsExactly(job);
            assertThat(reports.written).hasSize(1).first().asString().startsWith("all 20");
            assertThat(removed).isTrue();
            assertThat(schedules.list())
                    .extracting(ScheduleView::name)
                    .containsExactly("launch", "nightly-report", "ping");
        }
    }

    @Test
    void aTestTurnsTheClockThroughTheNightsOfATimeChange(TestMill mill) throws Exception {
        mill.clock().set(Instant.parse("2026-10-24T12:00:00Z"));
        Schedules schedules = mill.tidemill().schedules();
        schedules.put("nightly-report", cron("30 2 * * *", "Europe/Berlin"), new NightlyReport("new"));
        schedules.pause("nightly-report");
        schedules.resume("nightly-report");
        List<String> nightsOfChange = new ArrayList<>();
        for (int hour = 0; hour < 48; hour++) {
            mill.clock().advance(ofMinutes(60));
            mill.runDue().allSucceeded();
        }
        nightsOfChange.addAll(nights.written);
        assertThat(nightsOfChange).containsExactly("new 2026-10-25T00:30:00Z", "new 2026-10-26T01:30:00Z");
    }

    @Test
    void everyLineOfTheGuideIsInThisTest() throws IOException {
        DocumentedCode.isIn(SchedulesGuideTest.class, DocumentedCode.text("docs/schedules.md"), 20);
    }
}
