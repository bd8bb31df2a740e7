package dev.tidemill.postgres;

import dev.tidemill.jobs.FailureAlarm;
import dev.tidemill.jobs.store.Alarms;
import java.sql.PreparedStatement;
import java.time.Duration;
import java.util.Map;
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
    public void set(Map<String, FailureAlarm> byKind) {
        try (Session session = new Session(dataSource, ANSWER_WITHIN)) {
            session.call(connection -> {
                try (PreparedStatement statement = connection.prepareStatement(statements.get("set_alarm"))) {
                    for (Map.Entry<String, FailureAlarm> each : byKind.entrySet()) {
                        FailureAlarm alarm = each.getValue();
                        Parameters.set(
                                statement, kinds.id(each.getKey()), alarm.ratio(), alarm.atLeast(), alarm.minutes());
                        statement.executeUpdate();
                    }
                }
                return byKind.size();
            });
        }
    }
}
