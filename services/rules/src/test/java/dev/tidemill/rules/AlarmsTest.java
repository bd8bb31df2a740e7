package dev.tidemill.rules;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemill.jobs.Ailment;
import dev.tidemill.jobs.AuditLine;
import dev.tidemill.jobs.Diagnosis;
import dev.tidemill.jobs.Diagnosis.Finding;
import dev.tidemill.jobs.Severity;
import dev.tidemill.jobs.Timing;
import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.TestDatabase;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** What a person should look at, told from the database alone, and gone when it is mended. */
@ExtendWith(FreshSchema.class)
class AlarmsTest {
    private final TestDatabase database;
    private Site site;
    private Rules rules;
    private Rules elsewhere;

    AlarmsTest(TestDatabase database) {
        this.database = database;
    }

    @BeforeEach
    void open() throws Exception {
        site = new Site(database);
        rules = site.rules();
        elsewhere = site.rules();
    }

    @AfterEach
    void close() throws Exception {
        site.close();
    }

    private RuleAlarm only() {
        List<RuleAlarm> alarms = elsewhere.alarms();
        assertThat(alarms).hasSize(1);
        return alarms.getFirst();
    }

    @Test
    void aRuleThatIsWellHasNone() throws Exception {
        site.subs(rules).react("note", (change, run) -> site.note(run, change.key(), "seen"));
        rules.start();
        site.insert(1, 5);
        site.drained();
        assertThat(elsewhere.alarms()).isEmpty();
        Diagnosis fine = new Diagnosis(Instant.EPOCH, "server", "schema", List.of(), List.of());
        assertThat(elsewhere.examined(fine)).isEqualTo(fine);
    }

    @Test
    void aBrokenRuleSaysWhyAndWhatToDo() throws Exception {
        site.subs(rules).react("note", (change, run) -> {});
        rules.start();
        site.run("alter table {s}.sub rename column status to state");
        Site.soon().until(() -> !elsewhere.alarms().isEmpty());
        RuleAlarm alarm = only();
        assertThat(alarm.kind()).isEqualTo(RuleAlarm.Kind.BROKEN);
        assertThat(alarm.text()).contains("no column status");
        assertThat(alarm.remedy()).contains("rules backfill note").doesNotContain("repair");
        Finding finding = elsewhere
                .examined(new Diagnosis(Instant.EPOCH, "server", "schema", List.of(), List.of()))
                .findings()
                .getFirst();
        assertThat(finding.ailment()).isEqualTo(Ailment.RULE_BROKEN);
        assertThat(finding.severity()).isEqualTo(Severity.CRITICAL);
        site.run("alter table {s}.sub rename column state to status");
        Site.soon().until(() -> elsewhere.alarms().isEmpty());
        assertThat(told()).as("and the audit trail keeps it").containsExactly("rule-broken", "rule-well");
        assertThat(site.mill()
                        .audit(Long.MAX_VALUE, 2, null, "RULE note")
                        .getLast()
                        .detail())
                .isEqualTo(alarm.text());
        rules.close();
        site.run("update {s}.rule set broken = 'as if'");
        site.subs(elsewhere).react("note", (change, run) -> {});
        elsewhere.start();
        assertThat(told())
                .as("a program that defines it mends it")
                .containsExactly("rule-broken", "rule-well", "rule-well");
    }

    /** What rules found out by themselves, in order. */
    private List<String> told() {
        return site.mill().audit(Long.MAX_VALUE, 100, null, "RULE note").reversed().stream()
                .filter(line -> line.by().equals("engine"))
                .map(AuditLine::action)
                .toList();
    }

    @Test
    void parkedKeysAreToldWithSinceWhen() throws Exception {
        site.subs(rules).attempts(1).react("note", (change, run) -> {
            throw new IllegalStateException("sick");
        });
        rules.start();
        site.insert(1, 3);
        Site.soon().until(() -> rules.rule("note").status().parked() == 3);
        RuleAlarm alarm = only();
        assertThat(alarm.kind()).isEqualTo(RuleAlarm.Kind.PARKED);
        assertThat(alarm.text()).startsWith("3 keys are parked");
        assertThat(alarm.since())
                .isBetween(Instant.now().minusSeconds(60), Instant.now().plusSeconds(60));
    }

    @Test
    void whatNobodyReactsToIsToldOnceItIsLateAndOnceNoProcessHasTheCode() throws Exception {
        site.subs(rules).react("note", (change, run) -> {});
        rules.start();
        rules.close();
        site.insert(1, 2);
        assertThat(elsewhere.alarms()).as("not yet").isEmpty();
        site.run("update {s}.rule_change set written = now() - interval '3 minutes'");
        assertThat(only().kind()).isEqualTo(RuleAlarm.Kind.LATE);
        assertThat(only().text()).isEqualTo("2 changes wait, the first for 3 min.");
        site.run("update {s}.rule set served = now() - interval '1 minute'");
        assertThat(elsewhere.alarms())
                .extracting(RuleAlarm::kind)
                .containsExactly(RuleAlarm.Kind.UNSERVED, RuleAlarm.Kind.LATE);
        site.run("update {s}.rule set paused = true, served = null");
        assertThat(elsewhere.alarms()).as("somebody wants it so").isEmpty();
    }

    @Test
    void changesThatGatherAreNotLate() throws Exception {
        site.subs(rules).reactInBatches("note", Gather.every(Duration.ofMinutes(5)), (changes, run) -> {});
        rules.start();
        site.insert(1, 1);
        site.run("update {s}.rule_change set written = now() - interval '3 minutes'");
        assertThat(elsewhere.alarms()).isEmpty();
    }

    @Test
    void whatASweepFoundIsToldByItsCauseUntilASweepFindsNothing() throws Exception {
        Rule rule = site.subs(rules)
                .sweeping(Timing.every(Duration.ofDays(1)), 100)
                .sql(
                        "sync",
                        site.sql("update {s}.person p set plan = c.new->>'status' from changes c"
                                + " where p.id = c.key::bigint and p.plan is distinct from c.new->>'status'"));
        rules.start();
        site.run("insert into {s}.person (id) select g from generate_series(1, 9) g");
        site.insert(1, 9);
        site.drained();
        site.run("update {s}.person set plan = 'edited' where id <= 2");
        site.run("alter table {s}.sub disable trigger all; update {s}.sub set status = 'unseen' where id = 9");
        assertThat(rule.sweep().found()).isEqualTo(3);
        rule.repair();
        RuleAlarm alarm = elsewhere.alarms().stream()
                .filter(one -> one.kind() == RuleAlarm.Kind.DRIFT)
                .findFirst()
                .orElseThrow();
        assertThat(alarm.text())
                .isEqualTo("The last sweep found 3 keys not as the rule would have it (1 missed capture, 2 manual edit)"
                        + " and repaired 3.");
        rule.sweep();
        assertThat(elsewhere.alarms()).extracting(RuleAlarm::kind).doesNotContain(RuleAlarm.Kind.DRIFT);
    }

    @Test
    void aSlowCallIsTold() throws Exception {
        site.subs(rules)
                .react(
                        "slow",
                        (change, run) -> site.run(
                                run.connection(),
                                "select pg_sleep(" + (change.key().equals("1") ? 1.1 : 0) + ")"));
        rules.start();
        site.insert(1, 2);
        Site.soon().until(() -> !elsewhere.alarms().isEmpty());
        assertThat(only().kind()).isEqualTo(RuleAlarm.Kind.SLOW);
    }
}
