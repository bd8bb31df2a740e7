package dev.tidemill.postgres;

import dev.tidemill.jobs.FireOutcome;
import dev.tidemill.jobs.FireView;
import dev.tidemill.jobs.JobState;
import dev.tidemill.jobs.store.Clockwork.Fire;
import dev.tidemill.jobs.store.Clockwork.Template;
import dev.tidemill.jobs.store.Intake;
import dev.tidemill.jobs.store.Intake.Added;
import dev.tidemill.jobs.store.NewJob;
import dev.tidemill.jobs.store.ScheduleDraft;
import dev.tidemill.jobs.store.StoredSchedule;
import dev.tidemill.jobs.store.Timetable;
import dev.tidemill.postgres.ScheduleReader.Row;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Types;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/** Keeps schedules, on connections that it borrows and returns. Changes take the row's lock, so they take turns. */
final class PostgresTimetable implements Timetable {
    private static final Duration ANSWER_WITHIN = Duration.ofSeconds(20);

    private final DataSource dataSource;
    private final Statements statements;
    private final ScheduleReader reader;
    private final Intake intake;
    private final String by;

    PostgresTimetable(DataSource dataSource, Statements statements, Intake intake, String by) {
        this.dataSource = dataSource;
        this.statements = statements;
        this.reader = new ScheduleReader(statements);
        this.intake = intake;
        this.by = by;
    }

    @Override
    public Timetable by(String who) {
        return new PostgresTimetable(dataSource, statements, intake, who);
    }

    private void note(Connection connection, String action, String name, String detail) throws SQLException {
        PostgresAudit.note(connection, statements, by, action, "SCHEDULE " + name, detail);
    }

    private <T> T borrow(Session.Work<T> work) {
        try (Session session = new Session(dataSource, ANSWER_WITHIN)) {
            return session.call(work);
        }
    }

    private <T> T transaction(Session.Work<T> work) {
        try (Session session = new Session(dataSource, ANSWER_WITHIN)) {
            return session.transaction(work);
        }
    }

    @Override
    public long nowMicros() {
        return borrow(connection -> {
            try (PreparedStatement statement = connection.prepareStatement(statements.get("now"));
                    ResultSet rows = statement.executeQuery()) {
                rows.next();
                return rows.getLong(1);
            }
        });
    }

    @Override
    public boolean put(ScheduleDraft draft, NextFire next, boolean fresh) {
        return store(draft, next, null, 0, fresh);
    }

    @Override
    public boolean define(ScheduleDraft draft, String hash, long startedMicros, NextFire next) {
        return store(draft, next, hash, startedMicros, false);
    }

    private boolean store(
            ScheduleDraft draft, NextFire next, @Nullable String hash, long startedMicros, boolean fresh) {
        TreeMap<String, String> tags = new TreeMap<>(draft.tags());
        return transaction(connection -> {
            long now = PostgresClockwork.bound(connection, statements);
            try (PreparedStatement statement = connection.prepareStatement(statements.get("schedule_put"))) {
                statement.setString(1, draft.name());
                statement.setString(2, draft.timing().toString());
                statement.setString(3, draft.kind());
                statement.setString(4, draft.payload());
                statement.setString(5, draft.queue());
                statement.setInt(6, draft.priority().code());
                statement.setObject(7, draft.attempts(), Types.INTEGER);
                statement.setObject(8, draft.timeoutMillis(), Types.BIGINT);
                statement.setString(9, draft.key());
                statement.setObject(10, tags.keySet().toArray(String[]::new));
                statement.setObject(11, tags.values().toArray(String[]::new));
                statement.setInt(12, draft.catchUp().most());
                statement.setInt(13, draft.overlap().code());
                statement.setString(14, hash);
                statement.setObject(15, hash == null ? null : startedMicros, Types.BIGINT);
                statement.setBoolean(16, hash == null);
                statement.setLong(17, now);
                statement.setLong(18, next.after(now));
                statement.setBoolean(19, fresh);
                if (statement.executeUpdate() != 1) {
                    return false;
                }
            }
            note(connection, hash == null ? "put" : "define", draft.name(), draft.timing() + " " + draft.kind());
            return true;
        });
    }

    @Override
    public Optional<StoredSchedule> find(String name) {
        return borrow(connection -> row(connection, "schedule_find", name).map(Row::schedule));
    }

    private Optional<Row> row(Connection connection, String statementName, String name) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(statements.get(statementName))) {
            statement.setString(1, name);
            return reader.read(statement).stream().findFirst();
        }
    }

    @Override
    public List<StoredSchedule> list(String after, int limit) {
        return borrow(connection -> {
            try (PreparedStatement statement = connection.prepareStatement(statements.get("schedule_list"))) {
                Parameters.set(statement, after, limit);
                return reader.read(statement).stream().map(Row::schedule).toList();
            }
        });
    }

    @Override
    public List<FireView> history(String name, long beforeMicros, int limit) {
        return borrow(connection -> {
            List<FireView> fires = new ArrayList<>();
            try (PreparedStatement statement = connection.prepareStatement(statements.get("schedule_history"))) {
                Parameters.set(statement, name, beforeMicros, limit);
                try (ResultSet rows = statement.executeQuery()) {
                    while (rows.next()) {
                        fires.add(fire(rows));
                    }
                }
            }
            return fires;
        });
    }

    private static FireView fire(ResultSet rows) throws SQLException {
        long job = rows.getLong(5);
        boolean noJob = rows.wasNull();
        long since = rows.getLong(6);
        boolean noSince = rows.wasNull();
        String state = rows.getString(7);
        return new FireView(
                PostgresDesk.instant(rows.getLong(1)),
                FireOutcome.ofCode(rows.getInt(2)),
                rows.getBoolean(3),
                PostgresDesk.instant(rows.getLong(4)),
                noJob ? null : job,
                state == null ? null : JobState.valueOf(state),
                noSince ? null : PostgresDesk.instant(since));
    }

    @Override
    public boolean pause(String name) {
        return changes("schedule_pause", name, "pause");
    }

    @Override
    public boolean remove(String name) {
        return changes("schedule_remove", name, "remove");
    }

    private boolean changes(String statementName, String name, String action) {
        return transaction(connection -> {
            PostgresClockwork.bound(connection, statements);
            try (PreparedStatement statement = connection.prepareStatement(statements.get(statementName))) {
                statement.setString(1, name);
                boolean done = statement.executeUpdate() == 1;
                if (done) {
                    note(connection, action, name, "");
                }
                return done;
            }
        });
    }

    @Override
    public boolean resume(String name, NextFireOf next) {
        return transaction(connection -> {
            long now = PostgresClockwork.bound(connection, statements);
            Optional<Row> row = row(connection, "schedule_find_locked", name);
            if (row.isPresent() && row.get().schedule().paused()) {
                try (PreparedStatement statement = connection.prepareStatement(statements.get("schedule_resume"))) {
                    Parameters.set(
                            statement,
                            next.after(row.get().schedule(), now),
                            row.get().id());
                    statement.executeUpdate();
                }
                note(connection, "resume", name, "");
            }
            return row.isPresent();
        });
    }

    @Override
    public Optional<Triggered> trigger(String name, Template template) {
        return transaction(connection -> {
            long now = PostgresClockwork.bound(connection, statements);
            Optional<Row> row = row(connection, "schedule_find_locked", name);
            if (row.isEmpty()) {
                return Optional.empty();
            }
            long id = row.get().id();
            ScheduleWriter writer = new ScheduleWriter(connection, statements);
            long fire = Math.max(now, writer.lastManual(id) + 1);
            NewJob job = template.job(row.get().schedule(), fire);
            Added added = intake.add(connection, List.of(job));
            long jobId = added.ids().getFirst();
            writer.writeManual(id, new Fire(fire, FireOutcome.ENQUEUED, job, 0), jobId);
            note(connection, "trigger", name, "job " + jobId);
            return Optional.of(new Triggered(jobId, added.hints()));
        });
    }
}
