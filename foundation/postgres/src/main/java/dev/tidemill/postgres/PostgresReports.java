package dev.tidemill.postgres;

import dev.tidemill.jobs.store.ClaimedJob;
import dev.tidemill.jobs.store.Hint;
import dev.tidemill.jobs.store.Outcome;
import dev.tidemill.jobs.store.Report;
import dev.tidemill.jobs.store.Report.Line;
import dev.tidemill.jobs.store.Report.Step;
import dev.tidemill.jobs.store.Reports;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/** Takes what handlers report: a statement a table, whatever the number of handlers. */
final class PostgresReports implements Reports {
    private static final Duration ANSWER_WITHIN = Duration.ofSeconds(10);
    private static final long FORGET_NANOS = 60_000_000_000L;

    private final DataSource dataSource;
    private final Statements statements;
    private final PostgresWorkplace place;
    private long forgottenNanos = System.nanoTime();

    PostgresReports(DataSource dataSource, Statements statements, PostgresWorkplace place) {
        this.dataSource = dataSource;
        this.statements = statements;
        this.place = place;
    }

    @Override
    public void write(List<Report> reports) {
        try (Session session = new Session(dataSource, ANSWER_WITHIN)) {
            session.transaction(connection -> {
                place.requireFence(connection);
                write(connection, reports);
                if (System.nanoTime() - forgottenNanos > FORGET_NANOS) {
                    forgottenNanos = System.nanoTime();
                    update(connection, "forget_progress");
                }
                return reports.size();
            });
        }
    }

    @Override
    public List<Hint> finish(
            List<Outcome> outcomes, List<ClaimedJob> written, List<Report> reports, Collection<Long> endedLeases) {
        return place.finish(outcomes, written, endedLeases, connection -> write(connection, reports));
    }

    @Override
    public void results(Connection connection, Map<ClaimedJob, String> results) throws SQLException {
        List<ClaimedJob> jobs = List.copyOf(results.keySet());
        update(
                connection,
                "write_results",
                jobs.stream().mapToLong(ClaimedJob::id).toArray(),
                jobs.stream().mapToLong(ClaimedJob::lease).toArray(),
                jobs.stream().map(results::get).toArray(String[]::new));
    }

    private void write(Connection connection, List<Report> given) throws SQLException {
        // In one order, because another node may be at a row of the progress table.
        List<Report> reports = given.stream()
                .sorted(Comparator.comparingLong(report -> report.job().id()))
                .toList();
        lines(connection, reports);
        List<Report> results =
                reports.stream().filter(report -> report.result() != null).toList();
        if (!results.isEmpty()) {
            update(
                    connection,
                    "write_results",
                    jobs(results),
                    leases(results),
                    results.stream().map(Report::result).toArray(String[]::new));
        }
        progress(connection, reports);
        List<Report> ended = reports.stream().filter(Report::ended).toList();
        if (!ended.isEmpty()) {
            update(connection, "end_progress", jobs(ended));
        }
    }

    private void lines(Connection connection, List<Report> reports) throws SQLException {
        int count = reports.stream().mapToInt(report -> report.lines().size()).sum();
        if (count == 0) {
            return;
        }
        long[] job = new long[count];
        long[] lease = new long[count];
        int[] number = new int[count];
        short[] attempt = new short[count];
        long[] at = new long[count];
        short[] level = new short[count];
        String[] text = new String[count];
        int i = 0;
        for (Report report : reports) {
            for (Line line : report.lines()) {
                job[i] = report.job().id();
                lease[i] = report.job().lease();
                number[i] = line.number();
                attempt[i] = (short) report.job().attempt();
                at[i] = line.atMicros();
                level[i] = (short) line.level().code();
                text[i] = line.text();
                i++;
            }
        }
        update(connection, "write_lines", job, lease, number, attempt, at, level, text);
    }

    private void progress(Connection connection, List<Report> reports) throws SQLException {
        List<Report> moved =
                reports.stream().filter(report -> report.progress() != null).toList();
        if (moved.isEmpty()) {
            return;
        }
        List<Step> steps = moved.stream()
                .map(report -> Objects.requireNonNull(report.progress()))
                .toList();
        @Nullable String[] messages = new @Nullable String[steps.size()];
        for (int i = 0; i < messages.length; i++) {
            messages[i] = steps.get(i).message();
        }
        update(
                connection,
                "write_progress",
                jobs(moved),
                leases(moved),
                steps.stream().mapToLong(Step::done).toArray(),
                steps.stream().mapToLong(Step::total).toArray(),
                messages);
    }

    private static long[] jobs(List<Report> reports) {
        return reports.stream().mapToLong(report -> report.job().id()).toArray();
    }

    private static long[] leases(List<Report> reports) {
        return reports.stream().mapToLong(report -> report.job().lease()).toArray();
    }

    private void update(Connection connection, String name, Object... parameters) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(statements.get(name))) {
            Parameters.set(statement, parameters);
            statement.executeUpdate();
        }
    }
}
