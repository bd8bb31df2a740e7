package dev.tidemill.rules;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.tidemill.rules.Site.Sub;
import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.TestDatabase;
import java.sql.Connection;
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

    @Test
    void changesThatWaitTogetherArriveTakenTogether() throws Exception {
        List<Change<Sub>> seen = new CopyOnWriteArrayList<>();
        Rule rule = site.subs(rules).react("note", (change, run) -> seen.add(change));
        rules.start();
        site.insert(1, 1);
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
        assertThat(site.noted()).as("the one that changed last at the end").containsExactly("10:2 b 1", "10:1 c 2");
    }

    @Test
    void aStatementSeesTheRowOfAKeyThatChangedLast() throws Exception {
        site.run("insert into {s}.person (id, plan) values (10, 'none')");
        Rule rule = site.subs(rules)
                .sql(
                        "sync",
                        site.sql("update {s}.person p set plan = c.new->>'status' from changes c"
                                + " where p.id = c.key::bigint"));
        rules.start();
        rule.pause();
        site.run("insert into {s}.sub values (1, 10, 'a', 'x'), (2, 10, 'b', 'x')");
        site.run("update {s}.sub set status = 'c' where id = 1");
        rule.resume();
        site.drained();
        assertThat(site.text("select plan from {s}.person")).isEqualTo("c");
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
        site.insert(1, 1);
        site.drained();
        rule.pause();
        site.run("update {s}.sub set status = 'a'");
        site.run("update {s}.sub set status = 'new'");
        site.insert(2, 2);
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
        Rule rule = site.subs(rules)
                .when(change -> change.row().status().equals("paid"))
                .react(
                        "note",
                        (change, run) ->
                                site.note(run, change.key(), change.row().status()));
        rules.start();
        site.run("insert into {s}.sub values (1, 1, 'paid', 'x'), (2, 2, 'open', 'x')");
        site.drained();
        assertThat(site.noted()).containsExactly("1:paid");
        Site.soon().until(() -> rule.status().skipped() == 1 && rule.status().effects() == 1);
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
        site.insert(1, 1);
        site.drained();
        assertThat(refused).hasValue(1);
        assertThat(site.noted()).containsExactly("1:seen");
    }

    @Test
    void theFirstChangeWaitsForTheWindowAndAllThatCameMeanwhileGoesWithIt() throws Exception {
        List<Integer> sizes = new CopyOnWriteArrayList<>();
        Rule rule = site.subs(rules)
                .batch(500, Duration.ofMinutes(1))
                .reactInBatches(
                        "batch", Gather.every(Duration.ofMinutes(5)), (changes, run) -> sizes.add(changes.size()));
        // Goes at once, after the same looks: what it noted the other could have taken.
        site.subs(rules).react("note", (change, run) -> site.note(run, change.key(), "seen"));
        rules.start();
        for (int i = 0; i < 4; i++) {
            site.insert(50 * i + 1, 50 * i + 50);
        }
        Site.soon().until(() -> site.noted().size() == 200);
        assertThat(sizes).isEmpty();
        assertThat(rule.status().pending()).isEqualTo(200);
        site.run("update {s}.rule_change set written = written - interval '5 minutes'"
                + " where id = (select min(id) from {s}.rule_change)");
        site.drained();
        assertThat(sizes.stream().mapToInt(Integer::intValue).sum()).isEqualTo(200);
        assertThat(sizes).as("grown since the first of 64").anyMatch(size -> size > 64);
        int batches = sizes.size();
        site.insert(201, 201);
        Site.soon().until(() -> site.noted().size() == 201);
        assertThat(sizes).as("what comes later waits for the next window").hasSize(batches);
    }

    @Test
    void aTransactionTakesNoMoreChangesThanTheRuleSaid() throws Exception {
        List<Integer> sizes = new CopyOnWriteArrayList<>();
        site.subs(rules)
                .batch(7, Duration.ofSeconds(1))
                .reactInBatches("batch", (changes, run) -> sizes.add(changes.size()));
        rules.start();
        site.insert(1, 100);
        site.drained();
        assertThat(sizes).allSatisfy(size -> assertThat(size).isLessThanOrEqualTo(7));
        assertThat(sizes.stream().mapToInt(Integer::intValue).sum()).isEqualTo(100);
    }

    /** Of 64 savepoints that wrote something on, a transaction slows other sessions down. */
    @Test
    void aTransactionHasSixtyKeysAtMostThatAreReactedToOneByOne() throws Exception {
        site.subs(rules)
                .react(
                        "note",
                        (change, run) -> site.run(
                                run.connection(),
                                "insert into {s}.seen (key, what) values (" + change.key()
                                        + ", pg_current_xact_id()::text)"));
        rules.start();
        site.insert(1, 200);
        site.drained();
        assertThat(site.number("select count(*) from {s}.seen")).isEqualTo(200);
        assertThat(site.number("select max(keys) from (select count(*) as keys from {s}.seen group by what) x"))
                .isLessThanOrEqualTo(60);
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
    void whatTheDatabaseDoesNotUnderstandIsRefusedAtTheStartAndNothingIsRunToFindOut() throws Exception {
        site.subs(rules).sql("sync", "updat x from changes");
        assertThatExceptionOfType(RuleException.class)
                .isThrownBy(rules::start)
                .withMessageContainingAll("statement of the rule 'sync'", "updat x from changes", "syntax error")
                .satisfies(refused -> assertThat(refused.code()).isEqualTo(RuleError.INVALID));
        Rules others = site.rules();
        site.subs(others).expecting("select id from nowhere").react("swept", (change, run) -> {});
        assertThatExceptionOfType(RuleException.class)
                .isThrownBy(others::start)
                .withMessageContainingAll("query for wrong keys of the rule 'swept'", "\"nowhere\" does not exist");
        Rules fine = site.rules();
        site.subs(fine).sql("write", site.sql("insert into {s}.seen (key, what) select 'x', 'run'"));
        fine.start();
        assertThat(site.noted()).isEmpty();
        assertThat(fine.status()).extracting(RuleStatus::name).containsExactly("write");
    }

    @Test
    void aTableThatIsHeldIsNoReasonToRefuseWhatReadsIt() throws Exception {
        Rule rule = site.subs(rules)
                .sql("write", site.sql("insert into {s}.seen (key, what) select key, 'x' from changes"));
        try (Connection holder = site.begin()) {
            site.run(holder, "lock table {s}.seen in access exclusive mode");
            rules.start();
            assertThat(rule.status().state()).isEqualTo(RuleState.BROKEN);
            holder.commit();
        }
        Site.soon().until(() -> rule.status().state() == RuleState.ACTIVE);
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
        site.insert(1, 1);
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
    void aRuleDoesNotReactToItself() throws Exception {
        site.subs(rules).react("trim", (change, run) -> {
            site.note(run, change.key(), change.row().status());
            site.run(run.connection(), "update {s}.sub set status = status || '!' where user_id = " + change.key());
        });
        rules.start();
        site.insert(1, 1);
        site.drained();
        site.run("update {s}.sub set status = 'b'");
        site.drained();
        assertThat(site.noted()).containsExactly("1:new", "1:b");
        assertThat(site.text("select status from {s}.sub")).isEqualTo("b!");
    }

    @Test
    void aPausedRuleNoticesAndWaits() throws Exception {
        Rule rule = site.subs(rules).react("note", (change, run) -> site.note(run, change.key(), "seen"));
        rules.start();
        assertThat(rule.pause()).isTrue();
        assertThat(rule.pause()).isFalse();
        site.insert(1, 3);
        Site.soon().until(() -> rule.status().pending() == 3);
        assertThat(rule.status().state()).isEqualTo(RuleState.PAUSED);
        assertThat(rule.status().oldest()).isPresent();
        site.run("update {s}.rule_change set written = written - interval '20 seconds'");
        rule.resume();
        site.drained();
        assertThat(site.noted()).hasSize(3);
        Site.soon().until(() -> rule.status().lag().p50().isPresent());
        assertThat(rule.status().lag().p50().orElseThrow())
                .as("from the write on")
                .isGreaterThanOrEqualTo(Duration.ofSeconds(20));
    }
}
