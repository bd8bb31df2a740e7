package dev.tidemill.postgres;

import dev.tidemill.jobs.AttemptOutcome;
import dev.tidemill.jobs.Priority;
import dev.tidemill.jobs.store.Hint;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.sql.Types;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Closes an epoch, so that nothing written under it counts from then on, and returns what it held.
 *
 * <p>Two steps. First a row in {@code closing} is committed: claims and finishes that begin now stay away, so the
 * second step cannot starve behind a busy node. Then the epoch's fence rows are deleted, which waits for the
 * transactions that hold them; one that does not let go (a frozen process in an open transaction, or one that stopped
 * reading an answer) has its session ended after a second; the answer to "who blocks me" can only
 * come from another session. In the following statement, which sees all that the holders committed, jobs that no
 * attempt covers become ready again. The alternatives lost: closing by UPDATE is not blocked by
 * KEY SHARE, and one step can starve behind busy handlers.
 */
final class Rescuer {
    private static final Logger LOG = LoggerFactory.getLogger(Rescuer.class);
    private static final Duration PATIENCE = Duration.ofSeconds(1);
    private static final Duration AGAIN = Duration.ofMillis(50);
    private static final Duration GIVE_UP = Duration.ofSeconds(8);

    private final DataSource dataSource;
    private final Statements statements;
    private final NameIds queues;

    Rescuer(DataSource dataSource, Statements statements, NameIds queues) {
        this.dataSource = dataSource;
        this.statements = statements;
        this.queues = queues;
    }

    /**
     * What came of it.
     *
     * @param hints what became ready again, a hint a lane
     * @param jobs how many jobs the epoch gave back
     * @param done false if another process is at it
     */
    record Closed(List<Hint> hints, long jobs, boolean done) {
        Closed {
            hints = List.copyOf(hints);
        }
    }

    /** What became ready again; empty also when another process is at it. */
    List<Hint> close(long epoch, AttemptOutcome outcome) {
        return closed(epoch, outcome).hints();
    }

    /** Closes it. */
    Closed closed(long epoch, AttemptOutcome outcome) {
        try (Session session = new Session(dataSource, GIVE_UP.plusSeconds(30))) {
            session.call(connection -> {
                try (PreparedStatement statement = connection.prepareStatement(statements.get("mark_closing_one"))) {
                    Parameters.set(statement, epoch, (short) outcome.code());
                    return statement.executeUpdate();
                }
            });
            return session.transaction(connection -> {
                try (Statement statement = connection.createStatement()) {
                    // Stated here again, because a pooler may have put another session under this connection.
                    statement.execute("set transaction isolation level read committed");
                }
                return closeFence(connection, epoch)
                        ? returned(connection, epoch, null, announced(connection, epoch))
                        : new Closed(List.of(), 0, false);
            });
        }
    }

    /** What whoever began to close it said: another node may carry out what a leaving one has announced. */
    private AttemptOutcome announced(Connection connection, long epoch) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(statements.get("announced_outcome"))) {
            statement.setLong(1, epoch);
            try (ResultSet rows = statement.executeQuery()) {
                return rows.next() ? AttemptOutcome.ofCode(rows.getInt(1)) : AttemptOutcome.LOST;
            }
        }
    }

    private boolean closeFence(Connection connection, long epoch) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(statements.get("lock_rescue"))) {
            statement.setLong(1, epoch);
            try (ResultSet rows = statement.executeQuery()) {
                rows.next();
                if (!rows.getBoolean(1)) {
                    return false;
                }
            }
        }
        int pid;
        try (Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery("select pg_backend_pid()")) {
            rows.next();
            pid = rows.getInt(1);
        }
        CountDownLatch done = new CountDownLatch(1);
        Thread watcher = Thread.ofVirtual().name("tidemill-rescue").start(() -> endBlockers(pid, epoch, done));
        try (Statement settings = connection.createStatement();
                PreparedStatement delete = connection.prepareStatement(statements.get("delete_fence"));
                PreparedStatement end = connection.prepareStatement(statements.get("end_node"))) {
            // Not lock_timeout, which counts the wait for each row alone.
            settings.execute("set local statement_timeout = " + GIVE_UP.toMillis());
            delete.setLong(1, epoch);
            delete.executeUpdate();
            // Here, because a node frozen inside its heartbeat holds its own row and has to be ended as well.
            end.setLong(1, epoch);
            end.executeUpdate();
            settings.execute("set local statement_timeout = 0");
            return true;
        } finally {
            done.countDown();
            watcher.interrupt();
        }
    }

    /** Ends the sessions that keep a rescue waiting past its patience. */
    private void endBlockers(int waitingPid, long epoch, CountDownLatch done) {
        // One row's blockers at a time: a frozen process may hold them all.
        try (Session session = new Session(dataSource, Duration.ofSeconds(5))) {
            Duration wait = PATIENCE;
            boolean said = false;
            while (!done.await(wait.toMillis(), TimeUnit.MILLISECONDS)) {
                boolean saidBefore = said;
                said |= session.call(connection -> endBlockers(connection, waitingPid, epoch, saidBefore));
                wait = AGAIN;
            }
        } catch (InterruptedException through) {
            Thread.currentThread().interrupt();
        } catch (RuntimeException failed) {
            LOG.warn("Asking who blocks the rescue of epoch {} failed: {}", epoch, failed.getMessage());
        }
    }

    /** True if some could not be ended, of which it tells unless that was said before. */
    private boolean endBlockers(Connection connection, int waitingPid, long epoch, boolean saidBefore)
            throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(statements.get("blockers"))) {
            statement.setInt(1, waitingPid);
            try (ResultSet rows = statement.executeQuery()) {
                while (rows.next()) {
                    LOG.warn(
                            "Session {} held dead epoch {} in an open transaction and was ended.",
                            rows.getInt(1),
                            epoch);
                }
            }
            return false;
        } catch (SQLException refused) {
            if (!saidBefore) {
                LOG.warn(
                        "A session holds dead epoch {} in an open transaction and may not be ended by this user ({})."
                                + " Grant pg_signal_backend, or end it by hand: select pg_blocking_pids({}).",
                        epoch,
                        refused.getMessage(),
                        waitingPid);
            }
            return true;
        }
    }

    /** Returns some leases of an epoch, or all of them; the attempts are recorded with the outcome, or not at all. */
    List<Hint> returnLeases(
            Connection connection, long epoch, @Nullable List<Long> leases, @Nullable AttemptOutcome outcome)
            throws SQLException {
        return returned(connection, epoch, leases, outcome).hints();
    }

    private Closed returned(
            Connection connection, long epoch, @Nullable List<Long> leases, @Nullable AttemptOutcome outcome)
            throws SQLException {
        long @Nullable [] some = leases == null
                ? null
                : leases.stream().mapToLong(Long::longValue).toArray();
        try (PreparedStatement statement = connection.prepareStatement(statements.get("forget_progress_of"))) {
            Parameters.set(statement, epoch, some == null ? new long[0] : some, some == null);
            statement.executeUpdate();
        }
        try (PreparedStatement statement = connection.prepareStatement(statements.get("return_leases"))) {
            statement.setLong(1, epoch);
            if (some == null) {
                statement.setNull(2, Types.ARRAY);
            } else {
                statement.setObject(2, some);
            }
            if (outcome == null) {
                statement.setNull(3, Types.SMALLINT);
            } else {
                statement.setShort(3, (short) outcome.code());
            }
            try (ResultSet rows = statement.executeQuery()) {
                List<Hint> hints = new ArrayList<>();
                long jobs = 0;
                while (rows.next()) {
                    hints.add(
                            new Hint(queues.name(rows.getInt(1)), Priority.ofCode(rows.getInt(2)), rows.getLong(3), 0));
                    jobs += rows.getLong(4);
                }
                return new Closed(hints, jobs, true);
            }
        }
    }
}
