package dev.tidemill.chaos;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.tidemill.chaos.Jobs.Effect;
import dev.tidemill.chaos.Jobs.Work;
import dev.tidemill.embedded.EmbeddedPostgres;
import dev.tidemill.jobs.Tidemill;
import java.time.Duration;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** The database goes away and comes back, by a crash and by a restart, while workers work. */
class RestartedDatabaseTest {
    @Test
    void workersWaitForTheDatabaseAndGoOnByThemselvesAndNothingIsLost() {
        try (EmbeddedPostgres postgres = EmbeddedPostgres.builder().start()) {
            Site site = new Site(postgres.jdbcUrlWithPassword(), "tidemill");
            Ledger ledger = Ledger.open(site);
            List<Long> jobs = site.enqueue(IntStream.range(0, 700)
                    .mapToObj(i -> i % 2 == 0 ? new Work(20) : new Effect(10))
                    .collect(Collectors.toList()));
            try (WorkerProcess one = Stage.start(site, "one", Pace.BRISK, 4);
                    WorkerProcess other = Stage.start(site, "other", Pace.BRISK, 4)) {
                ledger.awaitAtLeast(100, jobs);
                postgres.kill();
                // Longer than it takes for a node to be dead.
                assertStaysAlive(one, other, Duration.ofSeconds(2));
                postgres.restart();
                ledger.awaitAtLeast(Math.min(jobs.size(), ledger.succeeded(jobs) + 100), jobs);
                postgres.restart();
                ledger.awaitAll(jobs);
                one.stop();
                other.stop();
            }
            Stage.assertAllDoneOnce(ledger, jobs);
            assertThat(ledger.number("select count(*) from {s}.lease")).isZero();
        }
    }

    /** A process that only enqueues, and has long been connected. */
    @Test
    void theFirstEnqueueAfterARestartSucceeds() {
        try (EmbeddedPostgres postgres = EmbeddedPostgres.builder().start()) {
            Site site = new Site(postgres.jdbcUrlWithPassword(), "tidemill");
            try (Tidemill mill = Tidemill.on(site.dataSource()).start()) {
                long before = mill.enqueue(new Work(1));
                postgres.kill();
                await().pollDelay(Duration.ofMillis(1_200)).until(() -> true);
                postgres.restart();
                long after = mill.enqueue(new Work(1));
                assertThat(mill.job(before)).isPresent();
                assertThat(mill.job(after)).isPresent();
            }
        }
    }

    private static void assertStaysAlive(WorkerProcess one, WorkerProcess other, Duration how) {
        await().during(how).atMost(how.plusSeconds(30)).until(() -> one.isAlive() && other.isAlive());
    }
}
