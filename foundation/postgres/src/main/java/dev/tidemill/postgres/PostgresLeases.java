package dev.tidemill.postgres;

import dev.tidemill.jobs.AttemptOutcome;
import dev.tidemill.jobs.LeaseView;
import dev.tidemill.jobs.Leases.Revoked;
import dev.tidemill.jobs.store.Hint;
import dev.tidemill.jobs.store.LeaseBook;
import java.sql.Array;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import javax.sql.DataSource;

/**
 * What epochs hold, on PostgreSQL. Revoking is closing by hand: that the epoch is closing commits with the line in the
 * audit trail, and the {@link Rescuer} does the rest; if this process dies in between, any other one's caretaker does.
 */
final class PostgresLeases implements LeaseBook {
    private static final Duration ANSWER_WITHIN = Duration.ofSeconds(20);

    private final DataSource dataSource;
    private final Statements statements;
    private final Rescuer rescuer;

    PostgresLeases(DataSource dataSource, Statements statements, Rescuer rescuer) {
        this.dataSource = dataSource;
        this.statements = statements;
        this.rescuer = rescuer;
    }

    @Override
    public List<LeaseView> list() {
        try (Session session = new Session(dataSource, ANSWER_WITHIN)) {
            return session.call(connection -> {
                List<LeaseView> views = new ArrayList<>();
                try (PreparedStatement statement = connection.prepareStatement(statements.get("held"));
                        ResultSet rows = statement.executeQuery()) {
                    while (rows.next()) {
                        views.add(view(rows));
                    }
                }
                return views;
            });
        }
    }

    private static LeaseView view(ResultSet rows) throws SQLException {
        return new LeaseView(
                rows.getString(1),
                rows.getLong(2),
                rows.getString(3),
                rows.getLong(4),
                PostgresDesk.instant(rows.getLong(5)),
                LeaseView.State.valueOf(rows.getString(6)),
                rows.getString(7),
                rows.getLong(8),
                PostgresDesk.instant(rows.getLong(9)),
                ids(rows.getArray(10)));
    }

    private static List<Long> ids(Array array) throws SQLException {
        return Arrays.stream((Long[]) array.getArray()).toList();
    }

    @Override
    public Done revoke(String node, String by, String reason) {
        Map<Long, String> epochs;
        try (Session session = new Session(dataSource, ANSWER_WITHIN)) {
            epochs = session.transaction(connection -> announce(connection, node, by, reason));
        }
        List<Revoked> revoked = new ArrayList<>();
        List<Hint> hints = new ArrayList<>();
        epochs.forEach((epoch, name) -> {
            Rescuer.Closed closed = rescuer.closed(epoch, AttemptOutcome.RELEASED);
            hints.addAll(closed.hints());
            revoked.add(new Revoked(name, epoch, closed.jobs(), closed.done()));
        });
        return new Done(revoked, hints);
    }

    private Map<Long, String> announce(Connection connection, String node, String by, String reason)
            throws SQLException {
        Map<Long, String> epochs = new LinkedHashMap<>();
        try (PreparedStatement statement = connection.prepareStatement(statements.get("holders_named"))) {
            Parameters.set(statement, node, node);
            try (ResultSet rows = statement.executeQuery()) {
                while (rows.next()) {
                    epochs.put(rows.getLong(1), rows.getString(2));
                }
            }
        }
        for (Map.Entry<Long, String> epoch : epochs.entrySet()) {
            try (PreparedStatement mark = connection.prepareStatement(statements.get("mark_closing_one"))) {
                Parameters.set(mark, epoch.getKey(), (short) AttemptOutcome.RELEASED.code());
                mark.executeUpdate();
            }
            PostgresAudit.note(
                    connection,
                    statements,
                    by,
                    "break leases",
                    "NODE " + epoch.getValue(),
                    "epoch " + epoch.getKey() + (reason.isEmpty() ? "" : ", " + reason));
        }
        return epochs;
    }
}
