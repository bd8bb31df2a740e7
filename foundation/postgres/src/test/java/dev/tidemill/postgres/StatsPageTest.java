package dev.tidemill.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tidemill.jobs.QueuePage;
import dev.tidemill.jobs.Stats;
import dev.tidemill.jobs.Stats.QueueStats;
import dev.tidemill.jobs.Tidemill;
import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.TestDatabase;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.ExtendWith;

/** How things stand where there are ten thousand queues. */
@ExtendWith(FreshSchema.class)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class StatsPageTest {
    private static final int QUEUES = 10_000;

    private final TestDatabase database;
    private Tidemill mill;

    StatsPageTest(TestDatabase database) {
        this.database = database;
    }

    /** Jobs wait in each queue, as they were counted; in twelve of them of two kinds in two priorities. */
    @BeforeAll
    void fill() throws SQLException {
        mill = Tidemill.on(database.dataSource()).schema(database.schema()).start();
        Sql sql = new Sql(database.dataSource(), database.schema());
        sql.run("insert into {schema}.queue (name) select 'q' || n from generate_series(1, " + QUEUES + ") n");
        sql.run("insert into {schema}.kind (name) values ('Mail'), ('Fax')");
        sql.run("insert into {schema}.rollup (name, at, took, body)"
                + " select 'depth', {schema}.now_micros(), 3600000000, jsonb_agg(to_jsonb(d)) from ("
                + "select q.id as queue, p as priority, k.id as kind, 3 as ready, 1 as overdue,"
                + " {schema}.now_micros() - 1000000 as earliest, 2 as scheduled"
                + " from {schema}.queue q cross join {schema}.kind k cross join generate_series(1, 2) p"
                + " where k.name = 'Mail' and p = 1 or q.name like 'q10%0') d"
                + " on conflict (name) do update set at = excluded.at, took = excluded.took, body = excluded.body");
        sql.run("insert into {schema}.tally"
                + " select {schema}.now_micros() / 60000000 - 1, 1, q.id, 1, (select min(id) from {schema}.kind), 60, 0,"
                + " 60, 0, 1000 from {schema}.queue q where q.name like 'q%0'");
    }

    @AfterAll
    void stop() {
        mill.close();
    }

    @Test
    void thePagesTogetherAreAllOfIt() {
        Stats all = mill.stats();
        assertThat(all.queues()).extracting(QueueStats::queue).hasSize(QUEUES).isSorted();
        assertThat(all.moreQueues()).isZero();
        List<QueueStats> paged = new ArrayList<>();
        String after = "";
        while (paged.size() < QUEUES) {
            Stats page = mill.stats(QueuePage.after(after, 999));
            paged.addAll(page.queues());
            assertThat(page.moreQueues()).isEqualTo(QUEUES - paged.size());
            assertThat(page.unhandled()).as("of all queues").isEqualTo(all.unhandled());
            after = page.queues().getLast().queue();
        }
        assertThat(paged)
                .extracting(QueueStats::queue)
                .isEqualTo(all.queues().stream().map(QueueStats::queue).toList());
        QueueStats some = paged.get(2);
        assertThat(some.queue()).isEqualTo("q100");
        assertThat(some.lanes()).hasSize(2);
        assertThat(some.ready()).isEqualTo(12);
        assertThat(some.scheduled()).isEqualTo(8);
        assertThat(some.lanes().getFirst().overdue()).isEqualTo(2);
        assertThat(some.lanes().getFirst().late().toMillis()).isGreaterThanOrEqualTo(1_000);
        assertThat(some.perSecond()).isEqualTo(1);
        assertThat(all.unhandled())
                .extracting(waiting -> waiting.kind() + " " + waiting.ready())
                .containsExactly("Fax 72", "Mail 30036");
    }

    @Test
    void aQueueIsFoundAndOneOfWhichThereIsNothingToTellIsListedWhereThatIsAsked() {
        assertThat(mill.stats(QueuePage.of("q77")).queues())
                .singleElement()
                .satisfies(queue -> assertThat(queue.ready()).isEqualTo(3));
        assertThat(mill.stats(QueuePage.of("p")).queues()).isEmpty();
        assertThat(mill.stats(QueuePage.of("p").also(Set.of("p"))).queues())
                .containsExactly(new QueueStats("p", 0, List.of()));
        assertThat(mill.stats(QueuePage.after("", 2).also(Set.of("p", "q1"))).queues())
                .extracting(QueueStats::queue)
                .containsExactly("p", "q1");
        assertThatThrownBy(() -> QueuePage.after("", 0)).hasMessageContaining("1 or more");
    }
}
