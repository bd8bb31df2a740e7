package dev.tidemill.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemill.chaos.Jobs.Effect;
import dev.tidemill.chaos.Jobs.Held;
import dev.tidemill.chaos.Jobs.Work;
import dev.tidemill.jobs.AttemptOutcome;
import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.TestDatabase;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** A graceful stop: nothing is left for a rescue, which at this pace would come a minute later. */
@ExtendWith(FreshSchema.class)
class StoppedWorkerTest {
    @Test
    void aStoppingWorkerGivesBackAtOnceWhatItHasNotStarted(TestDatabase database) {
        Site site = Stage.site(database).inFreshSchema();
        Ledger ledger = Ledger.open(site);
        List<Long> jobs = site.enqueue(IntStream.range(0, 2_000)
                .mapToObj(i -> i % 4 != 0 ? new Work(6) : new Effect(3))
                .collect(Collectors.toList()));
        try (WorkerProcess leaver = Stage.start(site, "leaver", Pace.CALM, 4)) {
            ledger.awaitAtLeast(100, jobs);
            leaver.stop();
        }
        int done = ledger.succeeded(jobs);
        assertThat(done).isLessThan(jobs.size());
        assertThat(ledger.number("select count(*) from {s}.lease")).isZero();
        assertThat(ledger.number("select count(*) from {s}.ready")).isEqualTo(jobs.size() - done);
        assertThat(ledger.number("select count(*) from {s}.attempt where outcome <> 0"))
                .as("nothing started in vain")
                .isZero();
        try (WorkerProcess heir = Stage.start(site, "heir", Pace.CALM, 16)) {
            ledger.awaitAll(jobs);
            heir.stop();
        }
        Stage.assertAllDoneOnce(ledger, jobs);
        ledger.drop();
    }

    @Test
    void aHandlerThatOutlivesTheGraceIsReleasedAndRunsElsewhereAtOnce(TestDatabase database) {
        Site site = Stage.site(database).inFreshSchema();
        Ledger ledger = Ledger.open(site);
        long job = site.enqueue(new Held());
        try (WorkerProcess leaver = Stage.start(site, "leaver", Pace.CALM, 4);
                WorkerProcess heir = Stage.start(site, "heir", Pace.CALM, 4)) {
            WorkerProcess first = leaver.awaitEither("runs " + job + " 1", heir) ? leaver : heir;
            WorkerProcess second = first.equals(leaver) ? heir : leaver;
            first.say("stop");
            second.awaitLine("runs " + job + " 2");
            second.say("go");
            ledger.awaitAll(List.of(job));
            first.awaitExit();
            second.stop();
        }
        assertThat(ledger.outcomes(job)).containsExactly(AttemptOutcome.RELEASED, AttemptOutcome.SUCCEEDED);
        Stage.assertAllDoneOnce(ledger, List.of(job));
        ledger.drop();
    }
}
