package dev.tidemill.rules;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemill.jobs.JobState;
import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.PgBouncer;
import dev.tidemill.testkit.TestDatabase;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Rules behind PgBouncer in transaction mode, where every transaction may be another session's. */
@Tag("pgbouncer")
@ExtendWith(FreshSchema.class)
class BehindAPoolerTest {
    private static PgBouncer bouncer;

    private final TestDatabase database;
    private Site site;
    private Rules rules;

    BehindAPoolerTest(TestDatabase database) {
        this.database = database;
    }

    @BeforeAll
    static void startBouncer(TestDatabase database) throws Exception {
        bouncer = PgBouncer.start(database, 8);
    }

    @AfterAll
    static void stopBouncer() throws Exception {
        bouncer.close();
    }

    @BeforeEach
    void open() throws Exception {
        site = new Site(database, bouncer.dataSource());
        rules = site.rules();
    }

    @AfterEach
    void close() throws Exception {
        site.close();
    }

    @Test
    void changesAreDeliveredAlsoThoseOfStormsAndOfKeysThatFailed() throws Exception {
        AtomicBoolean sick = new AtomicBoolean(true);
        Rule rule = site.subs(rules).attempts(50).keysOnlyBeyond(100).react("note", (change, run) -> {
            if (change.key().equals("3") && sick.get()) {
                throw new IllegalStateException("three is sick");
            }
            site.note(run, change.key(), String.valueOf(run.mode()));
        });
        rules.start();
        site.insert(1, 300);
        Site.soon().until(() -> site.noted().size() == 299 && rule.status().parked() == 1);
        sick.set(false);
        site.drained();
        assertThat(site.noted()).hasSize(300).endsWith("3:JOB");
        assertThat(site.number("select count(distinct key) from {s}.seen")).isEqualTo(300);
    }

    @Test
    void whatARuleWritesItselfItDoesNotReactToAndNoSettingStaysInAPooledSession() throws Exception {
        Rule rule = site.subs(rules)
                .reactInBatches(
                        "grow",
                        Gather.every(Duration.ofMillis(50)),
                        (changes, run) -> site.run(run.connection(), "update {s}.sub set status = status || '!'"));
        rules.start();
        site.insert(1, 3);
        site.drained();
        assertThat(site.text("select string_agg(status, ',' order by id) from {s}.sub"))
                .isEqualTo("new!,new!,new!");
        // By the pool's own sessions: a setting that had stayed would have these writes taken for the rule's.
        for (int i = 0; i < 20; i++) {
            try (var connection = bouncer.dataSource().getConnection()) {
                site.run(connection, "update {s}.sub set status = 'mine' where id = 1");
            }
            try (var connection = bouncer.dataSource().getConnection()) {
                site.run(connection, "update {s}.sub set status = 'yours' where id = 1");
            }
        }
        site.drained();
        Site.soon().until(() -> rule.status().changes() >= 3 + 40);
        assertThat(site.text("select status from {s}.sub where id = 1")).startsWith("yours!");
    }

    @Test
    void tablesAreBackfilledTriedSweptAndRepaired() throws Exception {
        site.run("insert into {s}.person (id) select g from generate_series(1, 400) g");
        site.insert(1, 400);
        Rule rule = site.subs(rules)
                .sql(
                        "sync",
                        site.sql("update {s}.person p set plan = c.new->>'status' from changes c"
                                + " where p.id = c.key::bigint and p.plan is distinct from c.new->>'status'"));
        rules.start();
        long job = rule.askForDryRun(400);
        Site.soon().until(() -> site.mill().job(job).orElseThrow().state() == JobState.SUCCEEDED);
        assertThat(site.number("select count(*) from {s}.person where plan is not null"))
                .isZero();
        rule.backfill(100_000);
        Site.soon().until(() -> rule.status().backfill().orElseThrow().state().equals("DONE"));
        site.drained();
        assertThat(site.number("select count(*) from {s}.person where plan = 'new'"))
                .isEqualTo(400);
        site.run("alter table {s}.sub disable trigger all; update {s}.sub set status = 'unseen' where id <= 5");
        assertThat(rule.sweep().repaired()).isEqualTo(5);
        rule.repair();
        assertThat(rule.status().state()).isEqualTo(RuleState.ACTIVE);
        site.run("update {s}.sub set status = 'seen' where id = 9");
        site.drained();
        assertThat(site.text("select plan from {s}.person where id = 9")).isEqualTo("seen");
    }
}
