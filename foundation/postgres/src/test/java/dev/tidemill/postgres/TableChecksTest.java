package dev.tidemill.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.awaitility.Awaitility.await;

import dev.tidemill.jobs.Ailment;
import dev.tidemill.jobs.Diagnosis.Finding;
import dev.tidemill.testkit.FreshMill;
import dev.tidemill.testkit.TestMill;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** What the doctor finds of tables, their indexes and partitions, each provoked for real. */
final class TableChecksTest {
    @RegisterExtension
    private final FreshMill fresh = FreshMill.with(jobs -> jobs.handleJson("Fine", (json, run) -> {}));

    private TestMill mill;
    private Patient patient;

    @BeforeEach
    void take(TestMill given) throws SQLException {
        mill = given;
        patient = new Patient(given);
    }

    private static CheckupLimits limits(long deadTuples, long bloatBytes, long unusedIndexBytes, int partitions) {
        CheckupLimits standard = CheckupLimits.STANDARD;
        return new CheckupLimits(
                deadTuples,
                bloatBytes,
                unusedIndexBytes,
                standard.retainedWalBytes(),
                standard.notifyUsage(),
                partitions,
                standard.clockSkew(),
                standard.deadLettersInAnHour(),
                standard.hiddenXminAge());
    }

    @Test
    void deadRowsBloatAndAutovacuumThatIsOffAreFound() throws SQLException {
        patient.run("alter table {schema}.ready set (autovacuum_enabled = off)");
        patient.run(
                "insert into {schema}.ready select i, i, 1, 1, 2, 1, 0 from generate_series(1, 60000) i",
                "delete from {schema}.ready");
        CheckupLimits limits = limits(1_000, 1 << 20, Long.MAX_VALUE, 64);
        await().atMost(Jobs.SOON)
                .untilAsserted(() -> assertThat(patient.find(Ailment.DEAD_TUPLES, limits))
                        .anySatisfy(found -> {
                            assertThat(found.figures())
                                    .containsEntry("table", "ready")
                                    .containsEntry("dead", 60_000L);
                            assertThat(found.remedy()).contains("vacuum (verbose) \"" + mill.schema() + "\".ready");
                        }));
        assertThat(patient.find(Ailment.BLOAT, limits))
                .anySatisfy(found ->
                        assertThat(found.found()).contains("Table ready takes ").endsWith("for 0 rows."));
        Finding off = patient.one(Ailment.AUTOVACUUM_OFF);
        patient.run(off.remedy(), "vacuum full {schema}.ready");
        assertThat(patient.find(Ailment.AUTOVACUUM_OFF)).isEmpty();
        await().atMost(Jobs.SOON)
                .untilAsserted(() ->
                        assertThat(patient.find(Ailment.DEAD_TUPLES, limits)).isEmpty());
        assertThat(patient.find(Ailment.BLOAT, limits)).isEmpty();
    }

    @Test
    void theIndexesLookedForAreReadFromTheMigrations() {
        assertThat(new IndexCheck().expected()).isGreaterThan(18);
    }

    @Test
    void anIndexAndAPrimaryKeyThatWereDroppedAreFoundAndMadeAgainByTheirRemedies() throws SQLException {
        patient.run(
                "drop index {schema}.scheduled_due",
                "alter table {schema}.dead_letter drop constraint dead_letter_pkey");
        List<Finding> found = patient.find(Ailment.MISSING_INDEX);
        assertThat(found)
                .extracting(Finding::remedy)
                .containsExactlyInAnyOrder(
                        "create index scheduled_due on \"" + mill.schema() + "\".scheduled (due, job);",
                        "alter table \"" + mill.schema() + "\".dead_letter add primary key (job);");
        for (Finding finding : found) {
            patient.run(finding.remedy());
        }
        assertThat(patient.find(Ailment.MISSING_INDEX)).isEmpty();
    }

    @Test
    void anInvalidAndAnUnusedIndexAreFound() throws SQLException {
        patient.run("create index stray on {schema}.kind (lower(name))");
        assertThat(patient.find(Ailment.UNUSED_INDEX, limits(1, Long.MAX_VALUE, 0, 64)))
                .anySatisfy(found -> assertThat(found.remedy())
                        .isEqualTo("drop index concurrently \"" + mill.schema() + "\".stray;"));
        patient.run("insert into {schema}.kind (name) values ('A'), ('a')");
        try (Connection connection = patient.connect()) {
            assertThat(catchThrowable(() -> patient.run(
                            connection, "create unique index concurrently broken on {schema}.kind (lower(name))")))
                    .isInstanceOf(SQLException.class);
        }
        Finding invalid = patient.one(Ailment.INVALID_INDEX);
        assertThat(invalid.figures()).containsEntry("index", "broken");
        patient.run(invalid.remedy().substring(invalid.remedy().lastIndexOf("drop index")));
        assertThat(patient.find(Ailment.INVALID_INDEX)).isEmpty();
    }

    @Test
    void moreThanAFewPartitionsAreFound() {
        assertThat(patient.find(Ailment.PARTITIONS_MANY, limits(1, Long.MAX_VALUE, Long.MAX_VALUE, 2)))
                .extracting(finding -> finding.figures().get("table"))
                .containsExactly("attempt", "cancelled", "job", "tag");
    }
}
