package dev.tidemill.rules;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.TestDatabase;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** What is done now and then goes on although some of it fails, and one rule's trouble is no other's. */
@ExtendWith(FreshSchema.class)
class UpkeepTest {
    private final TestDatabase database;
    private Site site;
    private Rules rules;

    UpkeepTest(TestDatabase database) {
        this.database = database;
    }

    @BeforeEach
    void open() throws Exception {
        site = new Site(database);
        rules = site.rules();
    }

    @AfterEach
    void close() throws Exception {
        site.close();
    }

    @Test
    void countsThatCouldNotBeWrittenAreWrittenLater() throws Exception {
        Rule rule = site.subs(rules).react("note", (change, run) -> site.note(run, change.key(), "seen"));
        rules.start();
        // A number that was taken is not given back with the transaction that took it, so it tells how often was tried.
        site.run("create sequence {s}.tries; create function {s}.refuse() returns trigger language plpgsql as $$ begin"
                + " perform nextval('{s}.tries'); raise exception 'not now'; end $$;"
                + " create trigger refuse before insert on {s}.rule_minute execute function {s}.refuse()");
        site.insert(1, 20);
        Site.soon().until(() -> site.noted().size() == 20);
        Site.soon().until(() -> site.number("select last_value + is_called::int from {s}.tries") > 2);
        site.run("drop trigger refuse on {s}.rule_minute");
        Site.soon().until(() -> rule.status().changes() == 20 && rule.status().effects() == 20);
        assertThat(rule.status().lag().p99()).isPresent();
        assertThat(rule.status().slowest()).isPresent();
    }

    @Test
    void whatWasCountedIsWrittenWhenRulesAreClosed() throws Exception {
        site.subs(rules).react("note", (change, run) -> site.note(run, change.key(), "seen"));
        rules.start();
        site.insert(1, 20);
        site.drained();
        rules.close();
        assertThat(site.rules().rule("note").status().changes()).isEqualTo(20);
    }

    @Test
    void aBackfillWhoseTableIsGoneSaysSoAndKeepsNothingElseFromBeingSeenTo() throws Exception {
        Rule rule = site.subs(rules).react("note", (change, run) -> site.note(run, change.key(), "seen"));
        rules.start();
        site.insert(1, 50);
        site.drained();
        rule.backfill(5);
        Site.soon().until(() -> rule.status().backfill().orElseThrow().rows() > 0);
        site.run("drop table {s}.sub");
        Site.soon().until(() -> rule.status().state() == RuleState.BROKEN);
        assertThat(rule.status().reason()).contains("is gone");
        Site.soon()
                .until(() -> String.valueOf(
                                rule.status().backfill().orElseThrow().note())
                        .contains("tried again"));
        site.run("create table {s}.sub (id bigint primary key, user_id bigint, status text, note text)");
        // It does not go on where it was, nor on a table whose writes nobody notices.
        Site.soon().until(() -> String.valueOf(rule.status().reason()).contains("made anew"));
        site.run("insert into {s}.sub values (0, 77, 'anew', 'x')");
        rule.repair();
        Site.soon().until(() -> rule.status().backfill().orElseThrow().state().equals("DONE"));
        site.drained();
        assertThat(site.noted()).contains("77:seen");
    }

    @Test
    void aRuleWhoseTableIsGoneDoesNotHoldUpTheOthers() throws Exception {
        rules.table(site.sql("{s}.pair"))
                .watching("what")
                .key("id")
                .keysOnlyBeyond(1)
                .react("lost", (change, run) -> site.note(run, change.key(), "lost"));
        Rule well = site.subs(rules).react("well", (change, run) -> site.note(run, change.key(), "well"));
        site.run("create table {s}.pair (id bigint primary key, what text)");
        rules.start();
        rules.rule("lost").pause();
        Duration undisturbed = turns(1, 30);
        site.run("insert into {s}.pair values (1, 'x'), (2, 'x')");
        site.run("drop table {s}.pair");
        rules.rule("lost").resume();
        // Its turn fails from here on; with every failure a second of everybody's time this would take half a minute.
        assertThat(turns(31, 60)).isLessThan(undisturbed.plusSeconds(13));
        assertThat(rules.rule("lost").status().pending()).isEqualTo(2);
        assertThat(well.status().state()).isEqualTo(RuleState.ACTIVE);
    }

    /** How long it took, one row after the other. */
    private Duration turns(int from, int to) throws Exception {
        long began = System.nanoTime();
        for (int i = from; i <= to; i++) {
            int written = i;
            site.insert(i, i);
            Site.soon().until(() -> site.noted().size() == written);
        }
        return Duration.ofNanos(System.nanoTime() - began);
    }
}
