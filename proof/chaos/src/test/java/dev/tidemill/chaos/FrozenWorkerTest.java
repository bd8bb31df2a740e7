package dev.tidemill.chaos;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.tidemill.chaos.Jobs.FailsOnce;
import dev.tidemill.chaos.Jobs.Held;
import dev.tidemill.chaos.Jobs.HeldEffect;
import dev.tidemill.chaos.Jobs.Work;
import dev.tidemill.jobs.AttemptOutcome;
import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.TestDatabase;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * SIGSTOP: the process stands still with its sessions open, long enough to be declared dead, and wakes up as if nothing
 * had happened. Each test freezes it at another place.
 */
@ExtendWith(FreshSchema.class)
class FrozenWorkerTest {
    private static final List<AttemptOutcome> LOST_THEN_DONE = List.of(AttemptOutcome.LOST, AttemptOutcome.SUCCEEDED);

    /** The last statement of a heartbeat that has something to count. */
    private static final String HEARTBEAT = "%insert into%tally%";

    private final Site site;
    private final Ledger ledger;
    private WorkerProcess sleeper;

    FrozenWorkerTest(TestDatabase database) {
        Site all = Stage.site(database);
        // A schema a test: the worker that one test leaves behind must not take the jobs of the next.
        this.site = all.inFreshSchema();
        this.ledger = Ledger.open(site);
        // One that does not take itself for dead before it is frozen: it would join anew, and lose its jobs once more.
        this.sleeper = Stage.start(site, "sleeper", Pace.BRISK_AND_SURE, 4);
    }

    @AfterEach
    void end() {
        sleeper.close();
        ledger.drop();
    }

    @Test
    void aFrozenHandlersJobRunsElsewhereAndItsOwnOutcomeIsRefused() {
        long job = site.enqueue(new Held());
        sleeper.awaitLine("runs " + job + " 1");
        try (WorkerProcess rescuer = Stage.start(site, "rescuer", Pace.BRISK, 4)) {
            sleeper.freeze();
            rescuer.awaitLine("runs " + job + " 2");
            rescuer.say("go");
            ledger.awaitAll(List.of(job));
            rescuer.stop();
        }
        sleeper.say("go");
        sleeper.thaw();
        sleeper.awaitLine("returns " + job + " 1");
        assertThat(ledger.outcomes(job)).isEqualTo(LOST_THEN_DONE);
        assertThat(ledger.nodeThatSucceeded(job)).isEqualTo("rescuer");
        assertWorksAgain(job);
    }

    @Test
    void aTransactionFrozenBehindCompleteInIsEndedAndItsEffectIsThereOnce() {
        long job = site.enqueue(new HeldEffect());
        sleeper.awaitLine("completes " + job + " 1");
        try (WorkerProcess rescuer = Stage.start(site, "rescuer", Pace.BRISK, 4)) {
            sleeper.freeze();
            rescuer.awaitLine("completes " + job + " 2");
            rescuer.say("go");
            ledger.awaitAll(List.of(job));
            rescuer.stop();
        }
        sleeper.say("go");
        sleeper.thaw();
        sleeper.awaitLine("refused " + job + " 1");
        assertThat(ledger.numbers("select attempt from {s}.effect")).containsExactly(2L);
        assertThat(ledger.outcomes(job)).isEqualTo(LOST_THEN_DONE);
        assertWorksAgain(job);
    }

    @Test
    void aFinishThatThePeerNeverHearsOfCountsOnce() throws Exception {
        long job = freezeInside("attempt", new Work(1), "%finish(%");
        ledger.awaitAll(List.of(job));
        try (WorkerProcess rescuer = Stage.start(site, "rescuer", Pace.BRISK, 4)) {
            ledger.awaitDead("sleeper");
            rescuer.stop();
        }
        sleeper.thaw();
        assertThat(ledger.nodeThatSucceeded(job)).isEqualTo("sleeper");
        assertWorksAgain(job);
        assertThat(ledger.outcomes(job)).containsExactly(AttemptOutcome.SUCCEEDED);
    }

    @Test
    void anOpenFinishTransactionOfAFrozenWorkerIsEndedAndWritesNothing() throws Exception {
        long job = freezeInside("attempt", new FailsOnce(), "%finish_failures(%");
        await().atMost(Duration.ofSeconds(30)).until(() -> ledger.openTransactions("sleeper") == 1);
        try (WorkerProcess rescuer = Stage.start(site, "rescuer", Pace.BRISK, 4)) {
            rescuer.awaitLine("runs " + job + " 2");
            ledger.awaitAll(List.of(job));
            rescuer.stop();
        }
        sleeper.thaw();
        assertThat(ledger.outcomes(job)).isEqualTo(LOST_THEN_DONE);
        assertWorksAgain(job);
    }

    @Test
    void aClaimThatThePeerNeverHearsOfIsRescued() throws Exception {
        long job = freezeInside("lease", new Work(1), "%claim(%");
        await().atMost(Duration.ofSeconds(30)).until(() -> ledger.number("select count(*) from {s}.lease") == 1);
        try (WorkerProcess rescuer = Stage.start(site, "rescuer", Pace.BRISK, 4)) {
            ledger.awaitAll(List.of(job));
            rescuer.stop();
        }
        sleeper.thaw();
        assertThat(ledger.outcomes(job)).isEqualTo(LOST_THEN_DONE);
        assertWorksAgain(job);
    }

    @Test
    void anOpenClaimOfAFrozenWorkerIsEndedAndItsJobsWereNeverTaken() throws Exception {
        try (Connection lock = ledger.lock("lease", "share")) {
            long job = site.enqueue(new Work(1));
            ledger.awaitBlocked("sleeper", "%claim(%");
            sleeper.freeze();
            try (WorkerProcess rescuer = Stage.start(site, "rescuer", Pace.BRISK, 4)) {
                await().atMost(Duration.ofSeconds(30)).until(() -> ledger.blocked("sleeper", "%claim(%") == 0);
                lock.rollback();
                ledger.awaitAll(List.of(job));
                rescuer.stop();
            }
            sleeper.thaw();
            assertThat(ledger.outcomes(job)).containsExactly(AttemptOutcome.SUCCEEDED);
            assertWorksAgain(job);
        }
    }

    /** The heartbeat's transaction locks the node's row, which the rescue wants to write as well. */
    @Test
    void aWorkerFrozenInsideItsHeartbeatIsRescuedToo() throws Exception {
        sleeper.stop();
        sleeper = Stage.start(site, "beater", Pace.BRISK_AND_SURE, 4);
        long held = site.enqueue(new Held());
        sleeper.awaitLine("runs " + held + " 1");
        try (Connection lock = ledger.lock("tally", "share")) {
            site.enqueue(new Work(1));
            ledger.awaitBlocked("beater", HEARTBEAT);
            sleeper.freeze();
            lock.rollback();
        }
        await().atMost(Duration.ofSeconds(30)).until(() -> ledger.openTransactions("beater", HEARTBEAT) == 1);
        try (WorkerProcess rescuer = Stage.start(site, "rescuer", Pace.BRISK, 4)) {
            rescuer.awaitLine("runs " + held + " 2");
            rescuer.say("go");
            ledger.awaitAll(List.of(held));
            rescuer.stop();
        }
        sleeper.say("go");
        sleeper.thaw();
        assertWorksAgain(held);
    }

    /** Freezes the sleeper while its statement waits for a table, and then lets the statement through. */
    private long freezeInside(String table, Object job, String statementLike) throws SQLException {
        try (Connection lock = ledger.lock(table, "share")) {
            long id = site.enqueue(job);
            ledger.awaitBlocked("sleeper", statementLike);
            sleeper.freeze();
            lock.rollback();
            return id;
        }
    }

    /** The woken worker has joined under a new epoch, works, and changed nothing that had counted before. */
    private void assertWorksAgain(long before) {
        List<AttemptOutcome> outcomes = ledger.outcomes(before);
        ledger.awaitEpochs(sleeper.name(), 2);
        List<Long> next = site.enqueue(Collections.nCopies(20, new Work(1)));
        ledger.awaitAll(next);
        sleeper.stop();
        assertThat(ledger.outcomes(before)).isEqualTo(outcomes);
        Stage.assertAllDoneOnce(ledger, ledger.numbers("select id from {s}.job"));
    }
}
