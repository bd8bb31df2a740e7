package dev.tidemill.storefront;

import static java.time.Duration.ofMillis;
import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import dev.tidemill.jobs.Backoff;
import dev.tidemill.rules.Rule.Cause;
import dev.tidemill.rules.Rule.Sweep;
import dev.tidemill.storefront.processes.Processes;
import dev.tidemill.storefront.shop.Migrations;
import dev.tidemill.storefront.shop.SpokenCodes;
import dev.tidemill.storefront.shop.Sql;
import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.TestDatabase;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * The five processes while eight programs write the tables and the shop's processes are killed: in the end everything is
 * as if it were worked out from scratch, and each reward was given once.
 */
@ExtendWith(FreshSchema.class)
@Timeout(300)
class ProcessesCrashTest {
    private static final Duration LENGTH = ofSeconds(14);
    private static final int CUSTOMERS = 60;

    private final TestDatabase server;
    private final TestMailServer mail = TestMailServer.start();
    private final List<ShopProcess> shops = new ArrayList<>();
    private final HikariDataSource pool;

    ProcessesCrashTest(TestDatabase server) throws SQLException {
        this.server = server;
        execute(server.dataSource().getConnection(), "CREATE DATABASE " + server.schema());
        HikariConfig config = new HikariConfig();
        config.setJdbcUrl(url());
        config.setUsername(server.user());
        config.setPassword(server.password());
        config.setMaximumPoolSize(40);
        config.setMinimumIdle(0);
        this.pool = new HikariDataSource(config);
        Migrations.SHOP.apply(pool);
    }

    private String url() {
        return server.jdbcUrl().replaceFirst("/[^/]*$", "/" + server.schema());
    }

    private static void execute(Connection opened, String... statements) throws SQLException {
        try (Connection connection = opened;
                Statement statement = connection.createStatement()) {
            for (String sql : statements) {
                statement.execute(sql);
            }
        }
    }

    @AfterEach
    void close() throws SQLException {
        shops.forEach(ShopProcess::close);
        mail.close();
        pool.close();
        execute(server.dataSource().getConnection(), "DROP DATABASE " + server.schema() + " WITH (FORCE)");
    }

    private void startProcess() throws Exception {
        shops.add(ShopProcess.start(url(), server.user(), server.password(), mail.port()));
    }

    private long count(String sql) {
        try (Connection connection = pool.getConnection()) {
            return Sql.on(connection, sql).first(row -> row.getLong(1)).orElseThrow();
        } catch (SQLException failed) {
            throw new IllegalStateException(failed);
        }
    }

    private void awaitRest() {
        await().atMost(ofSeconds(90)).pollInterval(ofMillis(100)).untilAsserted(() -> {
            assertThat(count("SELECT count(*) FROM tidemill.rule_change")).isZero();
            assertThat(count("SELECT count(*) FROM tidemill.rule_held")).isZero();
            assertThat(count("SELECT count(*) FROM tidemill.rule_parked")).isZero();
            assertThat(count("""
                            SELECT count(*) FROM shop.subscription s JOIN shop.customer c ON c.id = s.customer_id
                             WHERE s.billing_id IS DISTINCT FROM c.billing_id""")).as("jobs that go through the rest").isZero();
        });
    }

    private void check() throws SQLException {
        try (Connection connection = pool.getConnection()) {
            byte[] key = Sql.on(connection, "SELECT value FROM shop.referral_key")
                    .first(row -> row.getBytes(1))
                    .orElseThrow();
            Recomputed.read(pool).check(new SpokenCodes(key));
        }
    }

    @Test
    void whateverIsKilledTheEndIsAsWorkedOutFromScratch() throws Exception {
        startProcess();
        startProcess();
        Crowd crowd = new Crowd(pool, CUSTOMERS, LENGTH);
        List<Thread> writers = crowd.start();
        int kills = 0;
        // On a slow machine the last of them die with what the writers left.
        while (kills < 3 || writers.stream().anyMatch(Thread::isAlive)) {
            ShopProcess oldest = shops.removeFirst();
            provokeDeadlock(crowd);
            oldest.kill();
            kills++;
            startProcess();
        }
        for (Thread writer : writers) {
            writer.join();
        }

        assertThat(crowd.written()).isGreaterThan(200);
        assertThat(crowd.deadlocks()).as("of %s", crowd.failures()).isPositive();
        assertThat(crowd.failures().keySet())
                .as("nothing that rules do fails a program's transaction")
                .containsOnly("40P01");
        awaitRest();
        check();
        assertThat(count("SELECT count(*) FROM shop.reward")).isGreaterThan(20);
    }

    /** Two transactions of the application that wait for each other; the server ends one of them. */
    private void provokeDeadlock(Crowd crowd) throws InterruptedException, ExecutionException {
        List<Long> rows = new ArrayList<>();
        crowd.transaction(
                connection ->
                        rows.addAll(Sql.on(connection, "SELECT id FROM shop.subscription ORDER BY id DESC LIMIT 2")
                                .list(row -> row.getLong(1))),
                true);
        CompletableFuture<Boolean> first = new CompletableFuture<>();
        CompletableFuture<Boolean> second = new CompletableFuture<>();
        Thread other = Thread.ofVirtual().start(() -> cross(crowd, rows.getLast(), rows.getFirst(), second, first));
        cross(crowd, rows.getFirst(), rows.getLast(), first, second);
        other.join();
    }

    private static void cross(
            Crowd crowd, long one, long other, CompletableFuture<Boolean> mine, CompletableFuture<Boolean> theirs) {
        crowd.transaction(
                connection -> {
                    String sql = "UPDATE shop.subscription SET status = 'Unpaid' WHERE id = ?";
                    try {
                        Sql.on(connection, sql, one).update();
                    } finally {
                        mine.complete(true);
                    }
                    theirs.join();
                    Sql.on(connection, sql, other).update();
                },
                false);
    }

    @Test
    void whatNoTriggerSawIsFoundBySweeps() throws Exception {
        Crowd crowd = new Crowd(pool, CUSTOMERS, ofSeconds(1));
        try (Storefront shop = Storefront.builder(pool, SmtpSettings.plain("127.0.0.1", mail.port()))
                .mailBackoff(Backoff.fixed(ofMillis(200)))
                .start()) {
            for (Thread writer : crowd.start()) {
                writer.join();
            }
            awaitRest();

            execute(
                    pool.getConnection(),
                    "SET session_replication_role = replica",
                    "UPDATE shop.subscription SET status = 'Cancelled' WHERE id % 3 = 0",
                    "RESET session_replication_role");
            awaitRest();
            assertThat(count("SELECT count(*) FROM shop.subscription WHERE status = 'Cancelled'"))
                    .as("a replica's writes are noticed too")
                    .isZero();
            Unseen.write(
                    pool,
                    "UPDATE shop.subscription SET status = 'on hold', billing_id = 'cus_lost' WHERE id % 2 = 0",
                    "UPDATE shop.customer SET subscription_status = 'past_due' WHERE number % 5 = 0",
                    """
                    INSERT INTO shop.customer (name, email, referred_by)
                    SELECT 'Unseen', 'unseen-' || number || '@example.com', id FROM shop.customer""",
                    """
                    INSERT INTO shop.purchase (customer_id, total_cents)
                    SELECT id, 7000 FROM shop.customer WHERE name = 'Unseen'""");
            assertThat(count("SELECT count(*) FROM tidemill.rule_change")).isZero();
            Map<Cause, Long> causes = new EnumMap<>(Cause.class);
            for (String rule : List.of(Processes.STATUS, Processes.CUSTOMER_ID, Processes.CODE, Processes.REWARD)) {
                Sweep sweep = shop.rules().orElseThrow().rule(rule).sweep();
                assertThat(sweep.found()).as("found by the sweep of %s", rule).isPositive();
                assertThat(sweep.repaired()).isEqualTo(sweep.found());
                sweep.byCause().forEach((cause, count) -> causes.merge(cause, count, Long::sum));
                assertThat(shop.rules().orElseThrow().rule(rule).sweep().found())
                        .as("left by the sweep of %s", rule)
                        .isZero();
            }
            assertThat(causes).containsKey(Cause.MISSED_CAPTURE);
            awaitRest();
            check();
        }
    }
}
