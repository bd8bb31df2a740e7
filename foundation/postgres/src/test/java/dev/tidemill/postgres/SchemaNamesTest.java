package dev.tidemill.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.tidemill.jobs.ErrorCode;
import dev.tidemill.jobs.JobRequest;
import dev.tidemill.jobs.JobState;
import dev.tidemill.jobs.Priority;
import dev.tidemill.jobs.Tidemill;
import dev.tidemill.jobs.TidemillException;
import dev.tidemill.jobs.store.Hint;
import dev.tidemill.jobs.store.JobStore;
import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.StoreHand;
import dev.tidemill.testkit.TestClock;
import dev.tidemill.testkit.TestDatabase;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Schemas by any name, and several in one database. */
@ExtendWith(FreshSchema.class)
class SchemaNamesTest {
    private static final Duration SOON = Duration.ofSeconds(20);

    private final TestDatabase database;

    SchemaNamesTest(TestDatabase database) {
        this.database = database;
    }

    private void drop(String schema) throws SQLException {
        try (Connection connection = database.dataSource().getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute("drop schema if exists \"" + schema + "\" cascade");
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "select",
                "User",
                "my jobs-2.0 -- /*",
                "\u00e4\u00f6\u00fc\u65e5\u672c",
                "a23456789012345678901234567890123456789012345678901234567890123"
            })
    void aSchemaMayHaveAnyName(String schema) throws Exception {
        drop(schema);
        try (Tidemill mill = Tidemill.on(database.dataSource())
                .schema(schema)
                .handleJson("k", (json, run) -> {})
                .start()) {
            long one = mill.enqueue(new JobRequest("k", "{}"));
            List<Long> many = mill.enqueueAll(IntStream.range(0, PostgresIntake.COPY_FROM)
                    .mapToObj(i -> new JobRequest("k", "{}"))
                    .toList());
            for (long id : List.of(one, many.getFirst(), many.getLast())) {
                assertThat(Jobs.in(mill, id, JobState.SUCCEEDED).kind()).isEqualTo("k");
            }
            assertThat(mill.stats().nodes()).hasSize(1);
            Instant leapDay = Instant.parse("2028-02-29T12:00:00Z");
            TestClock.install(database.dataSource(), schema).set(leapDay);
            long then = mill.enqueue(new JobRequest("k", "{}"));
            assertThat(mill.job(then).orElseThrow().createdAt()).isEqualTo(leapDay);
        } finally {
            drop(schema);
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "  ",
                "a\"b",
                "o'clock",
                "a%I",
                "{schema}",
                "$$",
                "a\\b",
                "a\nb",
                "pg_jobs",
                "information_schema",
                "a234567890123456789012345678901234567890123456789012345678901234",
                "\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4"
                        + "\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4\u00e4"
            })
    void aNameThatCannotBeIsRefusedWithTheRule(String schema) {
        assertThatThrownBy(() -> Tidemill.on(database.dataSource()).schema(schema))
                .isInstanceOfSatisfying(
                        TidemillException.class,
                        refused -> assertThat(refused.code()).isEqualTo(ErrorCode.INVALID_OPTION))
                .hasMessageContaining("63 bytes");
    }

    /** Names that begin alike for longer than a channel's name may be. */
    @Test
    void instancesInOneDatabaseShareNothing() throws Exception {
        String common = "a2345678901234567890123456789012345678901234567890123456789012";
        List<String> schemas = List.of(common + "1", common + "2");
        Set<String> handled = new ConcurrentSkipListSet<>();
        try (Tidemill first = mill(schemas.getFirst(), handled);
                Connection connection = database.dataSource().getConnection();
                JobStore listening = new PostgresJobStore(database.dataSource(), schemas.getFirst())) {
            // The first instance's counting is locked: the second goes on with its own.
            connection.setAutoCommit(false);
            lock(connection, new Statements(schemas.getFirst()).get("lock_roll_up"));
            assertThat(listening.signals().await(Duration.ofMillis(1)).hints()).isEmpty();
            try (Tidemill second = mill(schemas.getLast(), handled)) {
                Jobs.in(second, second.enqueue(new JobRequest("k", "{}")), JobState.SUCCEEDED);
                await().atMost(SOON).until(() -> second.stats().depthsAt().isAfter(Instant.EPOCH));
            }
            assertThat(handled).isNotEmpty().allMatch(line -> line.startsWith(schemas.getLast()));
            assertThat(first.stats().nodes()).hasSize(1);
            // What concerns the other instance is not heard: only the first's own signal arrives.
            try (JobStore speaking = new PostgresJobStore(database.dataSource(), schemas.getLast());
                    JobStore same = new PostgresJobStore(database.dataSource(), schemas.getFirst())) {
                speaking.signals().send(List.of(new Hint("other", Priority.LOW, 1, 0)));
                same.signals().send(List.of(new Hint("own", Priority.LOW, 1, 0)));
                assertThat(await().atMost(SOON)
                                .until(
                                        () -> listening
                                                .signals()
                                                .await(Duration.ofMillis(100))
                                                .hints(),
                                        heard -> heard.stream()
                                                .anyMatch(hint -> hint.queue().equals("own"))))
                        .noneMatch(hint -> hint.queue().equals("other"));
            }
        } finally {
            for (String schema : schemas) {
                drop(schema);
            }
        }
    }

    private Tidemill mill(String schema, Set<String> handled) {
        return Tidemill.on(database.dataSource())
                .schema(schema)
                .handleJson("k", (json, run) -> handled.add(schema + " " + run.jobId()))
                .start();
    }

    private static void lock(Connection connection, String lock) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(lock.replace("pg_try_advisory_xact_lock", "pg_advisory_xact_lock"));
        }
    }

    @Test
    void aRescueInOneInstanceLeavesTheOthersNodesAlone() throws Exception {
        List<String> schemas = List.of(database.schema() + "_1", database.schema() + "_2");
        PostgresJobStoreProvider provider = new PostgresJobStoreProvider();
        try (StoreHand one = new StoreHand(provider.open(database.dataSource(), schemas.getFirst(), true));
                StoreHand other = new StoreHand(provider.open(database.dataSource(), schemas.getLast(), true))) {
            var dead = one.join();
            var alive = other.join();
            assertThat(dead.epoch()).isEqualTo(alive.epoch());
            one.add(one.job());
            other.add(other.job());
            var held = other.claimOne(alive);
            one.claimOne(dead);
            assertThat(one.store().upkeep().rescue(Duration.ZERO, Duration.ZERO).nodes())
                    .isEqualTo(1);
            StoreHand.finish(alive, StoreHand.success(held));
            assertThat(other.state(held.id())).isEqualTo(JobState.SUCCEEDED);
        } finally {
            for (String schema : schemas) {
                drop(schema);
            }
        }
    }
}
