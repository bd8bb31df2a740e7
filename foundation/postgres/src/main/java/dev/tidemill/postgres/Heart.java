package dev.tidemill.postgres;

import dev.tidemill.jobs.Priorities.Window;
import dev.tidemill.jobs.store.EpochClosedException;
import dev.tidemill.jobs.store.NodeInfo;
import dev.tidemill.jobs.store.Tally;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.stream.Stream;
import javax.sql.DataSource;

/** An epoch's beginning and its heartbeats, with the counts that go along, on a connection of their own. */
final class Heart implements AutoCloseable {
    private static final Duration ANSWER_WITHIN = Duration.ofSeconds(4);

    private final Session session;
    private final Statements statements;
    private final NameIds kinds;
    private final NameIds queues;
    private final long epoch;

    /** Begins an epoch: the node's row and its fence are there when this returns. */
    Heart(DataSource dataSource, Statements statements, NameIds kinds, NameIds queues, NodeInfo node) {
        this.session = new Session(dataSource, ANSWER_WITHIN);
        this.statements = statements;
        this.kinds = kinds;
        this.queues = queues;
        this.epoch = session.transaction(connection -> join(connection, node));
    }

    long epoch() {
        return epoch;
    }

    private long join(Connection connection, NodeInfo node) throws SQLException {
        long joined;
        try (PreparedStatement statement = connection.prepareStatement(statements.get("join_node"))) {
            Parameters.set(
                    statement,
                    node.name(),
                    node.host(),
                    node.pid(),
                    sorted(node.kinds(), List.of()),
                    sorted(node.queues(), List.of()),
                    node.priorities().offPeak().stream().map(Window::toString).toArray(String[]::new));
            try (ResultSet rows = statement.executeQuery()) {
                rows.next();
                joined = rows.getLong(1);
            }
        }
        try (PreparedStatement statement = connection.prepareStatement(statements.get("raise_fence"))) {
            statement.setLong(1, joined);
            statement.executeUpdate();
        }
        return joined;
    }

    static String[] sorted(Collection<String> own, Collection<String> others) {
        return Stream.concat(own.stream(), others.stream()).distinct().sorted().toArray(String[]::new);
    }

    /** The database's clock, in microseconds. */
    long now() {
        return session.call(connection -> {
            try (PreparedStatement statement = connection.prepareStatement(statements.get("now"));
                    ResultSet rows = statement.executeQuery()) {
                rows.next();
                return rows.getLong(1);
            }
        });
    }

    /** Says that the node lives; the database's clock, in microseconds. */
    long beat(int running, List<Tally> tallies) {
        return session.transaction(connection -> {
            long now;
            try (PreparedStatement statement = connection.prepareStatement(statements.get("heartbeat"))) {
                Parameters.set(statement, running, Pooler.promisedPid(connection), epoch);
                try (ResultSet rows = statement.executeQuery()) {
                    if (!rows.next()) {
                        throw new EpochClosedException("epoch " + epoch + " is closed");
                    }
                    now = rows.getLong(1);
                }
            }
            if (!tallies.isEmpty()) {
                addTallies(connection, tallies);
            }
            return now;
        });
    }

    private void addTallies(Connection connection, List<Tally> tallies) throws SQLException {
        short[] priorities = new short[tallies.size()];
        for (int i = 0; i < priorities.length; i++) {
            priorities[i] = (short) tallies.get(i).priority().code();
        }
        try (PreparedStatement statement = connection.prepareStatement(statements.get("add_tally"))) {
            Parameters.set(
                    statement,
                    epoch,
                    tallies.stream().mapToInt(tally -> queues.id(tally.queue())).toArray(),
                    priorities,
                    tallies.stream().mapToInt(tally -> kinds.id(tally.kind())).toArray(),
                    tallies.stream().mapToLong(Tally::succeeded).toArray(),
                    tallies.stream().mapToLong(Tally::failed).toArray(),
                    tallies.stream().mapToLong(Tally::met).toArray(),
                    tallies.stream().mapToLong(Tally::missed).toArray(),
                    tallies.stream().mapToLong(Tally::tookMicros).toArray());
            statement.executeUpdate();
        }
    }

    @Override
    public void close() {
        session.close();
    }
}
