package dev.tidemill.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import dev.tidemill.jobs.Ailment;
import dev.tidemill.jobs.AuditLine;
import dev.tidemill.jobs.Diagnosis.Finding;
import dev.tidemill.jobs.Diagnosis.Repair;
import dev.tidemill.jobs.JobState;
import dev.tidemill.jobs.Severity;
import dev.tidemill.testkit.FreshMill;
import dev.tidemill.testkit.StoreHand;
import dev.tidemill.testkit.TestMill;
import java.sql.SQLException;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** What the doctor finds and mends itself, with a line in the audit trail. */
final class RepairTest {
    @RegisterExtension
    private final FreshMill fresh = FreshMill.with(jobs -> jobs.handleJson("Fine", (json, run) -> {}));

    private TestMill mill;
    private Patient patient;

    @BeforeEach
    void take(TestMill given) throws SQLException {
        mill = given;
        patient = new Patient(given);
    }

    private List<AuditLine> repairs() {
        return mill.tidemill().audit(Long.MAX_VALUE, 10, "repair", null);
    }

    private Finding partitionsOfJobs() {
        return patient.find(Ailment.PARTITIONS_MISSING).stream()
                .filter(found -> "job".equals(found.figures().get("table")))
                .findFirst()
                .orElseThrow();
    }

    @Test
    void partitionsThatRunOutAreFoundAndMade() throws SQLException {
        patient.run("select setval('{schema}.job_block', 29999)");
        Finding nearly = partitionsOfJobs();
        assertThat(nearly.severity()).isEqualTo(Severity.CRITICAL);
        assertThat(nearly.figures()).containsEntry("table", "job").containsEntry("ids_left", 1_000L);
        patient.run("select setval('{schema}.job_block', 25000)");
        assertThat(partitionsOfJobs().severity()).isEqualTo(Severity.WARNING);

        assertThat(mill.tidemill().repair(Patient.SECOND))
                .extracting(Repair::done)
                .singleElement()
                .satisfies(done -> assertThat(done).matches("Made \\d+ partitions\\."));
        assertThat(repairs())
                .singleElement()
                .satisfies(
                        line -> assertThat(line.target() + " " + line.detail()).matches("PARTITIONS \\d+ made"));
        assertThat(patient.find(Ailment.PARTITIONS_MISSING)).isEmpty();
    }

    @Test
    void aSilentNodeAnEpochThatDoesNotCloseAndOrphansAreFoundAndMended() throws SQLException {
        try (StoreHand hand = new StoreHand(new PostgresJobStore(mill.dataSource(), mill.schema()))) {
            var place = hand.join();
            long id = hand.add(hand.job());
            hand.claimOne(place);
            patient.run("update {schema}.node set heartbeat = heartbeat - 6 * 60000000 where epoch = " + place.epoch());
            Finding silent = patient.find(Ailment.NODE_SILENT).getFirst();
            assertThat(silent.severity()).isEqualTo(Severity.CRITICAL);
            assertThat(silent.figures()).containsEntry("leases", 1L).containsEntry("silent_s", 360L);

            patient.run("insert into {schema}.closing (epoch, since) values (" + place.epoch()
                    + ", {schema}.now_micros() - 60000000)");
            assertThat(patient.one(Ailment.EPOCH_CLOSING).figures()).containsEntry("closing_s", 60L);
            assertThat(patient.find(Ailment.NODE_SILENT)).isEmpty();

            assertThat(mill.tidemill().repair(Patient.SECOND, "ada"))
                    .extracting(Repair::ailment)
                    .containsExactly(Ailment.EPOCH_CLOSING);
            assertThat(repairs())
                    .extracting(AuditLine::by, AuditLine::detail)
                    .containsExactly(tuple("ada", "epoch " + place.epoch() + ", EPOCH_CLOSING"));
            assertThat(patient.find(Ailment.EPOCH_CLOSING)).isEmpty();
            assertThat(StoreHand.ids(hand.claim(hand.join(), 5))).containsExactly(id);
        }
    }

    @Test
    void aNodeThatIsSilentForMinutesIsClosedByTheRepair() throws SQLException {
        try (StoreHand hand = new StoreHand(new PostgresJobStore(mill.dataSource(), mill.schema()))) {
            var place = hand.join();
            long id = hand.add(hand.job());
            hand.claimOne(place);
            patient.run("update {schema}.node set heartbeat = heartbeat - 4 * 60000000 where epoch = " + place.epoch());
            assertThat(mill.tidemill().repair(Patient.SECOND)).isEmpty();
            patient.run("update {schema}.node set heartbeat = heartbeat - 2 * 60000000 where epoch = " + place.epoch());
            assertThat(mill.tidemill().repair(Patient.SECOND))
                    .extracting(Repair::ailment)
                    .containsExactly(Ailment.NODE_SILENT);
            assertThat(repairs())
                    .extracting(AuditLine::by, AuditLine::detail)
                    .containsExactly(tuple("application", "epoch " + place.epoch() + ", NODE_SILENT"));
            assertThat(hand.state(id)).isEqualTo(JobState.READY);
        }
    }

    @Test
    void leasesOfAnEndedEpochAreFoundAndReturned() throws SQLException {
        try (StoreHand hand = new StoreHand(new PostgresJobStore(mill.dataSource(), mill.schema()))) {
            var place = hand.join();
            List<Long> ids = hand.add(3, hand.job());
            var claimed = hand.claim(place, 3);
            place.finish(List.of(StoreHand.success(claimed.getFirst())), List.of(), List.of());
            patient.run(
                    "delete from {schema}.fence where epoch = " + place.epoch(),
                    "update {schema}.node set ended = {schema}.now_micros() where epoch = " + place.epoch());
            assertThat(patient.one(Ailment.ORPHANED_LEASES).figures())
                    .containsEntry("leases", 1L)
                    .containsEntry("jobs", 3L);

            assertThat(mill.tidemill().repair(Patient.SECOND))
                    .extracting(Repair::ailment)
                    .containsExactly(Ailment.ORPHANED_LEASES);
            assertThat(repairs())
                    .extracting(AuditLine::target, AuditLine::detail)
                    .containsExactly(tuple("NODE node-0", "epoch " + place.epoch() + ", ORPHANED_LEASES"));

            assertThat(patient.find(Ailment.ORPHANED_LEASES)).isEmpty();
            assertThat(hand.state(claimed.getFirst().id())).isEqualTo(JobState.SUCCEEDED);
            assertThat(ids).filteredOn(id -> hand.state(id) == JobState.READY).hasSize(2);
        }
    }
}
