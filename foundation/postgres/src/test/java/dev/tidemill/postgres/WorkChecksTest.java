package dev.tidemill.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.tidemill.jobs.Ailment;
import dev.tidemill.jobs.Diagnosis.Finding;
import dev.tidemill.jobs.EnqueueOptions;
import dev.tidemill.jobs.HandMill;
import dev.tidemill.jobs.JobRequest;
import dev.tidemill.jobs.Limit;
import dev.tidemill.jobs.Pause;
import dev.tidemill.jobs.Retry;
import dev.tidemill.jobs.Severity;
import dev.tidemill.jobs.Tidemill;
import dev.tidemill.testkit.FreshMill;
import dev.tidemill.testkit.TestMill;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** What the doctor finds of the work that waits, each provoked for real. */
final class WorkChecksTest {
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
    void jobsThatNobodyCanRunAreFound() {
        mill.tidemill().enqueue(new JobRequest("Fine", "{}"));
        assertThat(patient.one(Ailment.NO_NODE).figures()).containsEntry("ready", 1L);
        try (Tidemill working = Tidemill.on(mill.dataSource())
                .schema(mill.schema())
                .handleJson("Other", (json, run) -> {})
                .start()) {
            working.enqueue(new JobRequest("Other", "{}", EnqueueOptions.queue("elsewhere")));
            assertThat(patient.one(Ailment.KIND_UNHANDLED).figures())
                    .containsEntry("kind", "Fine")
                    .containsEntry("ready", 1L);
            assertThat(patient.one(Ailment.KIND_UNHANDLED).found())
                    .startsWith("1 job of kind Fine waits on queue ")
                    .endsWith(", and the one living node does not handle it.");
            assertThat(patient.one(Ailment.QUEUE_UNWORKED).figures()).containsEntry("queue", "elsewhere");
            assertThat(patient.find(Ailment.NO_NODE)).isEmpty();
        }
    }

    @Test
    void jobsThatNobodyCanRunAreFoundWhereTheyWaitAtALimitOrForAKey() {
        mill.tidemill().limits().put(Limit.ofKind("Fine").rate(1, Duration.ofHours(1)));
        mill.tidemill().pauses().pause(Pause.Scope.KEY, "tenant-7", "ann", "");
        try (Tidemill last = Tidemill.on(mill.dataSource())
                .schema(mill.schema())
                .handleJson("Fine", (json, run) -> {})
                .start()) {
            last.enqueueAll(List.of(
                    new JobRequest("Fine", "{}"),
                    new JobRequest("Fine", "{}"),
                    new JobRequest("Fine", "{}", EnqueueOptions.NONE.key("tenant-7"))));
            await().atMost(Jobs.SOON)
                    .until(() ->
                            new Sql(mill.dataSource(), mill.schema()).number("select count(*) from {schema}.parked")
                                    == 2);
        }
        assertThat(patient.one(Ailment.NO_NODE).figures()).containsEntry("ready", 2L);
        try (Tidemill working = Tidemill.on(mill.dataSource())
                .schema(mill.schema())
                .handleJson("Other", (json, run) -> {})
                .start()) {
            assertThat(working.ready()).isTrue();
            assertThat(patient.one(Ailment.KIND_UNHANDLED).figures())
                    .containsEntry("kind", "Fine")
                    .containsEntry("ready", 2L);
        }
    }

    @Test
    void ofALargeBacklogASampleIsReadAndTheRestIsTakenFromTheDepths() throws SQLException {
        mill.tidemill().enqueue(new JobRequest("Fine", "{}"));
        patient.run(
                "insert into {schema}.kind (name) values ('Rare'), ('Gone')",
                "insert into {schema}.node (name, host, pid, kinds, queues, started, heartbeat)"
                        + " values ('alive', 'here', 1, '{Fine}', '{default}', 0, {schema}.now_micros())",
                "insert into {schema}.rollup (name, at, took, body)"
                        + " select 'depth', {schema}.now_micros(), 1, jsonb_agg(jsonb_build_object('queue', q.id,"
                        + " 'priority', 3, 'kind', k.id, 'ready', case k.name when 'Rare' then 7 else 0 end))"
                        + " from {schema}.kind k cross join {schema}.queue q");
        assertThat(patient.find(Ailment.KIND_UNHANDLED))
                .as("all that waits was read; the depths may be older")
                .isEmpty();

        patient.run("insert into {schema}.ready (start_by, job, kind, queue, priority, attempt, failures)"
                + " select i, -i, k.id, q.id, 2, 1, 0 from generate_series(1, 20000) i cross join {schema}.queue q"
                + " join {schema}.kind k on k.name = 'Fine'");
        Finding rare = patient.one(Ailment.KIND_UNHANDLED);
        assertThat(rare.figures()).containsEntry("kind", "Rare").containsEntry("ready", 7L);
        assertThat(rare.remedy()).doesNotContain("One of them");
    }

    @Test
    void aPauseIsInformation() {
        mill.tidemill().pauses().pause(Pause.Scope.QUEUE, "default", "ann", "new partner");
        Finding paused = patient.one(Ailment.PAUSED);
        assertThat(paused.severity()).isEqualTo(Severity.INFO);
        assertThat(paused.found())
                .startsWith("The queue default has been paused for ")
                .endsWith(" s by ann (new partner).");
        assertThat(paused.remedy()).isEqualTo("./tidemill resume --queue default");
    }

    @Test
    void overdueJobsAndOldDepthsAreFound() throws SQLException {
        mill.tidemill().enqueue(new JobRequest("Fine", "{}"), EnqueueOptions.delay(Duration.ofHours(1)));
        patient.run("update {schema}.scheduled set due = due - 2 * 3600000000");
        patient.run("insert into {schema}.rollup values ('depth', {schema}.now_micros() - 60000000, 1000, '[]')");
        Finding overdue = patient.one(Ailment.SCHEDULED_OVERDUE);
        assertThat(overdue.figures()).containsEntry("jobs", 1L);
        assertThat(Patient.figure(overdue, "oldest_s")).isBetween(3_599L, 3_700L);
        assertThat(patient.one(Ailment.DEPTHS_STALE).severity()).isEqualTo(Severity.INFO);
    }

    @Test
    void deadLettersAreInformationUntilTheyPileUp() throws SQLException {
        try (HandMill hand = Tidemill.on(mill.dataSource())
                .schema(mill.schema())
                .handleJson("Fail", (json, run) -> {
                    throw Retry.never("no use");
                })
                .startByHand()) {
            hand.tidemill().enqueue(new JobRequest("Fail", "{}"));
            hand.runNext();
        }
        Finding one = patient.one(Ailment.DEAD_LETTERS);
        assertThat(one.severity()).isEqualTo(Severity.INFO);
        assertThat(one.found()).contains("1 Fail (GIVEN_UP)");
        patient.run("insert into {schema}.dead_letter select i, {schema}.now_micros(), 1, 1, 2, 1, 'TIMED_OUT', ''"
                + " from generate_series(-200, -1) i");
        assertThat(patient.one(Ailment.DEAD_LETTERS).severity()).isEqualTo(Severity.WARNING);
    }
}
