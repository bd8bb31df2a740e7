package dev.tidemill.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemill.chaos.Jobs.Bundled;
import dev.tidemill.chaos.Jobs.Effect;
import dev.tidemill.chaos.Jobs.Held;
import dev.tidemill.chaos.Jobs.Work;
import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.TestDatabase;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** SIGKILL: the process is gone between two instructions, its sessions with it. */
@ExtendWith(FreshSchema.class)
class KilledWorkerTest {
    @Test
    void whatAKilledWorkerHeldRunsElsewhereAndNothingFinishesTwice(TestDatabase database) {
        Site site = Stage.site(database);
        Ledger ledger = Ledger.open(site);
        // Whatever else is done before the kill gets there, these are in hand.
        List<Long> held = site.enqueue(List.of(new Held(), new Held()));
        List<Long> jobs = new ArrayList<>(held);
        jobs.addAll(site.enqueue(IntStream.range(0, 900)
                .mapToObj(i -> switch (i % 3) {
                    case 0 -> new Work(20);
                    case 1 -> new Effect(10);
                    default -> new Bundled(20);
                })
                .collect(Collectors.toList())));
        try (WorkerProcess victim = Stage.start(site, "victim", Pace.BRISK_AND_SURE, 8)) {
            held.forEach(job -> victim.awaitLine("runs " + job + " 1"));
            ledger.awaitAtLeast(60, jobs);
            victim.kill();
        }
        assertThat(ledger.number("select count(*) from {s}.lease"))
                .as("leases of the dead")
                .isPositive();
        assertThat(ledger.succeeded(jobs)).isLessThan(jobs.size());
        try (WorkerProcess heir = Stage.start(site, "heir", Pace.BRISK_AND_SURE, 8)) {
            heir.say("go");
            ledger.awaitAll(jobs);
            heir.stop();
        }
        Stage.assertAllDoneOnce(ledger, jobs);
        assertThat(ledger.number("select count(*) from {s}.attempt where outcome = 5"))
                .as("attempts recorded as lost")
                .isPositive();
        assertThat(ledger.number("select count(*) from {s}.lease")).isZero();
    }
}
