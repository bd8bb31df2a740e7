package dev.tidemill.cache;

import static java.time.Duration.ofMinutes;
import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.TestDatabase;
import java.sql.Connection;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.function.Consumer;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** What one node invalidates the other does not serve, whatever comes in between. */
@ExtendWith(FreshSchema.class)
final class TwoNodesTest extends TwoNodes {
    TwoNodesTest(TestDatabase database) {
        super(database);
    }

    @Test
    void whatOneLoadedTheOtherFinds() {
        assertThat(one.get("a", this::load)).isZero();
        stored("a");
        Answer<Long> answer = two.ask("a", this::load);
        assertThat(answer.source()).isEqualTo(Source.SHARED);
        assertThat(two.ask("a", this::load).source()).isEqualTo(Source.LOCAL);
        assertThat(loads).hasValue(1);
        assertThat(two.inspect("a")).extracting(Sighting::source).containsExactly(Source.LOCAL, Source.SHARED);
    }

    @Test
    void anInvalidationIsPartOfTheTransaction() throws Exception {
        for (Consumer<Connection> way : List.<Consumer<Connection>>of(
                connection -> {
                    one.invalidate(connection, "a");
                },
                connection -> {
                    one.invalidateTag(connection, "group:a");
                },
                connection -> {
                    one.invalidatePattern(connection, "a*");
                },
                connection -> {
                    one.invalidateEverything(connection);
                })) {
            Long before = one.get("a", this::load);
            stored("a");
            assertThat(two.get("a", this::load)).isEqualTo(before);
            long after;
            try (Connection connection = site.begin()) {
                site.raise(connection, "a");
                way.accept(connection);
                connection.rollback();
                long looks = two.stats().invalidated();
                assertThat(two.get("a", this::load)).isEqualTo(before);
                after = site.raise(connection, "a");
                way.accept(connection);
                assertThat(two.get("a", this::load)).isEqualTo(before);
                assertThat(two.stats().invalidated()).isEqualTo(looks);
                connection.commit();
            }
            Awaitility.await().atMost(ofSeconds(30)).until(() -> sees(two, after));
            Awaitility.await().atMost(ofSeconds(30)).until(() -> sees(one, after));
        }
    }

    @Test
    void aTransactionThatCommitsLateIsHeardOf() throws Exception {
        try (Connection late = site.begin()) {
            one.invalidate(late, "a");
            site.raise(late, "a");
            // Many later ones commit before, and both nodes look past them.
            for (int i = 0; i < 20; i++) {
                two.invalidate("b" + i);
            }
            assertThat(one.get("a", this::load)).isZero();
            assertThat(two.get("a", this::load)).isZero();
            long looks = open.getLast().stats().looks();
            Awaitility.await()
                    .atMost(ofSeconds(30))
                    .until(() -> open.getLast().stats().looks() > looks + 2);
            stored("a");
            late.commit();
        }
        Awaitility.await().atMost(ofSeconds(30)).until(() -> sees(one, 1));
        Awaitility.await().atMost(ofSeconds(30)).until(() -> sees(two, 1));
    }

    @Test
    void aLoadThatBeganBeforeAnInvalidationIsNeverFoundAfterIt() throws Exception {
        CountDownLatch inside = new CountDownLatch(1);
        CountDownLatch gate = new CountDownLatch(1);
        // The transaction has written before the load begins, and commits while it is under way.
        try (Connection writer = site.begin()) {
            site.raise(writer, "a");
            two.invalidate(writer, "a");
            Thread slow = Thread.ofVirtual()
                    .start(() -> one.get("a", id -> {
                        Long read = load(id);
                        inside.countDown();
                        gate.await();
                        return read;
                    }));
            inside.await();
            writer.commit();
            gate.countDown();
            assertThat(slow.join(ofSeconds(30))).isTrue();
        }
        // Whatever became of the old value, the shared tier does not return it, at once.
        Cache<String, Long> fresh = node(CachePolicy.of(ofMinutes(5)));
        assertThat(fresh.get("a", this::load)).isEqualTo(1);
        Awaitility.await().atMost(ofSeconds(30)).until(() -> sees(one, 1));
    }

    @Test
    void aValueStoredBeforeALateCommitIsVoidAfterIt() throws Exception {
        try (Connection writer = site.begin()) {
            site.raise(writer, "a");
            two.invalidate(writer, "a");
            assertThat(one.get("a", this::load)).isZero();
            stored("a");
            writer.commit();
        }
        assertThat(node(CachePolicy.of(ofMinutes(5))).get("a", this::load)).isEqualTo(1);
    }

    @Test
    void triggersAndOtherProgramsInvalidateBySql() throws Exception {
        assertThat(one.get("a", this::load)).isZero();
        try (Connection connection = site.begin()) {
            site.raise(connection, "a");
            connection.commit();
        }
        site.run("select {schema}.cache_invalidate('" + name + "', 'a')");
        Awaitility.await().atMost(ofSeconds(30)).until(() -> sees(one, 1));
    }

    @Test
    void othersHearAtOnceOfWhatIsInvalidatedHere() {
        Cache<String, Long> listening =
                node(patient().staleness(ofMinutes(2)).lookEvery(ofMinutes(1)), CachePolicy.of(ofMinutes(5)));
        one.get("a", id -> 1L);
        stored("a");
        assertThat(listening.get("a", this::load)).isEqualTo(1);
        Awaitility.await().atMost(ofSeconds(15)).until(() -> {
            one.put("a", 2L);
            return sees(listening, 2);
        });
    }
}
