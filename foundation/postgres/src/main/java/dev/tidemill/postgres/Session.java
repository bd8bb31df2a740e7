package dev.tidemill.postgres;

import dev.tidemill.jobs.store.EpochClosedException;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.concurrent.locks.ReentrantLock;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/**
 * A connection for one purpose, opened when first needed, kept between calls and replaced after an error that may
 * have broken it. Calls take turns. READ COMMITTED whatever the server's default, and with a bound on how long an
 * answer may take, so that a peer that has vanished is noticed.
 */
final class Session implements AutoCloseable {
    /** What is done with the connection, in auto-commit unless it says otherwise by {@link #transaction}. */
    @FunctionalInterface
    interface Work<T> {
        T on(Connection connection) throws SQLException;
    }

    private static final long TRUSTED_NANOS = 1_000_000_000L;

    private final DataSource dataSource;
    private final Duration answerWithin;
    private final boolean reads;
    private final ReentrantLock turn = new ReentrantLock();
    private volatile @Nullable Connection connection;
    private volatile boolean closed;
    private long usedNanos;

    Session(DataSource dataSource, Duration answerWithin) {
        this(dataSource, answerWithin, false);
    }

    private Session(DataSource dataSource, Duration answerWithin, boolean reads) {
        this.dataSource = dataSource;
        this.answerWithin = answerWithin;
        this.reads = reads;
    }

    /**
     * One for statements that read, each by itself: to those all isolation levels are the same, so that the server need not
     * be asked for its own first.
     */
    static Session reading(DataSource dataSource, Duration answerWithin) {
        return new Session(dataSource, answerWithin, true);
    }

    /** Runs work whose every statement commits by itself. */
    <T> T call(Work<T> work) {
        turn.lock();
        try {
            return work.on(open());
        } catch (SQLException failed) {
            throw afterError(failed);
        } finally {
            usedNanos = System.nanoTime();
            turn.unlock();
        }
    }

    /** Runs work that commits together. */
    <T> T transaction(Work<T> work) {
        if (reads) {
            throw new IllegalStateException("This session is for single statements that read.");
        }
        return call(open -> {
            open.setAutoCommit(false);
            try {
                T result = work.on(open);
                open.commit();
                open.setAutoCommit(true);
                return result;
            } catch (SQLException | RuntimeException | Error failed) {
                discard();
                throw failed;
            }
        });
    }

    private Connection open() throws SQLException {
        Connection current = connection;
        if (current != null && isUsable(current)) {
            return current;
        }
        discard();
        if (closed) {
            throw new SQLException("This session was closed.", "08003");
        }
        Connection fresh = dataSource.getConnection();
        try {
            fresh.setAutoCommit(true);
            if (!reads) {
                Pooler.prepare(fresh);
            }
            fresh.setNetworkTimeout(Runnable::run, (int) answerWithin.toMillis());
        } catch (SQLException failed) {
            fresh.close();
            throw failed;
        }
        connection = fresh;
        if (closed) {
            // Closed while it was being opened: nobody else would give it back.
            discard();
            throw new SQLException("This session was closed.", "08003");
        }
        return fresh;
    }

    /** Asked before use after a pause, so that a restart of the database meanwhile costs nobody an error. */
    private boolean isUsable(Connection current) throws SQLException {
        return !current.isClosed()
                && (System.nanoTime() - usedNanos < TRUSTED_NANOS || current.isValid((int) answerWithin.toSeconds()));
    }

    private RuntimeException afterError(SQLException failed) {
        if (SqlErrors.EPOCH_CLOSED.equals(failed.getSQLState())) {
            return new EpochClosedException(String.valueOf(failed.getMessage()));
        }
        if (SqlErrors.CONTROL_CHANGED.equals(failed.getSQLState())) {
            return new Claimer.ControlChangedException(String.valueOf(failed.getMessage()));
        }
        discard();
        return SqlErrors.translate(failed);
    }

    private void discard() {
        Connection current = connection;
        connection = null;
        if (current != null) {
            try {
                if (!current.getAutoCommit()) {
                    current.rollback();
                }
            } catch (SQLException broken) {
                // It is being thrown away.
            }
            try {
                current.close();
            } catch (SQLException broken) {
                // It is being thrown away.
            }
        }
    }

    /** Gives the connection back for good. A call under way is cut off: what closes a session has no use for it. */
    @Override
    public void close() {
        closed = true;
        if (turn.tryLock()) {
            try {
                discard();
            } finally {
                turn.unlock();
            }
            return;
        }
        Connection busy = connection;
        if (busy != null) {
            try {
                busy.abort(Runnable::run);
            } catch (SQLException broken) {
                // It is gone already.
            }
        }
    }
}
