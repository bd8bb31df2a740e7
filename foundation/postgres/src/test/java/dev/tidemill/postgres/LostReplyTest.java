package dev.tidemill.postgres;

import static dev.tidemill.testkit.StoreHand.dead;
import static dev.tidemill.testkit.StoreHand.finish;
import static dev.tidemill.testkit.StoreHand.ids;
import static dev.tidemill.testkit.StoreHand.retry;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tidemill.jobs.JobState;
import dev.tidemill.jobs.store.ClaimedJob;
import dev.tidemill.jobs.store.Outcome;
import dev.tidemill.jobs.store.StoreException;
import dev.tidemill.jobs.store.Workplace;
import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.StoreHand;
import dev.tidemill.testkit.TestDatabase;
import java.io.IOException;
import java.net.URI;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.postgresql.ds.PGSimpleDataSource;

/** What was done although the answer that says so was lost on its way. */
@ExtendWith(FreshSchema.class)
final class LostReplyTest {
    private final TestDatabase database;
    private final Sql sql;
    private CuttingProxy proxy;
    private StoreHand hand;

    LostReplyTest(TestDatabase database) {
        this.database = database;
        this.sql = new Sql(database);
    }

    @BeforeEach
    void open() throws IOException {
        URI server = URI.create(database.jdbcUrl().substring("jdbc:".length()));
        proxy = new CuttingProxy(server.getPort());
        PGSimpleDataSource source = new PGSimpleDataSource();
        source.setUrl("jdbc:postgresql://127.0.0.1:" + proxy.port() + server.getPath());
        source.setUser(database.user());
        source.setPassword(database.password());
        hand = new StoreHand(new PostgresJobStoreProvider().open(source, database.schema(), true));
    }

    @AfterEach
    void close() throws IOException {
        hand.close();
        proxy.close();
    }

    private static void assertLost(ThrowingCallable call) {
        assertThatThrownBy(call)
                .isInstanceOfSatisfying(
                        StoreException.class,
                        lost -> assertThat(lost.connection()).isTrue());
    }

    @Test
    void jobsOfAClaimWhoseReplyWasLostAreFoundAndReturnedUntouched() {
        Workplace place = hand.join();
        hand.add(2, hand.job());
        ClaimedJob known = hand.claimOne(place);
        long lost = hand.add(hand.job());
        proxy.loseNextAnswer();
        assertLost(() -> hand.claim(place, 10));
        assertThat(hand.state(lost)).as("the claim was made").isEqualTo(JobState.RUNNING);
        assertThat(place.reconcile(Set.of(known.lease()))).isEqualTo(1);
        List<ClaimedJob> again = hand.claim(place, 10);
        assertThat(ids(again)).hasSize(2).contains(lost);
        assertThat(again).allMatch(job -> job.attempt() == 1);
    }

    @Test
    void aJobTakenAtOnceWhoseReplyWasLostIsFoundAndReturnedUntouched() {
        Workplace place = hand.join();
        assertThat(hand.claim(place, 10)).isEmpty();
        List<ClaimedJob> known = place.take(List.of(hand.job()));
        proxy.loseNextAnswer();
        assertLost(() -> place.take(List.of(hand.job())));
        assertThat(place.reconcile(Set.of(known.getFirst().lease()))).isEqualTo(1);
        List<ClaimedJob> again = hand.claim(place, 10);
        assertThat(again).hasSize(1).allMatch(job -> job.attempt() == 1);
        assertThat(ids(again)).doesNotContainAnyElementsOf(ids(known));
    }

    @Test
    void aFlushRepeatedAfterALostReplyHasItsConsequencesOnce() throws SQLException {
        Workplace place = hand.join();
        hand.add(2, hand.job());
        List<ClaimedJob> both = hand.claim(place, 2);
        Outcome[] flush = {retry(both.getFirst(), Duration.ofHours(1), true), dead(both.getLast())};
        place.finish(List.of(), List.of(), List.of());
        proxy.loseNextAnswer();
        assertLost(() -> finish(place, flush));
        finish(place, flush);
        finish(place, flush);
        assertThat(sql.number("select count(*) from {schema}.scheduled where queue = (select id from {schema}.queue"
                        + " where name = '" + hand.queue() + "')"))
                .isEqualTo(1);
        assertThat(sql.number("select count(*) from {schema}.attempt where job = "
                        + both.getFirst().id()))
                .isEqualTo(1);
        assertThat(hand.state(both.getLast().id())).isEqualTo(JobState.DEAD);
    }

    @Test
    void anEnqueueWhoseReplyWasLostSaysSoInsteadOfReturning() {
        hand.add(hand.job());
        proxy.loseNextAnswer();
        assertLost(() -> hand.add(hand.job()));
        assertThat(hand.claim(hand.join(), 10))
                .as("it was committed all the same")
                .hasSize(2);
    }
}
