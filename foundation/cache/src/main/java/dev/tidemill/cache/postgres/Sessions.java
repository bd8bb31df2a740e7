package dev.tidemill.cache.postgres;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/**
 * A few connections of the application's, kept between calls, since any DataSource will do and some open a new one each
 * time. Nothing is left in a session, so that a pooler of transactions may lie between. A call waits for a free one and
 * for the server's answer, each for a bounded time.
 */
final class Sessions implements AutoCloseable {
    /** What is done with a connection, which is in auto-commit. */
    @FunctionalInterface
    interface Work<T> {
        T on(Connection connection) throws SQLException;
    }

    private static final long TRUSTED_NANOS = TimeUnit.SECONDS.toNanos(5);

    private record Kept(Connection connection, long usedNanos) {}

    private final DataSource dataSource;
    private final Duration answerWithin;
    private final Semaphore turns;
    private final ConcurrentLinkedDeque<Kept> kept = new ConcurrentLinkedDeque<>();
    private volatile boolean closed;

    Sessions(DataSource dataSource, int most, Duration answerWithin) {
        this.dataSource = dataSource;
        this.answerWithin = answerWithin;
        this.turns = new Semaphore(most);
    }

    <T> T call(Work<T> work) {
        boolean turn = false;
        try {
            turn = turns.tryAcquire(answerWithin.toMillis(), TimeUnit.MILLISECONDS);
            if (!turn) {
                throw new TierException(
                        "No connection came free in " + answerWithin.toMillis()
                                + " ms: the others wait for the server.",
                        null);
            }
            return onConnection(work);
        } catch (SQLException failed) {
            throw new TierException("The cache's database failed: " + reason(failed), failed);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new TierException("The call of the cache's database was interrupted.", interrupted);
        } finally {
            if (turn) {
                turns.release();
            }
        }
    }

    private <T> T onConnection(Work<T> work) throws SQLException {
        Connection connection = open();
        boolean sound = false;
        try {
            T result = work.on(connection);
            sound = true;
            return result;
        } finally {
            if (sound && !closed) {
                kept.push(new Kept(connection, System.nanoTime()));
            } else {
                end(connection);
            }
            if (closed) {
                endKept();
            }
        }
    }

    /** The same in one transaction. */
    <T> T transaction(Work<T> work) {
        return call(connection -> {
            connection.setAutoCommit(false);
            T result = work.on(connection);
            connection.commit();
            connection.setAutoCommit(true);
            return result;
        });
    }

    private Connection open() throws SQLException {
        for (Kept next = kept.poll(); next != null; next = kept.poll()) {
            if (isUsable(next)) {
                return next.connection;
            }
            end(next.connection);
        }
        if (closed) {
            throw new SQLException("The cache was closed.", "08003");
        }
        return fresh();
    }

    /** A new one, for whoever keeps it. */
    Connection fresh() throws SQLException {
        Connection fresh = dataSource.getConnection();
        try {
            fresh.setAutoCommit(true);
            fresh.setNetworkTimeout(Runnable::run, (int) answerWithin.toMillis());
            return fresh;
        } catch (SQLException failed) {
            end(fresh);
            throw failed;
        }
    }

    private boolean isUsable(Kept next) throws SQLException {
        return System.nanoTime() - next.usedNanos < TRUSTED_NANOS
                || next.connection.isValid(Math.max(1, (int) answerWithin.toSeconds()));
    }

    /** What the driver said; a message of a pool's may hide it. Never the address, which may hold a password. */
    static String reason(SQLException failed) {
        Throwable deepest = failed;
        for (Throwable cause = failed; cause != null; cause = cause.getCause()) {
            deepest = cause instanceof SQLException ? cause : deepest;
        }
        return String.valueOf(deepest.getMessage());
    }

    static void end(@Nullable Connection connection) {
        if (connection != null) {
            try {
                if (!connection.isClosed() && !connection.getAutoCommit()) {
                    connection.rollback();
                }
            } catch (SQLException broken) {
                // It is being thrown away.
            }
            try {
                connection.close();
            } catch (SQLException broken) {
                // It is being thrown away.
            }
        }
    }

    private void endKept() {
        for (Kept next = kept.poll(); next != null; next = kept.poll()) {
            end(next.connection);
        }
    }

    @Override
    public void close() {
        closed = true;
        endKept();
    }
}
