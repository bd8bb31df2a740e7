package dev.tidemill.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemill.jobs.JobFilter;
import dev.tidemill.jobs.JobState;
import dev.tidemill.jobs.store.Search.Found;
import dev.tidemill.jobs.store.Search.Place;
import dev.tidemill.postgres.PostgresSearch.Terms;
import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.TestDatabase;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Instant;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * That a page of a search reads a page of rows, however many there are and whatever the statistics say: here there are
 * none, so the planner takes every table for almost empty.
 */
@ExtendWith(FreshSchema.class)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class SearchBoundsTest {
    private static final int MANY = 200_000;
    /** A page, and a few looks for each of its rows. */
    private static final int MOST_ROWS = 5_000;

    private static final String ROWS_READ =
            "select coalesce(sum(coalesce(idx_tup_fetch, 0) + seq_tup_read), 0)::bigint from pg_stat_xact_all_tables"
                    + " where schemaname = '{name}'";

    private final TestDatabase database;
    private final Sql sql;

    SearchBoundsTest(TestDatabase database) {
        this.database = database;
        this.sql = new Sql(database);
    }

    @BeforeAll
    void fill() throws SQLException {
        new PostgresJobStoreProvider()
                .open(database.dataSource(), database.schema(), true)
                .close();
        for (String table : List.of(
                "job_0",
                "tag_0",
                "attempt_0",
                "cancelled_0",
                "ready",
                "scheduled",
                "lease",
                "dead_letter",
                "parked",
                "cancel_request")) {
            sql.run("alter table {schema}." + table + " set (autovacuum_enabled = off)");
        }
        sql.run("insert into {schema}.kind (name) values ('common'), ('rare') on conflict do nothing");
        sql.run("insert into {schema}.queue (name) values ('q') on conflict do nothing");
        sql.run("insert into {schema}.node (name, host, pid, kinds, queues, started, heartbeat)"
                + " values ('n', 'h', 1, '{}', '{}', 0, 0)");
        every("job (id, created, kind, queue, priority, payload)", "i, i * 1000000::bigint, 1, 1, 1, '{}'");
        every("tag (name, value, job)", "'t', 'v', i");
        every(
                "attempt (lease, job, started, took, late, epoch, attempt, outcome, error)",
                "i, i, 0, 1, 0, 1, 1, i % 2, case when i % 2 = 1 then 'it broke' end");
        every("ready (start_by, job, kind, queue, priority, attempt, failures)", "i, i, 1, 1, i % 4, 1, 0");
        every("scheduled (due, job, start_within, kind, queue, priority, attempt, failures)", "i, i, 1, 1, 1, 1, 1, 0");
        every(
                "parked (rule, gate, priority, start_by, job, kind, queue, attempt, failures)",
                "1, 1, 1, i, i, 1, 1, 1, 0");
        every(
                "lease (id, epoch, claimed, jobs, attempts, failures, start_bys)",
                "i, 1, 0, array[i]::bigint[], array[1]::smallint[], array[0]::smallint[], array[0]::bigint[]");
        every(
                "dead_letter (job, failed, kind, queue, priority, attempt, code, error, discarded)",
                "i, i, 1, 1, 1, 1, 'C', 'it broke', i % 2 = 0");
        every("cancelled (job, at, by)", "i, 0, 'x'");
        every("cancel_request (job, at, by)", "i, 0, 'x'");
    }

    private void every(String columns, String values) throws SQLException {
        sql.run("insert into {schema}." + columns + " select " + values + " from generate_series(1, " + MANY + ") i");
    }

    private record Page(Found found, long rowsRead) {}

    private Page page(JobFilter filter, @Nullable Place from) throws SQLException {
        return page(filter, from, 10);
    }

    private Page page(JobFilter filter, @Nullable Place from, int limit) throws SQLException {
        Statements statements = new Statements(database.schema());
        try (Connection connection = sql.begin();
                PreparedStatement settings = connection.prepareStatement(statements.get("search_settings"))) {
            settings.setString(1, "60s");
            settings.execute();
            long before = sql.number(connection, ROWS_READ);
            Terms terms = new Terms(
                    filter, filter.kind() == null ? null : 2, filter.queue() == null ? null : 1, null, 60_000_000);
            Found found = new SearchPages(
                            connection, statements, new JobViews(statements), terms, limit, System.nanoTime())
                    .find(SearchWalk.of(filter), from);
            return new Page(found, sql.number(connection, ROWS_READ) - before);
        }
    }

    static Stream<JobFilter> searches() {
        JobFilter rare = JobFilter.ANY.kind("rare");
        return Stream.of(
                        Stream.of(
                                JobFilter.ANY, rare, rare.tag("t", "v"), rare.error("nothing like it"), rare.code("C")),
                        Stream.of(JobState.values()).map(rare::state),
                        Stream.of(JobState.values()).map(JobFilter.ANY::state),
                        Stream.of(JobState.values())
                                .map(state -> JobFilter.ANY.tag("t", "v").state(state)),
                        Stream.of(JobState.values())
                                .map(state -> JobFilter.ANY.state(state).error("nothing like it")),
                        Stream.of(JobState.values())
                                .map(state -> JobFilter.ANY
                                        .state(state)
                                        .enqueuedFrom(Instant.ofEpochSecond(20_000))
                                        .enqueuedBefore(Instant.ofEpochSecond(30_000))))
                .flatMap(some -> some);
    }

    @ParameterizedTest
    @MethodSource("searches")
    void aPageReadsAPageOfRowsWhateverIsAskedFor(JobFilter filter) throws SQLException {
        @Nullable Place at = null;
        for (int i = 0; i < 3; i++) {
            Page page = page(filter, at);
            assertThat(page.found().examined()).isLessThanOrEqualTo(1_000);
            assertThat(page.rowsRead()).as("rows read").isLessThan(MOST_ROWS);
            at = page.found().next();
            if (at == null) {
                return;
            }
        }
    }

    @Test
    void theNewestAreFoundAfterAsManyRowsAsWereAskedFor() throws SQLException {
        Page page = page(JobFilter.ANY.queue("q"), null);
        assertThat(page.found().jobs()).hasSize(10);
        assertThat(page.found().examined()).isEqualTo(10);
        assertThat(page.rowsRead()).as("rows read").isLessThan(300);
    }

    @Test
    void aPageIsAsLongAsTheTimeThatIsLeft() {
        long rowNanos = 20_000;
        assertThat(SearchPages.pageFor(1_000, 100, 100 * rowNanos, 300 * rowNanos))
                .as("as many as fit")
                .isEqualTo(300);
        assertThat(SearchPages.pageFor(1_000, 100, 100 * rowNanos, Long.MAX_VALUE))
                .as("no longer than a page")
                .isEqualTo(1_000);
        assertThat(SearchPages.pageFor(1_000, 100, 100 * rowNanos, -5))
                .as("however late it is, something")
                .isEqualTo(20);
        assertThat(SearchPages.pageFor(10, 0, 0, 0)).as("nothing to go by").isEqualTo(10);
    }

    @Test
    void textIsLookedThroughInShortPages() throws SQLException {
        Page page = page(JobFilter.ANY.error("nothing like it"), null, 1_000);
        assertThat(page.found().examined()).isEqualTo(100);
    }

    @Test
    void jobsThatRunAreWalkedToTheEndHoweverFewALeaseHolds() throws SQLException {
        JobFilter none = JobFilter.ANY.state(JobState.RUNNING).kind("rare");
        Page first = page(none, null);
        Page second = page(none, first.found().next());
        assertThat(second.found().next()).as("there are as many leases as jobs").isNotNull();
    }

    @Test
    void aSearchForATimeBeginsNearIt() throws SQLException {
        JobFilter early =
                JobFilter.ANY.enqueuedFrom(Instant.ofEpochSecond(1_000)).enqueuedBefore(Instant.ofEpochSecond(1_100));
        Set<Long> found = new HashSet<>();
        @Nullable Place at = null;
        int examined = 0;
        do {
            Page page = page(early, at);
            page.found().jobs().forEach(job -> found.add(job.id()));
            examined += page.found().examined();
            at = page.found().next();
        } while (at != null);
        assertThat(found).hasSize(100);
        assertThat(examined).isLessThan(20_000);
    }
}
