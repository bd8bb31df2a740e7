package dev.tidemill.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.TestDatabase;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.SQLWarning;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** That a claim walks the primary key of what is ready and fetches bodies by theirs, whatever the statistics say. */
@ExtendWith(FreshSchema.class)
final class ClaimPlanTest {
    private static final int MANY = 300_000;
    private static final String ROWS_READ =
            "select coalesce(sum(idx_tup_fetch + seq_tup_read), 0)::bigint from pg_stat_xact_all_tables"
                    + " where relid = '{schema}.ready'::regclass";
    private static final String EXPLAIN = """
            load 'auto_explain';
            set auto_explain.log_min_duration = 0;
            set auto_explain.log_nested_statements = on;
            set auto_explain.log_level = notice;
            set auto_explain.log_analyze = off;
            """;

    private final TestDatabase database;
    private final Sql sql;

    ClaimPlanTest(TestDatabase database) {
        this.database = database;
        this.sql = new Sql(database);
    }

    @BeforeEach
    void emptySchema() throws SQLException {
        new Migrations(database.dataSource(), database.schema()).apply();
        // No statistics but those that a test makes.
        sql.run("truncate {schema}.ready, {schema}.job, {schema}.lease");
        sql.run("alter table {schema}.ready set (autovacuum_enabled = off)");
        sql.run("alter table {schema}.job_0 set (autovacuum_enabled = off)");
        sql.run("insert into {schema}.kind (name) values ('k') on conflict do nothing");
        sql.run("insert into {schema}.queue (name) values ('q') on conflict do nothing");
        sql.run("insert into {schema}.fence (epoch, slot) values (1, 0) on conflict do nothing");
    }

    /** Jobs spread over the lanes 0 to 3, due in the past or the future. */
    private void fill(int count, boolean overdue) throws SQLException {
        sql.run("insert into {schema}.job (id, created, kind, queue, priority, payload)"
                + " select i, 0, 1, 1, i % 4, '{}' from generate_series(1, " + count + ") i");
        sql.run("insert into {schema}.ready (start_by, job, kind, queue, priority, attempt, failures)"
                + " select {schema}.now_micros() + (" + (overdue ? "i - 1e12" : "i + 1e12")
                + ")::bigint, i, 1, 1, i % 4, 1, 0 from generate_series(1, " + count + ") i");
    }

    /** The plans of all statements of one claim of 1,000. */
    private List<String> plansOfAClaim(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(Statements.forSchema(
                    "select count(*) from {schema}.claim(1, 0, array[1], array[16, 8, 4, 2, 1], array[1], array[1000],"
                            + " array[1000], array[2], array[0, 0, 0, 0, 0]::bigint[], array[0, 0, 0, 0, 0]::bigint[])",
                    database.schema()));
            List<String> plans = new ArrayList<>();
            for (SQLWarning notice = statement.getWarnings(); notice != null; notice = notice.getNextWarning()) {
                plans.add(String.valueOf(notice.getMessage()));
            }
            return plans;
        }
    }

    private void assertWalked(List<String> plans) {
        List<String> onReady =
                plans.stream().filter(plan -> plan.contains(" on ready ")).toList();
        assertThat(onReady).as("statements on ready").isNotEmpty().allSatisfy(plan -> {
            assertThat(plan).contains("ready_pkey").doesNotContain("Seq Scan on ready", "Bitmap");
            assertThat(plan).as("walked in order, not sorted").doesNotContain("Sort Key: r.", "Sort Key: c.");
        });
        assertThat(plans)
                .filteredOn(plan -> plan.contains(" on job_"))
                .as("fetches of bodies")
                .allSatisfy(plan ->
                        assertThat(plan).contains("job_0_pkey").doesNotContain("Seq Scan on job", "Bitmap", "Hash"));
        assertThat(plans).noneMatch(plan -> plan.contains("JIT:"));
    }

    private void assertWalkedInNewAndOldSessions(Connection old) throws SQLException {
        assertWalked(plansOfAClaim(old));
        try (Connection fresh = explaining()) {
            assertWalked(plansOfAClaim(fresh));
        }
    }

    private Connection explaining() throws SQLException {
        Connection connection = database.dataSource().getConnection();
        sql.run(connection, EXPLAIN);
        return connection;
    }

    @Test
    void onAnEmptyTable() throws SQLException {
        try (Connection connection = explaining()) {
            assertWalkedInNewAndOldSessions(connection);
        }
    }

    @Test
    void onATableThatGrewHugeUnderAPlanMadeWhileItWasEmpty() throws SQLException {
        sql.run("analyze {schema}.ready");
        try (Connection connection = explaining()) {
            plansOfAClaim(connection);
            fill(MANY, true);
            assertWalkedInNewAndOldSessions(connection);
        }
    }

    @Test
    void onATableThatWasNeverAnalysedAndOneThatWas() throws SQLException {
        fill(20_000, false);
        try (Connection connection = explaining()) {
            assertWalkedInNewAndOldSessions(connection);
            sql.run("analyze {schema}.ready");
            sql.run("analyze {schema}.job");
            assertWalkedInNewAndOldSessions(connection);
        }
    }

    /** Some servers cannot compile queries, this one among them perhaps; 15 as it is shipped compiles each claim. */
    @Test
    void nothingOfAClaimIsCompiledAndItsSettingsHoldInWhateverSession() throws SQLException {
        assertThat(sql.number("""
                        select count(*) from pg_proc p
                         where p.pronamespace = '{schema}'::regnamespace
                           and p.proname in ('claim', 'claim_limited', 'claim_within_limits')
                           and not p.proconfig @> array['jit=off', 'enable_seqscan=off', 'enable_bitmapscan=off',
                                                        'enable_sort=off', 'enable_hashjoin=off', 'enable_mergejoin=off']""")).isZero();
        assertThat(sql.number("select count(*) from pg_proc where pronamespace = '{schema}'::regnamespace"
                        + " and proname = 'claim' and proconfig @> array['jit=off']"))
                .isPositive();
    }

    @Test
    void aClaimFromAHugeTableReadsLittleMoreThanItTakes() throws SQLException {
        fill(MANY, true);
        try (Connection connection = sql.begin()) {
            long before = sql.number(connection, ROWS_READ);
            plansOfAClaim(connection);
            assertThat(sql.number(connection, ROWS_READ) - before)
                    .as("rows of ready that a claim of 1,000 reads to plan, to take and to delete")
                    .isBetween(1_000L, 12_000L);
        }
    }
}
