package dev.tidemill.postgres;

import dev.tidemill.jobs.Priority;
import dev.tidemill.jobs.store.Hint;
import dev.tidemill.jobs.store.Signals;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.postgresql.PGConnection;
import org.postgresql.PGNotification;

/**
 * Signals by LISTEN and NOTIFY, on two connections of their own. Behind a pooler of transactions nothing is heard, and
 * polling has to find the jobs.
 */
final class PostgresSignals implements Signals {
    /** What is sent when a job that may be running is to be cancelled; older versions take no notice. */
    static final String CANCELS = "cancel";

    private final Session sending;
    private final Session listening;
    private final Statements statements;
    private volatile @Nullable Connection heard;
    private volatile int ownPid;
    private volatile boolean deaf;

    PostgresSignals(Session sending, Session listening, Statements statements) {
        this.sending = sending;
        this.listening = listening;
        this.statements = statements;
    }

    @Override
    public void send(List<Hint> hints) {
        sending.transaction(connection -> {
            ownPid = connection.unwrap(PGConnection.class).getBackendPID();
            try (PreparedStatement statement = connection.prepareStatement(statements.get("signal"))) {
                for (Hint hint : hints) {
                    statement.setString(
                            1,
                            hint.queue() + " " + hint.priority().code() + " " + hint.startByMicros() + " "
                                    + hint.dueMicros());
                    statement.execute();
                }
            }
            return hints.size();
        });
    }

    @Override
    public Heard await(Duration timeout) {
        return listening.call(connection -> {
            if (!connection.equals(heard)) {
                deaf = Pooler.isBetween(connection);
                if (!deaf) {
                    listen(connection);
                }
                heard = connection;
            }
            if (deaf) {
                // The session that a LISTEN would be left in is somebody else's by now. Cancelling is looked for each
                // time.
                LockSupport.parkNanos(timeout.toNanos());
                return new Heard(List.of(), true);
            }
            PGNotification[] notifications =
                    connection.unwrap(PGConnection.class).getNotifications(Math.max(1, (int) timeout.toMillis()));
            List<Hint> hints = new ArrayList<>();
            boolean cancels = false;
            for (PGNotification notification : notifications) {
                cancels |= CANCELS.equals(notification.getParameter());
                Hint hint = parse(notification.getParameter());
                if (hint != null && notification.getPID() != ownPid) {
                    hints.add(hint);
                }
            }
            return new Heard(hints, cancels);
        });
    }

    private void listen(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(statements.get("listen"));
        }
    }

    /** Null for what another version, or a stranger, may have sent. */
    private static @Nullable Hint parse(String text) {
        String[] parts = text.split(" ", -1);
        try {
            return parts.length < 4
                    ? null
                    : new Hint(
                            parts[0],
                            Priority.ofCode(Integer.parseInt(parts[1])),
                            Long.parseLong(parts[2]),
                            Long.parseLong(parts[3]));
        } catch (IllegalArgumentException foreign) {
            return null;
        }
    }

    @Override
    public void close() {
        sending.close();
        listening.close();
    }
}
