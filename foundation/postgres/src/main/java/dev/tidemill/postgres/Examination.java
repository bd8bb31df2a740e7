package dev.tidemill.postgres;

import dev.tidemill.jobs.Ailment;
import dev.tidemill.jobs.Diagnosis.Finding;
import dev.tidemill.jobs.Severity;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** One look at a store: what the checks ask through, and where they say what they found. For one thread. */
final class Examination {
    /** A look at one side of it, in a transaction of its own. */
    @FunctionalInterface
    interface Check {
        void on(Examination examination) throws SQLException;
    }

    /** Reads a row. */
    @FunctionalInterface
    interface Row {
        void read(ResultSet rows) throws SQLException;
    }

    private final Statements statements;
    private final Connection connection;
    private final CheckupLimits limits;
    private final Duration patience;
    private final List<Finding> findings = new ArrayList<>();
    private final List<String> unseen = new ArrayList<>();

    Examination(Statements statements, Connection connection, CheckupLimits limits, Duration patience) {
        this.statements = statements;
        this.connection = connection;
        this.limits = limits;
        this.patience = patience;
    }

    /** A number of things: {@code 1 job}, {@code 2 jobs}. */
    static String counted(long count, String thing) {
        return count + " " + thing + (count == 1 ? "" : "s");
    }

    CheckupLimits limits() {
        return limits;
    }

    /** What lasts no longer is passed over. */
    Duration patience() {
        return patience;
    }

    long patienceMicros() {
        return patience.toNanos() / 1_000;
    }

    /** The schema as an identifier, quoted, for remedies. */
    String schema() {
        return statements.schema();
    }

    void each(String statementName, Row row, Object... parameters) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(statements.get(statementName))) {
            Parameters.set(statement, parameters);
            try (ResultSet rows = statement.executeQuery()) {
                while (rows.next()) {
                    row.read(rows);
                }
            }
        }
    }

    /** Says what was found; the figures are names and values in turn. */
    void found(Ailment ailment, Severity severity, String what, String remedy, Object... figures) {
        findings.add(new Finding(ailment, severity, what, figures(figures), remedy));
    }

    void unseen(String what) {
        unseen.add(what);
    }

    List<Finding> findings() {
        return findings;
    }

    List<String> unseen() {
        return unseen;
    }

    static Map<String, Object> figures(Object... namesAndValues) {
        Map<String, Object> figures = new LinkedHashMap<>();
        for (int i = 0; i < namesAndValues.length; i += 2) {
            figures.put((String) namesAndValues[i], namesAndValues[i + 1]);
        }
        return figures;
    }

    /** Seconds as people say them. */
    static String span(long seconds) {
        if (seconds < 120) {
            return seconds + " s";
        }
        return seconds < 7_200
                ? seconds / 60 + " min"
                : seconds < 172_800 ? seconds / 3_600 + " h" : seconds / 86_400 + " days";
    }

    /** Bytes as people say them. */
    static String size(long bytes) {
        return bytes < 10L << 20
                ? bytes / 1024 + " kB"
                : bytes < 10L << 30 ? (bytes >> 20) + " MB" : (bytes >> 30) + " GB";
    }
}
