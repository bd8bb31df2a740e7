package dev.tidemill.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.tidemill.jobs.JobRequest;
import dev.tidemill.jobs.JobState;
import dev.tidemill.jobs.Tidemill;
import dev.tidemill.jobs.Timing;
import dev.tidemill.jobs.store.JobStore;
import dev.tidemill.testkit.ActionsContract;
import dev.tidemill.testkit.ControlContract;
import dev.tidemill.testkit.EpochContract;
import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.JobOrderContract;
import dev.tidemill.testkit.JobStoreContract;
import dev.tidemill.testkit.LimitsContract;
import dev.tidemill.testkit.PgBouncer;
import dev.tidemill.testkit.TestDatabase;
import dev.tidemill.testkit.TurnsContract;
import dev.tidemill.testkit.UniqueContract;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Everything a store owes, and a mill at work, behind PgBouncer in transaction mode. */
@Tag("pgbouncer")
@ExtendWith(FreshSchema.class)
class PgBouncerTest {
    private static final Duration SOON = Duration.ofSeconds(40);

    private static PgBouncer bouncer;
    private static TestDatabase database;

    @BeforeAll
    static void startBouncer(TestDatabase given) throws Exception {
        database = given;
        bouncer = PgBouncer.start(given, 8);
    }

    @AfterAll
    static void stopBouncer() throws Exception {
        bouncer.close();
    }

    private static JobStore store() {
        return new PostgresJobStoreProvider().open(bouncer.dataSource(), database.schema(), true);
    }

    @Nested
    class Store extends JobStoreContract {
        @Override
        protected JobStore open() {
            return store();
        }
    }

    @Nested
    class Order extends JobOrderContract {
        @Override
        protected JobStore open() {
            return store();
        }
    }

    @Nested
    class Epochs extends EpochContract {
        @Override
        protected JobStore open() {
            return store();
        }

        @Override
        protected Connection connect() throws SQLException {
            return bouncer.dataSource().getConnection();
        }
    }

    @Nested
    class Uniques extends UniqueContract {
        @Override
        protected JobStore open() {
            return store();
        }
    }

    @Nested
    class Control extends ControlContract {
        @Override
        protected JobStore open() {
            return store();
        }
    }

    @Nested
    class Limits extends LimitsContract {
        @Override
        protected JobStore open() {
            return store();
        }
    }

    @Nested
    class Turns extends TurnsContract {
        @Override
        protected JobStore open() {
            return store();
        }
    }

    @Nested
    class Actions extends ActionsContract {
        @Override
        protected JobStore open() {
            return store();
        }
    }

    private static List<JobRequest> requests(int count) {
        return IntStream.range(0, count)
                .mapToObj(i -> new JobRequest("k", "{}"))
                .toList();
    }

    private long succeeded(String schema) throws SQLException {
        return new Sql(database).number("""
                select count(distinct a.job) from {s}.attempt a join {s}.job j on j.id = a.job
                join {s}.kind k on k.id = j.kind where a.outcome = 0 and k.name = 'k'
                """.replace("{s}", '"' + schema + '"'));
    }

    @Test
    void jobsRunWhateverWayTheyAreEnqueued() throws Exception {
        String schema = database.schema() + "_e2e";
        CountDownLatch ticks = new CountDownLatch(2);
        try (Tidemill mill = Tidemill.on(bouncer.dataSource())
                .schema(schema)
                .handleJson("k", (json, run) -> {
                    if (json.contains("in")) {
                        try (Connection connection = bouncer.dataSource().getConnection()) {
                            connection.setAutoCommit(false);
                            run.completeIn(connection);
                            connection.commit();
                        }
                    }
                })
                .handleJson("tick", (json, run) -> ticks.countDown())
                .start()) {
            mill.schedules().put("tick", Timing.every(Duration.ofSeconds(1)), new JobRequest("tick", "{}"));
            List<Long> ids = new ArrayList<>(mill.enqueueAll(requests(2_000)));
            for (int i = 0; i < 30; i++) {
                ids.add(mill.enqueue(new JobRequest("k", "{\"in\": 1}")));
            }
            mill.inTransaction(transaction -> ids.add(transaction.enqueue(new JobRequest("k", "{}"))));
            await().atMost(SOON).until(() -> succeeded(schema) == ids.size());
            Jobs.await30(ticks);
            assertThat(mill.schedules().get("tick").error()).isNull();
            assertThat(mill.ready()).isTrue();
        } finally {
            new Sql(database).run("drop schema \"" + schema + "\" cascade");
        }
    }

    /** The pooler dies under two nodes at work; then one node stays cut off, and the other gets what it held. */
    @Test
    void whatANodeHeldRunsElsewhereWhenItIsCutOff() throws Exception {
        String schema = database.schema() + "_cut";
        CountDownLatch held = new CountDownLatch(1);
        try (PgBouncer other = PgBouncer.start(database, 8);
                Tidemill cut = node(other, schema, "cut", held);
                Tidemill mill = node(bouncer, schema, "stays", held)) {
            List<Long> ids = mill.enqueueAll(requests(500));
            bouncer.kill();
            bouncer.startAgain();
            await().atMost(SOON).until(mill::ready);
            other.kill();
            held.countDown();
            for (long id : ids) {
                Jobs.in(mill, id, JobState.SUCCEEDED);
            }
            assertThat(succeeded(schema)).isEqualTo(ids.size());
            assertThat(new Sql(database)
                            .number("select count(*) from (select job from \"" + schema + "\".attempt where outcome = 0"
                                    + " group by job having count(*) > 1) x"))
                    .isZero();
            cut.stop(Duration.ZERO);
        } finally {
            new Sql(database).run("drop schema \"" + schema + "\" cascade");
        }
    }

    private static Tidemill node(PgBouncer through, String schema, String name, CountDownLatch held) {
        return Tidemill.on(through.dataSource())
                .schema(schema)
                .nodeName(name)
                .heartbeat(Duration.ofMillis(250), Duration.ofSeconds(2))
                .handleJson("k", (json, run) -> held.await())
                .start();
    }

    @Test
    void aPoolerIsNoticed() throws Exception {
        try (Connection behind = bouncer.dataSource().getConnection();
                Connection direct = database.dataSource().getConnection()) {
            assertThat(Pooler.isBetween(behind)).isTrue();
            assertThat(Pooler.isBetween(direct)).isFalse();
        }
    }
}
