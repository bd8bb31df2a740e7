package dev.tidemill.rules;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.tidemill.jobs.DeadLetter;
import dev.tidemill.rules.Site.Sub;
import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.TestDatabase;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** How changes reach reactions, whatever those do. */
@ExtendWith(FreshSchema.class)
class DeliveryTest {
    private final TestDatabase database;
    private Site site;
    private Rules rules;

    DeliveryTest(TestDatabase database) {
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

    private void insert(int from, int to) throws SQLException {
        site.run("insert into {s}.sub select g, g, 'new', 'x' from generate_series(" + from + ", " + to + ") g");
    }

    @Test
    void changesThatWaitTogetherArriveTakenTogether() throws Exception {
        List<Change<Sub>> seen = new CopyOnWriteArrayList<>();
        Rule rule = site.subs(rules).react("note", (change, run) -> seen.add(change));
        rules.start();
        insert(1, 1);
        site.drained();
        rule.pause();
        site.run("update {s}.sub set status = 'a'");
        site.run("update {s}.sub set status = 'b'");
        site.run("update {s}.sub set status = 'c'");
        rule.resume();
        site.drained();
        assertThat(seen).hasSize(2);
        assertThat(seen.get(1))
                .isEqualTo(new Change<>(Change.Kind.UPDATE, "1", new Sub(1, 1, "new"), new Sub(1, 1, "c"), false, 3));
        Site.soon().until(() -> rule.status().coalesced() == 2);
        assertThat(rule.status().changes()).isEqualTo(4);
        assertThat(rule.status().lag().p50()).isPresent();
    }

    @Test
    void rowsOfOneKeyAreNotMixedUp() throws Exception {
        Rule rule = site.subs(rules)
                .react(
                        "note",
                        (change, run) -> site.note(
                                run,
                                change.key(),
                                change.row().id() + " " + change.row().status() + " " + change.count()));
        rules.start();
        rule.pause();
        site.run("insert into {s}.sub values (1, 10, 'a', 'x'), (2, 10, 'b', 'x')");
        site.run("update {s}.sub set status = 'c' where id = 1");
        rule.resume();
        site.drained();
        assertThat(site.noted()).containsExactly("10:1 c 2", "10:2 b 1");
    }

    @Test
    void whatWasChangedBackOrCameAndWentIsToldSinceItMayHaveBeenSeen() throws Exception {
        Rule rule = site.subs(rules)
                .react(
                        "note",
                        (change, run) -> site.note(
                                run,
                                change.key(),
                                change.kind() + " " + change.row().status() + " " + change.count()));
        rules.start();
        insert(1, 1);
        site.drained();
        rule.pause();
        site.run("update {s}.sub set status = 'a'");
        site.run("update {s}.sub set status = 'new'");
        insert(2, 2);
        site.run("delete from {s}.sub where id = 2");
        rule.resume();
        site.drained();
        assertThat(site.noted()).containsExactly("1:INSERT new 1", "1:UPDATE new 2", "2:DELETE new 2");
    }

    @Test
    void aReactionThatSawWhatWasThenChangedBackIsPutRight() throws Exception {
        site.run("insert into {s}.person (id, plan) values (10, 'none')");
        AtomicBoolean first = new AtomicBoolean(true);
        site.subs(rules).react("plan", (change, run) -> {
            boolean between = change.row().id() == 2 && first.getAndSet(false);
            if (between) {
                site.run("update {s}.sub set status = 'b' where id = 1");
            }
            site.run(
                    run.connection(),
                    "update {s}.person set plan = (select string_agg(status, '+' order by id) from {s}.sub"
                            + " where user_id = 10) where id = 10");
            if (between) {
                site.run("update {s}.sub set status = 'a' where id = 1");
            }
        });
        site.run("insert into {s}.sub values (1, 10, 'a', 'x')");
        rules.start();
        site.run("insert into {s}.sub values (2, 10, 'a', 'x')");
        site.drained();
        assertThat(first).isFalse();
        assertThat(site.number("select count(*) from {s}.person where plan = 'a+a'"))
                .isEqualTo(1);
    }

    @Test
    void aConditionIsAskedOfWhatWasTakenTogether() throws Exception {
        site.subs(rules)
                .when(change -> change.row().status().equals("paid"))
                .react(
                        "note",
                        (change, run) ->
                                site.note(run, change.key(), change.row().status()));
        rules.start();
        site.run("insert into {s}.sub values (1, 1, 'paid', 'x'), (2, 2, 'open', 'x')");
        site.drained();
        assertThat(site.noted()).containsExactly("1:paid");
    }

    @Test
    void aTransactionThatCommitsLateIsNotPassedOver() throws Exception {
        site.subs(rules).react("note", (change, run) -> site.note(run, change.key(), "seen"));
        rules.start();
        try (Connection late = site.begin()) {
            site.run(late, "insert into {s}.sub values (1, 1, 'late', 'x')");
            for (int i = 2; i < 12; i++) {
                insert(i, i);
                site.drained();
            }
            late.commit();
        }
        site.drained();
        assertThat(site.noted()).hasSize(11).endsWith("1:seen");
    }

    @Test
    void aPoisonKeyBlocksOnlyItselfAndIsTriedAgainByAJob() throws Exception {
        AtomicBoolean sick = new AtomicBoolean(true);
        Rule rule = site.subs(rules).attempts(50).react("note", (change, run) -> {
            site.note(run, change.key(), run.mode() + " " + change.row().status());
            if (change.key().equals("3") && sick.get()) {
                throw new IllegalStateException("three is sick");
            }
        });
        rules.start();
        insert(1, 5);
        Site.soon().until(() -> site.noted().size() == 4 && rule.status().parked() == 1);
        site.run("update {s}.sub set status = 'later'");
        Site.soon().until(() -> site.noted().size() == 8 && rule.status().held() == 2);
        assertThat(site.noted()).noneMatch(note -> note.startsWith("3:"));
        assertThat(rule.parked(10)).singleElement().satisfies(key -> {
            assertThat(key.key()).isEqualTo("3");
            assertThat(key.error()).contains("three is sick");
            assertThat(key.job()).isPresent();
        });
        sick.set(false);
        site.drained();
        assertThat(site.noted()).hasSize(9).endsWith("3:JOB later");
        assertThat(rule.status().failures()).isPositive();
        site.run("update {s}.sub set status = 'again' where id = 3");
        site.drained();
        assertThat(site.noted()).endsWith("3:LIVE again");
    }

    @Test
    void aKeyWithManyChangesWhoseJobIsAtWorkDoesNotHideTheOthers() throws Exception {
        CountDownLatch go = new CountDownLatch(1);
        AtomicBoolean atWork = new AtomicBoolean();
        Rule rule = site.subs(rules).timeout(Duration.ofSeconds(20)).react("note", (change, run) -> {
            if (run.mode() == RuleMode.LIVE && change.key().equals("1")) {
                throw new IllegalStateException("not live");
            }
            if (run.mode() == RuleMode.JOB) {
                atWork.set(true);
                go.await();
            }
            site.note(run, change.key(), String.valueOf(run.mode()));
        });
        rules.start();
        insert(1, 1);
        Site.soon().untilTrue(atWork);
        site.run(
                "do $$ begin for i in 1..2000 loop update {s}.sub set status = 's' || i where id = 1; end loop; end $$");
        insert(2, 3);
        Site.soon().until(() -> site.noted().size() == 2);
        assertThat(rule.status().pending()).as("what the job will find").isGreaterThanOrEqualTo(2_000);
        go.countDown();
        site.drained();
        assertThat(site.noted()).startsWith("2:LIVE", "3:LIVE").contains("1:JOB");
    }

    @Test
    void aKeyThatAlwaysFailsIsADeadLetterAndCanBeReplayed() throws Exception {
        AtomicBoolean sick = new AtomicBoolean(true);
        Rule rule = site.subs(rules).attempts(1).react("note", (change, run) -> {
            if (sick.get()) {
                throw new IllegalStateException("sick");
            }
            site.note(run, change.key(), "well");
        });
        rules.start();
        insert(7, 7);
        Site.soon().until(() -> !site.mill().deadLetters(0, 10).isEmpty());
        DeadLetter letter = site.mill().deadLetters(0, 10).getFirst();
        assertThat(letter.kind()).isEqualTo("rule.note");
        assertThat(rule.status().parked()).isEqualTo(1);
        sick.set(false);
        assertThat(site.mill().replay(letter.jobId())).isTrue();
        site.drained();
        assertThat(site.noted()).containsExactly("7:well");
    }

    @Test
    void aParkedKeyCanBeGivenBack() throws Exception {
        AtomicBoolean sick = new AtomicBoolean(true);
        Rule rule = site.subs(rules).attempts(1).react("note", (change, run) -> {
            if (sick.get()) {
                throw new IllegalStateException("sick");
            }
            site.note(run, change.key(), "well " + run.mode());
        });
        rules.start();
        insert(7, 7);
        Site.soon().until(() -> !site.mill().deadLetters(0, 10).isEmpty());
        site.mill().discard(site.mill().deadLetters(0, 10).getFirst().jobId());
        sick.set(false);
        assertThat(rule.release("7")).isTrue();
        assertThat(rule.release("7")).isFalse();
        site.drained();
        assertThat(site.noted()).containsExactly("7:well LIVE");
    }

    @Test
    void aReactionCannotEndTheTransaction() throws Exception {
        AtomicInteger refused = new AtomicInteger();
        site.subs(rules).react("note", (change, run) -> {
            assertThatExceptionOfType(IllegalStateException.class)
                    .isThrownBy(() -> run.connection().commit());
            assertThatExceptionOfType(IllegalStateException.class)
                    .isThrownBy(() -> run.connection().rollback());
            run.connection().close();
            site.note(run, change.key(), "seen");
            refused.incrementAndGet();
        });
        rules.start();
        insert(1, 1);
        site.drained();
        assertThat(refused).hasValue(1);
        assertThat(site.noted()).containsExactly("1:seen");
    }

    @Test
    void aBatchIsTakenApartUntilThePoisonIsFound() throws Exception {
        Rule rule = site.subs(rules).attempts(1).reactInBatches("batch", Gather.atOnce(), (changes, run) -> {
            for (Change<Sub> change : changes) {
                if (change.key().equals("13")) {
                    throw new IllegalStateException("unlucky");
                }
                site.note(run, change.key(), "seen");
            }
        });
        rules.start();
        rule.pause();
        insert(1, 30);
        rule.resume();
        Site.soon().until(() -> site.noted().size() == 29);
        assertThat(rule.parked(10))
                .singleElement()
                .satisfies(key -> assertThat(key.key()).isEqualTo("13"));
        assertThat(site.number("select count(distinct key) from {s}.seen")).isEqualTo(29);
    }

    @Test
    void changesGatherAndThenGoTogether() throws Exception {
        List<Integer> sizes = new CopyOnWriteArrayList<>();
        site.subs(rules)
                .reactInBatches(
                        "batch", Gather.every(Duration.ofMillis(1_500)), (changes, run) -> sizes.add(changes.size()));
        rules.start();
        long began = System.nanoTime();
        for (int i = 1; i <= 10; i++) {
            insert(i, i);
        }
        site.drained();
        assertThat(System.nanoTime() - began)
                .isGreaterThan(Duration.ofMillis(1_400).toNanos());
        assertThat(sizes).containsExactly(10);
    }

    @Test
    void aStatementIsAReaction() throws Exception {
        site.run("insert into {s}.person (id, plan) select g, 'none' from generate_series(1, 3) g");
        site.subs(rules)
                .sql(
                        "sync",
                        site.sql("update {s}.person p set plan = c.new->>'status', visits = visits + 1 from changes c"
                                + " where p.id = c.key::bigint and p.plan is distinct from c.new->>'status'"));
        rules.start();
        site.run("insert into {s}.sub values (1, 1, 'gold', 'x'), (2, 2, 'none', 'x'), (3, 3, 'tin', 'x')");
        site.drained();
        site.run("delete from {s}.sub where id = 3");
        site.drained();
        assertThat(
                        site.text(
                                "select string_agg(id || plan || visits, ',' order by id) from {s}.person where plan is not null"))
                .isEqualTo("1gold1,2none0");
        assertThat(site.number("select visits from {s}.person where id = 3")).isEqualTo(2);
    }

    @Test
    void aStatementMayBeginWithWith() {
        assertThat(SqlReaction.with("WITH a AS (select 1) select * from a, changes"))
                .startsWith("with changes (key, kind, old, new) as (")
                .endsWith("), a AS (select 1) select * from a, changes");
        assertThatExceptionOfType(RuleException.class)
                .isThrownBy(() -> SqlReaction.checked("r", "select a ? 'b' from changes"))
                .withMessageContaining("jsonb_exists");
    }

    @Test
    void whatWorksOutsideIsAJobAndAcknowledgedAfterwards() throws Exception {
        List<String> seen = new CopyOnWriteArrayList<>();
        CountDownLatch go = new CountDownLatch(1);
        Rule rule = site.subs(rules).outside().react("call", (change, run) -> {
            assertThatExceptionOfType(RuleException.class).isThrownBy(run::connection);
            seen.add(change.key() + " " + change.row().status() + " " + run.mode());
            go.await();
        });
        rules.start();
        insert(1, 1);
        Site.soon().until(() -> seen.size() == 1);
        site.run("update {s}.sub set status = 'b'");
        site.run("update {s}.sub set status = 'c'");
        Site.soon().until(() -> rule.status().pending() == 0 || rule.status().held() == 3);
        go.countDown();
        site.drained();
        assertThat(seen).containsExactly("1 new JOB", "1 c JOB");
        assertThatExceptionOfType(RuleException.class)
                .isThrownBy(rule::dryRun)
                .satisfies(refused -> assertThat(refused.code()).isEqualTo(RuleError.OUTSIDE));
    }

    @Test
    void aCallThatTakesTooLongIsBrokenOffAndItsKeyGoesToAJob() throws Exception {
        AtomicInteger calls = new AtomicInteger();
        site.subs(rules).timeout(Duration.ofMillis(300)).react("slow", (change, run) -> {
            if (change.key().equals("1") && calls.getAndIncrement() == 0) {
                site.run(run.connection(), "select pg_sleep(30)");
            }
            site.note(run, change.key(), String.valueOf(run.mode()));
        });
        rules.start();
        insert(1, 3);
        site.drained();
        assertThat(site.noted()).containsExactlyInAnyOrder("1:JOB", "2:LIVE", "3:LIVE");
    }

    @Test
    void aRuleDoesNotReactToItself() throws Exception {
        site.subs(rules).react("trim", (change, run) -> {
            site.note(run, change.key(), change.row().status());
            site.run(run.connection(), "update {s}.sub set status = status || '!' where user_id = " + change.key());
        });
        rules.start();
        insert(1, 1);
        site.drained();
        site.run("update {s}.sub set status = 'b'");
        site.drained();
        assertThat(site.noted()).containsExactly("1:new", "1:b");
        assertThat(site.text("select status from {s}.sub")).isEqualTo("b!");
    }

    @Test
    void aRuleThatAsksForItsOwnWritesEndsInAClearStateInsteadOfACircle() throws Exception {
        Rule rule = site.subs(rules)
                .ownWrites()
                .react(
                        "grow",
                        (change, run) -> site.run(
                                run.connection(),
                                "update {s}.sub set status = status || '!' where user_id = " + change.key()));
        rules.start();
        insert(1, 1);
        Site.soon().until(() -> !site.mill().deadLetters(0, 10).isEmpty());
        assertThat(rule.parked(10)).singleElement().satisfies(key -> {
            assertThat(key.circle() || key.error() != null).isTrue();
            assertThat(key.error()).contains("grow > grow > grow");
        });
        assertThat(site.text("select status from {s}.sub")).isEqualTo("new!!!!!!!!");
        site.run("insert into {s}.sub values (2, 2, 'other', 'x')");
        Site.soon().until(() -> rule.status().parked() == 2);
    }

    @Test
    void twoRulesThatFightEndInAClearStateWithTheirNames() throws Exception {
        site.subs(rules)
                .react(
                        "up",
                        (change, run) -> site.run(
                                run.connection(),
                                "update {s}.sub set status = 'up' where status <> 'up' and user_id = " + change.key()));
        site.subs(rules)
                .react(
                        "down",
                        (change, run) -> site.run(
                                run.connection(),
                                "update {s}.sub set status = 'down' where status <> 'down' and user_id = "
                                        + change.key()));
        rules.start();
        insert(1, 1);
        Site.soon().until(() -> !site.mill().deadLetters(0, 10).isEmpty());
        List<Rule.ParkedKey> parked =
                new CopyOnWriteArrayList<>(rules.rule("up").parked(10));
        parked.addAll(rules.rule("down").parked(10));
        assertThat(parked)
                .anySatisfy(key -> assertThat(key.error()).contains("up > down").contains("down > up"));
        site.run("update {s}.sub set note = 'a write is never stuck', status = 'mine'");
    }

    @Test
    void aPausedRuleNoticesAndWaits() throws Exception {
        Rule rule = site.subs(rules).react("note", (change, run) -> site.note(run, change.key(), "seen"));
        rules.start();
        assertThat(rule.pause()).isTrue();
        assertThat(rule.pause()).isFalse();
        insert(1, 3);
        Site.soon().until(() -> rule.status().pending() == 3);
        assertThat(rule.status().state()).isEqualTo(RuleState.PAUSED);
        assertThat(rule.status().oldest()).isPresent();
        rule.resume();
        site.drained();
        assertThat(site.noted()).hasSize(3);
    }
}
