package dev.tidemill.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemill.jobs.JobState;
import dev.tidemill.jobs.JobView;
import dev.tidemill.jobs.Priority;
import dev.tidemill.jobs.Why;
import dev.tidemill.jobs.Why.Cause;
import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.TestDatabase;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** That the reasons of a job are read from a few rows, however many jobs wait, with statistics that mislead. */
@ExtendWith(FreshSchema.class)
final class WhyBoundsTest {
    private static final int MANY = 200_000;
    private static final int MOST_ROWS = 3_000;
    private static final String ROWS_READ =
            "select coalesce(sum(coalesce(idx_tup_fetch, 0) + seq_tup_read), 0)::bigint from pg_stat_xact_all_tables"
                    + " where schemaname = '{name}'";

    private final TestDatabase database;
    private final Sql sql;

    WhyBoundsTest(TestDatabase database) {
        this.database = database;
        this.sql = new Sql(database);
    }

    @Test
    void whetherAMoreUrgentLaneHasJobsIsAskedOfTheKey() throws SQLException {
        new PostgresJobStoreProvider()
                .open(database.dataSource(), database.schema(), true)
                .close();
        sql.run("insert into {schema}.kind (name) values ('common')");
        sql.run("insert into {schema}.queue (name) values ('q')");
        sql.run("insert into {schema}.ready (start_by, job, kind, queue, priority, attempt, failures)"
                + " select i, i, k.id, q.id, 2, 1, 0 from generate_series(1, " + MANY + ") i"
                + " cross join {schema}.kind k cross join {schema}.queue q");
        sql.run("analyze {schema}.ready");
        JobView last = new JobView(
                MANY,
                "common",
                "q",
                Priority.MEDIUM,
                JobState.READY,
                "{}",
                null,
                null,
                Map.of(),
                Instant.EPOCH,
                null,
                List.of(),
                null);
        Statements statements = new Statements(database.schema());
        try (Connection connection = sql.begin()) {
            PostgresCheckup.byKeys(connection);
            long before = sql.number(connection, ROWS_READ);
            Why why = new WhyReader(
                            new Examination(statements, connection, CheckupLimits.STANDARD, Duration.ofSeconds(10)),
                            WhyReader.SHORT_WALK)
                    .read(last);
            assertThat(why.reasons().getLast().cause()).isEqualTo(Cause.BEHIND);
            assertThat(sql.number(connection, ROWS_READ) - before).isLessThan(MOST_ROWS);
        }
    }
}
