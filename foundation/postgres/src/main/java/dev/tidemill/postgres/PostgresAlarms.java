package dev.tidemill.postgres;

import dev.tidemill.jobs.FailureAlarm;
import dev.tidemill.jobs.FailureAlarms.OfKind;
import dev.tidemill.jobs.store.Alarms;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import javax.sql.DataSource;

/** When kinds fail too often. */
final class PostgresAlarms implements Alarms {
    private static final Duration ANSWER_WITHIN = Duration.ofSeconds(10);

    private final DataSource dataSource;
    private final Statements statements;
    private final NameIds kinds;

    PostgresAlarms(DataSource dataSource, Statements statements, NameIds kinds) {
        this.dataSource = dataSource;
        this.statements = statements;
        this.kinds = kinds;
    }

    @Override
    public void define(Map<String, FailureAlarm> byKind, String by) {
        // Their numbers are given in transactions of their own.
        byKind.keySet().forEach(kinds::id);
        transaction(connection -> {
            // In one order, so that processes that start together wait for each other in turn.
            for (Map.Entry<String, FailureAlarm> each : new TreeMap<>(byKind).entrySet()) {
                define(connection, each.getKey(), each.getValue(), by);
            }
            return true;
        });
    }

    private void define(Connection connection, String kind, FailureAlarm alarm, String by) throws SQLException {
        String words = words(alarm);
        add(connection, kind, alarm);
        before(connection, kind)
                .hear(
                        words,
                        () -> update(connection, "say_alarm", words, kinds.id(kind)),
                        () -> set(connection, kind, alarm, by));
    }

    private boolean add(Connection connection, String kind, FailureAlarm alarm) throws SQLException {
        return update(connection, "add_alarm", kinds.id(kind), alarm.ratio(), alarm.atLeast(), alarm.minutes());
    }

    private Words before(Connection connection, String kind) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(statements.get("alarm_before"))) {
            Parameters.set(statement, kinds.id(kind));
            try (ResultSet rows = statement.executeQuery()) {
                rows.next();
                return new Words(words(alarm(rows, 1)), rows.getString(4));
            }
        }
    }

    private void set(Connection connection, String kind, FailureAlarm alarm, String by) throws SQLException {
        update(connection, "set_alarm", alarm.ratio(), alarm.atLeast(), alarm.minutes(), kinds.id(kind));
        String told = alarm.ratio() + " of at least " + alarm.atLeast() + " attempts within "
                + Duration.ofMinutes(alarm.minutes());
        PostgresAudit.note(connection, statements, by, "put alarm", "KIND " + kind, told);
    }

    /** For the code's next start to compare with. */
    private static String words(FailureAlarm alarm) {
        return alarm.ratio() + " " + alarm.atLeast() + " " + alarm.minutes();
    }

    private static FailureAlarm alarm(ResultSet rows, int first) throws SQLException {
        return new FailureAlarm(
                rows.getDouble(first), rows.getInt(first + 1), Duration.ofMinutes(rows.getInt(first + 2)));
    }

    @Override
    public void put(String kind, FailureAlarm alarm, String by) {
        kinds.id(kind);
        transaction(connection -> {
            add(connection, kind, alarm);
            set(connection, kind, alarm, by);
            return true;
        });
    }

    @Override
    public List<OfKind> list(String after, int limit) {
        return transaction(connection -> {
            List<OfKind> alarms = new ArrayList<>();
            try (PreparedStatement statement = connection.prepareStatement(statements.get("alarms"))) {
                Parameters.set(statement, after, limit);
                try (ResultSet rows = statement.executeQuery()) {
                    while (rows.next()) {
                        alarms.add(new OfKind(rows.getString(1), alarm(rows, 2)));
                    }
                }
            }
            return alarms;
        });
    }

    private boolean update(Connection connection, String name, Object... values) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(statements.get(name))) {
            Parameters.set(statement, values);
            return statement.executeUpdate() > 0;
        }
    }

    private <T> T transaction(Session.Work<T> work) {
        try (Session session = new Session(dataSource, ANSWER_WITHIN)) {
            return session.transaction(work);
        }
    }
}
