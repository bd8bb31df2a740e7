package dev.tidemill.chaos;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.tidemill.chaos.Jobs.Work;
import dev.tidemill.jobs.AttemptOutcome;
import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.TestDatabase;
import java.sql.Connection;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Callable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** A node returns leases that it does not remember; those of a flush under way are not among them. */
@ExtendWith(FreshSchema.class)
class SlowFlushTest {
    @Test
    void aFlushThatWaitsIsNotTakenForALostClaim(TestDatabase database) throws Exception {
        Site site = Stage.site(database);
        Ledger ledger = Ledger.open(site);
        try (WorkerProcess worker = Stage.start(site, "worker", Pace.CALM, 4)) {
            long job;
            try (Connection lock = ledger.lock("attempt", "share")) {
                job = site.enqueue(new Work(1));
                ledger.awaitBlocked("worker", "%finish(%");
                // Longer than from one comparison of leases to the next.
                Callable<Boolean> held = () -> ledger.number("select count(*) from {s}.ready") == 0
                        && ledger.number("select count(*) from {s}.lease") == 1;
                await().during(Duration.ofSeconds(6))
                        .atMost(Duration.ofSeconds(60))
                        .failFast("its lease was returned", () -> !held.call())
                        .until(held);
                lock.rollback();
            }
            ledger.awaitAll(List.of(job));
            worker.stop();
            assertThat(ledger.outcomes(job)).containsExactly(AttemptOutcome.SUCCEEDED);
            Stage.assertAllDoneOnce(ledger, List.of(job));
        }
    }
}
