package dev.tidemill.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.assertj.core.api.Assertions.tuple;
import static org.awaitility.Awaitility.await;

import dev.tidemill.jobs.Ailment;
import dev.tidemill.jobs.AuditLine;
import dev.tidemill.jobs.Diagnosis;
import dev.tidemill.jobs.Diagnosis.Finding;
import dev.tidemill.jobs.Diagnosis.Repair;
import dev.tidemill.jobs.EnqueueOptions;
import dev.tidemill.jobs.HandMill;
import dev.tidemill.jobs.JobRequest;
import dev.tidemill.jobs.JobState;
import dev.tidemill.jobs.Limit;
import dev.tidemill.jobs.Pause;
import dev.tidemill.jobs.Retry;
import dev.tidemill.jobs.Severity;
import dev.tidemill.jobs.Tidemill;
import dev.tidemill.testkit.FreshMill;
import dev.tidemill.testkit.StoreHand;
import dev.tidemill.testkit.TestClock;
import dev.tidemill.testkit.TestMill;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Clock;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Objects;
import java.util.function.UnaryOperator;
import javax.sql.DataSource;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.postgresql.ds.PGSimpleDataSource;

/** What the doctor finds, each provoked for real, and what it says of a database that is well. */
final class CheckupTest {
    private static final Duration SECOND = Duration.ofSeconds(1);

    @RegisterExtension
    private final FreshMill fresh = FreshMill.with(jobs -> jobs.handleJson("Fine", (json, run) -> {}));

    private TestMill mill;

    @BeforeEach
    void take(TestMill given) throws SQLException {
        mill = given;
        // The clock of production; its own test installs another.
        run("drop table {schema}.test_clock", nowMicros());
    }

    private static String nowMicros() {
        String file = Migrations.texts().getFirst();
        int begin = file.indexOf("create function {schema}.now_micros");
        return file.substring(begin, file.indexOf("$$;", begin) + 3)
                .replace("create function", "create or replace function");
    }

    private Connection connect() throws SQLException {
        return mill.dataSource().getConnection();
    }

    private void run(String... statements) throws SQLException {
        try (Connection connection = connect()) {
            run(connection, statements);
        }
    }

    private void run(Connection connection, String... statements) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            for (String sql : statements) {
                statement.execute(Statements.forSchema(sql, mill.schema()));
            }
        }
    }

    private PostgresCheckup checkup(CheckupLimits limits, InstantSource clock) {
        return checkup(mill.dataSource(), limits, clock);
    }

    private PostgresCheckup checkup(DataSource dataSource, CheckupLimits limits, InstantSource clock) {
        Statements statements = new Statements(mill.schema());
        Session names = new Session(dataSource, SECOND);
        Rescuer rescuer = new Rescuer(dataSource, statements, new NameIds(names, statements, "queue"));
        return new PostgresCheckup(dataSource, statements, mill.schema(), rescuer, clock, limits);
    }

    private List<Finding> find(Ailment ailment) {
        return find(ailment, CheckupLimits.STANDARD);
    }

    private List<Finding> find(Ailment ailment, CheckupLimits limits) {
        Diagnosis diagnosis = checkup(limits, InstantSource.system()).examine(SECOND);
        assertThat(diagnosis.unseen()).isEmpty();
        return diagnosis.findings().stream()
                .filter(finding -> finding.ailment() == ailment)
                .toList();
    }

    private static long figure(Finding finding, String name) {
        return (long) Objects.requireNonNull(finding.figures().get(name));
    }

    private Finding one(Ailment ailment) {
        List<Finding> found = find(ailment);
        assertThat(found).hasSize(1);
        return found.getFirst();
    }

    private static UnaryOperator<CheckupLimits> limit(
            long deadTuples, long bloatBytes, long unusedIndexBytes, int partitions) {
        return standard -> new CheckupLimits(
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
    void aFreshDatabaseIsWell() {
        Diagnosis diagnosis = mill.tidemill().diagnose(Duration.ofMinutes(5));

        assertThat(diagnosis.findings()).isEmpty();
        assertThat(diagnosis.unseen()).isEmpty();
        assertThat(diagnosis.isFine()).isTrue();
        assertThat(diagnosis.schema()).isEqualTo(mill.schema());
        assertThat(diagnosis.server()).startsWith("PostgreSQL 1");
    }

    @Test
    void theIndexesLookedForAreReadFromTheMigrations() {
        assertThat(new IndexCheck().expected()).isGreaterThan(18);
    }

    @Test
    void aTransactionThatIdlesIsFoundWithItsSessionAndEndedByItsRemedy() throws SQLException {
        try (Connection idle = connect()) {
            idle.setClientInfo("ApplicationName", "a forgotten console");
            idle.setAutoCommit(false);
            run(idle, "insert into {schema}.kind (name) values ('Held')");
            int pid = Sql.pid(idle);
            await().untilAsserted(() -> assertThat(find(Ailment.IDLE_IN_TRANSACTION))
                    .anySatisfy(found -> {
                        assertThat(found.found())
                                .contains("a forgotten console")
                                .contains("idle in a transaction for");
                        assertThat(found.figures()).containsEntry("pid", (long) pid);
                        assertThat(found.severity()).isEqualTo(Severity.WARNING);
                    }));
            Finding found = find(Ailment.IDLE_IN_TRANSACTION).getFirst();
            assertThat(find(Ailment.HELD_XMIN))
                    .anySatisfy(xmin -> assertThat(xmin.figures()).containsEntry("pid", (long) pid));

            run(found.remedy().substring(0, found.remedy().indexOf(';')));

            await().untilAsserted(
                            () -> assertThat(find(Ailment.IDLE_IN_TRANSACTION)).isEmpty());
        }
    }

    @Test
    void aSnapshotThatIsHeldIsFound() throws SQLException {
        try (Connection reader = connect()) {
            reader.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
            reader.setAutoCommit(false);
            run(reader, "select count(*) from {schema}.ready");
            int pid = Sql.pid(reader);
            run("select txid_current()");
            await().untilAsserted(() -> assertThat(find(Ailment.HELD_XMIN)).anySatisfy(found -> {
                assertThat(found.figures()).containsEntry("pid", (long) pid);
                assertThat(figure(found, "age_transactions")).isPositive();
                assertThat(found.remedy()).contains("pg_terminate_backend(" + pid + ")");
            }));
        }
    }

    @Test
    void deadRowsBloatAndAutovacuumThatIsOffAreFound() throws SQLException {
        run("alter table {schema}.ready set (autovacuum_enabled = off)");
        run(
                "insert into {schema}.ready select i, i, 1, 1, 2, 1, 0 from generate_series(1, 60000) i",
                "delete from {schema}.ready");
        CheckupLimits limits = limit(1_000, 1 << 20, Long.MAX_VALUE, 64).apply(CheckupLimits.STANDARD);
        await().untilAsserted(() -> assertThat(find(Ailment.DEAD_TUPLES, limits))
                .anySatisfy(found -> {
                    assertThat(found.figures()).containsEntry("table", "ready").containsEntry("dead", 60_000L);
                    assertThat(found.remedy()).contains("vacuum (verbose) \"" + mill.schema() + "\".ready");
                }));
        assertThat(find(Ailment.BLOAT, limits))
                .anySatisfy(found ->
                        assertThat(found.found()).contains("Table ready takes ").endsWith("for 0 rows."));
        Finding off = one(Ailment.AUTOVACUUM_OFF);
        run(off.remedy(), "vacuum full {schema}.ready");
        assertThat(find(Ailment.AUTOVACUUM_OFF)).isEmpty();
        await().untilAsserted(
                        () -> assertThat(find(Ailment.DEAD_TUPLES, limits)).isEmpty());
        assertThat(find(Ailment.BLOAT, limits)).isEmpty();
    }

    @Test
    void anIndexAndAPrimaryKeyThatWereDroppedAreFoundAndMadeAgainByTheirRemedies() throws SQLException {
        run("drop index {schema}.scheduled_due", "alter table {schema}.dead_letter drop constraint dead_letter_pkey");
        List<Finding> found = find(Ailment.MISSING_INDEX);
        assertThat(found)
                .extracting(Finding::remedy)
                .containsExactlyInAnyOrder(
                        "create index scheduled_due on \"" + mill.schema() + "\".scheduled (due, job);",
                        "alter table \"" + mill.schema() + "\".dead_letter add primary key (job);");
        for (Finding finding : found) {
            run(finding.remedy());
        }
        assertThat(find(Ailment.MISSING_INDEX)).isEmpty();
    }

    @Test
    void anInvalidAndAnUnusedIndexAreFound() throws SQLException {
        run("create index stray on {schema}.kind (lower(name))");
        assertThat(find(Ailment.UNUSED_INDEX, limit(1, Long.MAX_VALUE, 0, 64).apply(CheckupLimits.STANDARD)))
                .anySatisfy(found -> assertThat(found.remedy())
                        .isEqualTo("drop index concurrently \"" + mill.schema() + "\".stray;"));
        run("insert into {schema}.kind (name) values ('A'), ('a')");
        try (Connection connection = connect()) {
            assertThat(catchThrowable(() ->
                            run(connection, "create unique index concurrently broken on {schema}.kind (lower(name))")))
                    .isInstanceOf(SQLException.class);
        }
        Finding invalid = one(Ailment.INVALID_INDEX);
        assertThat(invalid.figures()).containsEntry("index", "broken");
        run(invalid.remedy().substring(invalid.remedy().lastIndexOf("drop index")));
        assertThat(find(Ailment.INVALID_INDEX)).isEmpty();
    }

    private List<AuditLine> repairs() {
        return mill.tidemill().audit(Long.MAX_VALUE, 10, "repair", null);
    }

    private Finding partitionsOfJobs() {
        return find(Ailment.PARTITIONS_MISSING).stream()
                .filter(found -> "job".equals(found.figures().get("table")))
                .findFirst()
                .orElseThrow();
    }

    @Test
    void partitionsThatRunOutAreFoundAndMade() throws SQLException {
        run("select setval('{schema}.job_block', 29999)");
        Finding nearly = partitionsOfJobs();
        assertThat(nearly.severity()).isEqualTo(Severity.CRITICAL);
        assertThat(nearly.figures()).containsEntry("table", "job").containsEntry("ids_left", 1_000L);
        run("select setval('{schema}.job_block', 25000)");
        assertThat(partitionsOfJobs().severity()).isEqualTo(Severity.WARNING);

        assertThat(mill.tidemill().repair(SECOND))
                .extracting(Repair::done)
                .singleElement()
                .satisfies(done -> assertThat(done).matches("Made \\d+ partitions\\."));
        assertThat(repairs())
                .singleElement()
                .satisfies(
                        line -> assertThat(line.target() + " " + line.detail()).matches("PARTITIONS \\d+ made"));
        assertThat(find(Ailment.PARTITIONS_MISSING)).isEmpty();
    }

    @Test
    void moreThanAFewPartitionsAreFound() {
        assertThat(find(
                        Ailment.PARTITIONS_MANY,
                        limit(1, Long.MAX_VALUE, Long.MAX_VALUE, 2).apply(CheckupLimits.STANDARD)))
                .extracting(finding -> finding.figures().get("table"))
                .containsExactly("attempt", "cancelled", "job", "tag");
    }

    @Test
    void clocksThatDifferAreFound() {
        Diagnosis diagnosis = checkup(CheckupLimits.STANDARD, Clock.offset(Clock.systemUTC(), Duration.ofMinutes(-3)))
                .examine(SECOND);
        assertThat(diagnosis.findings()).anySatisfy(found -> {
            assertThat(found.ailment()).isEqualTo(Ailment.CLOCK_SKEW);
            assertThat(found.found()).contains("behind the database's");
            assertThat(figure(found, "skew_ms")).isBetween(-181_000L, -179_000L);
        });
    }

    @Test
    void aTestsClockIsFound() {
        TestClock.install(mill.dataSource(), mill.schema()).advance(Duration.ofHours(1));
        assertThat(one(Ailment.TEST_CLOCK).severity()).isEqualTo(Severity.CRITICAL);
    }

    @Test
    void aSilentNodeAnEpochThatDoesNotCloseAndOrphansAreFoundAndMended() throws SQLException {
        try (StoreHand hand = new StoreHand(new PostgresJobStore(mill.dataSource(), mill.schema()))) {
            var place = hand.join();
            long id = hand.add(hand.job());
            hand.claimOne(place);
            run("update {schema}.node set heartbeat = heartbeat - 6 * 60000000 where epoch = " + place.epoch());
            Finding silent = find(Ailment.NODE_SILENT).getFirst();
            assertThat(silent.severity()).isEqualTo(Severity.CRITICAL);
            assertThat(silent.figures()).containsEntry("leases", 1L).containsEntry("silent_s", 360L);

            run("insert into {schema}.closing (epoch, since) values (" + place.epoch()
                    + ", {schema}.now_micros() - 60000000)");
            assertThat(one(Ailment.EPOCH_CLOSING).figures()).containsEntry("closing_s", 60L);
            assertThat(find(Ailment.NODE_SILENT)).isEmpty();

            assertThat(mill.tidemill().repair(SECOND, "ada"))
                    .extracting(Repair::ailment)
                    .containsExactly(Ailment.EPOCH_CLOSING);
            assertThat(repairs())
                    .extracting(AuditLine::by, AuditLine::detail)
                    .containsExactly(tuple("ada", "epoch " + place.epoch() + ", EPOCH_CLOSING"));
            assertThat(find(Ailment.EPOCH_CLOSING)).isEmpty();
            assertThat(StoreHand.ids(hand.claim(hand.join(), 5))).containsExactly(id);
        }
    }

    @Test
    void aNodeThatIsSilentForMinutesIsClosedByTheRepair() throws SQLException {
        try (StoreHand hand = new StoreHand(new PostgresJobStore(mill.dataSource(), mill.schema()))) {
            var place = hand.join();
            long id = hand.add(hand.job());
            hand.claimOne(place);
            run("update {schema}.node set heartbeat = heartbeat - 4 * 60000000 where epoch = " + place.epoch());
            assertThat(mill.tidemill().repair(SECOND)).isEmpty();
            run("update {schema}.node set heartbeat = heartbeat - 2 * 60000000 where epoch = " + place.epoch());
            assertThat(mill.tidemill().repair(SECOND))
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
            run(
                    "delete from {schema}.fence where epoch = " + place.epoch(),
                    "update {schema}.node set ended = {schema}.now_micros() where epoch = " + place.epoch());
            assertThat(one(Ailment.ORPHANED_LEASES).figures())
                    .containsEntry("leases", 1L)
                    .containsEntry("jobs", 3L);

            assertThat(mill.tidemill().repair(SECOND))
                    .extracting(Repair::ailment)
                    .containsExactly(Ailment.ORPHANED_LEASES);
            assertThat(repairs())
                    .extracting(AuditLine::target, AuditLine::detail)
                    .containsExactly(tuple("NODE node-0", "epoch " + place.epoch() + ", ORPHANED_LEASES"));

            assertThat(find(Ailment.ORPHANED_LEASES)).isEmpty();
            assertThat(hand.state(claimed.getFirst().id())).isEqualTo(JobState.SUCCEEDED);
            assertThat(ids).filteredOn(id -> hand.state(id) == JobState.READY).hasSize(2);
        }
    }

    @Test
    void jobsThatNobodyCanRunAreFound() {
        mill.tidemill().enqueue(new JobRequest("Fine", "{}"));
        assertThat(one(Ailment.NO_NODE).figures()).containsEntry("ready", 1L);
        try (Tidemill working = Tidemill.on(mill.dataSource())
                .schema(mill.schema())
                .handleJson("Other", (json, run) -> {})
                .start()) {
            working.enqueue(new JobRequest("Other", "{}", EnqueueOptions.queue("elsewhere")));
            assertThat(one(Ailment.KIND_UNHANDLED).figures())
                    .containsEntry("kind", "Fine")
                    .containsEntry("ready", 1L);
            assertThat(one(Ailment.KIND_UNHANDLED).found())
                    .startsWith("1 job of kind Fine waits on queue ")
                    .endsWith(", and the one living node does not handle it.");
            assertThat(one(Ailment.QUEUE_UNWORKED).figures()).containsEntry("queue", "elsewhere");
            assertThat(find(Ailment.NO_NODE)).isEmpty();
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
        assertThat(one(Ailment.NO_NODE).figures()).containsEntry("ready", 2L);
        try (Tidemill working = Tidemill.on(mill.dataSource())
                .schema(mill.schema())
                .handleJson("Other", (json, run) -> {})
                .start()) {
            assertThat(working.ready()).isTrue();
            assertThat(one(Ailment.KIND_UNHANDLED).figures())
                    .containsEntry("kind", "Fine")
                    .containsEntry("ready", 2L);
        }
    }

    @Test
    void ofALargeBacklogASampleIsReadAndTheRestIsTakenFromTheDepths() throws SQLException {
        mill.tidemill().enqueue(new JobRequest("Fine", "{}"));
        run(
                "insert into {schema}.kind (name) values ('Rare'), ('Gone')",
                "insert into {schema}.node (name, host, pid, kinds, queues, started, heartbeat)"
                        + " values ('alive', 'here', 1, '{Fine}', '{default}', 0, {schema}.now_micros())",
                "insert into {schema}.rollup (name, at, took, body)"
                        + " select 'depth', {schema}.now_micros(), 1, jsonb_agg(jsonb_build_object('queue', q.id,"
                        + " 'priority', 3, 'kind', k.id, 'ready', case k.name when 'Rare' then 7 else 0 end))"
                        + " from {schema}.kind k cross join {schema}.queue q");
        assertThat(find(Ailment.KIND_UNHANDLED))
                .as("all that waits was read; the depths may be older")
                .isEmpty();

        run("insert into {schema}.ready (start_by, job, kind, queue, priority, attempt, failures)"
                + " select i, -i, k.id, q.id, 2, 1, 0 from generate_series(1, 20000) i cross join {schema}.queue q"
                + " join {schema}.kind k on k.name = 'Fine'");
        Finding rare = one(Ailment.KIND_UNHANDLED);
        assertThat(rare.figures()).containsEntry("kind", "Rare").containsEntry("ready", 7L);
        assertThat(rare.remedy()).doesNotContain("One of them");
    }

    @Test
    void aPauseIsInformation() {
        mill.tidemill().pauses().pause(Pause.Scope.QUEUE, "default", "ann", "new partner");
        Finding paused = one(Ailment.PAUSED);
        assertThat(paused.severity()).isEqualTo(Severity.INFO);
        assertThat(paused.found())
                .startsWith("The queue default has been paused for ")
                .endsWith(" s by ann (new partner).");
        assertThat(paused.remedy()).isEqualTo("./tidemill resume --queue default");
    }

    @Test
    void overdueJobsAndOldDepthsAreFound() throws SQLException {
        mill.tidemill().enqueue(new JobRequest("Fine", "{}"), EnqueueOptions.delay(Duration.ofHours(1)));
        run("update {schema}.scheduled set due = due - 2 * 3600000000");
        run("insert into {schema}.rollup values ('depth', {schema}.now_micros() - 60000000, 1000, '[]')");
        Finding overdue = one(Ailment.SCHEDULED_OVERDUE);
        assertThat(overdue.figures()).containsEntry("jobs", 1L);
        assertThat(figure(overdue, "oldest_s")).isBetween(3_599L, 3_700L);
        assertThat(one(Ailment.DEPTHS_STALE).severity()).isEqualTo(Severity.INFO);
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
        Finding one = one(Ailment.DEAD_LETTERS);
        assertThat(one.severity()).isEqualTo(Severity.INFO);
        assertThat(one.found()).contains("1 Fail (GIVEN_UP)");
        run("insert into {schema}.dead_letter select i, {schema}.now_micros(), 1, 1, 2, 1, 'TIMED_OUT', ''"
                + " from generate_series(-200, -1) i");
        assertThat(one(Ailment.DEAD_LETTERS).severity()).isEqualTo(Severity.WARNING);
    }

    @Test
    void aUserWithFewRightsIsToldWhatItCouldNotSee() throws SQLException {
        String role = "few_" + mill.schema();
        run(
                "create role " + role + " login password 'few'",
                "grant usage on schema {schema} to " + role,
                "grant select on all tables in schema {schema} to " + role,
                "grant usage, select on all sequences in schema {schema} to " + role,
                "revoke select on {schema}.lease from " + role);
        try (Connection other = connect()) {
            PGSimpleDataSource few = new PGSimpleDataSource();
            few.setUrl(other.getMetaData().getURL());
            few.setUser(role);
            few.setPassword("few");
            other.setAutoCommit(false);
            run(other, "select txid_current()");
            Diagnosis diagnosis =
                    checkup(few, hiddenXmin(), InstantSource.system()).examine(SECOND);
            assertThat(diagnosis.unseen())
                    .anySatisfy(unseen -> assertThat(unseen).contains("grant pg_read_all_stats"))
                    .anySatisfy(
                            unseen -> assertThat(unseen).startsWith("orphans: ").contains("lease"));
            assertThat(diagnosis.findings()).extracting(Finding::ailment).doesNotContain(Ailment.IDLE_IN_TRANSACTION);
        } finally {
            run("drop owned by " + role, "drop role " + role);
        }
    }
}
