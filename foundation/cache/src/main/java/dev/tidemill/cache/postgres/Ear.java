package dev.tidemill.cache.postgres;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.postgresql.PGConnection;

/**
 * Hears what other nodes call, on a connection of its own. One thread takes that connection, listens on it and gives it
 * back: were it given back from elsewhere, whoever got it next from the pool would share its socket and its time limits
 * with a thread that still reads from it, and could wait for that thread without end. It is given back without a LISTEN.
 */
final class Ear implements AutoCloseable {
    /** So long does a close wait for the thread at most; reading is done in slices a tenth as long. */
    private static final Duration JOIN = Duration.ofSeconds(2);

    private static final Duration SLICE = Duration.ofMillis(200);

    private final Sessions sessions;
    private final CacheSql sql;
    private final Duration answerWithin;
    private final Runnable heard;
    private final AtomicReference<@Nullable Thread> listening = new AtomicReference<>();
    private volatile boolean closed;

    /**
     * Made deaf; {@link #open} has it listen.
     *
     * @param heard run after each call, and once when listening has begun
     */
    Ear(Sessions sessions, CacheSql sql, Duration answerWithin, Runnable heard) {
        this.sessions = sessions;
        this.sql = sql;
        this.answerWithin = answerWithin;
        this.heard = heard;
    }

    /** Listens from soon on, unless it does; tried anew after it broke. */
    void open() {
        if (closed || listening.get() != null) {
            return;
        }
        Thread mine = Thread.ofPlatform().daemon().name("tidemill-cache-ear").unstarted(this::listen);
        if (listening.compareAndSet(null, mine)) {
            mine.start();
        }
    }

    private void listen() {
        Connection connection = null;
        try {
            connection = sessions.fresh();
            // Behind a pooler of transactions the session that a LISTEN would be left in is somebody else's by the next
            // statement: it stays deaf, and looking now and then must do.
            if (!isPooled(connection)) {
                hear(connection);
            }
        } catch (SQLException broken) {
            // Tried again by the next who waits.
            listening.set(null);
        } finally {
            Sessions.end(connection);
        }
    }

    private void hear(Connection connection) throws SQLException {
        PGConnection session = connection.unwrap(PGConnection.class);
        execute(connection, "listen");
        heard.run();
        long checked = System.nanoTime();
        while (!closed) {
            if (session.getNotifications((int) SLICE.toMillis()).length > 0) {
                heard.run();
            }
            long now = System.nanoTime();
            if (now - checked > answerWithin.toNanos() / 2) {
                checked = now;
                if (!connection.isValid(Math.max(1, (int) answerWithin.toSeconds()))) {
                    throw new SQLException("The server that was listened to is gone.", "08006");
                }
            }
        }
        execute(connection, "unlisten");
    }

    private void execute(Connection connection, String name) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql.get(name));
        }
    }

    private static boolean isPooled(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery("select pg_backend_pid()")) {
            rows.next();
            return rows.getInt(1) != connection.unwrap(PGConnection.class).getBackendPID();
        }
    }

    /** Ends the listening; its connection is back in the pool when this returns, unless the server does not answer. */
    @Override
    public void close() {
        closed = true;
        Thread mine = listening.get();
        if (mine != null) {
            try {
                mine.join(JOIN);
            } catch (InterruptedException interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
