package dev.tidemill.rules;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemill.rules.Site.Sub;
import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.TestDatabase;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * Eight writers, two pumps, long transactions, some deadlocks: in the end everything is as if worked out from scratch. {@link
 * DeadlockTest} has deadlocks that are certain.
 */
@ExtendWith(FreshSchema.class)
class StressTest {
    private static final int USERS = 40;
    private static final int WRITERS = 8;
    private static final int TRANSACTIONS = 60;
    private static final int BUYS = 4;
    private static final String EXPECTED = "select count(*) from {s}.person p where p.plan is distinct from"
            + " coalesce((select string_agg(s.status, '+' order by s.id) from {s}.sub s where s.user_id = p.id), 'none')";

    private final TestDatabase database;
    private final Set<String> atWork = ConcurrentHashMap.newKeySet();
    private final AtomicInteger atOnce = new AtomicInteger();

    StressTest(TestDatabase database) {
        this.database = database;
    }

    /** The plan of a user, worked out from all of the user's subscriptions; every tenth call takes the wrong way round. */
    private void work(Site site, Change<Sub> change, RuleRun run) throws SQLException {
        if (!atWork.add(change.key())) {
            atOnce.incrementAndGet();
        }
        try {
            site.run(
                    run.connection(),
                    "update {s}.person p set plan = w.plan from (select coalesce(string_agg(s.status, '+' order by s.id), 'none')"
                            + " as plan from {s}.sub s where s.user_id = " + change.key() + ") w where p.id = "
                            + change.key() + " and p.plan is distinct from w.plan");
            site.note(run, change.key(), "x");
        } finally {
            atWork.remove(change.key());
        }
    }

    private void write(Site site, int writer) throws SQLException {
        Random random = new Random(writer);
        try (Connection connection = site.begin()) {
            for (int i = 0; i < TRANSACTIONS; i++) {
                try {
                    int statements = 1 + random.nextInt(BUYS);
                    for (int j = 0; j < statements; j++) {
                        site.run(connection, statement(random));
                    }
                    if (random.nextInt(10) == 0) {
                        // Open for long, so that its changes have lower numbers than many that commit before.
                        site.run(connection, "select pg_sleep(0.1)");
                    }
                    if (random.nextInt(8) == 0) {
                        connection.rollback();
                    } else {
                        connection.commit();
                    }
                } catch (SQLException failed) {
                    connection.rollback();
                    if (!Database.isTransient(failed)) {
                        throw failed;
                    }
                }
            }
        }
    }

    private static String statement(Random random) {
        int user = 1 + random.nextInt(USERS);
        int id = 1 + random.nextInt(USERS * 2);
        return switch (random.nextInt(6)) {
            case 0 -> "delete from {s}.sub where id = " + id;
            case 1 -> "update {s}.sub set user_id = " + user + " where id = " + id;
            case 2 -> "update {s}.sub set status = 's" + random.nextInt(5) + "' where user_id = " + user;
            // The rows that reactions write too, in any order.
            case 3 ->
                "update {s}.person set visits = visits + 1 where id in (" + user + ", " + (1 + random.nextInt(USERS))
                        + ")";
            default ->
                "insert into {s}.sub values (" + id + ", " + user + ", 's" + random.nextInt(5)
                        + "', 'x') on conflict (id) do update set status = excluded.status";
        };
    }

    @Test
    void whateverHappensTheEndIsAsIfWorkedOutFromScratch() throws Exception {
        try (Site site = new Site(database);
                ExecutorService writers = Executors.newVirtualThreadPerTaskExecutor()) {
            site.run("insert into {s}.person (id, plan) select g, 'none' from generate_series(1, " + USERS + ") g");
            for (int node = 0; node < 2; node++) {
                Rules rules = site.rules();
                site.subs(rules).attempts(100).react("plan", (change, run) -> work(site, change, run));
                rules.start();
            }
            List<Future<?>> running = new ArrayList<>();
            for (int writer = 0; writer < WRITERS; writer++) {
                int number = writer;
                running.add(writers.submit(() -> {
                    write(site, number);
                    return null;
                }));
            }
            for (Future<?> writer : running) {
                writer.get();
            }
            site.drained();
            assertThat(site.number(EXPECTED)).as("users whose plan is wrong").isZero();
            assertThat(atOnce).as("keys in two hands").hasValue(0);
            assertThat(site.number("select count(*) from {s}.seen")).isGreaterThan(100);
            assertThat(site.number("select count(*) from {s}.rule_held")).isZero();
        }
    }

    @Test
    void aMillionRowsOfOneStatementAreOneRowAKeyAndTheWriterIsNotHeldUp() throws Exception {
        try (Site site = new Site(database)) {
            site.run("insert into {s}.person (id, plan) select g, 'none' from generate_series(1, 100) g;"
                    + "insert into {s}.sub select g, g % 100 + 1, 'old', 'x' from generate_series(1, 1000000) g");
            Rules rules = site.rules();
            site.subs(rules)
                    .sql(
                            "plan",
                            site.sql(
                                    "update {s}.person p set plan = case when c.new is null then 'storm' end from changes c"
                                            + " where p.id = c.key::bigint"));
            rules.start();
            rules.rule("plan").pause();
            site.run("update {s}.sub set status = 'new'");
            assertThat(site.number("select count(*) from {s}.rule_change")).isEqualTo(100);
            site.run("update {s}.sub set note = 'y' where id <= 200000");
            assertThat(site.number("select count(*) from {s}.rule_change")).isEqualTo(100);
            rules.rule("plan").resume();
            site.drained();
            assertThat(site.number("select count(*) from {s}.person where plan = 'storm'"))
                    .isEqualTo(100);
        }
    }
}
