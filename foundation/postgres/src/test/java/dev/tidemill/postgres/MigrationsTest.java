package dev.tidemill.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.tidemill.jobs.ErrorCode;
import dev.tidemill.jobs.Priorities;
import dev.tidemill.jobs.store.JobStore;
import dev.tidemill.jobs.store.NodeInfo;
import dev.tidemill.jobs.store.Outcome;
import dev.tidemill.jobs.store.StoreException;
import dev.tidemill.jobs.store.Workplace;
import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.StoreHand;
import dev.tidemill.testkit.TestDatabase;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Migrating while processes of the former version are at work, and go on being. */
@ExtendWith(FreshSchema.class)
class MigrationsTest {
    private static final Duration SOON = Duration.ofSeconds(40);
    private static final List<String> FORMER = List.of("V001__engine.sql");
    private static final List<String> WAITING = List.of("V001__engine.sql", "V900__of_a_test.sql");
    private static final List<String> SLOW = List.of("V001__engine.sql", "V901__slow_of_a_test.sql");

    private final TestDatabase database;
    private final Sql sql;

    MigrationsTest(TestDatabase database) {
        this.database = database;
        this.sql = new Sql(database);
    }

    @BeforeEach
    void formerSchema() throws SQLException {
        sql.run("drop schema if exists {schema} cascade");
        former().apply();
    }

    private Migrations former() {
        return new Migrations(database.dataSource(), database.schema(), FORMER);
    }

    private Migrations present() {
        return new Migrations(database.dataSource(), database.schema());
    }

    @Test
    void aFormerProcessGoesOnWhileTheSchemaIsMigratedAndBesideAPresentOne() throws Exception {
        FormerWorker worker = new FormerWorker(database.dataSource(), database.schema());
        CompletableFuture<Boolean> former = Aside.run(() -> {
            worker.run();
            return true;
        });
        awaitTurns(worker, former, 10);
        // Each file is committed by itself, so it has to be whole by itself.
        for (int files = 2; files <= Migrations.FILES.size(); files++) {
            new Migrations(database.dataSource(), database.schema(), Migrations.FILES.subList(0, files)).apply();
            awaitTurns(worker, former, 4);
        }
        try (JobStore store = new PostgresJobStore(database.dataSource(), database.schema())) {
            Workplace place =
                    store.join(new NodeInfo("present", "here", 2, Set.of("k"), List.of("q"), Priorities.standard()));
            int until = worker.turns() + 20;
            int taken = 0;
            long end = System.nanoTime() + SOON.toNanos();
            // Both are after the same jobs, and the former one may be faster for a while.
            while ((worker.turns() < until || taken == 0) && !former.isDone() && System.nanoTime() - end < 0) {
                store.upkeep().moveDue();
                var claimed = place.claim(List.of(new Workplace.Demand("q", 10, 10, false, true)));
                if (!claimed.isEmpty()) {
                    taken += claimed.size();
                    StoreHand.finish(
                            place, claimed.stream().map(StoreHand::success).toArray(Outcome[]::new));
                }
            }
            assertThat(taken).as("what the former one enqueued").isPositive();
            worker.stop();
            assertThat(former.get()).isTrue();
            // What is left, retries of the last turn among it, is for the present one.
            await().atMost(SOON).until(() -> {
                store.upkeep().moveDue();
                var claimed = place.claim(List.of(new Workplace.Demand("q", 100, 100, false, true)));
                if (!claimed.isEmpty()) {
                    StoreHand.finish(
                            place, claimed.stream().map(StoreHand::success).toArray(Outcome[]::new));
                }
                return sql.number("select count(distinct job) from {schema}.attempt where outcome = 0")
                        == worker.added().size();
            });
            assertThat(sql.number("select count(*) from {schema}.attempt where outcome = 0"))
                    .as("each once")
                    .isEqualTo(worker.added().size());
            place.leave();
            place.close();
        }
    }

    private static void awaitTurns(FormerWorker worker, CompletableFuture<Boolean> former, int more) {
        int until = worker.turns() + more;
        await().atMost(SOON).until(() -> worker.turns() >= until || former.isDone());
        assertThat(former).isNotDone();
    }

    @Test
    void aFormerProgramMayStartOnASchemaThatAllowsItAndNoOther() throws SQLException {
        present().apply();
        assertThatCode(former()::check).doesNotThrowAnyException();
        assertThatCode(former()::apply).doesNotThrowAnyException();
        sql.run("update {schema}.migration set needs = 3 where version = 5");
        assertThatThrownBy(former()::check)
                .isInstanceOfSatisfying(
                        StoreException.class,
                        refused -> assertThat(refused.code()).isEqualTo(ErrorCode.SCHEMA_NEWER))
                .hasMessageContaining("version 5 needs a program that knows 3");
        assertThatCode(present()::check).doesNotThrowAnyException();
    }

    @Test
    void aMigrationThatWaitsForALockLetsOthersThroughAndIsTriedAgain() throws Exception {
        FormerWorker worker = new FormerWorker(database.dataSource(), database.schema());
        CompletableFuture<Boolean> working = Aside.run(() -> {
            worker.run();
            return true;
        });
        awaitTurns(worker, working, 1);
        CompletableFuture<Boolean> migrating;
        try (Connection reader = sql.begin()) {
            sql.number(reader, "select count(*) from {schema}.lease");
            migrating = Aside.run(() -> {
                new Migrations(database.dataSource(), database.schema(), WAITING).apply();
                return true;
            });
            await().atMost(SOON).until(() -> sql.waitingFor(Sql.pid(reader)) > 0);
            // Without the limit everybody would wait behind the migration for as long as the reader reads.
            awaitTurns(worker, working, 3);
            assertThat(migrating).isNotDone();
            reader.rollback();
        }
        assertThat(migrating.get()).isTrue();
        assertThat(sql.number("select count(*) from information_schema.columns where table_schema = '"
                        + database.schema() + "' and column_name = 'of_a_test'"))
                .isEqualTo(1);
        worker.stop();
        assertThat(working.get()).isTrue();
    }

    /** The writer has waited longer, so the server would make it the victim if it came to that. */
    @Test
    void aMigrationThatWaitsForAWriterThatWaitsForItGivesWay() throws Exception {
        try (Connection writer = sql.begin()) {
            sql.number(writer, "select count(*) from {schema}.lease");
            CompletableFuture<Boolean> migrating = Aside.run(() -> {
                new Migrations(database.dataSource(), database.schema(), SLOW).apply();
                return true;
            });
            await().atMost(SOON)
                    .until(() -> sql.number("select count(*) from pg_locks where mode = 'AccessExclusiveLock' and"
                                    + " granted and relation = to_regclass('{schema}.job')")
                            > 0);
            assertThat(sql.number(writer, "select count(*) from {schema}.job")).isZero();
            writer.rollback();
            assertThat(migrating.get()).isTrue();
        }
    }

    @Test
    void manyProcessesThatStartAtOnceMigrateOnce() throws Exception {
        List<CompletableFuture<Boolean>> starting = IntStream.range(0, 8)
                .mapToObj(i -> Aside.run(() -> {
                    present().apply();
                    return true;
                }))
                .toList();
        for (CompletableFuture<Boolean> start : starting) {
            assertThat(start.get()).isTrue();
        }
        assertThatCode(present()::check).doesNotThrowAnyException();
    }
}
