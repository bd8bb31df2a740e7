package dev.tidemill.rules;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.tidemill.jobs.JobState;
import dev.tidemill.jobs.Timing;
import dev.tidemill.rules.Rule.Cause;
import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.TestDatabase;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** What holds for a reaction however it comes to its rows: backfilled, tried or swept. */
@ExtendWith(FreshSchema.class)
final class ModesTest {
    private final Site site;
    private final Rules rules;
    private final Plans plans;

    ModesTest(TestDatabase database) throws SQLException {
        site = new Site(database);
        rules = site.rules();
        plans = new Plans(site);
    }

    @AfterEach
    void close() throws SQLException {
        site.close();
    }

    @Test
    void whatTheConditionLeavesOutIsNeitherSweptNorTriedNorBackfilled() throws Exception {
        site.run("insert into {s}.sub values (1, 1, 'gold', 'x'), (2, 2, 'draft', 'x')");
        Rule rule = site.subs(rules).whenSql("new.status <> 'draft'").sql("sync", site.sql(Plans.SYNC));
        Rule asked = site.subs(rules)
                .whenSql("new.status <> 'draft'")
                .expecting(site.sql(Plans.WRONG))
                .sql("asked", site.sql(Plans.SYNC));
        rules.start();
        assertThat(rule.dryRun(10).rows()).isEqualTo(1);
        assertThat(rule.sweep().found()).isEqualTo(1);
        assertThat(plans.wrong()).as("the draft").isEqualTo(1);
        site.run("update {s}.person set plan = 'none'");
        assertThat(asked.sweep().found()).as("of two keys that the query names").isEqualTo(1);
        assertThat(plans.wrong()).isEqualTo(1);
        site.run("update {s}.person set plan = 'none'");
        rule.backfill();
        Site.soon().until(() -> rule.status().backfill().orElseThrow().state().equals("DONE"));
        assertThat(plans.wrong()).isEqualTo(1);
    }

    @Test
    void aRuleForDeletesAloneHasNothingToDoWithRowsThatAreThere() throws Exception {
        plans.subscribe(1, 1, "gold");
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
    void aCallThatTakesTooLongIsBrokenOffInSweepsAndDryRunsToo() throws Exception {
        plans.subscribe(1, 3, "gold");
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
        assertThat(plans.wrong()).isEqualTo(1);
    }
}
