package dev.tidemill.rules;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tidemill.jobs.AuditLine;
import dev.tidemill.jobs.JobState;
import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.TestDatabase;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** What a process that has not the code of a rule can do with it, and who did it. */
@ExtendWith(FreshSchema.class)
class SteeringTest {
    private static final String SYNC = "update {s}.person p set plan = c.new->>'status' from changes c"
            + " where p.id = c.key::bigint and p.plan is distinct from c.new->>'status'";

    private final TestDatabase database;
    private Site site;
    private Rules rules;
    private Rule elsewhere;
    private long before;

    SteeringTest(TestDatabase database) {
        this.database = database;
    }

    @BeforeEach
    void open() throws Exception {
        site = new Site(database);
        rules = site.rules();
        // As a server has it: it defines nothing, and starts nothing.
        elsewhere = site.rules().rule("sync").by("ada");
        before = site.number("select coalesce(max(id), 0) from {s}.audit");
    }

    @AfterEach
    void close() throws Exception {
        site.close();
    }

    private List<String> trail() {
        return site.mill().audit(Long.MAX_VALUE, 100, null, "RULE sync").reversed().stream()
                .filter(line -> line.id() > before && line.by().equals("ada"))
                .map(AuditLine::action)
                .toList();
    }

    private String resultOf(long job) {
        Site.soon().until(() -> {
            JobState state = site.mill().job(job).orElseThrow().state();
            return state == JobState.SUCCEEDED || state == JobState.DEAD;
        });
        return String.valueOf(
                        site.mill().job(job).orElseThrow().attempts().getLast().result())
                .replace(" ", "");
    }

    @Test
    void itPausesResumesAndGivesKeysBackAndTheTrailSaysWho() throws Exception {
        AtomicBoolean sick = new AtomicBoolean(true);
        site.subs(rules).attempts(1).react("sync", (change, run) -> {
            if (sick.get()) {
                throw new IllegalStateException("sick");
            }
            site.note(run, change.key(), "well");
        });
        rules.start();
        assertThat(elsewhere.pause()).isTrue();
        assertThat(elsewhere.pause()).isFalse();
        site.insert(7, 7);
        assertThat(elsewhere.status().state()).isEqualTo(RuleState.PAUSED);
        assertThat(elsewhere.resume()).isTrue();
        assertThat(elsewhere.resume()).isFalse();
        Site.soon().until(() -> !site.mill().deadLetters(null, 10).isEmpty());
        site.mill().discard(site.mill().deadLetters(null, 10).getFirst().jobId());
        sick.set(false);
        assertThat(elsewhere.release("7")).isTrue();
        assertThat(elsewhere.release("7")).isFalse();
        site.drained();
        assertThat(site.noted()).containsExactly("7:well");
        assertThat(trail())
                .as("what changed nothing is not there")
                .containsExactly("rule-pause", "rule-resume", "rule-release");
        assertThat(elsewhere.remove()).isTrue();
        assertThat(elsewhere.remove()).isFalse();
        assertThat(trail()).endsWith("rule-remove");
        assertThat(site.number("select count(*) from pg_trigger where tgrelid = '{s}.sub'::regclass"))
                .isZero();
    }

    @Test
    void itRepairsFromWhatTheDatabaseHasAndTheProcessWithTheCodeFollows() throws Exception {
        site.run("create table {s}.pair (id integer primary key, what text)");
        rules.table(site.sql("{s}.pair"))
                .watching("what")
                .key("id")
                .keysOnlyBeyond(1)
                .react("sync", (change, run) -> site.note(run, change.key(), change.now() == null ? "unread" : "read"));
        rules.start();
        site.run("drop table {s}.pair");
        Site.soon().until(() -> elsewhere.status().state() == RuleState.BROKEN);
        assertThatThrownBy(elsewhere::repair)
                .isInstanceOfSatisfying(
                        RuleException.class,
                        refused -> assertThat(refused.code()).isEqualTo(RuleError.NO_TABLE));
        // With a key that the former table's type could not hold, so that whoever reads by that fails.
        site.run("create table {s}.pair (id bigint primary key, what text)");
        site.run("insert into {s}.pair values (5000000000, 'unseen')");
        elsewhere.repair();
        assertThat(elsewhere.status().state()).isEqualTo(RuleState.ACTIVE);
        site.run("insert into {s}.pair values (6000000000, 'seen'), (6000000001, 'seen')");
        Site.soon().until(() -> site.noted().size() == 2);
        assertThat(site.noted()).containsExactlyInAnyOrder("6000000000:read", "6000000001:read");
        assertThat(trail()).as("what was refused is not there").containsExactly("rule-repair");
    }

    @Test
    void itBeginsAndEndsBackfillsThatTheProcessWithTheCodeGoesOnWith() throws Exception {
        site.insert(1, 30);
        site.run("insert into {s}.person (id) select g from generate_series(1, 30) g");
        site.subs(rules).sql("sync", site.sql(SYNC));
        rules.start();
        rules.rule("sync").pause();
        long first = elsewhere.backfill(1_000);
        assertThat(elsewhere.backfill(1_000)).as("one at a time").isEqualTo(first);
        assertThat(elsewhere.cancelBackfill()).isTrue();
        assertThat(elsewhere.cancelBackfill()).isFalse();
        rules.rule("sync").resume();
        assertThat(elsewhere.backfill(1_000)).isGreaterThan(first);
        Site.soon()
                .until(() -> elsewhere.status().backfill().orElseThrow().state().equals("DONE"));
        assertThat(site.number("select count(*) from {s}.person where plan = 'new'"))
                .isEqualTo(30);
        assertThat(trail()).containsExactly("rule-backfill", "rule-backfill-cancel", "rule-backfill");
    }

    @Test
    void dryRunsAndSweepsAreJobsOfTheProcessWithTheCodeAndTheirResultsSayWhatCameOfThem() throws Exception {
        site.insert(1, 30);
        site.run("insert into {s}.person (id) select g from generate_series(1, 30) g");
        site.subs(rules).sql("sync", site.sql(SYNC));
        rules.start();
        long dry = elsewhere.askForDryRun(20);
        assertThat(resultOf(dry))
                .contains("\"rows\":20", "\"would_change\":20", "\"complete\":false", site.sql("{s}.person"));
        assertThat(site.number("select count(*) from {s}.person where plan is not null"))
                .as("undone")
                .isZero();
        long swept = elsewhere.askForSweep();
        assertThat(resultOf(swept)).contains("\"found\":30", "\"repaired\":30", "\"UNKNOWN\":30");
        assertThat(site.number("select count(*) from {s}.person where plan = 'new'"))
                .isEqualTo(30);
        assertThat(elsewhere.status().sweep().orElseThrow().byCause())
                .containsExactly(Map.entry(Rule.Cause.UNKNOWN, 30L));
        assertThat(trail()).containsExactly("rule-dry-run", "rule-sweep");
        assertThat(site.mill()
                        .audit(Long.MAX_VALUE, 1, "rule-sweep", null)
                        .getFirst()
                        .detail())
                .isEqualTo("job " + swept);
    }

    @Test
    void whatIsAskedForTwiceIsDoneOnce() throws Exception {
        site.subs(rules).sql("sync", site.sql(SYNC));
        rules.start();
        rules.close();
        long job = elsewhere.askForDryRun(5);
        assertThat(elsewhere.askForDryRun(5))
                .as("it waits for a process with the code")
                .isEqualTo(job);
        assertThat(trail()).containsExactly("rule-dry-run");
    }

    @Test
    void whatCannotBeUndoneIsNeitherTriedNorSwept() throws Exception {
        site.subs(rules).outside("stripe").react("sync", (change, run) -> {});
        rules.start();
        assertThatThrownBy(() -> elsewhere.askForDryRun(5)).hasMessageContaining("outside the database");
        assertThatThrownBy(elsewhere::askForSweep).hasMessageContaining("outside the database");
        assertThatThrownBy(() -> elsewhere.askForDryRun(0)).hasMessageContaining("1 to 1,000,000");
        assertThatThrownBy(() -> elsewhere.by(" ")).hasMessageContaining("1 to 100");
        assertThat(trail()).isEmpty();
    }

    @Test
    void whatIsNotThereIsToldByItsName() {
        rules.start();
        Rule none = rules.rule("nobody");
        assertThatThrownBy(none::pause).hasMessageContaining("'nobody'");
        assertThatThrownBy(none::repair).hasMessageContaining("'nobody'");
        assertThatThrownBy(none::backfill).hasMessageContaining("'nobody'");
        assertThatThrownBy(none::askForSweep).hasMessageContaining("'nobody'");
        assertThat(none.remove()).isFalse();
    }
}
