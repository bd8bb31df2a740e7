package dev.tidemill.postgres;

import dev.tidemill.jobs.store.Calls;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import javax.sql.DataSource;

/** What a node's calls came to, on PostgreSQL. Asking alone reads one small table, and takes no lock. */
final class PostgresCalls implements Calls, AutoCloseable {
    private static final Duration ANSWER_WITHIN = Duration.ofSeconds(10);

    private final Session session;
    private final Statements statements;
    private final long epoch;
    private final int slot;

    PostgresCalls(DataSource dataSource, Statements statements, long epoch, int slot) {
        this.session = new Session(dataSource, ANSWER_WITHIN);
        this.statements = statements;
        this.epoch = epoch;
        this.slot = slot;
    }

    @Override
    public List<State> tell(List<Count> counts, List<Probe> probes) {
        if (counts.isEmpty() && probes.isEmpty()) {
            return session.call(this::states);
        }
        return session.transaction(connection -> {
            if (!probes.isEmpty()) {
                execute(
                        connection,
                        "end_probes",
                        probes.stream().mapToLong(Probe::lease).toArray(),
                        probes.stream().mapToLong(Probe::job).toArray(),
                        codes(probes),
                        probes.stream().map(Probe::down).toArray(String[]::new),
                        probes.stream().map(Probe::error).toArray(String[]::new));
            }
            if (!counts.isEmpty()) {
                execute(
                        connection,
                        "count_calls",
                        counts.stream().map(Count::breaker).toArray(String[]::new),
                        counts.stream().mapToInt(Count::failures).toArray(),
                        counts.stream().mapToInt(Count::trailing).toArray(),
                        counts.stream().mapToInt(Count::successes).toArray(),
                        counts.stream().map(Count::error).toArray(String[]::new));
            }
            return states(connection);
        });
    }

    private static short[] codes(List<Probe> probes) {
        short[] codes = new short[probes.size()];
        for (int i = 0; i < codes.length; i++) {
            codes[i] = (short) probes.get(i).result().code();
        }
        return codes;
    }

    private void execute(Connection connection, String name, Object... arrays) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(statements.get(name))) {
            statement.setLong(1, epoch);
            statement.setInt(2, slot);
            for (int i = 0; i < arrays.length; i++) {
                statement.setObject(i + 3, arrays[i]);
            }
            statement.execute();
        }
    }

    private List<State> states(Connection connection) throws SQLException {
        List<State> states = new ArrayList<>();
        try (PreparedStatement statement = connection.prepareStatement(statements.get("breaker_states"));
                ResultSet rows = statement.executeQuery()) {
            while (rows.next()) {
                states.add(new State(rows.getString(1), rows.getInt(2) != 0, rows.getBoolean(3)));
            }
        }
        return states;
    }

    @Override
    public void close() {
        session.close();
    }
}
