package dev.tidemill.postgres;

import static dev.tidemill.testkit.StoreHand.ids;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.tidemill.jobs.Priority;
import dev.tidemill.jobs.store.ClaimedJob;
import dev.tidemill.jobs.store.Intake.Added;
import dev.tidemill.jobs.store.Workplace;
import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.StoreHand;
import dev.tidemill.testkit.TestDatabase;
import java.sql.Connection;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Claims that go on from a position, against jobs that do not come in order. */
@ExtendWith(FreshSchema.class)
final class PositionTest {
    private final TestDatabase database;
    private final Sql sql;
    private StoreHand hand;

    PositionTest(TestDatabase database) {
        this.database = database;
        this.sql = new Sql(database);
    }

    @BeforeEach
    void openStore() {
        hand = new StoreHand(new PostgresJobStoreProvider().open(database.dataSource(), database.schema(), true));
    }

    @AfterEach
    void closeStore() {
        hand.close();
    }

    @Test
    void aBulkWithOneDeadlineIsClaimedInOrderAndWhole() {
        Workplace place = hand.join();
        List<Long> added = hand.add(1_000, hand.job());
        List<Long> claimed = new ArrayList<>();
        for (int i = 0; i < 12; i++) {
            claimed.addAll(ids(hand.claim(place, 90)));
        }
        assertThat(claimed).containsExactlyElementsOf(added);
    }

    @Test
    void aJobCommittedLateIsFoundAtOnceWithAHint() throws Exception {
        Workplace place = hand.join();
        try (Connection late = sql.begin()) {
            Added early = hand.store().intake().add(late, List.of(hand.job()));
            hand.add(50, hand.job(Priority.MEDIUM, Duration.ofMinutes(2)));
            assertThat(hand.claim(place, 100)).hasSize(50);
            late.commit();
            early.hints().forEach(place::hint);
            assertThat(ids(hand.claim(place, 100))).isEqualTo(early.ids());
        }
    }

    @Test
    void aJobWhoseCommitNobodyHeardIsFoundByALookFromTheBeginning() throws Exception {
        Workplace place = hand.join();
        try (Connection late = sql.begin()) {
            Added early = hand.store().intake().add(late, List.of(hand.job()));
            hand.add(50, hand.job(Priority.MEDIUM, Duration.ofMinutes(2)));
            assertThat(hand.claim(place, 100)).hasSize(50);
            late.commit();
            List<ClaimedJob> found = await().atMost(Jobs.SOON)
                    .pollInterval(Duration.ofMillis(20))
                    .until(() -> hand.claim(place, 100), jobs -> !jobs.isEmpty());
            assertThat(ids(found)).isEqualTo(early.ids());
        }
    }

    @Test
    void aClaimDoesNotWaitForWhatAnotherHasLocked() throws Exception {
        Workplace place = hand.join();
        List<Long> added = hand.add(20, hand.job());
        try (Connection other = sql.begin()) {
            sql.run(other, "select from {schema}.ready where job < " + added.get(10) + " for update");
            assertThat(ids(hand.claim(place, 100))).containsExactlyElementsOf(added.subList(10, 20));
        }
        await().atMost(Jobs.SOON).until(() -> hand.claim(place, 100).size() == 10);
    }

    /** Locked lane by lane before they are merged, the first of each lane would be passed over by whoever comes meanwhile. */
    @Test
    void aClaimLocksNoMoreThanItTakes() throws Exception {
        Workplace place = hand.join();
        List<Long> added = new ArrayList<>();
        for (Priority priority : List.of(Priority.HIGH, Priority.MEDIUM, Priority.LOW)) {
            added.addAll(hand.add(3, hand.job(priority, Duration.ofMinutes(-1))));
        }
        try (Connection other = sql.begin()) {
            added.remove(sql.claim(other, place.epoch(), hand.queue()));
            assertThat(added).hasSize(8);
            assertThat(ids(hand.claim(hand.join(), 100))).containsExactlyInAnyOrderElementsOf(added);
        }
    }

    /** However long ago their transactions began, and whatever blocks their ids are of. */
    @Test
    void jobsOfAKeyGoByTheMomentOfTheirEnqueue() throws Exception {
        Workplace place = hand.join();
        try (Connection early = sql.begin()) {
            sql.number(early, "select 1");
            long first = hand.add(hand.keyed(hand.job(), "account"));
            List<Long> second = hand.store()
                    .intake()
                    .add(early, List.of(hand.keyed(hand.job(), "account")))
                    .ids();
            early.commit();
            assertThat(ids(hand.claim(place, 10))).containsExactly(first, second.getFirst());
        }
    }

    @Test
    void aJobWithoutABodyIsClaimedAsSuchInsteadOfVanishing() throws Exception {
        Workplace place = hand.join();
        List<Long> added = hand.add(3, hand.job());
        sql.run("delete from {schema}.job where id = " + added.get(1));
        List<ClaimedJob> claimed = hand.claim(place, 10);
        assertThat(ids(claimed)).containsExactlyElementsOf(added);
        assertThat(claimed.get(1).payload()).isNull();
        place.leave();
        assertThat(hand.store().desk().deadLetters(Long.MAX_VALUE, 0, 100))
                .as("what a dead node held of it needs a person too")
                .anyMatch(letter ->
                        letter.jobId() == added.get(1) && letter.code().equals("BODY_MISSING"));
        assertThat(ids(hand.claim(hand.join(), 10))).containsExactlyInAnyOrder(added.get(0), added.get(2));
    }

    @Test
    void noLimitMeansNothingInsteadOfEverything() throws Exception {
        hand.add(5, hand.job());
        String queue = "(select id from {schema}.queue where name = '" + hand.queue() + "')";
        assertThat(sql.number("select coalesce(cardinality(t.jobs), 0) from {schema}.take_from_lane(" + queue
                        + ", 2, (select array_agg(id) from {schema}.kind), null, 0, 0) t"))
                .isZero();
        assertThat(hand.claim(hand.join(), 10)).hasSize(5);
    }
}
