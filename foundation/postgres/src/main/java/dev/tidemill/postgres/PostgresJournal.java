package dev.tidemill.postgres;

import dev.tidemill.jobs.LogLevel;
import dev.tidemill.jobs.LogLine;
import dev.tidemill.jobs.store.Journal;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import javax.sql.DataSource;

/** What handlers reported, for people. */
final class PostgresJournal implements Journal {
    private static final Duration ANSWER_WITHIN = Duration.ofSeconds(20);

    private final DataSource dataSource;
    private final Statements statements;

    PostgresJournal(DataSource dataSource, Statements statements) {
        this.dataSource = dataSource;
        this.statements = statements;
    }

    @Override
    public List<LogLine> lines(long job, int limit) {
        try (Session session = new Session(dataSource, ANSWER_WITHIN)) {
            return session.call(connection -> {
                List<LogLine> lines = new ArrayList<>();
                try (PreparedStatement statement = connection.prepareStatement(statements.get("log_lines"))) {
                    Parameters.set(statement, job, limit);
                    try (ResultSet rows = statement.executeQuery()) {
                        while (rows.next()) {
                            lines.add(new LogLine(
                                    rows.getInt(1),
                                    PostgresDesk.instant(rows.getLong(2)),
                                    LogLevel.ofCode(rows.getInt(3)),
                                    rows.getString(4)));
                        }
                    }
                }
                return lines;
            });
        }
    }
}
