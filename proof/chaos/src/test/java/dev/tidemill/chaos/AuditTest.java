package dev.tidemill.chaos;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemill.chaos.Jobs.Effect;
import dev.tidemill.chaos.Jobs.Work;
import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.TestDatabase;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** A ledger that finds nothing proves nothing unless it finds what is there: each rule, broken by hand. */
@ExtendWith(FreshSchema.class)
class AuditTest {
    private final Ledger ledger;
    private final List<Long> jobs;
    private final long first;

    AuditTest(TestDatabase database) {
        Site site = Stage.site(database).inFreshSchema();
        this.ledger = Ledger.open(site);
        this.jobs = new ArrayList<>(site.enqueue(List.of(new Work(1), new Work(1))));
        jobs.add(site.enqueue(new Effect(1)));
        this.first = jobs.getFirst();
        ledger.execute("delete from {s}.ready");
        for (long job : jobs) {
            attempt(1, job, 1, 0);
        }
        ledger.execute("insert into {s}.effect values (" + jobs.getLast() + ", 1)");
    }

    @Test
    void aLedgerThatBalancesHasNoViolations() {
        assertThat(audit().violations()).isEmpty();
    }

    @Test
    void aJobThatIsNowhereIsLost() {
        ledger.execute("delete from {s}.attempt where job = " + first);
        assertThat(audit().violations()).containsEntry("lost", List.of(first));
    }

    @Test
    void anAcknowledgedJobWithoutABodyIsLost() {
        ledger.execute("delete from {s}.job where id = " + first);
        assertThat(audit().violations()).containsEntry("lost", List.of(first));
    }

    @Test
    void aJobThatStillWaitsIsUnfinished() {
        ledger.execute("delete from {s}.attempt where job = " + first);
        lease(first);
        assertThat(audit().violations())
                .containsEntry("unfinished", List.of(first))
                .doesNotContainKey("lost");
    }

    @Test
    void whereUnfinishedJobsAreIsTold() {
        assertThat(Leftover.of(ledger))
                .allSatisfy((reason, jobs) -> assertThat(jobs).isZero());
        long second = jobs.get(1);
        ledger.execute("delete from {s}.attempt where job in (" + first + ", " + second + ")");
        attempt(3, second, 1, 5);
        attempt(4, second, 2, 5);
        ledger.execute("insert into {s}.ready (start_by, job, kind, queue, priority, attempt, failures) values (1, "
                + second + ", 1, 1, 2, 3, 0)");
        lease(first);
        assertThat(Leftover.of(ledger))
                .containsEntry("ready", 1L)
                .containsEntry("ready_suspects", 1L)
                .containsEntry("in_hand", 1L)
                .containsEntry("in_hand_suspects", 0L)
                .containsEntry("at_a_limit", 0L)
                .containsEntry("leases_whose_jobs_all_have_attempts", 0L);
    }

    @Test
    void twoSuccessesOrASuccessAndADeadLetterAreOneTooMany() {
        attempt(2, first, 2, 0);
        long second = jobs.get(1);
        ledger.execute("insert into {s}.dead_letter (job, failed, queue, priority, attempt, code, error) values ("
                + second + ", 1, 1, 2, 1, 'X', '')");
        assertThat(audit().violations()).containsEntry("finished_twice", List.of(first, second));
    }

    @Test
    void anAttemptAfterSuccessAndANumberUsedTwiceShow() {
        attempt(2, first, 1, 5);
        assertThat(audit().violations())
                .containsEntry("again_after_success", List.of(first))
                .containsEntry("numbered_twice", List.of(first));
    }

    @Test
    void anOutcomeThatIsOverwrittenShows() {
        ledger.execute("update {s}.attempt set took = 1 where job = " + first);
        assertThat(audit().violations()).containsEntry("overwritten", List.of(first));
    }

    @Test
    void effectsThatAreDoubleOrOfNoSuccessOrMissingShow() {
        long effect = jobs.getLast();
        ledger.execute("insert into {s}.effect values (" + effect + ", 2)");
        assertThat(audit().violations())
                .containsEntry("effects_twice", List.of(effect))
                .containsEntry("effects_void", List.of(effect));
        ledger.execute("delete from {s}.effect");
        assertThat(audit().violations()).containsEntry("effects_missing", List.of(effect));
    }

    @Test
    void aJobThatShouldHaveDiedOrShouldHaveLivedShows() {
        assertThat(Audit.of(ledger, jobs, List.of(), List.of("Effect")).violations())
                .containsEntry("wrong_end", List.of(jobs.getLast()));
    }

    @Test
    void aCancelledJobIsAccountedForUnlessItSucceededToo() {
        ledger.execute("delete from {s}.attempt where job = " + first);
        ledger.execute("insert into {s}.cancelled values (" + first + ", 1, 'me'), (" + jobs.get(1) + ", 1, 'me')");
        assertThat(audit().violations())
                .doesNotContainKey("lost")
                .containsEntry("finished_twice", List.of(jobs.get(1)));
    }

    @Test
    void aParkedJobIsUnfinished() {
        ledger.execute("delete from {s}.attempt where job = " + first);
        ledger.execute("insert into {s}.parked values (1, 0, 2, 1, " + first + ", 1, 1, 1, 0, null)");
        assertThat(audit().violations())
                .containsEntry("unfinished", List.of(first))
                .doesNotContainKey("lost");
    }

    @Test
    void aThirdAtWorkAtAGateForTwoShowsUntilOneOfThemCountsNoMore() {
        ledger.execute("truncate {s}.told");
        turn(first, 10, 100L);
        turn(jobs.get(1), 20, null);
        turn(jobs.getLast(), 30, 40L);
        assertThat(audit().violations()).containsEntry("limit_violations", List.of(jobs.getLast()));
        ledger.execute("insert into {s}.told values (" + jobs.get(1) + ", 1, 25)");
        assertThat(audit().violations()).doesNotContainKey("limit_violations");
    }

    @Test
    void twoAliveWithOneKeyShow() {
        ledger.execute("insert into {s}.kind (name) values ('Single')");
        single(100_000, 10);
        single(100_001, 20);
        attempt(100_000, 100_000, 1, 0);
        ledger.execute("update {s}.told set at = 15 where job = 100000");
        attempt(100_001, 100_001, 1, 0);
        assertThat(audit().violations()).doesNotContainKey("unique_violations");
        ledger.execute("update {s}.told set at = 25 where job = 100000");
        assertThat(audit().violations()).containsEntry("unique_violations", List.of(100_001L));
    }

    private void single(long id, long created) {
        ledger.execute("insert into {s}.job (id, created, kind, queue, priority, payload) select " + id + ", " + created
                + ", id, 1, 2, '{\"key\": \"k\"}' from {s}.kind where name = 'Single'");
    }

    @Test
    void startsFasterThanTheRateShow() {
        ledger.execute("insert into {s}.queue (name) values ('metered')");
        for (int i = 0; i < Watch.BURST + 1; i++) {
            begun(i, 1_000_000);
        }
        begun(10, 1_000_001 + 1_000_000 / Watch.PER_SECOND);
        assertThat(audit().violations()).doesNotContainKey("limit_violations");
        begun(11, 1_000_002 + 1_000_000 / Watch.PER_SECOND);
        assertThat(audit().violations()).containsEntry("limit_violations", List.of(11L));
    }

    @Test
    void aClaimSentAfterACancelWasAcknowledgedShows() {
        ledger.execute("insert into {s}.cancel_ack values (" + first + ", 50)");
        ledger.execute("insert into {s}.begun values (" + first + ", 1, 49, 60)");
        assertThat(audit().violations()).doesNotContainKey("ran_after_cancel");
        ledger.execute("insert into {s}.begun values (" + first + ", 1, 51, 60)");
        assertThat(audit().violations()).containsEntry("ran_after_cancel", List.of(first));
    }

    @Test
    void oneBlamedForItsWorkersDeathMustHaveBeenLostThreeTimes() {
        ledger.execute("delete from {s}.attempt where job = " + first);
        ledger.execute("insert into {s}.dead_letter (job, failed, queue, priority, attempt, code, error) values ("
                + first + ", 1, 1, 2, 1, 'POISONED', '')");
        attempt(2, first, 1, 5);
        attempt(3, first, 2, 5);
        assertThat(audit().violations()).containsEntry("wrong_end", List.of(first));
        attempt(4, first, 3, 5);
        assertThat(audit().violations()).doesNotContainKey("wrong_end");
    }

    private void turn(long job, long began, @Nullable Long ended) {
        ledger.execute("insert into {s}.turn values (" + job + ", 1, 'limited/k', " + began + ", " + ended + ")");
    }

    private void begun(long job, long at) {
        ledger.execute("insert into {s}.begun select " + job + ", id, " + at + ", " + at
                + " from {s}.queue where name = 'metered'");
    }

    private Audit audit() {
        return Audit.of(ledger, jobs, List.of("Effect"), List.of());
    }

    private void attempt(long lease, long job, int attempt, int outcome) {
        ledger.execute("insert into {s}.attempt (lease, job, started, took, late, epoch, attempt, outcome) values ("
                + lease + ", " + job + ", 1, 0, 0, 1, " + attempt + ", " + outcome + ")");
    }

    private void lease(long job) {
        ledger.execute("insert into {s}.lease (id, epoch, claimed, jobs, attempts, failures, start_bys) values"
                + " (9, 1, 1, array[" + job + "], array[1], array[0], array[1])");
    }
}
