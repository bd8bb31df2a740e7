package dev.tidemill.postgres;

import static dev.tidemill.jobs.EnqueueOptions.delay;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemill.jobs.HandMill;
import dev.tidemill.jobs.JobAction;
import dev.tidemill.jobs.JobActions.Bulk;
import dev.tidemill.jobs.JobFilter;
import dev.tidemill.jobs.Tidemill;
import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.TestDatabase;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import javax.sql.DataSource;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** What an action on many jobs takes of the database. */
@ExtendWith(FreshSchema.class)
final class BulkActionsTest {
    record Mail(int number) {}

    private static final int PAGES = 7;

    private final TestDatabase database;
    private final AtomicInteger opened = new AtomicInteger();

    BulkActionsTest(TestDatabase database) {
        this.database = database;
    }

    /** As one without a pool: every connection is opened for whoever asks. */
    private DataSource counting() {
        return (DataSource) Proxy.newProxyInstance(
                DataSource.class.getClassLoader(), new Class<?>[] {DataSource.class}, (proxy, method, arguments) -> {
                    if (method.getName().equals("getConnection")) {
                        opened.incrementAndGet();
                    }
                    try {
                        return method.invoke(database.dataSource(), arguments);
                    } catch (InvocationTargetException failed) {
                        throw failed.getCause();
                    }
                });
    }

    @Test
    void anActionOnManyPagesOpensOneConnectionAndGivesItBack() throws Exception {
        // By hand, so that no thread of the engine's opens any beside it.
        try (HandMill hand = Tidemill.on(counting()).schema(database.schema()).startByHand()) {
            Tidemill mill = hand.tidemill();
            mill.enqueueAll(
                    IntStream.range(0, PAGES * 1_000).mapToObj(Mail::new).toList(), delay(Duration.ofDays(1)));
            long held = sessions();
            int before = opened.get();
            Bulk would = mill.actions().count(JobFilter.ANY, new JobAction.Cancel(), 100_000);
            assertThat(would).isEqualTo(new Bulk(PAGES * 1_000, false));
            assertThat(opened.get() - before).as("to count %s pages", PAGES).isEqualTo(1);
            assertThat(mill.actions().count(JobFilter.ANY, new JobAction.Cancel(), 100_000, Duration.ZERO))
                    .as("who is in a hurry sees a page")
                    .isEqualTo(new Bulk(1_000, true));
            assertThat(mill.actions().all(JobFilter.ANY, new JobAction.Cancel(), 100_000, "ada"))
                    .isEqualTo(would);
            assertThat(opened.get() - before).as("to act on them as well").isEqualTo(3);
            assertThat(sessions()).isEqualTo(held);
        }
    }

    private long sessions() throws Exception {
        return new Sql(database)
                .number("select count(*) from pg_stat_activity where datname = current_database() and pid <>"
                        + " pg_backend_pid() and backend_type = 'client backend'");
    }
}
