package dev.tidemill.postgres;

import dev.tidemill.jobs.AttemptOutcome;
import dev.tidemill.jobs.store.ClaimedJob;
import dev.tidemill.jobs.store.Completions;
import dev.tidemill.jobs.store.EpochClosedException;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import javax.sql.DataSource;

/** Successes of several jobs in one transaction of the application's. */
final class PostgresCompletions implements Completions {
    private static final Duration ANSWER_WITHIN = Duration.ofSeconds(5);

    private final DataSource dataSource;
    private final Statements statements;
    private final long epoch;

    PostgresCompletions(DataSource dataSource, Statements statements, long epoch) {
        this.dataSource = dataSource;
        this.statements = statements;
        this.epoch = epoch;
    }

    @Override
    public boolean complete(Connection connection, List<ClaimedJob> jobs, long startedMicros) throws SQLException {
        short[] attempts = new short[jobs.size()];
        for (int i = 0; i < attempts.length; i++) {
            attempts[i] = (short) jobs.get(i).attempt();
        }
        try (PreparedStatement statement = connection.prepareStatement(statements.get("complete_all"))) {
            Parameters.set(
                    statement,
                    epoch,
                    PostgresWorkplace.handlerSlot(jobs.getFirst()),
                    jobs.stream().mapToLong(ClaimedJob::lease).toArray(),
                    jobs.stream().mapToLong(ClaimedJob::id).toArray(),
                    attempts,
                    startedMicros,
                    jobs.stream().mapToLong(ClaimedJob::startByMicros).toArray());
            try (ResultSet rows = statement.executeQuery()) {
                rows.next();
                return rows.getInt(1) == jobs.size();
            }
        }
    }

    /**
     * By writing the same attempt in a transaction that is rolled back: the key makes it wait for one that is open, and
     * find one that was committed. What the handler wrote came before, so what is not found then was rolled back.
     */
    @Override
    public Fate fate(ClaimedJob job) {
        try (Session session = new Session(dataSource, ANSWER_WITHIN)) {
            boolean absent;
            try {
                absent = session.call(connection -> probe(connection, job));
            } catch (StillOpen open) {
                return Fate.OPEN;
            }
            return absent ? Fate.ROLLED_BACK : session.call(connection -> committed(connection, job));
        }
    }

    private boolean probe(Connection connection, ClaimedJob job) throws SQLException {
        connection.setAutoCommit(false);
        try (Statement timeout = connection.createStatement();
                PreparedStatement fence = connection.prepareStatement(statements.get("require_fence"));
                PreparedStatement attempt = connection.prepareStatement(statements.get("probe_completion"))) {
            timeout.execute("set local lock_timeout = '1s'");
            Parameters.set(fence, epoch, PostgresWorkplace.handlerSlot(job));
            fence.execute();
            Parameters.set(attempt, job.lease(), job.id(), epoch);
            return attempt.executeUpdate() == 1;
        } catch (SQLException failed) {
            if (SqlErrors.LOCK_TIMEOUT.equals(failed.getSQLState())) {
                throw new StillOpen(failed);
            }
            throw failed;
        } finally {
            connection.rollback();
            connection.setAutoCommit(true);
        }
    }

    private Fate committed(Connection connection, ClaimedJob job) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(statements.get("attempt_outcome"))) {
            Parameters.set(statement, job.lease(), job.id());
            try (ResultSet rows = statement.executeQuery()) {
                if (rows.next() && rows.getInt(1) == AttemptOutcome.SUCCEEDED.code()) {
                    return Fate.COMMITTED;
                }
            }
        }
        // Nobody but a rescue writes another outcome for an attempt that is in this node's hands.
        throw new EpochClosedException("job " + job.id() + " was given to another node");
    }

    private static final class StillOpen extends RuntimeException {
        private static final long serialVersionUID = 1L;

        StillOpen(SQLException cause) {
            super(cause);
        }
    }
}
