package dev.tidemill.postgres;

import java.time.Duration;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicReference;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/**
 * Sessions for work that may wait for somebody else's transaction, so that nothing else waits behind it: up to eight at a
 * time, and one that is kept between calls. Thread safe.
 */
final class SpareSessions implements AutoCloseable {
    private static final int AT_ONCE = 8;

    private final DataSource dataSource;
    private final Duration answerWithin;
    private final Semaphore room = new Semaphore(AT_ONCE);
    private final AtomicReference<@Nullable Session> kept = new AtomicReference<>();
    private volatile boolean closed;

    SpareSessions(DataSource dataSource, Duration answerWithin) {
        this.dataSource = dataSource;
        this.answerWithin = answerWithin;
    }

    /** Runs work whose every statement commits by itself. */
    <T> T call(Session.Work<T> work) {
        return with(session -> session.call(work));
    }

    /** Runs work that commits together. */
    <T> T transaction(Session.Work<T> work) {
        return with(session -> session.transaction(work));
    }

    @FunctionalInterface
    private interface Use<T> {
        T of(Session session);
    }

    private <T> T with(Use<T> use) {
        room.acquireUninterruptibly();
        try {
            Session spare = kept.getAndSet(null);
            Session session = spare == null ? new Session(dataSource, answerWithin) : spare;
            try {
                return use.of(session);
            } finally {
                giveBack(session);
            }
        } finally {
            room.release();
        }
    }

    private void giveBack(Session session) {
        if (!kept.compareAndSet(null, session)) {
            session.close();
        }
        if (closed) {
            close();
        }
    }

    /** Gives back the connection that is kept; what is in use goes when it is through. */
    @Override
    public void close() {
        closed = true;
        Session session = kept.getAndSet(null);
        if (session != null) {
            session.close();
        }
    }
}
