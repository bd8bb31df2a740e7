package dev.tidemill.rules;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.TestDatabase;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Reactions to the rows that were there before their rule. */
@ExtendWith(FreshSchema.class)
final class BackfillTest {
    private final Site site;
    private final Rules rules;
    private final Plans plans;

    BackfillTest(TestDatabase database) throws SQLException {
        site = new Site(database);
        rules = site.rules();
        plans = new Plans(site);
    }

    @AfterEach
    void close() throws SQLException {
        site.close();
    }

    @Test
    void aBackfillReactsToEveryRowThatWasThereBefore() throws Exception {
        plans.subscribe(1, 1_200, "gold");
        Rule rule = site.subs(rules).sql("sync", site.sql(Plans.SYNC));
        rules.start();
        long id = rule.backfill(100_000);
        assertThat(rule.backfill(100_000)).as("one at a time").isEqualTo(id);
        Site.soon().until(() -> rule.status().backfill().orElseThrow().state().equals("DONE"));
        assertThat(plans.wrong()).isZero();
        assertThat(rule.status().backfill().orElseThrow().rows()).isEqualTo(1_200);
        assertThat(site.number("select max(visits) from {s}.person")).isEqualTo(1);
    }

    @Test
    void aBackfillGoesOnWhereItWasWhenItsProcessIsGone() throws Exception {
        plans.subscribe(1, 1_200, "gold");
        site.subs(rules).sql("sync", site.sql(Plans.SYNC));
        rules.start();
        rules.rule("sync").backfill(500);
        Site.soon()
                .until(() ->
                        rules.rule("sync").status().backfill().orElseThrow().rows() > 0);
        rules.close();
        long seen = site.number("select rows_seen from {s}.rule_run");
        assertThat(seen).isLessThan(1_200);
        Rules next = site.rules();
        Rule rule = site.subs(next).sql("sync", site.sql(Plans.SYNC));
        next.start();
        Site.soon().until(() -> rule.status().backfill().orElseThrow().state().equals("DONE"));
        assertThat(rule.status().backfill().orElseThrow().rows()).isEqualTo(1_200);
        assertThat(plans.wrong()).isZero();
    }

    @Test
    void aBackfillWaitsForWritersThatAreOlderThanTheTriggers() throws Exception {
        Rules other = site.rules();
        other.table(site.sql("{s}.sub")).watching("note").key("id").react("first", (change, run) -> {});
        other.start();
        try (Connection unseen = site.begin()) {
            // With the triggers there already, only the function is made anew, and this writer is not waited for.
            site.run(unseen, "insert into {s}.sub values (1, 1, 'gold', 'x')");
            Rule rule = site.subs(rules).sql("sync", site.sql(Plans.SYNC));
            rules.start();
            rule.backfill(100_000);
            Site.soon()
                    .until(() -> String.valueOf(
                                    rule.status().backfill().orElseThrow().note())
                            .contains("older than the triggers"));
            unseen.commit();
            Site.soon()
                    .until(() -> rule.status().backfill().orElseThrow().state().equals("DONE"));
            assertThat(plans.wrong()).isZero();
        }
    }

    @Test
    void aBackfillTakesItsTimeAndRestsWhileItsRuleIsPaused() throws Exception {
        plans.subscribe(1, 10, "gold");
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
    void aBackfillWaitsForTheReactionToFollow() throws Exception {
        plans.subscribe(1, 2_000, "gold");
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
    void aRowThatTheConditionLeavesOutByTheTimeOfItsBackfillIsPassedOver() throws Exception {
        plans.subscribe(1, 2, "gold");
        Rule rule = site.subs(rules)
                .whenSql("new.status <> 'draft'")
                .sql("sync", Gather.every(Duration.ofMinutes(5)), site.sql(Plans.SYNC));
        rules.start();
        rule.backfill();
        Site.soon().until(() -> rule.status().pending() == 2);
        site.run("update {s}.sub set status = 'draft' where id = 2");
        site.run("update {s}.rule_change set written = written - interval '5 minutes'");
        Site.soon().until(() -> rule.status().pending() == 0);
        assertThat(site.text("select string_agg(plan, ' ' order by id) from {s}.person where id <= 2"))
                .isEqualTo("gold none");
    }
}
