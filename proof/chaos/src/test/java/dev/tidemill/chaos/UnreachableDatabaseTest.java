package dev.tidemill.chaos;

import dev.tidemill.chaos.Jobs.Held;
import dev.tidemill.embedded.EmbeddedPostgres;
import java.util.List;
import org.junit.jupiter.api.Test;

/** A database that takes connections and never answers: nothing fails, everything hangs. */
class UnreachableDatabaseTest {
    @Test
    void handlersAreInterruptedInTimeAlsoWhereTheHeartHangs() {
        try (EmbeddedPostgres postgres = EmbeddedPostgres.builder().start()) {
            Site site = new Site(postgres.jdbcUrlWithPassword(), "tidemill");
            Ledger ledger = Ledger.open(site);
            long job = site.enqueue(new Held());
            try (WorkerProcess worker = Stage.start(site, "worker", Pace.BRISK, 4)) {
                worker.awaitLine("runs " + job + " 1");
                // From here on this session goes on and new ones hang; the ledger has asked, so it has one.
                ledger.awaitEpochs("worker", 1);
                Signal.STOP.sendTo(postgres.pid());
                try {
                    ledger.number("select count(pg_terminate_backend(pid)) from pg_stat_activity"
                            + " where application_name = 'worker'");
                    worker.awaitLine("interrupted " + job + " 1");
                } finally {
                    Signal.CONT.sendTo(postgres.pid());
                }
                worker.awaitLine("runs " + job + " 2");
                worker.say("go");
                ledger.awaitAll(List.of(job));
                worker.stop();
            }
            Stage.assertAllDoneOnce(ledger, List.of(job));
        }
    }
}
