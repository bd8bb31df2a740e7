package dev.tidemill.rules;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemill.jobs.Timing;
import dev.tidemill.rules.Rule.Cause;
import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.TestDatabase;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.postgresql.PGConnection;

/** What sweeps find, what they take it for, and what they repair. */
@ExtendWith(FreshSchema.class)
final class SweepTest {
    private final Site site;
    private final Rules rules;
    private final Plans plans;

    SweepTest(TestDatabase database) throws SQLException {
        site = new Site(database);
        rules = site.rules();
        plans = new Plans(site);
    }

    @AfterEach
    void close() throws SQLException {
        site.close();
    }

    @Test
    void aSweepFindsWhatNobodyCapturedWhatFailedAndWhatWasUndoneAndRepairsUpToItsCap() throws Exception {
        AtomicBoolean sick = new AtomicBoolean(true);
        Rule rule = site.subs(rules)
                .attempts(1)
                .sweeping(Timing.every(Duration.ofDays(1)), 3)
                .react("sync", (change, run) -> {
                    if (change.key().equals("9") && sick.get()) {
                        throw new IllegalStateException("sick");
                    }
                    site.run(
                            run.connection(),
                            "update {s}.person set plan = '" + change.row().status() + "' where id = " + change.key()
                                    + " and plan is distinct from '"
                                    + change.row().status() + "'");
                });
        rules.start();
        plans.subscribe(1, 9, "gold");
        Site.soon().until(() -> plans.wrong() == 1 && rule.status().parked() == 1);
        site.run("update {s}.person set plan = 'edited' where id in (1, 2)");
        site.run("alter table {s}.sub disable trigger all; update {s}.sub set status = 'unseen' where id in (3, 4)");
        Rule.Sweep swept = rule.sweep();
        assertThat(swept.rows()).isEqualTo(9);
        assertThat(swept.byCause())
                .containsExactlyInAnyOrderEntriesOf(
                        Map.of(Cause.MANUAL_EDIT, 2L, Cause.MISSED_CAPTURE, 2L, Cause.HANDLER_ERROR, 1L));
        assertThat(swept.repaired()).as("the cap").isEqualTo(3);
        assertThat(plans.wrong()).isEqualTo(2);
        assertThat(rule.drift(10)).hasSize(5).filteredOn(Rule.Drift::repaired).hasSize(3);
        assertThat(rule.status().state()).isEqualTo(RuleState.BROKEN);
        assertThat(rule.status().reason()).contains("disabled");
        assertThat(rule.sweep().repaired()).isEqualTo(1);
        rule.repair();
        assertThat(rule.status().state()).isEqualTo(RuleState.ACTIVE);
        sick.set(false);
        assertThat(rule.release("9")).isTrue();
        site.drained();
        assertThat(plans.wrong()).isZero();
        assertThat(rule.sweep().found()).isZero();
        assertThat(site.mill().schedules().get("sweep-sync").name()).isEqualTo("sweep-sync");
    }

    @Test
    void aSweepByAQueryAsksItAloneAndAScheduleRunsIt() throws Exception {
        Rule rule = site.subs(rules)
                .sweeping(Timing.every(Duration.ofSeconds(1)), 100)
                .expecting(site.sql(Plans.WRONG))
                .sql("sync", site.sql(Plans.SYNC));
        rules.start();
        plans.subscribe(1, 50, "gold");
        site.drained();
        site.run("update {s}.person set plan = 'edited' where id <= 20");
        Site.soon().until(() -> plans.wrong() == 0);
        Site.soon().until(() -> rule.drift(100).size() == 20);
        assertThat(rule.drift(100))
                .allSatisfy(drift -> assertThat(drift.cause()).isEqualTo(Cause.MANUAL_EDIT));
    }

    @Test
    void aSweepByAQueryLooksAgainWithTheKeyInHand() throws Exception {
        Rule rule = site.subs(rules)
                .sweeping(Timing.every(Duration.ofDays(1)), 100)
                .expecting(site.sql(Plans.WRONG))
                .sql("sync", site.sql(Plans.SYNC));
        rules.start();
        plans.subscribe(1, 3, "gold");
        site.drained();
        site.run("update {s}.person set plan = 'edited' where id = 2");
        try (Connection delivering = site.begin()) {
            site.run(delivering, "select 1 from {s}.rule_shard for update");
            int pid = delivering.unwrap(PGConnection.class).getBackendPID();
            CompletableFuture<Rule.Sweep> sweeping = CompletableFuture.supplyAsync(rule::sweep);
            Site.soon()
                    .until(() -> site.number("select count(*) from pg_stat_activity where " + pid
                                    + " = any (pg_blocking_pids(pid))")
                            > 0);
            site.run("update {s}.person set plan = 'gold' where id = 2");
            delivering.commit();
            assertThat(sweeping.get().found())
                    .as("mended between the query and the look")
                    .isZero();
        }
        assertThat(rule.drift(10)).isEmpty();
    }

    @Test
    void aSweepLeavesForLaterWhatOthersHaveLocked() throws Exception {
        plans.subscribe(1, 2, "gold");
        Rule rule = site.subs(rules)
                .react(
                        "sync",
                        (change, run) -> site.run(
                                run.connection(),
                                "set local lock_timeout = '50ms'; update {s}.person set plan = 'gold' where plan <> 'gold'"
                                        + " and id = " + change.key()));
        rules.start();
        try (Connection holder = site.begin()) {
            site.run(holder, "update {s}.person set name = 'x' where id = 1");
            Rule.Sweep swept = rule.sweep();
            assertThat(swept.byCause()).doesNotContainKey(Cause.HANDLER_ERROR);
            assertThat(swept.repaired()).isEqualTo(1);
            assertThat(rule.status().sweep().orElseThrow().note()).contains("passed over", "held locks", ": 1.");
            holder.rollback();
        }
        assertThat(rule.sweep().repaired()).isEqualTo(1);
        assertThat(rule.status().sweep().orElseThrow().note()).isNull();
        assertThat(plans.wrong()).isZero();
    }

    @Test
    void aSweepEndsTheOneThatItsProcessDidNotEnd() throws Exception {
        Rule rule = site.subs(rules).sql("sync", site.sql(Plans.SYNC));
        rules.start();
        plans.subscribe(1, 3, "gold");
        site.drained();
        site.run("insert into {s}.rule_run (rule, mode, state, rows_per_second, cap)"
                + " select id, 'SWEEP', 'RUNNING', 1, 1 from {s}.rule where name = 'sync'");
        assertThat(rule.sweep().rows()).isEqualTo(3);
        assertThat(
                        site.text(
                                "select string_agg(x.state, ' ' order by x.id) from (select * from {s}.rule_run order by id desc limit 2) x"))
                .isEqualTo("CANCELLED DONE");
    }

    @Test
    void aSweepDoesNotTakeWhatIsOnlyLateForDrift() throws Exception {
        Rule rule = site.subs(rules).sql("sync", site.sql(Plans.SYNC));
        rules.start();
        rule.pause();
        plans.subscribe(1, 20, "gold");
        assertThat(plans.wrong()).isEqualTo(20);
        assertThat(rule.sweep().found()).isZero();
        rule.resume();
        site.drained();
        assertThat(plans.wrong()).isZero();
    }

    @Test
    void whatARuleWroteItselfIsNotTakenForAMissedWrite() throws Exception {
        Rule rule = site.subs(rules)
                .sweeping(Timing.every(Duration.ofDays(1)), 10)
                .react("lower", (change, run) -> {
                    site.run(
                            run.connection(),
                            "update {s}.sub set status = lower(status) where status <> lower(status) and user_id = "
                                    + change.key());
                    site.run(
                            run.connection(),
                            "update {s}.person p set plan = s.status from {s}.sub s where s.user_id = p.id"
                                    + " and p.plan <> s.status and p.id = " + change.key());
                });
        rules.start();
        plans.subscribe(1, 1, "GOLD");
        site.drained();
        assertThat(site.text("select plan from {s}.person where id = 1")).isEqualTo("gold");
        site.run("update {s}.person set plan = 'edited' where id = 1");
        assertThat(rule.sweep().byCause()).isEqualTo(Map.of(Cause.MANUAL_EDIT, 1L));
        site.run("alter table {s}.sub disable trigger all; update {s}.sub set status = 'TIN'");
        assertThat(rule.sweep().byCause()).isEqualTo(Map.of(Cause.MISSED_CAPTURE, 1L));
        assertThat(site.text("select plan from {s}.person where id = 1")).isEqualTo("tin");
        site.run("update {s}.person set plan = 'edited' where id = 1");
        assertThat(rule.sweep().byCause()).as("after a repair").isEqualTo(Map.of(Cause.MANUAL_EDIT, 1L));
    }

    @Test
    void aScheduleDoesNotSweepAPausedRule() throws Exception {
        plans.subscribe(1, 5, "gold");
        Rules before = site.rules();
        site.subs(before).sql("sync", site.sql(Plans.SYNC));
        before.start();
        before.rule("sync").pause();
        before.close();
        Rule rule = site.subs(rules)
                .sweeping(Timing.every(Duration.ofSeconds(1)), 100)
                .sql("sync", site.sql(Plans.SYNC));
        rules.start();
        Awaitility.await()
                .during(Duration.ofSeconds(3))
                .atMost(Duration.ofSeconds(30))
                .until(() -> plans.wrong() == 5);
        assertThat(rule.sweep().repaired()).as("asked for by hand").isEqualTo(5);
        site.run("update {s}.person set plan = 'edited' where id <= 5");
        rule.resume();
        Site.soon().until(() -> plans.wrong() == 0);
    }
}
