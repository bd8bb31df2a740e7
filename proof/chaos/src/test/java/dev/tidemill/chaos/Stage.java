package dev.tidemill.chaos;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemill.testkit.TestDatabase;
import java.lang.ProcessBuilder.Redirect;
import java.net.URLEncoder;
import java.util.List;
import java.util.stream.Collectors;

/** What these tests begin and end with. */
final class Stage {
    private Stage() {}

    static Site site(TestDatabase database) {
        return new Site(
                database.jdbcUrl() + (database.jdbcUrl().contains("?") ? "&" : "?") + "user="
                        + URLEncoder.encode(database.user(), UTF_8) + "&password="
                        + URLEncoder.encode(database.password(), UTF_8),
                database.schema());
    }

    /** A worker with {@link HeldDuties}, once it works. */
    static WorkerProcess start(Site site, String name, Pace pace, int concurrency) {
        return start(site, name, pace, concurrency, HeldDuties.class);
    }

    static WorkerProcess start(Site site, String name, Pace pace, int concurrency, Class<? extends Duties> duties) {
        WorkerProcess worker = WorkerProcess.launch(site, name, pace, concurrency, duties, Redirect.INHERIT);
        worker.awaitReady();
        return worker;
    }

    /** Every job succeeded once and is nowhere else; its effects are there once; no attempt was touched or repeated. */
    static void assertAllDoneOnce(Ledger ledger, List<Long> jobs) {
        Audit audit = Audit.of(ledger, jobs, List.of("Effect", "HeldEffect", "Bundled"), List.of());
        assertThat(audit.violations()).isEmpty();
        assertThat(ledger.numbers("select id from {s}.job where id in ("
                        + jobs.stream().map(String::valueOf).collect(Collectors.joining(", "))
                        + ") and id not in (select job from {s}.attempt where outcome = 0)"))
                .as("not done")
                .isEmpty();
    }
}
