package dev.tidemill.postgres;

import dev.tidemill.jobs.EnqueueOptions;
import dev.tidemill.jobs.ErrorCode;
import dev.tidemill.jobs.JobAction;
import dev.tidemill.jobs.Priorities;
import dev.tidemill.jobs.Priority;
import dev.tidemill.jobs.Steered;
import dev.tidemill.jobs.store.Actions;
import dev.tidemill.jobs.store.Hint;
import dev.tidemill.jobs.store.StoreException;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Types;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/** What a person decides about jobs, on connections that it borrows and returns. */
final class PostgresActions implements Actions {
    private static final Duration ANSWER_WITHIN = Duration.ofSeconds(60);
    private static final long NOW = 0;

    private final DataSource dataSource;
    private final Statements statements;
    private final NameIds queues;
    private final ActionSteps steps;

    PostgresActions(DataSource dataSource, Statements statements, NameIds kinds, NameIds queues) {
        this.dataSource = dataSource;
        this.statements = statements;
        this.queues = queues;
        this.steps = new ActionSteps(statements, kinds, queues);
    }

    @Override
    public Done reschedule(long job, @Nullable Instant at, Priorities priorities, String by) {
        return transaction(connection -> {
            long due = due(connection, statements, at);
            Done done = steer(connection, job, due, null, priorities);
            if (done.said() == Steered.DONE) {
                note(connection, by, "reschedule", job, due == NOW ? "now" : String.valueOf(at));
            }
            return done;
        });
    }

    @Override
    public Done prioritize(long job, Priority priority, Priorities priorities, String by) {
        return transaction(connection -> {
            Done done = steer(connection, job, null, priority, priorities);
            if (done.said() == Steered.DONE) {
                note(connection, by, "prioritize", job, priority.name());
            }
            return done;
        });
    }

    private Done steer(
            Connection connection, long job, @Nullable Long due, @Nullable Priority priority, Priorities priorities)
            throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(statements.get("steer_job"))) {
            statement.setLong(1, job);
            statement.setObject(2, due, Types.BIGINT);
            statement.setObject(3, priority == null ? null : priority.code(), Types.SMALLINT);
            statement.setObject(4, Lanes.deadlines(priorities));
            List<Hint> hints = new ArrayList<>();
            Steered said = Steered.MOVING;
            try (ResultSet rows = statement.executeQuery()) {
                while (rows.next()) {
                    said = Steered.ofCode(rows.getInt(1));
                    if (said == Steered.DONE) {
                        hints.add(hint(rows, 2));
                    }
                }
            }
            return new Done(said, hints);
        }
    }

    private Hint hint(ResultSet rows, int from) throws SQLException {
        return new Hint(
                queues.name(rows.getInt(from)),
                Priority.ofCode(rows.getInt(from + 1)),
                rows.getLong(from + 2),
                rows.getLong(from + 3));
    }

    @Override
    public Optional<List<Hint>> replayEdited(long job, String payload, Priorities priorities, String by) {
        return transaction(connection -> {
            List<Hint> hints = new ArrayList<>();
            try (PreparedStatement statement = connection.prepareStatement(statements.get("replay_edited"))) {
                Parameters.set(statement, job, payload, Lanes.deadlines(priorities));
                try (ResultSet rows = statement.executeQuery()) {
                    while (rows.next()) {
                        hints.add(hint(rows, 1));
                    }
                }
            }
            if (hints.isEmpty()) {
                return Optional.empty();
            }
            note(connection, by, "replay", job, "with another payload");
            return Optional.of(hints);
        });
    }

    @Override
    public Steps begin(Order order) {
        return new UnderWay(new Session(dataSource, ANSWER_WITHIN), steps, order);
    }

    /** A connection for all steps: where nobody pools them, opening one takes longer than a step. */
    private record UnderWay(Session session, ActionSteps steps, Order order) implements Steps {
        @Override
        public Step next(@Nullable Progress from, int most, boolean dryRun) {
            return session.transaction(connection -> steps.step(connection, order, from, most, dryRun));
        }

        @Override
        public void close() {
            session.close();
        }
    }

    /** Zero for now, and for what is past by the database's clock. */
    static long due(Connection connection, Statements statements, @Nullable Instant at) throws SQLException {
        if (at == null) {
            return NOW;
        }
        try (PreparedStatement statement = connection.prepareStatement(statements.get("now"));
                ResultSet rows = statement.executeQuery()) {
            rows.next();
            Instant now = PostgresDesk.instant(rows.getLong(1));
            if (at.isAfter(now.plus(EnqueueOptions.MAX_DELAY.plusSeconds(60)))) {
                throw new StoreException(
                        ErrorCode.INVALID_OPTION,
                        "The time " + at + " is more than " + EnqueueOptions.MAX_DELAY.toDays()
                                + " days ahead; choose an earlier one.",
                        false,
                        null);
            }
            return at.isAfter(now) ? ChronoUnit.MICROS.between(Instant.EPOCH, at) : NOW;
        }
    }

    private void note(Connection connection, String by, String action, long job, String detail) throws SQLException {
        PostgresAudit.note(connection, statements, by, action, "JOB " + job, detail);
    }

    private <T> T transaction(Session.Work<T> work) {
        try (Session session = new Session(dataSource, ANSWER_WITHIN)) {
            return session.transaction(work);
        }
    }

    /** The action's verb as the audit trail has it. */
    static String described(JobAction action, @Nullable Long due) {
        return switch (action) {
            case JobAction.Prioritize prioritize -> " to " + prioritize.priority();
            case JobAction.Reschedule reschedule -> due == null || due == NOW ? " to now" : " to " + reschedule.at();
            case JobAction.Cancel ignored -> "";
            case JobAction.Replay ignored -> "";
            case JobAction.Discard ignored -> "";
        };
    }
}
