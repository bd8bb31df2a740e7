package dev.tidemill.postgres;

import dev.tidemill.jobs.Drained;
import dev.tidemill.jobs.store.Roster;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import javax.sql.DataSource;

/** Drained nodes on PostgreSQL. As with pauses, a change takes the row of the rules' version first. */
final class PostgresRoster implements Roster {
    private static final Duration ANSWER_WITHIN = Duration.ofSeconds(20);

    private final DataSource dataSource;
    private final Statements statements;

    PostgresRoster(DataSource dataSource, Statements statements) {
        this.dataSource = dataSource;
        this.statements = statements;
    }

    @Override
    public Answer drain(String node, String by, String reason) {
        return change(connection -> {
            List<String> names = new ArrayList<>();
            try (PreparedStatement statement = connection.prepareStatement(statements.get("nodes_named"))) {
                Parameters.set(statement, node, node);
                try (ResultSet rows = statement.executeQuery()) {
                    while (rows.next()) {
                        names.add(rows.getString(1));
                    }
                }
            }
            if (names.isEmpty()) {
                return Answer.NOT_FOUND;
            }
            Answer answer = Answer.WAS_SO;
            for (String name : names.contains(node) ? List.of(node) : names) {
                if (update(connection, "drain", name, by, reason) == 1) {
                    PostgresAudit.note(connection, statements, by, "drain", "NODE " + name, reason);
                    answer = Answer.DONE;
                }
            }
            return answer;
        });
    }

    @Override
    public boolean undrain(String node, String by) {
        return change(connection -> {
            boolean done = update(connection, "undrain", node, node) > 0;
            if (done) {
                PostgresAudit.note(connection, statements, by, "undrain", "NODE " + node, "");
            }
            return done;
        });
    }

    @Override
    public List<Drained> drained() {
        try (Session session = new Session(dataSource, ANSWER_WITHIN)) {
            return session.call(connection -> {
                List<Drained> drained = new ArrayList<>();
                try (PreparedStatement statement = connection.prepareStatement(statements.get("drained"));
                        ResultSet rows = statement.executeQuery()) {
                    while (rows.next()) {
                        drained.add(new Drained(
                                rows.getString(1),
                                PostgresDesk.instant(rows.getLong(2)),
                                rows.getString(3),
                                rows.getString(4),
                                rows.getLong(5),
                                rows.getLong(6)));
                    }
                }
                return drained;
            });
        }
    }

    private int update(Connection connection, String name, Object... parameters) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(statements.get(name))) {
            Parameters.set(statement, parameters);
            return statement.execute() ? 0 : statement.getUpdateCount();
        }
    }

    /** The nodes are told with the commit; those that do not hear it look once a second. */
    private <T> T change(Session.Work<T> work) {
        try (Session session = new Session(dataSource, ANSWER_WITHIN)) {
            return session.transaction(connection -> {
                update(connection, "control_changed");
                T answer = work.on(connection);
                update(connection, "signal", PostgresSignals.CANCELS);
                return answer;
            });
        }
    }
}
