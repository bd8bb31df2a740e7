package dev.tidemill.rules;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.TestDatabase;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** What becomes of rules whose tables change under them. */
@ExtendWith(FreshSchema.class)
final class AlteredTablesTest {
    private final Site site;
    private final Rules rules;
    private final Plans plans;

    AlteredTablesTest(TestDatabase database) throws SQLException {
        site = new Site(database);
        rules = site.rules();
        plans = new Plans(site);
    }

    @AfterEach
    void close() throws SQLException {
        site.close();
    }

    @Test
    void aColumnThatIsDroppedOrRenamedNeverFailsAWriterAndIsTold() throws Exception {
        Rule rule = site.subs(rules).react("note", (change, run) -> site.note(run, change.key(), "seen"));
        rules.start();
        plans.subscribe(1, 1, "gold");
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
        plans.subscribe(5, 5, "gold");
        site.drained();
        assertThat(site.noted()).isEqualTo(List.of("5:seen"));
    }

    @Test
    void aBackfillWhosePageMeetsATableThatWasMadeAnewDoesNotTakeItForItsOwn() throws Exception {
        Rule rule = site.subs(rules).react("note", (change, run) -> site.note(run, change.key(), "seen"));
        rules.start();
        site.insert(1, 50);
        site.drained();
        rule.backfill(5);
        Site.soon().until(() -> rule.status().backfill().orElseThrow().rows() > 0);
        try (Connection swap = site.begin()) {
            site.run(swap, "drop table {s}.sub");
            site.run(swap, "create table {s}.sub (id bigint primary key, user_id bigint, status text, note text)");
            site.run(swap, "insert into {s}.sub values (0, 77, 'anew', 'x')");
            Site.soon()
                    .until(() -> site.number("select count(*) from pg_stat_activity where wait_event_type = 'Lock'"
                                    + " and query like '%from %sub% where % order by % limit %'")
                            > 0);
            swap.commit();
        }
        Site.soon().until(() -> String.valueOf(rule.status().reason()).contains("made anew"));
        rule.repair();
        Site.soon().until(() -> rule.status().backfill().orElseThrow().state().equals("DONE"));
        site.drained();
        assertThat(site.noted()).contains("77:seen");
    }
}
