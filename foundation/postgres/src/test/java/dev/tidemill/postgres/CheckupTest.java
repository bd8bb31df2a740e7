package dev.tidemill.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.tidemill.jobs.Ailment;
import dev.tidemill.jobs.Diagnosis;
import dev.tidemill.jobs.Diagnosis.Finding;
import dev.tidemill.jobs.Severity;
import dev.tidemill.testkit.FreshMill;
import dev.tidemill.testkit.TestClock;
import dev.tidemill.testkit.TestMill;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Duration;
import java.time.InstantSource;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.postgresql.ds.PGSimpleDataSource;

/**
 * What the doctor finds of sessions and clocks, each provoked for real; and what it says of a database that is well, or
 * that it may not see.
 */
final class CheckupTest {
    @RegisterExtension
    private final FreshMill fresh = FreshMill.with(jobs -> jobs.handleJson("Fine", (json, run) -> {}));

    private TestMill mill;
    private Patient patient;

    @BeforeEach
    void take(TestMill given) throws SQLException {
        mill = given;
        patient = new Patient(given);
    }

    @Test
    void aFreshDatabaseIsWell() {
        Diagnosis diagnosis = mill.tidemill().diagnose(Duration.ofMinutes(5));

        assertThat(diagnosis.findings()).isEmpty();
        assertThat(diagnosis.unseen()).isEmpty();
        assertThat(diagnosis.isFine()).isTrue();
        assertThat(diagnosis.schema()).isEqualTo(mill.schema());
        assertThat(diagnosis.server()).startsWith("PostgreSQL 1");
    }

    @Test
    void aTransactionThatIdlesIsFoundWithItsSessionAndEndedByItsRemedy() throws SQLException {
        try (Connection idle = patient.connect()) {
            idle.setClientInfo("ApplicationName", "a forgotten console");
            idle.setAutoCommit(false);
            patient.run(idle, "insert into {schema}.kind (name) values ('Held')");
            int pid = Sql.pid(idle);
            await().atMost(Jobs.SOON)
                    .untilAsserted(() -> assertThat(patient.find(Ailment.IDLE_IN_TRANSACTION))
                            .anySatisfy(found -> {
                                assertThat(found.found())
                                        .contains("a forgotten console")
                                        .contains("idle in a transaction for");
                                assertThat(found.figures()).containsEntry("pid", (long) pid);
                                assertThat(found.severity()).isEqualTo(Severity.WARNING);
                            }));
            Finding found = patient.find(Ailment.IDLE_IN_TRANSACTION).getFirst();
            assertThat(patient.find(Ailment.HELD_XMIN))
                    .anySatisfy(xmin -> assertThat(xmin.figures()).containsEntry("pid", (long) pid));

            patient.run(found.remedy().substring(0, found.remedy().indexOf(';')));

            await().atMost(Jobs.SOON)
                    .untilAsserted(() -> assertThat(patient.find(Ailment.IDLE_IN_TRANSACTION))
                            .isEmpty());
        }
    }

    @Test
    void aSnapshotThatIsHeldIsFound() throws SQLException {
        try (Connection reader = patient.connect()) {
            reader.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
            reader.setAutoCommit(false);
            patient.run(reader, "select count(*) from {schema}.ready");
            int pid = Sql.pid(reader);
            patient.run("select txid_current()");
            await().atMost(Jobs.SOON)
                    .untilAsserted(() -> assertThat(patient.find(Ailment.HELD_XMIN))
                            .anySatisfy(found -> {
                                assertThat(found.figures()).containsEntry("pid", (long) pid);
                                assertThat(Patient.figure(found, "age_transactions"))
                                        .isPositive();
                                assertThat(found.remedy()).contains("pg_terminate_backend(" + pid + ")");
                            }));
        }
    }

    @Test
    void clocksThatDifferAreFound() {
        Diagnosis diagnosis = patient.checkup(
                        CheckupLimits.STANDARD, Clock.offset(Clock.systemUTC(), Duration.ofMinutes(-3)))
                .examine(Patient.SECOND);
        assertThat(diagnosis.findings()).anySatisfy(found -> {
            assertThat(found.ailment()).isEqualTo(Ailment.CLOCK_SKEW);
            assertThat(found.found()).contains("behind the database's");
            assertThat(Patient.figure(found, "skew_ms")).isBetween(-181_000L, -179_000L);
        });
    }

    @Test
    void aTestsClockIsFound() {
        TestClock.install(mill.dataSource(), mill.schema()).advance(Duration.ofHours(1));
        assertThat(patient.one(Ailment.TEST_CLOCK).severity()).isEqualTo(Severity.CRITICAL);
    }

    private static CheckupLimits hiddenXmin() {
        CheckupLimits standard = CheckupLimits.STANDARD;
        return new CheckupLimits(
                standard.deadTuples(),
                standard.bloatBytes(),
                standard.unusedIndexBytes(),
                standard.retainedWalBytes(),
                standard.notifyUsage(),
                standard.partitions(),
                standard.clockSkew(),
                standard.deadLettersInAnHour(),
                -1);
    }

    @Test
    void aUserWithFewRightsIsToldWhatItCouldNotSee() throws SQLException {
        String role = "few_" + mill.schema();
        patient.run(
                "create role " + role + " login password 'few'",
                "grant usage on schema {schema} to " + role,
                "grant select on all tables in schema {schema} to " + role,
                "grant usage, select on all sequences in schema {schema} to " + role,
                "revoke select on {schema}.lease from " + role);
        try (Connection other = patient.connect()) {
            PGSimpleDataSource few = new PGSimpleDataSource();
            few.setUrl(other.getMetaData().getURL());
            few.setUser(role);
            few.setPassword("few");
            other.setAutoCommit(false);
            patient.run(other, "select txid_current()");
            Diagnosis diagnosis =
                    patient.checkup(few, hiddenXmin(), InstantSource.system()).examine(Patient.SECOND);
            assertThat(diagnosis.unseen())
                    .anySatisfy(unseen -> assertThat(unseen).contains("grant pg_read_all_stats"))
                    .anySatisfy(
                            unseen -> assertThat(unseen).startsWith("orphans: ").contains("lease"));
            assertThat(diagnosis.findings()).extracting(Finding::ailment).doesNotContain(Ailment.IDLE_IN_TRANSACTION);
        } finally {
            patient.run("drop owned by " + role, "drop role " + role);
        }
    }
}
