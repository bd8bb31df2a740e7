package dev.tidemill.rules;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemill.jobs.Timing;
import dev.tidemill.rules.Rule.Cause;
import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.TestDatabase;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** What rules keep has a bound, and what nobody needs any more goes. */
@ExtendWith(FreshSchema.class)
class BoundsTest {
    private static final Timing DAILY = Timing.every(Duration.ofDays(1));
    private static final String SYNC = "update {s}.person p set plan = c.new->>'status' from changes c"
            + " where p.id = c.key::bigint and p.plan is distinct from c.new->>'status'";

    private final TestDatabase database;
    private Site site;
    private Rules rules;

    BoundsTest(TestDatabase database) {
        this.database = database;
    }

    @BeforeEach
    void open() throws Exception {
        site = new Site(database);
        rules = site.rules();
        site.run("insert into {s}.person (id, plan) select g, 'none' from generate_series(1, 100) g");
    }

    @AfterEach
    void close() throws Exception {
        site.close();
    }

    private Tidying tidying() {
        return new Tidying(new Database(database.dataSource(), new RuleSql(database.schema())), List::of);
    }

    private String remembered() throws Exception {
        return site.text("select string_agg(row_id, ' ' order by row_id) from {s}.rule_seen");
    }

    @Test
    void howARowWasIsForgottenWhenItsDeleteIsDelivered() throws Exception {
        site.subs(rules).sweeping(DAILY, 10).sql("sync", site.sql(SYNC));
        rules.start();
        site.insert(1, 4);
        site.drained();
        assertThat(remembered()).isEqualTo("[1] [2] [3] [4]");
        site.run("delete from {s}.sub where id = 2; update {s}.sub set user_id = 9 where id = 3;"
                + " update {s}.sub set id = 8 where id = 4");
        site.drained();
        assertThat(remembered()).isEqualTo("[1] [3] [8]");
    }

    @Test
    void whatTheRuleIsNotToldOfIsForgottenByTheNextSweep() throws Exception {
        Rule rule = site.subs(rules).onInsert().sweeping(DAILY, 10).sql("sync", site.sql(SYNC));
        rules.start();
        site.insert(1, 4);
        site.drained();
        site.run("delete from {s}.sub where id in (2, 3)");
        site.run("insert into {s}.rule_seen select id, n, 0 from {s}.rule, unnest(array['x', '[\"x\"]', '7']) n");
        assertThat(rule.sweep().found()).isZero();
        assertThat(remembered()).isEqualTo("[1] [4]");
        site.run("update {s}.person set plan = 'edited' where id = 4");
        assertThat(rule.sweep().byCause()).as("what is there is remembered").isEqualTo(Map.of(Cause.MANUAL_EDIT, 1L));
    }

    @Test
    void aRowWhosePrimaryKeyIsTooLongToBeRememberedHoldsUpNobody() throws Exception {
        site.run("create table {s}.pair (name text primary key, what text)");
        Rule rule = rules.table(site.sql("{s}.pair"))
                .watching("what")
                .key("name")
                .sweeping(DAILY, 10)
                .sql(
                        "pairs",
                        site.sql(
                                "update {s}.person p set plan = c.new->>'what' from changes c where p.id = length(c.key) % 100"
                                        + " and p.plan is distinct from c.new->>'what'"));
        rules.start();
        // As long as PostgreSQL takes for a primary key; with a rule's number before it, it is too long.
        String longest = new Random(1)
                .ints(2_690, 0, 62)
                .mapToObj(letter ->
                        String.valueOf("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789".charAt(letter)))
                .collect(java.util.stream.Collectors.joining());
        site.run("insert into {s}.pair values ('" + longest + "', 'gold'), ('short', 'gold')");
        site.drained();
        assertThat(site.text("select string_agg(plan, ' ' order by id) from {s}.person where id in (5, 90)"))
                .isEqualTo("gold gold");
        assertThat(remembered()).isEqualTo("short");
        site.run("update {s}.person set plan = 'edited' where id in (5, 90)");
        assertThat(rule.sweep().byCause()).isEqualTo(Map.of(Cause.MANUAL_EDIT, 1L, Cause.UNKNOWN, 1L));
    }

    @Test
    void aHundredBackfillsAndAHundredSweepsOfARuleAreKept() throws Exception {
        Rule rule = site.subs(rules).sql("sync", site.sql(SYNC));
        site.subs(rules).sql("other", site.sql(SYNC));
        rules.start();
        site.run("insert into {s}.rule_run (rule, mode, state, rows_per_second)"
                + " select r.id, m, 'DONE', g from {s}.rule r, unnest(array['BACKFILL', 'SWEEP']) m, generate_series(1, 150) g"
                + " where r.name = 'sync'");
        site.run(
                "insert into {s}.rule_run (rule, mode, state, rows_per_second)"
                        + " select r.id, 'SWEEP', s, 1 from {s}.rule r, unnest(array['RUNNING', 'FAILED']) s where r.name = 'other'");
        rule.pause();
        rule.backfill(1);
        tidying().runs();
        assertThat(site.text(
                        "select string_agg(t.line, ' ' order by t.line) from (select r.name || ' ' || x.mode || ' '"
                                + " || x.state || ' ' || count(*) || ' ' || min(x.rows_per_second) as line from {s}.rule_run x"
                                + " join {s}.rule r on r.id = x.rule group by r.name, x.mode, x.state) t"))
                .isEqualTo("other SWEEP FAILED 1 1 other SWEEP RUNNING 1 1 sync BACKFILL DONE 100 51"
                        + " sync BACKFILL RUNNING 1 1 sync SWEEP DONE 100 51");
        rule.cancelBackfill();
    }

    @Test
    void aThousandFindingsOfARuleAreKeptHoweverFewEachSweepHas() throws Exception {
        Rule rule = site.subs(rules).sql("sync", site.sql(SYNC));
        rules.start();
        site.insert(1, 2);
        site.drained();
        site.run("insert into {s}.rule_drift (rule, run, key, cause, repaired)"
                + " select id, 1, 'old', 'UNKNOWN', true from {s}.rule, generate_series(1, 1500)");
        site.run("update {s}.person set plan = 'edited' where id = 2");
        assertThat(rule.sweep().found()).isEqualTo(1);
        assertThat(site.number("select count(*) from {s}.rule_drift")).isEqualTo(1_000);
        assertThat(rule.drift(1).getFirst().key()).isEqualTo("2");
    }

    @Test
    void theConditionOfARemovedRuleGoesOnceNoTriggerCanHaveBegunBefore() throws Exception {
        site.subs(rules).whenSql("new.status <> 'draft'").sql("sync", site.sql(SYNC));
        Rule stays = site.subs(rules).whenSql("new.status <> 'x'").sql("stays", site.sql(SYNC));
        rules.start();
        String functions = "select count(*) from pg_proc where pronamespace = '{s}'::regnamespace"
                + " and proname like 'rule\\_when\\_%'";
        long before = site.number(functions);
        rules.remove("sync");
        Tidying tidying = tidying();
        tidying.conditions();
        assertThat(site.number(functions)).as("a trigger may have begun").isEqualTo(before);
        tidying.conditions();
        assertThat(site.number(functions)).as("that of the rule which stays").isEqualTo(1);
        site.run("insert into {s}.sub values (1, 1, 'gold', 'x'), (2, 2, 'x', 'x')");
        site.drained();
        assertThat(stays.status().effects() + site.number("select count(*) from {s}.person where plan = 'gold'"))
                .isPositive();
        assertThat(site.text("select plan from {s}.person where id = 2")).isEqualTo("none");
    }

    @Test
    void whatIsLeftOfARuleThatIsGoneIsForgotten() throws Exception {
        Rule swept = site.subs(rules).sweeping(DAILY, 10).sql("sync", site.sql(SYNC));
        rules.start();
        site.insert(1, 2);
        site.drained();
        site.run("insert into {s}.rule_seen select 70000, g::text, g from generate_series(1, 25000) g;"
                + " insert into {s}.rule_seen values (70001, 'x', 1);"
                + " insert into {s}.rule_run (rule, mode, state, rows_per_second) values (70000, 'SWEEP', 'DONE', 1);"
                + " insert into {s}.rule_drift (rule, run, key, cause, repaired) values (70000, 1, 'x', 'UNKNOWN', false);"
                + " insert into {s}.rule_minute values (70000, now(), 'x', 1, 1, 0, 0, 0, 1, 1, '{}')");
        Tidying tidying = tidying();
        tidying.gone();
        tidying.seen();
        assertThat(remembered()).isEqualTo("[1] [2]");
        for (String table : List.of("rule_run", "rule_drift", "rule_minute")) {
            assertThat(site.number("select count(*) from {s}." + table + " where rule >= 70000"))
                    .as(table)
                    .isZero();
        }
        assertThat(swept.status().state()).isEqualTo(RuleState.ACTIVE);
    }

    @Test
    void howRowsWereIsForgottenOnceNoScheduleSweepsTheRule() throws Exception {
        Rules before = site.rules();
        site.subs(before).sweeping(DAILY, 10).sql("sync", site.sql(SYNC));
        before.start();
        site.insert(1, 2);
        site.drained();
        assertThat(remembered()).isEqualTo("[1] [2]");
        before.close();
        site.subs(rules).sql("sync", site.sql(SYNC));
        rules.start();
        Site.soon().until(() -> site.number("select count(*) from {s}.rule_seen") == 0);
    }
}
