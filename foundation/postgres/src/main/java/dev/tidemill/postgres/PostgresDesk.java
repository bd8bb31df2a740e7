package dev.tidemill.postgres;

import dev.tidemill.jobs.AttemptView;
import dev.tidemill.jobs.DeadLetter;
import dev.tidemill.jobs.DeadLetterGroup;
import dev.tidemill.jobs.JobView;
import dev.tidemill.jobs.Minute;
import dev.tidemill.jobs.Priorities;
import dev.tidemill.jobs.Priority;
import dev.tidemill.jobs.QueuePage;
import dev.tidemill.jobs.Stats;
import dev.tidemill.jobs.store.Desk;
import dev.tidemill.jobs.store.Hint;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/** Answers questions on connections that it borrows and returns. */
final class PostgresDesk implements Desk {
    private static final Duration ANSWER_WITHIN = Duration.ofSeconds(20);
    /** How many ids a line of the audit trail has. */
    private static final int MOST_NAMED = 20;
    /** Payloads have up to a megabyte each. */
    private static final int JOBS_AT_ONCE = 32;

    private final DataSource dataSource;
    private final Statements statements;
    private final StatsReader stats;
    private final JobViews views;
    private final Together<Long, Optional<JobView>> jobs = new Together<>(2, JOBS_AT_ONCE, this::jobs);

    PostgresDesk(DataSource dataSource, Statements statements) {
        this.dataSource = dataSource;
        this.statements = statements;
        this.stats = new StatsReader(statements);
        this.views = new JobViews(statements);
    }

    private <T> T borrow(Session.Work<T> work) {
        try (Session session = Session.reading(dataSource, ANSWER_WITHIN)) {
            return session.call(work);
        }
    }

    private <T> T transaction(Session.Work<T> work) {
        try (Session session = new Session(dataSource, ANSWER_WITHIN)) {
            return session.transaction(work);
        }
    }

    @Override
    public Optional<JobView> job(long id) {
        return jobs.ask(id);
    }

    private List<Optional<JobView>> jobs(List<Long> ids) {
        Map<Long, JobView> found = new HashMap<>();
        borrow(connection -> views.whole(connection, new HashSet<>(ids))).forEach(job -> found.put(job.id(), job));
        return ids.stream().map(id -> Optional.ofNullable(found.get(id))).toList();
    }

    @Override
    public List<JobView> tagged(String name, String value, long before, int limit) {
        return borrow(connection -> {
            List<Long> ids = new ArrayList<>();
            try (PreparedStatement statement = connection.prepareStatement(statements.get("tagged"))) {
                Parameters.set(statement, name, value, before, limit);
                try (ResultSet rows = statement.executeQuery()) {
                    while (rows.next()) {
                        ids.add(rows.getLong(1));
                    }
                }
            }
            return views.whole(connection, ids);
        });
    }

    @Override
    public Stats stats(QueuePage page) {
        return borrow(connection -> stats.read(connection, page));
    }

    @Override
    public List<Minute> history(@Nullable String queue, int minutes) {
        return borrow(connection -> {
            List<Minute> history = new ArrayList<>(minutes);
            try (PreparedStatement statement = connection.prepareStatement(statements.get("history"))) {
                statement.setLong(1, minutes - 1);
                statement.setString(2, queue);
                statement.setString(3, queue);
                try (ResultSet rows = statement.executeQuery()) {
                    while (rows.next()) {
                        history.add(new Minute(
                                Instant.ofEpochSecond(rows.getLong(1) * 60),
                                rows.getLong(2),
                                rows.getLong(3),
                                rows.getLong(4),
                                rows.getLong(5),
                                Duration.of(rows.getLong(6), ChronoUnit.MICROS)));
                    }
                }
            }
            return history;
        });
    }

    @Override
    public List<AttemptView> latestAttempts(int limit) {
        return borrow(connection -> {
            List<AttemptView> attempts = new ArrayList<>(limit);
            try (PreparedStatement statement = connection.prepareStatement(statements.get("latest_attempts"))) {
                statement.setInt(1, limit);
                try (ResultSet rows = statement.executeQuery()) {
                    while (rows.next()) {
                        attempts.add(JobViews.attempt(rows, rows.getString(9), rows.getString(10), null));
                    }
                }
            }
            return attempts;
        });
    }

    @Override
    public Ended ended(long afterLease, List<Long> leases, int limit) {
        return borrow(connection -> {
            long newest;
            List<Long> open = new ArrayList<>();
            try (PreparedStatement statement = connection.prepareStatement(statements.get("newest_lease"));
                    ResultSet rows = statement.executeQuery()) {
                rows.next();
                newest = rows.getLong(1);
            }
            // A statement of its own, and before the attempts: see Desk.
            try (PreparedStatement statement = connection.prepareStatement(statements.get("open_leases"));
                    ResultSet rows = statement.executeQuery()) {
                while (rows.next()) {
                    open.add(rows.getLong(1));
                }
            }
            List<EndedAttempt> attempts = new ArrayList<>();
            try (PreparedStatement statement = connection.prepareStatement(statements.get("ended_attempts"))) {
                Parameters.set(
                        statement,
                        afterLease,
                        limit,
                        leases.stream().mapToLong(Long::longValue).toArray(),
                        limit);
                try (ResultSet rows = statement.executeQuery()) {
                    while (rows.next()) {
                        attempts.add(new EndedAttempt(
                                rows.getLong(11), JobViews.attempt(rows, rows.getString(9), rows.getString(10), null)));
                    }
                }
            }
            return new Ended(newest, open, attempts);
        });
    }

    @Override
    public List<DeadLetter> deadLetters(long failedMicros, long job, int limit) {
        return borrow(connection -> {
            List<DeadLetter> letters = new ArrayList<>();
            try (PreparedStatement statement = connection.prepareStatement(statements.get("dead_letters"))) {
                Parameters.set(statement, failedMicros, job, limit);
                try (ResultSet rows = statement.executeQuery()) {
                    while (rows.next()) {
                        letters.add(new DeadLetter(
                                rows.getLong(1),
                                rows.getString(2),
                                rows.getString(3),
                                Priority.ofCode(rows.getInt(4)),
                                rows.getInt(5),
                                rows.getString(6),
                                rows.getString(7),
                                instant(rows.getLong(8))));
                    }
                }
            }
            return letters;
        });
    }

    @Override
    public List<DeadLetterGroup> deadLetterGroups() {
        return borrow(connection -> {
            List<DeadLetterGroup> groups = new ArrayList<>();
            try (PreparedStatement statement = connection.prepareStatement(statements.get("dead_letter_groups"));
                    ResultSet rows = statement.executeQuery()) {
                while (rows.next()) {
                    groups.add(new DeadLetterGroup(
                            rows.getString(1),
                            rows.getString(2),
                            rows.getString(3),
                            rows.getLong(4),
                            instant(rows.getLong(5)),
                            rows.getLong(6),
                            rows.getString(7)));
                }
            }
            return groups;
        });
    }

    @Override
    public Replayed replay(List<Long> ids, Priorities priorities, String by) {
        return transaction(connection -> {
            List<Long> revived = new ArrayList<>();
            List<Hint> hints = new ArrayList<>();
            try (PreparedStatement statement = connection.prepareStatement(statements.get("replay"))) {
                Parameters.set(
                        statement, ids.stream().mapToLong(Long::longValue).toArray(), Lanes.deadlines(priorities));
                try (ResultSet rows = statement.executeQuery()) {
                    while (rows.next()) {
                        revived.add(rows.getLong(1));
                        hints.add(new Hint(rows.getString(2), Priority.ofCode(rows.getInt(3)), rows.getLong(4), 0));
                    }
                }
            }
            if (!revived.isEmpty()) {
                PostgresAudit.note(connection, statements, by, "replay", target(revived), "");
            }
            return new Replayed(revived, hints);
        });
    }

    /** One job, or how many and the first of them. */
    private static String target(List<Long> jobs) {
        return jobs.size() == 1
                ? "JOB " + jobs.getFirst()
                : "JOBS "
                        + jobs.stream()
                                .sorted()
                                .limit(MOST_NAMED)
                                .map(String::valueOf)
                                .collect(Collectors.joining(" "))
                        + (jobs.size() > MOST_NAMED ? " and " + (jobs.size() - MOST_NAMED) + " more" : "");
    }

    @Override
    public List<Long> discard(List<Long> ids, String by) {
        return transaction(connection -> {
            List<Long> done = ids(
                    connection,
                    "discard",
                    ids.stream().mapToLong(Long::longValue).toArray());
            if (!done.isEmpty()) {
                PostgresAudit.note(connection, statements, by, "discard", target(done), "");
            }
            return done;
        });
    }

    @Override
    public List<Long> deadLettersAlike(String kind, String code, String error) {
        return borrow(connection -> ids(connection, "dead_letters_alike", kind, code, error));
    }

    private List<Long> ids(Connection connection, String name, Object... values) throws SQLException {
        List<Long> ids = new ArrayList<>();
        try (PreparedStatement statement = connection.prepareStatement(statements.get(name))) {
            Parameters.set(statement, values);
            try (ResultSet rows = statement.executeQuery()) {
                while (rows.next()) {
                    ids.add(rows.getLong(1));
                }
            }
        }
        return ids;
    }

    static Instant instant(long micros) {
        return Instant.EPOCH.plus(micros, ChronoUnit.MICROS);
    }
}
