package dev.tidemill.cache;

import static java.time.Duration.ofMinutes;
import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.PgBouncer;
import dev.tidemill.testkit.TestDatabase;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Two nodes behind PgBouncer in transaction mode, where every statement may be another session's. */
@Tag("pgbouncer")
@ExtendWith(FreshSchema.class)
final class BehindAPoolerTest {
    /** Sessions on the server, which all clients share. */
    private static final int SESSIONS = 6;

    private static final AtomicInteger NAMES = new AtomicInteger();
    private static PgBouncer pooler;

    private final String name = "pooled" + NAMES.incrementAndGet();
    private final Site site;
    private final String schema;
    private final AtomicInteger loads = new AtomicInteger();
    private final List<Caches> open = new ArrayList<>();

    BehindAPoolerTest(TestDatabase database) {
        this.site = new Site(database);
        this.schema = database.schema();
    }

    @BeforeAll
    static void start(TestDatabase database) throws Exception {
        pooler = PgBouncer.start(database, SESSIONS);
        Site site = new Site(database);
        Caches.on(pooler.dataSource()).schema(database.schema()).open().close();
        site.makeThings();
    }

    @AfterAll
    static void stop() throws Exception {
        pooler.close();
    }

    @BeforeEach
    void empty() throws Exception {
        site.run("delete from {schema}.thing");
    }

    @AfterEach
    void close() {
        open.forEach(Caches::close);
    }

    /** One that waits for what is shared, and for its origin, as long as a busy machine may take. */
    private Cache<String, Long> node() {
        Caches caches = Caches.on(pooler.dataSource())
                .schema(schema)
                .tierTimeout(ofSeconds(20))
                .open();
        open.add(caches);
        return caches.cache(name, Keys.STRINGS, ValueType.of(Long.class))
                .policy(CachePolicy.of(ofMinutes(5)).timeout(ofMinutes(2)))
                .tags((key, value) -> Set.of("all"))
                .open();
    }

    private Long load(String key) throws Exception {
        loads.incrementAndGet();
        return site.version(key);
    }

    private static void awaitStored(Cache<String, Long> cache, String key) {
        Awaitility.await()
                .atMost(ofSeconds(30))
                .until(() -> cache.inspect(key).stream().anyMatch(seen -> seen.source() == Source.SHARED));
    }

    @Test
    void whatATransactionInvalidatesThroughThePoolerNobodyServesAfterIt() throws Exception {
        Cache<String, Long> one = node();
        Cache<String, Long> two = node();
        assertThat(one.get("a", this::load)).isZero();
        awaitStored(one, "a");
        assertThat(two.ask("a", this::load).source()).isEqualTo(Source.SHARED);
        try (Connection late = pooler.dataSource().getConnection()) {
            late.setAutoCommit(false);
            site.raise(late, "a");
            one.invalidate(late, "a");
            for (int i = 0; i < 10; i++) {
                two.invalidate("other" + i);
            }
            long looks = open.getLast().stats().looks();
            Awaitility.await()
                    .atMost(ofSeconds(30))
                    .until(() -> open.getLast().stats().looks() > looks + 2);
            assertThat(two.get("a", this::load)).isZero();
            late.commit();
        }
        for (Cache<String, Long> node : List.of(one, two)) {
            Awaitility.await().atMost(ofSeconds(30)).until(() -> Long.valueOf(1).equals(node.get("a", this::load)));
        }
        assertThat(node().get("a", this::load)).isEqualTo(1);
    }

    @Test
    void manyMissesOnTwoNodesAreOneLoadAndManyKeysOneRead() throws Exception {
        Cache<String, Long> one = node();
        Cache<String, Long> two = node();
        CountDownLatch gate = new CountDownLatch(1);
        List<Thread> callers = new ArrayList<>();
        for (int i = 0; i < 200; i++) {
            Cache<String, Long> node = i % 2 == 0 ? one : two;
            callers.add(Thread.ofVirtual()
                    .start(() -> node.get("a", key -> {
                        gate.await();
                        return load(key);
                    })));
        }
        Awaitility.await()
                .atMost(ofSeconds(30))
                .until(() -> one.stats().awaitedOthers() + two.stats().awaitedOthers() == 1);
        gate.countDown();
        for (Thread caller : callers) {
            assertThat(caller.join(ofSeconds(30))).isTrue();
        }
        assertThat(loads).hasValue(1);
        one.getMany(List.of("x", "y"), keys -> Map.of("x", 1L, "y", 2L));
        awaitStored(one, "y");
        assertThat(two.getMany(List.of("x", "y"), keys -> Map.of()).values()).containsOnlyKeys("x", "y");
        one.put("x", 5L);
        Awaitility.await().atMost(ofSeconds(30)).until(() -> Long.valueOf(5).equals(two.get("x", this::load)));
    }

    @Test
    void nothingIsLeftInTheSessionsThatOthersGetNext() throws Exception {
        Cache<String, Long> one = node();
        Cache<String, Long> two = node();
        one.get("a", this::load);
        awaitStored(one, "a");
        two.invalidate("a");
        long looks = open.getFirst().stats().looks();
        Awaitility.await()
                .atMost(ofSeconds(30))
                .until(() -> open.getFirst().stats().looks() > looks + 3);
        open.forEach(Caches::close);
        List<Connection> all = new ArrayList<>();
        try {
            // Each holds a session of the server until it ends its transaction: together they are all of them.
            for (int i = 0; i < SESSIONS; i++) {
                Connection connection = pooler.dataSource().getConnection();
                all.add(connection);
                connection.setAutoCommit(false);
                try (Statement statement = connection.createStatement();
                        ResultSet rows = statement.executeQuery("select (select count(*) from pg_listening_channels()),"
                                + " (select count(*) from pg_locks where pid = pg_backend_pid() and locktype = 'advisory'),"
                                + " (select count(*) from pg_prepared_statements),"
                                + " current_setting('plan_cache_mode'), current_setting('lock_timeout')")) {
                    rows.next();
                    assertThat(rows.getLong(1)).as("channels").isZero();
                    assertThat(rows.getLong(2)).as("locks").isZero();
                    assertThat(rows.getLong(3)).as("statements").isZero();
                    assertThat(rows.getString(4)).isEqualTo("auto");
                    assertThat(rows.getString(5)).isEqualTo("0");
                }
            }
        } finally {
            for (Connection connection : all) {
                connection.rollback();
                connection.close();
            }
        }
    }
}
