package dev.tidemill.rules;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.TestDatabase;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.postgresql.PGConnection;

/**
 * A reaction and a writer that wait for each other: whoever gives way tries again, and each effect is there once. The server
 * ends the one that looks first, so the other is told to look after an hour.
 */
@ExtendWith(FreshSchema.class)
class DeadlockTest {
    private static final String PATIENT = "set local deadlock_timeout = '1h'";

    private final TestDatabase database;
    private final ExecutorService waiting = Executors.newVirtualThreadPerTaskExecutor();
    private final CountDownLatch reacting = new CountDownLatch(1);
    private final CountDownLatch goOn = new CountDownLatch(1);
    private final AtomicInteger tries = new AtomicInteger();
    private final AtomicInteger gaveWay = new AtomicInteger();
    private Site site;
    private Rules rules;

    DeadlockTest(TestDatabase database) {
        this.database = database;
    }

    @BeforeEach
    void open() throws Exception {
        site = new Site(database);
        rules = site.rules();
        site.run("insert into {s}.person (id, plan) values (1, 'none'), (2, 'none')");
    }

    @AfterEach
    void close() throws Exception {
        goOn.countDown();
        site.close();
        waiting.close();
    }

    /** A reaction that has the first person in hand, and takes the second once it is told to. */
    private void define(String before) {
        site.subs(rules).react("plan", (change, run) -> {
            tries.incrementAndGet();
            try {
                site.run(run.connection(), before);
                site.note(run, change.key(), String.valueOf(run.mode()));
                site.run(run.connection(), "update {s}.person set plan = 'gold' where id = 1");
                reacting.countDown();
                goOn.await();
                site.run(run.connection(), "update {s}.person set plan = 'gold' where id = 2");
            } catch (SQLException failed) {
                if ("40P01".equals(failed.getSQLState())) {
                    gaveWay.incrementAndGet();
                }
                throw failed;
            }
        });
        rules.start();
    }

    private void visit(Connection writer, int person) throws SQLException {
        site.run(writer, "update {s}.person set visits = visits + 1 where id = " + person);
    }

    private void untilWaits(String session) {
        Site.soon()
                .until(() ->
                        site.number("select count(*) from pg_stat_activity where cardinality(pg_blocking_pids(pid)) > 0"
                                        + " and " + session)
                                > 0);
    }

    private void assertAllIsThereOnce() throws Exception {
        site.drained();
        assertThat(site.noted()).as("once, and not by a job").containsExactly("1:LIVE");
        assertThat(site.text("select string_agg(plan || ' ' || visits, ', ') from {s}.person"))
                .isEqualTo("gold 1, gold 1");
        assertThat(rules.rule("plan").status().failures()).isZero();
    }

    @Test
    void aReactionThatGivesWayToAWriterIsTriedAgain() throws Exception {
        define("select 1");
        try (Connection writer = site.begin()) {
            site.run(writer, PATIENT);
            visit(writer, 2);
            site.insert(1, 1);
            reacting.await();
            Future<?> written = waiting.submit(() -> {
                visit(writer, 1);
                return null;
            });
            untilWaits("pid = " + writer.unwrap(PGConnection.class).getBackendPID());
            goOn.countDown();
            written.get();
            writer.commit();
        }
        assertAllIsThereOnce();
        assertThat(gaveWay).as("deadlocks").hasValue(1);
        assertThat(tries).hasValue(2);
    }

    @Test
    void aWriterThatGivesWayToAReactionFindsItDoneWhenItTriesAgain() throws Exception {
        define(PATIENT);
        try (Connection writer = site.begin()) {
            visit(writer, 2);
            site.insert(1, 1);
            reacting.await();
            goOn.countDown();
            untilWaits(writer.unwrap(PGConnection.class).getBackendPID() + " = any (pg_blocking_pids(pid))");
            Future<?> written = waiting.submit(() -> {
                visit(writer, 1);
                return null;
            });
            String state = "";
            try {
                written.get();
            } catch (ExecutionException failed) {
                state = failed.getCause() instanceof SQLException refused ? String.valueOf(refused.getSQLState()) : "";
            }
            assertThat(state).as("the writer's error").isEqualTo("40P01");
            writer.rollback();
            visit(writer, 2);
            visit(writer, 1);
            writer.commit();
        }
        assertAllIsThereOnce();
        assertThat(gaveWay).as("the reaction").hasValue(0);
        assertThat(tries).hasValue(1);
    }
}
