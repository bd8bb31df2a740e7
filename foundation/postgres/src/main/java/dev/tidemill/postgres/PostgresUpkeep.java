package dev.tidemill.postgres;

import dev.tidemill.jobs.AttemptOutcome;
import dev.tidemill.jobs.Priority;
import dev.tidemill.jobs.store.Hint;
import dev.tidemill.jobs.store.StoreException;
import dev.tidemill.jobs.store.Upkeep;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Keeps the tables in order. The mover has a connection of its own; the rest share one. */
final class PostgresUpkeep implements Upkeep, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(PostgresUpkeep.class);
    private static final int MOVE_BATCH = 1_000;
    private static final Duration FROZEN = Duration.ofSeconds(10);

    private final Session moving;
    private final Session keeping;
    private final Statements statements;
    private final NameIds queues;
    private final Rescuer rescuer;
    /** The job whose unique key was looked at last; for the keeping thread alone. */
    private long keysPrunedTo;
    /** The epoch that was looked at last; as above. */
    private long nodesPrunedTo;

    PostgresUpkeep(Session moving, Session keeping, Statements statements, NameIds queues, Rescuer rescuer) {
        this.moving = moving;
        this.keeping = keeping;
        this.statements = statements;
        this.queues = queues;
        this.rescuer = rescuer;
    }

    @Override
    public Moved moveDue() {
        return moving.call(connection -> {
            List<Hint> hints = new ArrayList<>();
            try (PreparedStatement statement = connection.prepareStatement(statements.get("move_due"))) {
                statement.setInt(1, MOVE_BATCH);
                try (ResultSet rows = statement.executeQuery()) {
                    while (rows.next()) {
                        hints.add(new Hint(
                                queues.name(rows.getInt(1)), Priority.ofCode(rows.getInt(2)), rows.getLong(3), 0));
                    }
                }
            }
            try (PreparedStatement statement = connection.prepareStatement(statements.get("next_due"));
                    ResultSet rows = statement.executeQuery()) {
                rows.next();
                return new Moved(hints, rows.getLong(1), rows.getLong(2));
            }
        });
    }

    @Override
    public Rescued rescue(Duration deadAfter, Duration goneAfter) {
        List<Long> epochs = keeping.call(connection -> {
            try (PreparedStatement statement = connection.prepareStatement(statements.get("mark_closing"))) {
                Parameters.set(statement, micros(deadAfter), micros(goneAfter));
                statement.executeUpdate();
            }
            return closing(connection);
        });
        List<Hint> hints = new ArrayList<>();
        int closed = 0;
        for (long epoch : epochs) {
            try {
                hints.addAll(rescuer.close(epoch, AttemptOutcome.LOST));
                closed++;
            } catch (StoreException failed) {
                if (failed.connection()) {
                    throw failed;
                }
                LOG.warn("Epoch {} could not be closed yet; trying again: {}", epoch, failed.getMessage());
            }
        }
        return new Rescued(closed, hints);
    }

    /** Also epochs whose rescuer died halfway. */
    private List<Long> closing(Connection connection) throws SQLException {
        List<Long> epochs = new ArrayList<>();
        try (PreparedStatement statement = connection.prepareStatement(statements.get("closing_epochs"));
                ResultSet rows = statement.executeQuery()) {
            while (rows.next()) {
                epochs.add(rows.getLong(1));
            }
        }
        return epochs;
    }

    @Override
    public void probe() {
        keeping.call(connection -> {
            try (PreparedStatement statement = connection.prepareStatement(statements.get("now"))) {
                return statement.execute();
            }
        });
    }

    @Override
    public void makePartitions() {
        keeping.call(connection -> {
            try (PreparedStatement statement = connection.prepareStatement(statements.get("make_partitions"))) {
                return statement.execute();
            } catch (SQLException failed) {
                if (SqlErrors.LOCK_TIMEOUT.equals(failed.getSQLState())) {
                    LOG.debug("Another transaction is in the way of new partitions; they are made a little later.");
                    return false;
                }
                throw failed;
            }
        });
    }

    @Override
    public void rollUp(Duration notWithin) {
        keeping.transaction(connection -> {
            if (!asks(connection, "roll_up_due", micros(notWithin))) {
                return false;
            }
            try (Statement statement = connection.createStatement()) {
                // Frozen with the lock, the process would keep everybody from counting.
                statement.execute(endedWhenFrozenFor(FROZEN));
            }
            if (!asks(connection, "lock_roll_up")) {
                return false;
            }
            for (String name : List.of("roll_up", "prune_tally", "prune_cancel_requests", "prune_audit")) {
                try (PreparedStatement statement = connection.prepareStatement(statements.get(name))) {
                    statement.executeUpdate();
                }
            }
            keysPrunedTo = pruned(connection, "prune_unique", keysPrunedTo);
            nodesPrunedTo = pruned(connection, "prune_nodes", nodesPrunedTo);
            // At the end, since claims may wait for its rows.
            try (PreparedStatement statement = connection.prepareStatement(statements.get("prune_buckets"))) {
                statement.execute();
            }
            return true;
        });
    }

    /** Removes some of what is not needed any more, from behind where it came to before; returns where it came to. */
    private long pruned(Connection connection, String name, long after) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(statements.get(name))) {
            statement.setLong(1, after);
            try (ResultSet rows = statement.executeQuery()) {
                rows.next();
                return rows.getLong(1);
            }
        }
    }

    /** Makes PostgreSQL end a transaction whose process has stopped in the middle of it. */
    static String endedWhenFrozenFor(Duration time) {
        return "set local idle_in_transaction_session_timeout = " + time.toMillis();
    }

    private boolean asks(Connection connection, String name, Object... parameters) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(statements.get(name))) {
            Parameters.set(statement, parameters);
            try (ResultSet rows = statement.executeQuery()) {
                return rows.next() && rows.getBoolean(1);
            }
        }
    }

    private static long micros(Duration duration) {
        return TimeUnit.NANOSECONDS.toMicros(duration.toNanos());
    }

    @Override
    public void close() {
        moving.close();
        keeping.close();
    }
}
