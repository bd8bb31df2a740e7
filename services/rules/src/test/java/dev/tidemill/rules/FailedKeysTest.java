package dev.tidemill.rules;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemill.jobs.DeadLetter;
import dev.tidemill.jobs.Retry;
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
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Keys whose reaction fails, takes too long or goes in a circle: each is a job's, and holds up nobody else. */
@ExtendWith(FreshSchema.class)
class FailedKeysTest {
    private final TestDatabase database;
    private Site site;
    private Rules rules;

    FailedKeysTest(TestDatabase database) {
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
    void aPoisonKeyBlocksOnlyItselfAndIsTriedAgainByAJob() throws Exception {
        AtomicBoolean sick = new AtomicBoolean(true);
        Rule rule = site.subs(rules).attempts(50).react("note", (change, run) -> {
            site.note(run, change.key(), run.mode() + " " + change.row().status());
            if (change.key().equals("3") && sick.get()) {
                throw new IllegalStateException("three is\0sick");
            }
        });
        rules.start();
        site.insert(1, 5);
        Site.soon().until(() -> site.noted().size() == 4 && rule.status().parked() == 1);
        site.run("update {s}.sub set status = 'later'");
        Site.soon().until(() -> site.noted().size() == 8 && rule.status().held() == 2);
        assertThat(site.noted()).noneMatch(note -> note.startsWith("3:"));
        assertThat(rule.parked(10)).singleElement().satisfies(key -> {
            assertThat(key.key()).isEqualTo("3");
            assertThat(key.error()).contains("three is\uFFFDsick");
            assertThat(key.job()).isPresent();
        });
        sick.set(false);
        site.drained();
        assertThat(site.noted()).hasSize(9).endsWith("3:JOB later");
        // Counts are written a moment after what they count.
        Site.soon().until(() -> rule.status().failures() > 0);
        site.run("update {s}.sub set status = 'again' where id = 3");
        site.drained();
        assertThat(site.noted()).endsWith("3:LIVE again");
    }

    @Test
    void aKeyThatOthersAreInTheWayOfIsTriedAgainAtOnceAndGoesToAJobIfTheyStay() throws Exception {
        AtomicInteger tries = new AtomicInteger();
        AtomicBoolean stay = new AtomicBoolean();
        site.subs(rules).react("note", (change, run) -> {
            boolean live = change.key().equals("1") && run.mode() == RuleMode.LIVE;
            if (live && (tries.incrementAndGet() < 4 || stay.get())) {
                throw new SQLException("deadlock detected", "40P01");
            }
            site.note(run, change.key(), String.valueOf(run.mode()));
        });
        rules.start();
        site.insert(1, 2);
        site.drained();
        assertThat(site.noted()).containsExactlyInAnyOrder("1:LIVE", "2:LIVE");
        assertThat(tries.getAndSet(0)).isEqualTo(4);
        stay.set(true);
        site.run("update {s}.sub set status = 'later'");
        site.drained();
        assertThat(site.noted()).hasSize(4).contains("1:JOB");
        assertThat(tries).as("once, and again five times").hasValue(6);
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
        site.insert(1, 1);
        Site.soon().untilTrue(atWork);
        site.run(
                "do $$ begin for i in 1..2000 loop update {s}.sub set status = 's' || i where id = 1; end loop; end $$");
        site.insert(2, 3);
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
        site.insert(7, 7);
        Site.soon().until(() -> !site.mill().deadLetters(null, 10).isEmpty());
        DeadLetter letter = site.mill().deadLetters(null, 10).getFirst();
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
        site.insert(7, 7);
        Site.soon().until(() -> !site.mill().deadLetters(null, 10).isEmpty());
        site.mill().discard(site.mill().deadLetters(null, 10).getFirst().jobId());
        sick.set(false);
        assertThat(rule.release("7")).isTrue();
        assertThat(rule.release("7")).isFalse();
        site.drained();
        assertThat(site.noted()).containsExactly("7:well LIVE");
    }

    @Test
    void whatIsGivenBackIsOlderThanWhatCameMeanwhile() throws Exception {
        AtomicBoolean sick = new AtomicBoolean(true);
        Rule rule = site.subs(rules).attempts(1).react("note", (change, run) -> {
            if (sick.get()) {
                throw new IllegalStateException("sick");
            }
            site.note(run, change.key(), change.kind() + " " + change.row().status() + " " + change.count());
        });
        rules.start();
        site.insert(7, 7);
        Site.soon().until(() -> !site.mill().deadLetters(null, 10).isEmpty());
        site.mill().discard(site.mill().deadLetters(null, 10).getFirst().jobId());
        sick.set(false);
        rule.pause();
        try (Connection writer = site.begin()) {
            site.run(writer, "update {s}.sub set status = 'later'");
            assertThat(rule.release("7")).as("while the writer is not done yet").isTrue();
            writer.commit();
        }
        rule.resume();
        site.drained();
        assertThat(site.noted()).containsExactly("7:INSERT later 2");
    }

    @Test
    void aRowThatWentAfterAStormIsADelete() throws Exception {
        Rule rule = rules.table(site.sql("{s}.sub"))
                .watching("status")
                .key("id")
                .keysOnlyBeyond(1)
                .attempts(1)
                .react(
                        "note",
                        (change, run) -> site.note(
                                run,
                                change.key(),
                                change.kind() + " " + change.row().text("status") + " " + change.count()));
        rules.start();
        rule.pause();
        site.insert(1, 2);
        site.run("delete from {s}.sub where id = 1");
        rule.resume();
        Site.soon().until(() -> rule.status().pending() == 0);
        assertThat(rule.parked(10)).isEmpty();
        assertThat(site.noted()).containsExactlyInAnyOrder("1:DELETE new 2", "2:CURRENT new 1");
    }

    @Test
    void aRowThatWentDuringABackfillIsADeleteOrPassedOver() throws Exception {
        site.insert(1, 2);
        Gather window = Gather.every(Duration.ofMinutes(5));
        Rule all = site.subs(rules).attempts(1).reactInBatches("all", window, (changes, run) -> {
            for (Change<Sub> change : changes) {
                site.note(run, change.key(), change.kind() + " " + change.row().status());
            }
        });
        Rule came = site.subs(rules).onInsert().attempts(1).reactInBatches("came", window, (changes, run) -> {
            for (Change<Sub> change : changes) {
                site.note(run, "came" + change.key(), change.row().status());
            }
        });
        rules.start();
        all.backfill();
        came.backfill();
        Site.soon().until(() -> all.status().pending() == 2 && came.status().pending() == 2);
        site.run("delete from {s}.sub where id = 1");
        site.run("update {s}.rule_change set written = written - interval '5 minutes'");
        Site.soon().until(() -> all.status().pending() == 0 && came.status().pending() == 0);
        assertThat(all.parked(10)).isEmpty();
        assertThat(came.parked(10)).isEmpty();
        assertThat(site.noted()).containsExactlyInAnyOrder("1:DELETE new", "2:CURRENT new", "came2:new");
        Site.soon().until(() -> came.status().skipped() == 1);
    }

    @Test
    void aKeyWhoseCallToTheOutsideFailsIsParkedUntilItWorks() throws Exception {
        AtomicBoolean sick = new AtomicBoolean(true);
        CountDownLatch go = new CountDownLatch(1);
        Rule rule = site.subs(rules).outside().attempts(1).react("call", (change, run) -> {
            if (sick.get()) {
                throw new IllegalStateException("no answer");
            }
            if (change.row().status().equals("later")) {
                go.await();
            }
        });
        rules.start();
        site.insert(1, 1);
        Site.soon().until(() -> !site.mill().deadLetters(null, 10).isEmpty());
        assertThat(rule.status().parked()).isEqualTo(1);
        assertThat(rule.status().parkedSince()).isPresent();
        assertThat(rule.parked(10))
                .singleElement()
                .satisfies(key -> assertThat(key.error()).contains("no answer"));
        assertThat(rules.alarms()).extracting(RuleAlarm::kind).contains(RuleAlarm.Kind.PARKED);
        sick.set(false);
        assertThat(site.mill()
                        .replay(site.mill().deadLetters(null, 10).getFirst().jobId()))
                .isTrue();
        site.drained();
        site.run("update {s}.sub set status = 'later'");
        Site.soon().until(() -> rule.status().held() == 1);
        assertThat(rule.status().parked()).as("at work, and nothing failed").isZero();
        go.countDown();
        site.drained();
    }

    @Test
    void aParkedKeyOfAPausedRuleIsNotTried() throws Exception {
        AtomicBoolean sick = new AtomicBoolean(true);
        AtomicInteger tries = new AtomicInteger();
        Rule rule = site.subs(rules).attempts(1_000).react("note", (change, run) -> {
            tries.incrementAndGet();
            if (sick.get()) {
                throw Retry.after(Duration.ofMillis(100), "sick");
            }
            site.note(run, change.key(), "well");
        });
        rules.start();
        site.insert(1, 1);
        Site.soon().until(() -> tries.get() >= 3);
        rule.pause();
        try (Connection holder = site.begin()) {
            // Once whoever was at it is through, nobody is who began before the pause.
            site.run(holder, "select 1 from {s}.rule_parked for update");
            sick.set(false);
        }
        int before = tries.get();
        Awaitility.await()
                .during(Duration.ofSeconds(3))
                .atMost(Duration.ofSeconds(30))
                .until(() -> tries.get() == before);
        assertThat(site.noted()).isEmpty();
        assertThat(rule.status().parked()).isEqualTo(1);
        assertThat(site.mill().deadLetters(null, 10)).isEmpty();
        rule.resume();
        site.drained();
        assertThat(site.noted()).containsExactly("1:well");
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
        site.insert(1, 30);
        rule.resume();
        Site.soon().until(() -> site.noted().size() == 29);
        assertThat(rule.parked(10))
                .singleElement()
                .satisfies(key -> assertThat(key.key()).isEqualTo("13"));
        assertThat(site.number("select count(distinct key) from {s}.seen")).isEqualTo(29);
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
        site.insert(1, 3);
        site.drained();
        assertThat(site.noted()).containsExactlyInAnyOrder("1:JOB", "2:LIVE", "3:LIVE");
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
        site.insert(1, 1);
        Site.soon().until(() -> !site.mill().deadLetters(null, 10).isEmpty());
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
        site.insert(1, 1);
        Site.soon().until(() -> !site.mill().deadLetters(null, 10).isEmpty());
        List<Rule.ParkedKey> parked =
                new CopyOnWriteArrayList<>(rules.rule("up").parked(10));
        parked.addAll(rules.rule("down").parked(10));
        assertThat(parked)
                .anySatisfy(key -> assertThat(key.error()).contains("up > down").contains("down > up"));
        site.run("update {s}.sub set note = 'a write is never stuck', status = 'mine'");
    }

    @Test
    void aKeyThatIsReactedToTogetherWithOneInACircleHasNoPartInIt() throws Exception {
        AtomicInteger fights = new AtomicInteger();
        site.subs(rules).reactInBatches("up", (changes, run) -> {
            if (changes.stream().noneMatch(change -> change.key().equals("1"))) {
                return;
            }
            if (fights.incrementAndGet() == 4) {
                // In one batch of the other rule with what is written here, since the pump is at work here.
                site.insert(2, 2);
            }
            site.run(run.connection(), "update {s}.sub set status = 'up' where user_id = 1");
        });
        Rule down = site.subs(rules).reactInBatches("down", (changes, run) -> {
            for (Change<Sub> change : changes) {
                site.run(run.connection(), "update {s}.sub set status = 'down' where user_id = " + change.key());
            }
        });
        rules.start();
        down.pause();
        site.insert(1, 1);
        Site.soon().until(() -> site.text("select status from {s}.sub").equals("up"));
        down.resume();
        Site.soon()
                .until(() -> !site.mill().deadLetters(null, 10).isEmpty()
                        && rules.status().stream().allMatch(status -> status.pending() == 0));
        assertThat(site.text("select status from {s}.sub where id = 2")).isEqualTo("down");
        assertThat(rules.rule("up").parked(10)).singleElement().satisfies(key -> {
            assertThat(key.key()).isEqualTo("1");
            assertThat(key.error()).contains("up > down");
        });
        assertThat(down.parked(10)).isEmpty();
    }
}
