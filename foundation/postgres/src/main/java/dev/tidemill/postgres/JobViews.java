package dev.tidemill.postgres;

import dev.tidemill.jobs.AttemptOutcome;
import dev.tidemill.jobs.AttemptView;
import dev.tidemill.jobs.JobState;
import dev.tidemill.jobs.JobView;
import dev.tidemill.jobs.Priority;
import dev.tidemill.jobs.Progress;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Reads jobs as they stand: a statement for all of them, one for their tags and one for their attempts, which go to the
 * server in one message. Each sees what was committed before it; the attempts come last, so that no job is shown as done
 * without them.
 */
final class JobViews {
    private static final int ALL_ATTEMPTS = 100;
    private static final int LATEST_ATTEMPTS = 10;

    private final Statements statements;
    private final String together;

    JobViews(Statements statements) {
        this.statements = statements;
        this.together = String.join(
                ";\n", statements.get("jobs_tags"), statements.get("jobs"), statements.get("jobs_attempts"));
    }

    /** With up to a hundred attempts and what they kept; by id, the newest first. */
    List<JobView> whole(Connection connection, Collection<Long> ids) throws SQLException {
        return read(connection, array(ids), true, ALL_ATTEMPTS);
    }

    /** With up to ten attempts and without what they kept; by id, the newest first. */
    List<JobView> listed(Connection connection, Collection<Long> ids) throws SQLException {
        return read(connection, array(ids), false, LATEST_ATTEMPTS);
    }

    /** Where jobs are. */
    Map<Long, JobState> states(Connection connection, Collection<Long> ids) throws SQLException {
        Map<Long, JobState> states = new HashMap<>();
        try (PreparedStatement statement = connection.prepareStatement(statements.get("jobs"))) {
            Parameters.set(statement, array(ids), false);
            try (ResultSet rows = statement.executeQuery()) {
                while (rows.next()) {
                    states.put(rows.getLong("id"), JobState.valueOf(rows.getString("state")));
                }
            }
        }
        return states;
    }

    private List<JobView> read(Connection connection, long[] ids, boolean results, int attempts) throws SQLException {
        List<JobView> jobs = new ArrayList<>();
        if (ids.length == 0) {
            return jobs;
        }
        Map<Long, Map<String, String>> tags = new HashMap<>();
        try (PreparedStatement statement = connection.prepareStatement(together)) {
            Parameters.set(statement, ids, ids, true, ids, results, attempts);
            statement.execute();
            try (ResultSet rows = statement.getResultSet()) {
                while (rows.next()) {
                    tags.computeIfAbsent(rows.getLong(1), id -> new TreeMap<>())
                            .put(rows.getString(2), rows.getString(3));
                }
            }
            try (ResultSet rows = next(statement)) {
                while (rows.next()) {
                    jobs.add(job(rows, tags.getOrDefault(rows.getLong("id"), Map.of())));
                }
            }
            try (ResultSet rows = next(statement)) {
                return withAttempts(jobs, rows);
            }
        }
    }

    private static ResultSet next(PreparedStatement statement) throws SQLException {
        statement.getMoreResults();
        return statement.getResultSet();
    }

    private static JobView job(ResultSet rows, Map<String, String> tags) throws SQLException {
        long due = rows.getLong("due");
        @Nullable Instant dueAt = rows.wasNull() ? null : PostgresDesk.instant(due);
        return new JobView(
                rows.getLong("id"),
                rows.getString("kind"),
                rows.getString("queue"),
                Priority.ofCode(rows.getInt("priority")),
                JobState.valueOf(rows.getString("state")),
                rows.getString("payload"),
                rows.getString("key"),
                rows.getString("unique_key"),
                tags,
                PostgresDesk.instant(rows.getLong("created")),
                dueAt,
                List.of(),
                progress(rows));
    }

    private static @Nullable Progress progress(ResultSet rows) throws SQLException {
        long at = rows.getLong("at");
        if (rows.wasNull() || !rows.getString("state").equals(JobState.RUNNING.name())) {
            return null;
        }
        return new Progress(
                rows.getLong("done"), rows.getLong("total"), rows.getString("message"), PostgresDesk.instant(at));
    }

    /** Attempts do not say of which kind and on which queue they were; their jobs do. */
    private static List<JobView> withAttempts(List<JobView> jobs, ResultSet rows) throws SQLException {
        Map<Long, JobView> byId = new HashMap<>();
        Map<Long, List<AttemptView>> tried = new HashMap<>();
        for (JobView job : jobs) {
            byId.put(job.id(), job);
            tried.put(job.id(), new ArrayList<>());
        }
        while (rows.next()) {
            JobView job = byId.get(rows.getLong(1));
            List<AttemptView> own = tried.get(rows.getLong(1));
            if (job != null && own != null) {
                own.addFirst(attempt(rows, job.kind(), job.queue(), rows.getString(9)));
            }
        }
        return jobs.stream()
                .map(job -> with(job, tried.getOrDefault(job.id(), List.of())))
                .toList();
    }

    private static JobView with(JobView job, List<AttemptView> attempts) {
        return new JobView(
                job.id(),
                job.kind(),
                job.queue(),
                job.priority(),
                job.state(),
                job.payload(),
                job.key(),
                job.uniqueKey(),
                job.tags(),
                job.createdAt(),
                job.dueAt(),
                attempts,
                job.progress());
    }

    static AttemptView attempt(ResultSet rows, String kind, String queue, @Nullable String result) throws SQLException {
        return new AttemptView(
                rows.getLong(1),
                kind,
                queue,
                rows.getInt(2),
                AttemptOutcome.ofCode(rows.getInt(3)),
                rows.getString(4),
                PostgresDesk.instant(rows.getLong(5)),
                Duration.of(rows.getLong(6), ChronoUnit.MICROS),
                Duration.of(rows.getLong(7), ChronoUnit.MICROS),
                rows.getString(8),
                result);
    }

    private static long[] array(Collection<Long> ids) {
        return ids.stream().mapToLong(Long::longValue).toArray();
    }
}
