package dev.tidemill.server.dashboard;

import dev.tidemill.jobs.Diagnosis;
import dev.tidemill.jobs.Stats;
import dev.tidemill.jobs.Tidemill;
import dev.tidemill.server.http.Router;
import dev.tidemill.server.page.Pages;
import dev.tidemill.server.push.Pusher;
import dev.tidemill.server.rules.RuleBook;
import dev.tidemill.server.tables.ServerTables;
import java.time.Duration;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Supplier;

/** The pages beside the overview. */
public final class Dashboard {
    private Dashboard() {}

    /**
     * Adds the routes of all rooms.
     *
     * @param stats a moment old, and cheap to ask for; empty while they cannot be told
     */
    public static void mount(
            Tidemill mill,
            ServerTables tables,
            RuleBook rules,
            Function<Duration, Diagnosis> doctor,
            Supplier<Optional<Stats>> stats,
            Pusher pusher,
            Pages pages,
            Router router) {
        new QueuePages(mill, pages).mount(router);
        new JobListPages(mill, stats, pages).mount(router);
        new BulkPages(mill, pages).mount(router);
        new SingleJobPage(mill, tables, pages).mount(router);
        new DeadLetterPages(mill, pages).mount(router);
        new SchedulePages(mill, pages).mount(router);
        new NodePages(mill, pages).mount(router);
        new LimitPages(mill, pages).mount(router);
        new BreakerPages(mill, pages).mount(router);
        new AlarmPages(mill, stats, pages).mount(router);
        new RulePages(rules, pages).mount(router);
        new EndpointPages(mill, pusher, pages).mount(router);
        new RetentionPages(mill, pages).mount(router);
        new DoctorPage(mill, doctor, pages).mount(router);
        new AuditPage(mill, pages).mount(router);
    }
}
