package dev.tidemill.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemill.jobs.JobState;
import dev.tidemill.jobs.Keep;
import dev.tidemill.jobs.Priorities;
import dev.tidemill.jobs.store.ClaimedJob;
import dev.tidemill.jobs.store.Workplace;
import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.StoreHand;
import dev.tidemill.testkit.TestDatabase;
import java.sql.Connection;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** What stays and what leaves, by a clock that the tests set. */
@ExtendWith(FreshSchema.class)
class RetentionTest {
    private static final Duration YEAR = Duration.ofDays(365);

    private final TestDatabase database;
    private Almanac almanac;
    private StoreHand hand;

    RetentionTest(TestDatabase database) {
        this.database = database;
    }

    @BeforeEach
    void open() throws Exception {
        almanac = new Almanac(database);
        hand = almanac.hand();
    }

    @AfterEach
    void close() {
        almanac.close();
    }

    private List<Long> succeed(Workplace place, int count) {
        List<Long> done = new ArrayList<>();
        hand.add(count, hand.job());
        for (ClaimedJob job : hand.claim(place, count)) {
            StoreHand.finish(place, StoreHand.success(job));
            done.add(job.id());
        }
        return done;
    }

    @Test
    void whatIsFinishedLeavesAfterItsTimeAndNotBefore() throws Exception {
        Workplace place = hand.join();
        List<Long> done = succeed(place, 3);
        for (int day = 0; day < 7; day++) {
            almanac.day();
            assertThat(almanac.hasBody(done.getFirst())).as("day %s", day).isTrue();
        }
        almanac.passHistory();
        for (long job : done) {
            assertThat(hand.store().desk().job(job)).isEmpty();
        }
        assertThat(almanac.sql().number("select count(*) from {schema}.job")).isZero();
        assertThat(almanac.sql().number("select count(*) from {schema}.attempt"))
                .isZero();
        assertThat(almanac.sql().number("select count(*) from {schema}.job_kept"))
                .isZero();
        assertThat(hand.claim(place, 10)).as("nothing runs again").isEmpty();
    }

    @Test
    void discardedDeadLettersLeaveAThousandAtATime() throws Exception {
        succeed(hand.join(), 1);
        almanac.sql()
                .run("insert into {schema}.dead_letter (job, failed, queue, priority, attempt, code, error, discarded)"
                        + " select -i, 0, 1, 2, 1, 'GIVEN_UP', 'x', i <> 7 from generate_series(1, 2501) i;"
                        + "create table {schema}.deletes (many bigint);"
                        + "create function {schema}.note_deletes() returns trigger language plpgsql as $$ begin"
                        + " insert into {schema}.deletes select count(*) from gone; return null; end $$;"
                        + "create trigger note_deletes after delete on {schema}.dead_letter referencing old table as gone"
                        + " for each statement execute function {schema}.note_deletes()");
        almanac.passHistory();
        assertThat(almanac.sql().number("select sum(many) from {schema}.deletes"))
                .isEqualTo(2_500);
        assertThat(almanac.sql().number("select max(many) from {schema}.deletes"))
                .isEqualTo(1_000);
        assertThat(almanac.sql().number("select count(*) from {schema}.dead_letter"))
                .as("one waits for a person")
                .isEqualTo(1);
    }

    @Test
    void whatSomethingIsStillToHappenToStaysWithAllThatBelongsToIt() throws Exception {
        Workplace place = hand.join();
        long leased = hand.add(hand.job());
        ClaimedJob running = hand.claimOne(place);
        long nextYear = hand.add(hand.delayed(hand.job(), YEAR));
        long retried = hand.add(hand.job());
        StoreHand.finish(place, StoreHand.retry(hand.claimOne(place), YEAR, true));
        long dead = hand.add(hand.job());
        StoreHand.finish(place, StoreHand.dead(hand.claimOne(place)));
        long ready = hand.add(hand.ofKind(hand.job(), "nobody"));
        List<Long> done = succeed(place, 2);
        almanac.passHistory();
        almanac.passHistory();
        for (long gone : done) {
            assertThat(hand.store().desk().job(gone)).isEmpty();
        }
        for (long stayed : List.of(leased, nextYear, retried, dead, ready)) {
            assertThat(almanac.isKept(stayed)).isTrue();
            assertThat(almanac.hasBody(stayed)).isFalse();
        }
        assertThat(hand.state(leased)).isEqualTo(JobState.RUNNING);
        assertThat(hand.state(nextYear)).isEqualTo(JobState.SCHEDULED);
        assertThat(hand.state(retried)).isEqualTo(JobState.SCHEDULED);
        assertThat(hand.store().desk().job(retried).orElseThrow().attempts()).hasSize(1);
        assertThat(hand.state(dead)).isEqualTo(JobState.DEAD);
        assertThat(hand.state(ready)).isEqualTo(JobState.READY);
        StoreHand.finish(place, StoreHand.success(running));
        almanac.pass(YEAR);
        assertThat(hand.store().upkeep().moveDue().hints()).isNotEmpty();
        List<ClaimedJob> late = hand.claim(place, 10);
        assertThat(StoreHand.ids(late)).containsExactlyInAnyOrder(nextYear, retried);
        assertThat(late).allMatch(job -> "{}".equals(job.payload()));
        place.leave();
        assertThat(StoreHand.ids(hand.claim(hand.join(), 10)))
                .as("returned with its body, and what was finished is not")
                .containsExactlyInAnyOrder(nextYear, retried);
    }

    @Test
    void whatWasKeptLeavesInItsTurn() throws Exception {
        Workplace place = hand.join();
        long waiting = hand.add(hand.delayed(hand.job(), Duration.ofDays(30)));
        almanac.passHistory();
        assertThat(almanac.isKept(waiting)).isTrue();
        almanac.pass(Duration.ofDays(18));
        assertThat(hand.store().upkeep().moveDue().hints()).isNotEmpty();
        StoreHand.finish(place, StoreHand.success(hand.claimOne(place)));
        for (int day = 0; day < 6; day++) {
            almanac.day();
            assertThat(hand.state(waiting)).isEqualTo(JobState.SUCCEEDED);
        }
        almanac.passHistory();
        almanac.passHistory();
        assertThat(hand.store().desk().job(waiting)).isEmpty();
        assertThat(almanac.sql().number("select count(*) from {schema}.attempt_kept"))
                .isZero();
        assertThat(almanac.parts("kept")).isEqualTo(1);
    }

    @Test
    void aKindKeepsItsLastCompletedAndFailedAndWhatIsYoungEnough() throws Exception {
        hand.store()
                .history()
                .define(
                        null,
                        Map.of(hand.kind(), new Keep(3, 2, Duration.ZERO), "long", new Keep(0, 0, YEAR)),
                        "tester");
        Workplace place = hand.join(Set.of(hand.kind(), "long", "plain"), Priorities.standard());
        List<Long> completed = succeed(place, 8);
        List<Long> failed = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            failed.add(hand.add(hand.job()));
            StoreHand.finish(place, StoreHand.dead(hand.claimOne(place)));
            assertThat(hand.store().desk().discard(List.of(failed.getLast()), "tester"))
                    .hasSize(1);
        }
        long plain = hand.add(hand.ofKind(hand.job(), "plain"));
        long young = hand.add(hand.ofKind(hand.job(), "long"));
        hand.claim(place, 2).forEach(job -> StoreHand.finish(place, StoreHand.success(job)));
        for (int round = 0; round < 3; round++) {
            almanac.passHistory();
            assertThat(completed.subList(5, 8))
                    .allMatch(id -> hand.state(id) == JobState.SUCCEEDED)
                    .allMatch(id ->
                            hand.store().desk().job(id).orElseThrow().attempts().size() == 1);
            assertThat(failed.subList(2, 4)).allMatch(id -> hand.state(id) == JobState.DISCARDED);
            assertThat(hand.state(young)).isEqualTo(JobState.SUCCEEDED);
            assertThat(hand.store().desk().job(plain)).isEmpty();
            assertThat(hand.store().desk().job(completed.getFirst())).isEmpty();
            assertThat(hand.store().desk().job(failed.getFirst())).isEmpty();
        }
        assertThat(almanac.sql().number("select count(*) from {schema}.dead_letter"))
                .isEqualTo(2);
        List<Long> newer = succeed(place, 3);
        almanac.passHistory();
        almanac.passHistory();
        almanac.passHistory();
        assertThat(newer).allMatch(id -> hand.state(id) == JobState.SUCCEEDED);
        assertThat(hand.store().desk().job(completed.getLast()))
                .as("three newer ones push it out")
                .isEmpty();
    }

    @Test
    void partitionsEndByTimeAndStayFewHoweverManyIdsAreUsed() throws Exception {
        Workplace place = hand.join();
        for (int day = 0; day < 14; day++) {
            for (int quarter = 0; quarter < 4; quarter++) {
                almanac.sql()
                        .run("select nextval('{schema}.job_block') from generate_series(1, 5);"
                                + "select nextval('{schema}.lease_id') from generate_series(1, 30)");
                succeed(place, 1);
                almanac.pass(Duration.ofHours(6));
                hand.store().upkeep().makePartitions();
                almanac.advanceAll();
                almanac.pass(Duration.ofMinutes(2));
                almanac.advanceAll();
            }
        }
        assertThat(almanac.parts("job")).isBetween(10L, 32L);
        assertThat(almanac.parts("attempt")).isBetween(10L, 32L);
        assertThat(almanac.sql().number("select count(*) from pg_inherits where inhparent = '{schema}.job'::regclass"))
                .isBetween(10L, 32L);
    }

    @Test
    void anIdleInstallationMakesNoPartitions() throws Exception {
        hand.store().upkeep().makePartitions();
        long before = almanac.sql().number("select max(number) from {schema}.part");
        almanac.passHistory();
        assertThat(almanac.sql().number("select max(number) from {schema}.part"))
                .isEqualTo(before);
    }

    /** Seen without the precaution: 999 finished jobs became runnable again. */
    @Test
    void noAttemptLeavesWhileALeaseThatNeedsItLives() throws Exception {
        Workplace place = hand.join();
        hand.add(30, hand.job());
        List<ClaimedJob> claimed = hand.claim(place, 30);
        ClaimedJob slow = claimed.getFirst();
        place.finish(claimed.subList(1, 30).stream().map(StoreHand::success).toList(), List.of(), List.of());
        for (int i = 0; i < 25; i++) {
            succeed(place, 1);
        }
        almanac.passHistory();
        almanac.passHistory();
        assertThat(almanac.sql().number("select count(*) from {schema}.attempt where lease = " + slow.lease()))
                .isEqualTo(29);
        place.leave();
        assertThat(StoreHand.ids(hand.claim(hand.join(), 100))).containsExactly(slow.id());
    }

    @Test
    void anEnqueueWhoseIdsHaveBecomeVoidGetsOthersAndTheCallersTransactionGoesOn() throws Exception {
        hand.add(hand.job());
        hand.store().upkeep().makePartitions();
        almanac.pass(Duration.ofDays(8));
        hand.store().upkeep().makePartitions();
        almanac.pass(Duration.ofDays(8));
        almanac.advanceAll();
        long floor = almanac.sql().number("select id from {schema}.job_floor");
        assertThat(floor).isPositive();
        try (Connection connection = almanac.sql().begin()) {
            almanac.sql().run(connection, "create temporary table of_the_caller (x integer)");
            long single = hand.store()
                    .intake()
                    .add(connection, List.of(hand.job()))
                    .ids()
                    .getFirst();
            almanac.sql().run(connection, "insert into of_the_caller values (1)");
            connection.commit();
            assertThat(single).isGreaterThanOrEqualTo(floor);
        }
        assertThat(hand.claim(hand.join(), 10)).hasSize(2);
    }
}
