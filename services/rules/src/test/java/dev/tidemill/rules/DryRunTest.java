package dev.tidemill.rules;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemill.jobs.EnqueueOptions;
import dev.tidemill.jobs.JobRequest;
import dev.tidemill.jobs.Unique;
import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.TestDatabase;
import java.sql.SQLException;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** What a reaction would do to the rows that are there. */
@ExtendWith(FreshSchema.class)
final class DryRunTest {
    private final Site site;
    private final Rules rules;
    private final Plans plans;

    DryRunTest(TestDatabase database) throws SQLException {
        site = new Site(database);
        rules = site.rules();
        plans = new Plans(site);
    }

    @AfterEach
    void close() throws SQLException {
        site.close();
    }

    @Test
    void aDryRunTellsWhatWouldChangeAndChangesNothing() throws Exception {
        plans.subscribe(1, 300, "gold");
        site.run("update {s}.person set plan = 'gold' where id <= 100");
        Rule rule = site.subs(rules).sql("sync", site.sql(Plans.SYNC));
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
        assertThat(plans.wrong()).isEqualTo(200);
    }

    @Test
    void aDryRunTellsOfAJobOnceAndOfTheApplicationsTablesWhateverTheirNames() throws Exception {
        plans.subscribe(1, 1, "gold");
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
        plans.subscribe(1, 3, "gold");
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
}
