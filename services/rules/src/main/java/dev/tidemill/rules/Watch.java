package dev.tidemill.rules;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.postgresql.PGConnection;

/** Breaks off calls that take too long: cancels the statement under way, and interrupts their thread. */
final class Watch implements AutoCloseable {
    private final ScheduledThreadPoolExecutor timer;

    Watch() {
        timer = new ScheduledThreadPoolExecutor(
                1, Thread.ofPlatform().daemon().name("tidemill-rules-watch").factory());
        timer.setRemoveOnCancelPolicy(true);
    }

    /** A call that is looked after. After it broke one off, the connection is of no more use. */
    final class Guard implements AutoCloseable {
        private final Thread thread = Thread.currentThread();
        private final @Nullable Connection connection;
        private final ScheduledFuture<?> end;
        private boolean over;
        private boolean broken;

        private Guard(@Nullable Connection connection, Duration limit) {
            this.connection = connection;
            this.end = timer.schedule(this::breakOff, limit.toMillis(), TimeUnit.MILLISECONDS);
        }

        private synchronized void breakOff() {
            if (over) {
                return;
            }
            broken = true;
            // First: an interrupt closes the connection, and from a closed one nothing can be cancelled. The server
            // would go on
            // for as long as the statement takes, with what it has locked.
            Connection busy = connection;
            if (busy != null) {
                try {
                    busy.unwrap(PGConnection.class).cancelQuery();
                } catch (SQLException unreachable) {
                    // Its answer is bounded in any case.
                }
            }
            thread.interrupt();
        }

        /** Whether the call was broken off. */
        synchronized boolean hasBrokenOff() {
            return broken;
        }

        @Override
        public synchronized void close() {
            over = true;
            end.cancel(false);
            if (broken && Thread.interrupted()) {
                // The interrupt was for the call.
                return;
            }
        }
    }

    Guard guard(@Nullable Connection connection, Duration limit) {
        return new Guard(connection, limit);
    }

    @Override
    public void close() {
        timer.shutdownNow();
    }
}
