package dev.tidemill.rules;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.tidemill.jobs.EnqueueOptions;
import dev.tidemill.jobs.JobRequest;
import dev.tidemill.jobs.JobState;
import dev.tidemill.jobs.Timing;
import dev.tidemill.jobs.Unique;
import dev.tidemill.rules.Rule.Cause;
import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.TestDatabase;
import java.sql.Connection;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.postgresql.PGConnection;

/** The same reaction: live, backfilled, tried and swept; and what becomes of rules whose tables change under them. */
@ExtendWith(FreshSchema.class)
class ModesTest {
    private static final String SYNC =
            "update {s}.person p set plan = c.new->>'status', visits = visits + 1 from changes c"
                    + " where p.id = c.key::bigint and p.plan is distinct from c.new->>'status'";

    private final TestDatabase database;
    private Site site;
    private Rules rules;

    ModesTest(TestDatabase database) {
        this.database = database;
    }

    @BeforeEach
    void open() throws Exception {
        site = new Site(database);
        rules = site.rules();
        site.run("insert into {s}.person (id, plan) select g, 'none' from generate_series(1, 2000) g");
    }

    @AfterEach
    void close() throws Exception {
        site.close();
    }

    private void subscribe(int from, int to, String status) throws Exception {
        site.run("insert into {s}.sub select g, g, '" + status + "', 'x' from generate_series(" + from + ", " + to
                + ") g");
    }

    private long wrong() throws Exception {
        return site.number("select count(*) from {s}.sub s join {s}.person p on p.id = s.user_id"
                + " where p.plan is distinct from s.status");
    }

    @Test
    void aBackfillReactsToEveryRowThatWasThereBefore() throws Exception {
        subscribe(1, 1_200, "gold");
        Rule rule = site.subs(rules).sql("sync", site.sql(SYNC));
        rules.start();
        long id = rule.backfill(100_000);
        assertThat(rule.backfill(100_000)).as("one at a time").isEqualTo(id);
        Site.soon().until(() -> rule.status().backfill().orElseThrow().state().equals("DONE"));
        assertThat(wrong()).isZero();
        assertThat(rule.status().backfill().orElseThrow().rows()).isEqualTo(1_200);
        assertThat(site.number("select max(visits) from {s}.person")).isEqualTo(1);
    }

    @Test
    void aBackfillGoesOnWhereItWasWhenItsProcessIsGone() throws Exception {
        subscribe(1, 1_200, "gold");
        site.subs(rules).sql("sync", site.sql(SYNC));
        rules.start();
        rules.rule("sync").backfill(500);
        Site.soon()
                .until(() ->
                        rules.rule("sync").status().backfill().orElseThrow().rows() > 0);
        rules.close();
        long seen = site.number("select rows_seen from {s}.rule_run");
        assertThat(seen).isLessThan(1_200);
        Rules next = site.rules();
        Rule rule = site.subs(next).sql("sync", site.sql(SYNC));
        next.start();
        Site.soon().until(() -> rule.status().backfill().orElseThrow().state().equals("DONE"));
        assertThat(rule.status().backfill().orElseThrow().rows()).isEqualTo(1_200);
        assertThat(wrong()).isZero();
    }

    @Test
    void aBackfillWaitsForWritersThatAreOlderThanTheTriggers() throws Exception {
        Rules other = site.rules();
        other.table(site.sql("{s}.sub")).watching("note").key("id").react("first", (change, run) -> {});
        other.start();
        try (Connection unseen = site.begin()) {
            // With the triggers there already, only the function is made anew, and this writer is not waited for.
            site.run(unseen, "insert into {s}.sub values (1, 1, 'gold', 'x')");
            Rule rule = site.subs(rules).sql("sync", site.sql(SYNC));
            rules.start();
            rule.backfill(100_000);
            Site.soon()
                    .until(() -> String.valueOf(
                                    rule.status().backfill().orElseThrow().note())
                            .contains("older than the triggers"));
            unseen.commit();
            Site.soon()
                    .until(() -> rule.status().backfill().orElseThrow().state().equals("DONE"));
            assertThat(wrong()).isZero();
        }
    }

    @Test
    void aDryRunTellsWhatWouldChangeAndChangesNothing() throws Exception {
        subscribe(1, 300, "gold");
        site.run("update {s}.person set plan = 'gold' where id <= 100");
        Rule rule = site.subs(rules).sql("sync", site.sql(SYNC));
        rules.start();
        Rule.DryRun whole = rule.dryRun(1_000);
        assertThat(whole.rows()).isEqualTo(300);
        assertThat(whole.wouldChange()).isEqualTo(200);
        assertThat(whole.writes()).containsExactly(Map.entry(site.sql("{s}.person"), 200L));
        assertThat(whole.complete()).isTrue();
        assertThat(whole.keys()).hasSize(100).contains("101").doesNotContain("100");
        Rule.DryRun part = rule.dryRun(150);
        assertThat(part.complete()).isFalse();
        assertThat(part.rows()).isEqualTo(150);
        assertThat(wrong()).isEqualTo(200);
    }

    @Test
    void aDryRunTellsOfAJobOnceAndOfTheApplicationsTablesWhateverTheirNames() throws Exception {
        subscribe(1, 1, "gold");
        site.run("create table {s}.tags (name text)");
        Rule enqueues = site.subs(rules)
                .react(
                        "enqueues",
                        (change, run) -> site.mill()
                                .enqueueUnique(
                                        run.connection(),
                                        new JobRequest("dry.tagged", "{}"),
                                        EnqueueOptions.unique(Unique.key(change.key()))
                                                .tag("user", change.key())));
        Rule tags = site.subs(rules)
                .react("tags", (change, run) -> site.run(run.connection(), "insert into {s}.tags values ('gold')"));
        Rule notes = site.subs(rules)
                .react(
                        "notes",
                        (change, run) -> site.run(
                                run.connection(),
                                "create temporary table scratch (n integer) on commit drop;"
                                        + " insert into scratch values (1)"));
        rules.start();
        assertThat(enqueues.dryRun(10).writes()).hasSize(1).allSatisfy((table, rows) -> {
            assertThat(table).contains(".job_");
            assertThat(rows).isEqualTo(1);
        });
        assertThat(tags.dryRun(10).writes()).containsExactly(Map.entry(site.sql("{s}.tags"), 1L));
        assertThat(notes.dryRun(10).wouldChange()).isZero();
        site.run("drop table {s}.tags");
    }

    @Test
    void aDryRunTellsWhichRowsTheReactionFailsFor() throws Exception {
        subscribe(1, 3, "gold");
        Rule rule = site.subs(rules).react("pay", (change, run) -> {
            if (change.key().equals("2")) {
                throw new IllegalStateException("no card");
            }
        });
        rules.start();
        Rule.DryRun tried = rule.dryRun(10);
        assertThat(tried.failed()).isEqualTo(1);
        assertThat(tried.errors()).containsOnlyKeys("2");
        assertThat(tried.errors().get("2")).contains("no card");
    }

    @Test
    void aBackfillTakesItsTimeAndRestsWhileItsRuleIsPaused() throws Exception {
        subscribe(1, 10, "gold");
        Rule paused = site.subs(rules).react("paused", (change, run) -> {});
        Rule slow = site.subs(rules).react("slow", (change, run) -> {});
        rules.start();
        paused.pause();
        paused.backfill(1_000);
        slow.backfill(2);
        Site.soon().until(() -> slow.status().backfill().orElseThrow().state().equals("DONE"));
        assertThat(site.number("select (extract(epoch from x.ended - x.started) * 1000)::bigint from {s}.rule_run x"
                        + " join {s}.rule r on r.id = x.rule where r.name = 'slow'"))
                .as("ten rows at two a second, the first at once")
                .isGreaterThanOrEqualTo(4_500);
        assertThat(paused.status().backfill().orElseThrow().rows()).isZero();
        paused.resume();
        Site.soon().until(() -> paused.status().backfill().orElseThrow().state().equals("DONE"));
        assertThat(paused.status().backfill().orElseThrow().rows()).isEqualTo(10);
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
        subscribe(1, 9, "gold");
        Site.soon().until(() -> wrong() == 1 && rule.status().parked() == 1);
        site.run("update {s}.person set plan = 'edited' where id in (1, 2)");
        site.run("alter table {s}.sub disable trigger all; update {s}.sub set status = 'unseen' where id in (3, 4)");
        Rule.Sweep swept = rule.sweep();
        assertThat(swept.rows()).isEqualTo(9);
        assertThat(swept.byCause())
                .containsExactlyInAnyOrderEntriesOf(
                        Map.of(Cause.MANUAL_EDIT, 2L, Cause.MISSED_CAPTURE, 2L, Cause.HANDLER_ERROR, 1L));
        assertThat(swept.repaired()).as("the cap").isEqualTo(3);
        assertThat(wrong()).isEqualTo(2);
        assertThat(rule.drift(10)).hasSize(5).filteredOn(Rule.Drift::repaired).hasSize(3);
        assertThat(rule.status().state()).isEqualTo(RuleState.BROKEN);
        assertThat(rule.status().reason()).contains("disabled");
        assertThat(rule.sweep().repaired()).isEqualTo(1);
        rule.repair();
        assertThat(rule.status().state()).isEqualTo(RuleState.ACTIVE);
        sick.set(false);
        assertThat(rule.release("9")).isTrue();
        site.drained();
        assertThat(wrong()).isZero();
        assertThat(rule.sweep().found()).isZero();
        assertThat(site.mill().schedules().get("sweep-sync").name()).isEqualTo("sweep-sync");
    }

    @Test
    void aSweepByAQueryAsksItAloneAndAScheduleRunsIt() throws Exception {
        Rule rule = site.subs(rules)
                .sweeping(Timing.every(Duration.ofSeconds(1)), 100)
                .expecting(site.sql("select s.user_id from {s}.sub s join {s}.person p on p.id = s.user_id"
                        + " where p.plan is distinct from s.status"))
                .sql("sync", site.sql(SYNC));
        rules.start();
        subscribe(1, 50, "gold");
        site.drained();
        site.run("update {s}.person set plan = 'edited' where id <= 20");
        Site.soon().until(() -> wrong() == 0);
        Site.soon().until(() -> rule.drift(100).size() == 20);
        assertThat(rule.drift(100))
                .allSatisfy(drift -> assertThat(drift.cause()).isEqualTo(Cause.MANUAL_EDIT));
    }

    @Test
    void aSweepByAQueryLooksAgainWithTheKeyInHand() throws Exception {
        Rule rule = site.subs(rules)
                .sweeping(Timing.every(Duration.ofDays(1)), 100)
                .expecting(site.sql("select s.user_id from {s}.sub s join {s}.person p on p.id = s.user_id"
                        + " where p.plan is distinct from s.status"))
                .sql("sync", site.sql(SYNC));
        rules.start();
        subscribe(1, 3, "gold");
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
    void whatTheConditionLeavesOutIsNeitherSweptNorTriedNorBackfilled() throws Exception {
        site.run("insert into {s}.sub values (1, 1, 'gold', 'x'), (2, 2, 'draft', 'x')");
        String wrongOnes = "select s.user_id from {s}.sub s join {s}.person p on p.id = s.user_id"
                + " where p.plan is distinct from s.status";
        Rule rule = site.subs(rules).whenSql("new.status <> 'draft'").sql("sync", site.sql(SYNC));
        Rule asked = site.subs(rules)
                .whenSql("new.status <> 'draft'")
                .expecting(site.sql(wrongOnes))
                .sql("asked", site.sql(SYNC));
        rules.start();
        assertThat(rule.dryRun(10).rows()).isEqualTo(1);
        assertThat(rule.sweep().found()).isEqualTo(1);
        assertThat(wrong()).as("the draft").isEqualTo(1);
        site.run("update {s}.person set plan = 'none'");
        assertThat(asked.sweep().found()).as("of two keys that the query names").isEqualTo(1);
        assertThat(wrong()).isEqualTo(1);
        site.run("update {s}.person set plan = 'none'");
        rule.backfill();
        Site.soon().until(() -> rule.status().backfill().orElseThrow().state().equals("DONE"));
        assertThat(wrong()).isEqualTo(1);
    }

    @Test
    void aRowThatTheConditionLeavesOutByTheTimeOfItsBackfillIsPassedOver() throws Exception {
        subscribe(1, 2, "gold");
        Rule rule = site.subs(rules)
                .whenSql("new.status <> 'draft'")
                .sql("sync", Gather.every(Duration.ofMinutes(5)), site.sql(SYNC));
        rules.start();
        rule.backfill();
        Site.soon().until(() -> rule.status().pending() == 2);
        site.run("update {s}.sub set status = 'draft' where id = 2");
        site.run("update {s}.rule_change set written = written - interval '5 minutes'");
        Site.soon().until(() -> rule.status().pending() == 0);
        assertThat(site.text("select string_agg(plan, ' ' order by id) from {s}.person where id <= 2"))
                .isEqualTo("gold none");
    }

    @Test
    void aRuleForDeletesAloneHasNothingToDoWithRowsThatAreThere() throws Exception {
        subscribe(1, 1, "gold");
        Rule rule = site.subs(rules).onDelete().sql("gone", "select 1 from changes");
        Rule cleared = site.subs(rules)
                .onDelete()
                .expecting("select 1 union all select 2")
                .sql(
                        "cleared",
                        site.sql("update {s}.person p set plan = 'cleared' from changes c where p.id = c.key::bigint"));
        rules.start();
        for (ThrowingCallable refused : List.<ThrowingCallable>of(
                rule::backfill, rule::dryRun, rule::sweep, rule::askForSweep, () -> rule.askForDryRun(10))) {
            assertThatExceptionOfType(RuleException.class)
                    .isThrownBy(refused)
                    .withMessageContainingAll("'gone'", "deletes alone")
                    .satisfies(error -> assertThat(error.code()).isEqualTo(RuleError.INVALID));
        }
        assertThat(site.mill().deadLetters(null, 10)).isEmpty();
        long asked = cleared.askForSweep();
        Site.soon().until(() -> site.mill().job(asked).orElseThrow().state() == JobState.SUCCEEDED);
        site.run("update {s}.person set plan = 'none' where id <= 2");
        assertThat(cleared.sweep().found()).as("the key without a row").isEqualTo(1);
        assertThat(site.text("select string_agg(plan, ' ' order by id) from {s}.person where id <= 2"))
                .isEqualTo("none cleared");
        assertThatExceptionOfType(RuleException.class)
                .isThrownBy(() -> site.subs(rules)
                        .onDelete()
                        .sweeping(Timing.every(Duration.ofDays(1)), 10)
                        .sql("swept", "select 1 from changes"))
                .withMessageContainingAll("'swept'", "expecting");
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
        subscribe(1, 1, "GOLD");
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
    void aCallThatTakesTooLongIsBrokenOffInSweepsAndDryRunsToo() throws Exception {
        subscribe(1, 3, "gold");
        Rule rule = site.subs(rules).timeout(Duration.ofSeconds(1)).react("slow", (change, run) -> {
            if (change.key().equals("2")) {
                site.run(run.connection(), "select pg_sleep(20)");
            }
            site.run(
                    run.connection(),
                    "update {s}.person set plan = 'gold' where plan <> 'gold' and id = " + change.key());
        });
        rules.start();
        Rule.DryRun tried = rule.dryRun(10);
        assertThat(tried.rows()).isEqualTo(3);
        assertThat(tried.wouldChange()).isEqualTo(2);
        assertThat(tried.errors()).containsOnlyKeys("2");
        assertThat(tried.errors().get("2")).contains("longer than PT1S");
        assertThat(tried.complete()).isTrue();
        assertThat(rule.dryRun(2).rows()).isEqualTo(2);
        Rule.Sweep swept = rule.sweep();
        assertThat(swept.rows()).isEqualTo(3);
        assertThat(swept.byCause()).isEqualTo(Map.of(Cause.UNKNOWN, 2L, Cause.HANDLER_ERROR, 1L));
        assertThat(swept.repaired()).isEqualTo(2);
        assertThat(wrong()).isEqualTo(1);
    }

    @Test
    void aSweepLeavesForLaterWhatOthersHaveLocked() throws Exception {
        subscribe(1, 2, "gold");
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
        assertThat(wrong()).isZero();
    }

    @Test
    void aScheduleDoesNotSweepAPausedRule() throws Exception {
        subscribe(1, 5, "gold");
        Rules before = site.rules();
        site.subs(before).sql("sync", site.sql(SYNC));
        before.start();
        before.rule("sync").pause();
        before.close();
        Rule rule = site.subs(rules)
                .sweeping(Timing.every(Duration.ofSeconds(1)), 100)
                .sql("sync", site.sql(SYNC));
        rules.start();
        Awaitility.await()
                .during(Duration.ofSeconds(3))
                .atMost(Duration.ofSeconds(30))
                .until(() -> wrong() == 5);
        assertThat(rule.sweep().repaired()).as("asked for by hand").isEqualTo(5);
        site.run("update {s}.person set plan = 'edited' where id <= 5");
        rule.resume();
        Site.soon().until(() -> wrong() == 0);
    }

    @Test
    void aSweepEndsTheOneThatItsProcessDidNotEnd() throws Exception {
        Rule rule = site.subs(rules).sql("sync", site.sql(SYNC));
        rules.start();
        subscribe(1, 3, "gold");
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
    void aBackfillWaitsForTheReactionToFollow() throws Exception {
        subscribe(1, 2_000, "gold");
        CountDownLatch gate = new CountDownLatch(1);
        Rule rule = site.subs(rules).react("slow", (change, run) -> gate.await());
        rules.start();
        rule.backfill(1_000);
        try {
            Site.soon().until(() -> rule.status().backfill().orElseThrow().rows() >= 400);
            Awaitility.await()
                    .during(Duration.ofSeconds(2))
                    .atMost(Duration.ofSeconds(30))
                    .until(() -> rule.status().backfill().orElseThrow().rows() <= 600);
        } finally {
            gate.countDown();
        }
        Site.soon().until(() -> rule.status().backfill().orElseThrow().state().equals("DONE"));
        assertThat(rule.status().backfill().orElseThrow().rows()).isEqualTo(2_000);
    }

    @Test
    void aSweepDoesNotTakeWhatIsOnlyLateForDrift() throws Exception {
        Rule rule = site.subs(rules).sql("sync", site.sql(SYNC));
        rules.start();
        rule.pause();
        subscribe(1, 20, "gold");
        assertThat(wrong()).isEqualTo(20);
        assertThat(rule.sweep().found()).isZero();
        rule.resume();
        site.drained();
        assertThat(wrong()).isZero();
    }

    @Test
    void aColumnThatIsDroppedOrRenamedNeverFailsAWriterAndIsTold() throws Exception {
        Rule rule = site.subs(rules).react("note", (change, run) -> site.note(run, change.key(), "seen"));
        rules.start();
        subscribe(1, 1, "gold");
        site.drained();
        site.run("alter table {s}.sub rename column status to state");
        site.run(
                "insert into {s}.sub values (2, 2, 'x', 'x'); update {s}.sub set state = 'y'; delete from {s}.sub where id = 2");
        Site.soon().until(() -> rule.status().state() == RuleState.BROKEN);
        assertThat(rule.status().reason()).contains("no column status").contains("backfill");
        site.run("alter table {s}.sub rename column state to status");
        Site.soon().until(() -> rule.status().state() == RuleState.ACTIVE);
        site.run("alter table {s}.sub drop column user_id");
        site.run("insert into {s}.sub values (3, 'x', 'x'); update {s}.sub set status = 'z'; truncate {s}.sub");
        Site.soon().until(() -> rule.status().state() == RuleState.BROKEN);
        assertThat(rule.status().reason()).contains("no column user_id");
        site.run("alter table {s}.sub drop constraint sub_pkey, drop column id");
        site.run(
                "insert into {s}.sub values ('x', 'x'), ('x', 'x'); update {s}.sub set status = 'z'; delete from {s}.sub");
        assertThat(site.number("select count(*) from {s}.rule_change where rule is not null and op <> 'x'"))
                .isLessThan(10);
    }

    @Test
    void aTableThatWasMadeAnewIsToldAndRepaired() throws Exception {
        Rule rule = site.subs(rules).react("note", (change, run) -> site.note(run, change.key(), "seen"));
        rules.start();
        site.run("drop table {s}.sub");
        Site.soon().until(() -> rule.status().state() == RuleState.BROKEN);
        assertThat(rule.status().reason()).contains("is gone");
        Instant since = rule.status().since();
        site.run("create table {s}.sub (id bigint primary key, user_id bigint, status text, note text)");
        Site.soon().until(() -> String.valueOf(rule.status().reason()).contains("made anew"));
        assertThat(rule.status().since()).as("broken since then").isEqualTo(since);
        rule.repair();
        assertThat(rule.status().state()).isEqualTo(RuleState.ACTIVE);
        subscribe(5, 5, "gold");
        site.drained();
        assertThat(site.noted()).isEqualTo(List.of("5:seen"));
    }
}
