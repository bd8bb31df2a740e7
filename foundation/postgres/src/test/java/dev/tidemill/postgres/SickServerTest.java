package dev.tidemill.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import dev.tidemill.embedded.EmbeddedPostgres;
import dev.tidemill.jobs.Ailment;
import dev.tidemill.jobs.Diagnosis;
import dev.tidemill.jobs.Diagnosis.Finding;
import dev.tidemill.jobs.HandMill;
import dev.tidemill.jobs.Severity;
import dev.tidemill.jobs.Tidemill;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.postgresql.ds.PGSimpleDataSource;

/** What only a server of its own can be made to suffer from: its settings, slots, prepared transactions, notifications. */
final class SickServerTest {
    private static final Duration SECOND = Duration.ofSeconds(1);
    private static final CheckupLimits LIMITS = new CheckupLimits(
            Long.MAX_VALUE, Long.MAX_VALUE, Long.MAX_VALUE, 1, 0.000_01, 64, SECOND, 100, Long.MAX_VALUE);

    private static EmbeddedPostgres postgres;
    private static PGSimpleDataSource source;
    private static HandMill hand;

    @BeforeAll
    static void start() {
        postgres = EmbeddedPostgres.builder()
                .setting("max_prepared_transactions", "5")
                .setting("wal_level", "logical")
                .setting("fsync", "off")
                .setting("full_page_writes", "off")
                .setting("synchronous_commit", "off")
                .setting("autovacuum", "off")
                .start();
        source = new PGSimpleDataSource();
        source.setUrl(postgres.jdbcUrlWithPassword());
        hand = Tidemill.on(source).startByHand();
    }

    @AfterAll
    static void stop() {
        hand.close();
        postgres.close();
    }

    private static List<Finding> find(Ailment ailment) {
        Statements statements = new Statements("tidemill");
        Rescuer rescuer =
                new Rescuer(source, statements, new NameIds(new Session(source, SECOND), statements, "queue"));
        Diagnosis diagnosis = new PostgresCheckup(
                        source, statements, "tidemill", rescuer, InstantSource.system(), LIMITS)
                .examine(SECOND);
        assertThat(diagnosis.unseen()).isEmpty();
        return diagnosis.findings().stream()
                .filter(finding -> finding.ailment() == ailment)
                .toList();
    }

    private static void run(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    @Test
    void settingsThatLoseDataOrStopVacuumAreFound() {
        assertThat(find(Ailment.UNSAFE_SETTING))
                .extracting(finding -> finding.figures().get("setting"), Finding::severity)
                .containsExactlyInAnyOrder(
                        tuple("fsync", Severity.CRITICAL),
                        tuple("full_page_writes", Severity.CRITICAL),
                        tuple("synchronous_commit", Severity.INFO));
        assertThat(find(Ailment.AUTOVACUUM_OFF)).hasSize(1);
        assertThat(hand.tidemill().diagnose().isFine()).isFalse();
    }

    @Test
    void aPreparedTransactionIsFoundAndEndedByItsRemedy() throws SQLException {
        try (Connection connection = source.getConnection()) {
            connection.setAutoCommit(false);
            run(connection, "insert into tidemill.kind (name) values ('Prepared')");
            run(connection, "prepare transaction 'it''s forgotten'");
            connection.setAutoCommit(true);
            Awaitility.await()
                    .atMost(Jobs.SOON)
                    .untilAsserted(
                            () -> assertThat(find(Ailment.PREPARED_TRANSACTION)).hasSize(1));
            Finding found = find(Ailment.PREPARED_TRANSACTION).getFirst();
            assertThat(found.figures()).containsEntry("gid", "it's forgotten");

            run(connection, found.remedy().substring(0, found.remedy().indexOf(';')));

            assertThat(find(Ailment.PREPARED_TRANSACTION)).isEmpty();
        }
    }

    @Test
    void aSlotThatNobodyReadsIsFoundAndDroppedByItsRemedy() throws SQLException {
        try (Connection connection = source.getConnection()) {
            run(connection, "select pg_create_logical_replication_slot('left_behind', 'test_decoding')");
            run(connection, "create table left_behind (id integer)");
            Finding found = find(Ailment.REPLICATION_SLOT).getFirst();
            assertThat(found.figures()).containsEntry("slot", "left_behind").containsEntry("type", "logical");

            run(connection, found.remedy().substring(found.remedy().indexOf("select pg_drop")));

            assertThat(find(Ailment.REPLICATION_SLOT)).isEmpty();
        }
    }

    @Test
    void aListenerThatHoldsNotificationsBackIsFound() throws SQLException {
        try (Connection listener = source.getConnection();
                Connection connection = source.getConnection()) {
            listener.setAutoCommit(true);
            run(listener, "listen anything");
            listener.setAutoCommit(false);
            run(listener, "select 1");
            try (PreparedStatement notify = connection.prepareStatement(
                    "select pg_notify('anything', repeat('x', 7000) || i) from" + " generate_series(1, 2000) i")) {
                notify.execute();
            }
            assertThat(find(Ailment.NOTIFY_QUEUE)).hasSize(1);
            listener.rollback();
        }
    }
}
