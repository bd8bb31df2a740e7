package dev.tidemill.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemill.jobs.Ailment;
import dev.tidemill.jobs.Diagnosis;
import dev.tidemill.jobs.Diagnosis.Finding;
import dev.tidemill.testkit.TestMill;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Objects;
import javax.sql.DataSource;

/** A database that the doctor examines, and what tests do to it first. */
final class Patient {
    static final Duration SECOND = Duration.ofSeconds(1);

    private final TestMill mill;

    /** With the clock of production; the test of that installs another. */
    Patient(TestMill mill) throws SQLException {
        this.mill = mill;
        run("drop table {schema}.test_clock", nowMicros());
    }

    private static String nowMicros() {
        String file = Migrations.texts().getFirst();
        int begin = file.indexOf("create function {schema}.now_micros");
        return file.substring(begin, file.indexOf("$$;", begin) + 3)
                .replace("create function", "create or replace function");
    }

    Connection connect() throws SQLException {
        return mill.dataSource().getConnection();
    }

    void run(String... statements) throws SQLException {
        try (Connection connection = connect()) {
            run(connection, statements);
        }
    }

    void run(Connection connection, String... statements) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            for (String sql : statements) {
                statement.execute(Statements.forSchema(sql, mill.schema()));
            }
        }
    }

    PostgresCheckup checkup(CheckupLimits limits, InstantSource clock) {
        return checkup(mill.dataSource(), limits, clock);
    }

    PostgresCheckup checkup(DataSource dataSource, CheckupLimits limits, InstantSource clock) {
        Statements statements = new Statements(mill.schema());
        Session names = new Session(dataSource, SECOND);
        Rescuer rescuer = new Rescuer(dataSource, statements, new NameIds(names, statements, "queue"));
        return new PostgresCheckup(dataSource, statements, mill.schema(), rescuer, clock, limits);
    }

    List<Finding> find(Ailment ailment) {
        return find(ailment, CheckupLimits.STANDARD);
    }

    List<Finding> find(Ailment ailment, CheckupLimits limits) {
        Diagnosis diagnosis = checkup(limits, InstantSource.system()).examine(SECOND);
        assertThat(diagnosis.unseen()).isEmpty();
        return diagnosis.findings().stream()
                .filter(finding -> finding.ailment() == ailment)
                .toList();
    }

    static long figure(Finding finding, String name) {
        return (long) Objects.requireNonNull(finding.figures().get(name));
    }

    Finding one(Ailment ailment) {
        List<Finding> found = find(ailment);
        assertThat(found).hasSize(1);
        return found.getFirst();
    }
}
