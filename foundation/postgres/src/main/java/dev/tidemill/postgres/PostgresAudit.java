package dev.tidemill.postgres;

import dev.tidemill.jobs.AuditLine;
import dev.tidemill.jobs.store.AuditTrail;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/** The audit trail: read here, and written, in the transaction of what it tells, by whoever changes something. */
final class PostgresAudit implements AuditTrail {
    private static final Duration ANSWER_WITHIN = Duration.ofSeconds(20);

    private final DataSource dataSource;
    private final Statements statements;

    PostgresAudit(DataSource dataSource, Statements statements) {
        this.dataSource = dataSource;
        this.statements = statements;
    }

    @Override
    public List<AuditLine> lines(long before, int limit, @Nullable String action, @Nullable String target) {
        try (Session session = new Session(dataSource, ANSWER_WITHIN)) {
            return session.call(connection -> {
                List<AuditLine> lines = new ArrayList<>();
                try (PreparedStatement statement = connection.prepareStatement(statements.get("audit"))) {
                    statement.setLong(1, before);
                    statement.setString(2, action);
                    statement.setString(3, action);
                    statement.setString(4, target);
                    statement.setString(5, target);
                    statement.setInt(6, limit);
                    try (ResultSet rows = statement.executeQuery()) {
                        while (rows.next()) {
                            lines.add(new AuditLine(
                                    rows.getLong(1),
                                    PostgresDesk.instant(rows.getLong(2)),
                                    rows.getString(3),
                                    rows.getString(4),
                                    rows.getString(5),
                                    rows.getString(6)));
                        }
                    }
                }
                return lines;
            });
        }
    }

    /** Writes a line in the transaction of the change. */
    static void note(
            Connection connection, Statements statements, String by, String action, String target, String detail)
            throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(statements.get("note_change"))) {
            Parameters.set(statement, by, action, target, detail);
            statement.execute();
        }
    }
}
