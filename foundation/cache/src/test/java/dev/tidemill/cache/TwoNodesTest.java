package dev.tidemill.cache;

import static java.time.Duration.ofMillis;
import static java.time.Duration.ofMinutes;
import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.TestDatabase;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Two nodes on one PostgreSQL: what one invalidates the other does not serve, whatever comes in between. */
@ExtendWith(FreshSchema.class)
final class TwoNodesTest {
    private static final AtomicInteger NAMES = new AtomicInteger();

    private final Site site;
    private final String name = "things" + NAMES.incrementAndGet();
    private final List<Caches> open = new ArrayList<>();
    private final AtomicInteger loads = new AtomicInteger();
    private final Cache<String, Long> one;
    private final Cache<String, Long> two;

    TwoNodesTest(TestDatabase database) {
        this.site = new Site(database);
        this.one = node(CachePolicy.of(ofMinutes(5)));
        this.two = node(CachePolicy.of(ofMinutes(5)));
    }

    private Cache<String, Long> node(CachePolicy policy) {
        return node(site.caches(), policy);
    }

    private Cache<String, Long> node(CachesBuilder builder, CachePolicy policy) {
        Caches caches = builder.open();
        open.add(caches);
        return caches.cache(name, Keys.STRINGS, ValueType.of(Long.class))
                .policy(policy)
                .tags((key, value) -> Set.of("group:" + key.charAt(0)))
                .open();
    }

    @BeforeAll
    static void makeThings(TestDatabase database) throws SQLException {
        Site site = new Site(database);
        site.caches().open().close();
        site.makeThings();
    }

    @BeforeEach
    void empty() throws SQLException {
        site.run("delete from {schema}.thing");
    }

    @AfterEach
    void close() {
        open.forEach(Caches::close);
    }

    private Long load(String id) throws SQLException {
        loads.incrementAndGet();
        return site.version(id);
    }

    private boolean sees(Cache<String, Long> node, long value) {
        return Long.valueOf(value).equals(node.get("a", this::load));
    }

    private void stored(String key) {
        Awaitility.await().until(() -> one.inspect(key).stream().anyMatch(seen -> seen.source() == Source.SHARED));
    }

    @Test
    void whatOneLoadedTheOtherFinds() {
        assertThat(one.get("a", this::load)).isZero();
        stored("a");
        Answer<Long> answer = two.ask("a", this::load);
        assertThat(answer.source()).isEqualTo(Source.SHARED);
        assertThat(two.ask("a", this::load).source()).isEqualTo(Source.LOCAL);
        assertThat(loads).hasValue(1);
        assertThat(two.inspect("a")).extracting(Sighting::source).containsExactly(Source.LOCAL, Source.SHARED);
    }

    @Test
    void anInvalidationIsPartOfTheTransaction() throws Exception {
        for (Consumer<Connection> way : List.<Consumer<Connection>>of(
                connection -> {
                    one.invalidate(connection, "a");
                },
                connection -> {
                    one.invalidateTag(connection, "group:a");
                },
                connection -> {
                    one.invalidatePattern(connection, "a*");
                },
                connection -> {
                    one.invalidateEverything(connection);
                })) {
            Long before = one.get("a", this::load);
            stored("a");
            assertThat(two.get("a", this::load)).isEqualTo(before);
            long after;
            try (Connection connection = site.begin()) {
                site.raise(connection, "a");
                way.accept(connection);
                connection.rollback();
                long looks = two.stats().invalidated();
                assertThat(two.get("a", this::load)).isEqualTo(before);
                after = site.raise(connection, "a");
                way.accept(connection);
                assertThat(two.get("a", this::load)).isEqualTo(before);
                assertThat(two.stats().invalidated()).isEqualTo(looks);
                connection.commit();
            }
            Awaitility.await().atMost(ofSeconds(10)).until(() -> sees(two, after));
            Awaitility.await().atMost(ofSeconds(10)).until(() -> sees(one, after));
        }
    }

    @Test
    void aTransactionThatCommitsLateIsHeardOf() throws Exception {
        try (Connection late = site.begin()) {
            one.invalidate(late, "a");
            site.raise(late, "a");
            // Many later ones commit before, and both nodes look past them.
            for (int i = 0; i < 20; i++) {
                two.invalidate("b" + i);
            }
            assertThat(one.get("a", this::load)).isZero();
            assertThat(two.get("a", this::load)).isZero();
            long looks = open.getLast().stats().looks();
            Awaitility.await().until(() -> open.getLast().stats().looks() > looks + 2);
            stored("a");
            late.commit();
        }
        Awaitility.await().atMost(ofSeconds(10)).until(() -> sees(one, 1));
        Awaitility.await().atMost(ofSeconds(10)).until(() -> sees(two, 1));
    }

    @Test
    void aLoadThatBeganBeforeAnInvalidationIsNeverFoundAfterIt() throws Exception {
        CountDownLatch inside = new CountDownLatch(1);
        CountDownLatch gate = new CountDownLatch(1);
        // The transaction has written before the load begins, and commits while it is under way.
        try (Connection writer = site.begin()) {
            site.raise(writer, "a");
            two.invalidate(writer, "a");
            Thread slow = Thread.ofVirtual()
                    .start(() -> one.get("a", id -> {
                        Long read = load(id);
                        inside.countDown();
                        gate.await();
                        return read;
                    }));
            inside.await();
            writer.commit();
            gate.countDown();
            assertThat(slow.join(ofSeconds(30))).isTrue();
        }
        // Whatever became of the old value, the shared tier does not return it, at once.
        Cache<String, Long> fresh = node(CachePolicy.of(ofMinutes(5)));
        assertThat(fresh.get("a", this::load)).isEqualTo(1);
        Awaitility.await().atMost(ofSeconds(10)).until(() -> sees(one, 1));
    }

    @Test
    void aValueStoredBeforeALateCommitIsVoidAfterIt() throws Exception {
        try (Connection writer = site.begin()) {
            site.raise(writer, "a");
            two.invalidate(writer, "a");
            assertThat(one.get("a", this::load)).isZero();
            stored("a");
            writer.commit();
        }
        assertThat(node(CachePolicy.of(ofMinutes(5))).get("a", this::load)).isEqualTo(1);
    }

    @Test
    void aThousandConcurrentMissesOnFourNodesAreOneLoad() throws Exception {
        List<Cache<String, Long>> nodes = List.of(one, two, node(CachePolicy.STATIC), node(CachePolicy.STATIC));
        CountDownLatch gate = new CountDownLatch(1);
        List<Thread> callers = new ArrayList<>();
        for (int i = 0; i < 1_000; i++) {
            Cache<String, Long> node = nodes.get(i % 4);
            callers.add(Thread.ofVirtual()
                    .start(() -> node.get("a", id -> {
                        gate.await();
                        return load(id);
                    })));
        }
        Awaitility.await()
                .until(() ->
                        nodes.stream().mapToLong(node -> node.stats().joined()).sum() == 996);
        Awaitility.await()
                .until(() -> nodes.stream()
                                .mapToLong(node -> node.stats().awaitedOthers())
                                .sum()
                        == 3);
        gate.countDown();
        for (Thread caller : callers) {
            assertThat(caller.join(ofSeconds(30))).isTrue();
        }
        assertThat(loads).hasValue(1);
    }

    @Test
    void aSlowLoaderThatLostItsClaimStoresNothing() throws Exception {
        CountDownLatch inside = new CountDownLatch(1);
        CountDownLatch gate = new CountDownLatch(1);
        Thread slow = Thread.ofVirtual()
                .start(() -> one.get("a", id -> {
                    inside.countDown();
                    gate.await();
                    return -1L;
                }));
        inside.await();
        // As if its process had stood still for longer than its claim.
        site.run("update {schema}.cache_fill set until = now() - interval '1 s'");
        assertThat(two.get("a", id -> 5L)).isEqualTo(5L);
        Awaitility.await().until(() -> two.inspect("a").size() == 2);
        gate.countDown();
        assertThat(slow.join(ofSeconds(30))).isTrue();
        Awaitility.await().until(() -> one.stats().fencedOut() == 1);
        assertThat(node(CachePolicy.STATIC).get("a", this::load)).isEqualTo(5L);
    }

    @Test
    void aClaimIsRenewedWhileItsLoadGoesOn() throws Exception {
        CountDownLatch gate = new CountDownLatch(1);
        Cache<String, Long> patient = node(CachePolicy.STATIC.timeout(ofMinutes(2)));
        Thread slow = Thread.ofVirtual()
                .start(() -> patient.get("a", id -> {
                    gate.await();
                    return 5L;
                }));
        Awaitility.await().until(() -> site.number("select count(*) from {schema}.cache_fill") == 1);
        long first = site.number("select (extract(epoch from until) * 1000)::bigint from {schema}.cache_fill");
        Awaitility.await()
                .until(() -> site.number("select (extract(epoch from until) * 1000)::bigint from {schema}.cache_fill")
                        > first + 1_500);
        gate.countDown();
        assertThat(slow.join(ofSeconds(30))).isTrue();
        Awaitility.await().until(() -> site.number("select count(*) from {schema}.cache_fill") == 0);
        assertThat(two.get("a", this::load)).isEqualTo(5L);
    }

    @Test
    void manyKeysAreReadAtOnceAndOnlyTheRestIsLoaded() {
        one.getMany(List.of("a", "b"), keys -> Map.of("a", 1L, "b", 2L));
        stored("b");
        List<Set<String>> asked = new ArrayList<>();
        Many<String, Long> many = two.getMany(List.of("a", "b", "c", "d"), keys -> {
            asked.add(keys);
            return keys.stream().filter(key -> key.equals("c")).collect(Collectors.toMap(key -> key, key -> 3L));
        });
        assertThat(asked).containsExactly(Set.of("c", "d"));
        assertThat(many.values()).containsExactlyInAnyOrderEntriesOf(Map.of("a", 1L, "b", 2L, "c", 3L));
        assertThat(many.absent()).containsExactly("d");
        assertThat(two.stats().sharedHits()).isEqualTo(2);
    }

    @Test
    void aValueThatWasPutIsForAllAndTheLaterOneCounts() {
        one.get("a", id -> 1L);
        assertThat(two.get("a", id -> 1L)).isEqualTo(1L);
        one.put("a", 2L);
        one.put("a", 3L);
        assertThat(one.get("a", this::load)).isEqualTo(3L);
        Awaitility.await().atMost(ofSeconds(10)).until(() -> sees(two, 3L));
        assertThat(two.ask("a", this::load).value()).isEqualTo(3L);
        assertThat(node(CachePolicy.STATIC).get("a", this::load)).isEqualTo(3L);
        assertThat(loads).hasValue(0);
    }

    @Test
    void ofTwoWritesAtOnceNoValueStaysThatMayBeTheFormer() throws Exception {
        // The first writer changes the origin, the second does and puts, and then the first puts.
        one.writeThrough("a", 1L, () -> {
            try (Connection connection = site.begin()) {
                site.raise(connection, "a");
                connection.commit();
            }
            two.writeThrough("a", 2L, () -> {
                try (Connection connection = site.begin()) {
                    site.raise(connection, "a");
                    connection.commit();
                }
            });
        });
        assertThat(node(CachePolicy.STATIC).get("a", this::load)).isEqualTo(2L);
        Awaitility.await().atMost(ofSeconds(10)).until(() -> sees(one, 2L));
        Awaitility.await().atMost(ofSeconds(10)).until(() -> sees(two, 2L));
    }

    @Test
    void aValuePutInATransactionIsThereWhenItCommitsAndNeverOtherwise() throws Exception {
        assertThat(two.get("a", this::load)).isZero();
        try (Connection connection = site.begin()) {
            one.put(connection, "a", site.raise(connection, "a"));
            connection.rollback();
        }
        assertThat(node(CachePolicy.STATIC).get("a", this::load)).isZero();
        loads.set(0);
        try (Connection connection = site.begin()) {
            one.put(connection, "a", site.raise(connection, "a"));
            connection.commit();
        }
        assertThat(node(CachePolicy.STATIC).get("a", this::load)).isEqualTo(1);
        Awaitility.await().atMost(ofSeconds(10)).until(() -> sees(two, 1));
        assertThat(loads).hasValue(0);
    }

    @Test
    void damagedBytesAreAMissThatIsCounted() throws Exception {
        one.get("a", id -> 1L);
        stored("a");
        site.run("update {schema}.cache_entry set bytes = set_byte(bytes, octet_length(bytes) - 1, 0)");
        Answer<Long> answer = two.ask("a", id -> 2L);
        assertThat(answer.value()).isEqualTo(2L);
        assertThat(answer.miss()).isEqualTo(Miss.UNREADABLE);
        assertThat(two.stats().unreadable()).isEqualTo(1);
        Awaitility.await()
                .until(() -> node(CachePolicy.STATIC).ask("a", id -> 3L).source() == Source.SHARED);
    }

    @Test
    void aValueTooLargeToShareStaysWhereItIsAndPuttingItIsRefused() {
        CachePolicy small = CachePolicy.STATIC.valueBytes(10);
        Caches caches = site.caches().open();
        open.add(caches);
        Cache<String, String> texts = caches.cache(name + "t", Keys.STRINGS, ValueType.of(String.class))
                .policy(small)
                .open();
        String large = "x".repeat(11);
        assertThat(texts.get("a", key -> large)).isEqualTo(large);
        assertThat(texts.ask("a", key -> "never").source()).isEqualTo(Source.LOCAL);
        assertThat(texts.inspect("a")).hasSize(1);
        assertThat(texts.stats().tooLarge()).isEqualTo(1);
        assertThatExceptionOfType(CacheException.class)
                .isThrownBy(() -> texts.put("a", large))
                .withMessageContaining("13 bytes was put into")
                .satisfies(thrown -> assertThat(thrown.error()).isEqualTo(CacheError.VALUE_TOO_LARGE));
    }

    @Test
    void valuesAreNotKeptForLongerThanTheLog() {
        Caches caches = site.caches().keepLog(ofMinutes(30)).open();
        open.add(caches);
        assertThatExceptionOfType(CacheException.class)
                .isThrownBy(() -> caches.cache("x", Keys.STRINGS, ValueType.of(Long.class))
                        .policy(CachePolicy.STATIC)
                        .open())
                .withMessageContaining("the log of invalidations is kept for 30");
    }

    @Test
    void aNodeThatMissedWhatWasForgottenForgetsEverything() throws Exception {
        Relay relay = new Relay(site.port());
        CachesBuilder away =
                site.cachesThrough(relay).tierTimeout(ofMillis(300)).staleness(ofMillis(800));
        Cache<String, Long> node = node(away, CachePolicy.of(ofMinutes(5)));
        Caches itsCaches = open.getLast();
        assertThat(node.get("a", this::load)).isZero();
        relay.hang();
        try (Connection connection = site.begin()) {
            site.raise(connection, "a");
            one.invalidate(connection, "a");
            connection.commit();
        }
        // As upkeep does when the log is old enough.
        site.run("update {schema}.cache_horizon set forgotten_below = pg_current_xact_id()");
        site.run("delete from {schema}.cache_invalidation");
        relay.cut();
        relay.resume();
        Awaitility.await().atMost(ofSeconds(20)).until(() -> itsCaches.stats().forgotten() > 0);
        assertThat(node.get("a", this::load)).isEqualTo(1);
        relay.close();
    }

    @Test
    void upkeepForgetsOnlyWhatEverybodyCanHaveSeen() throws Exception {
        site.run("delete from {schema}.cache_mark");
        try (Connection open = site.begin()) {
            one.invalidate(open, "late");
            one.invalidate("early");
            site.run("insert into {schema}.cache_mark select clock_timestamp() - interval '1 h',"
                    + " pg_snapshot_xmin(pg_current_snapshot())");
            site.run("select {schema}.cache_forget(interval '30 min')");
            open.commit();
        }
        assertThat(site.number("select count(*) from {schema}.cache_invalidation where target = 'k:late'"))
                .as("its transaction was open when the mark was made")
                .isEqualTo(1);
        site.run("update {schema}.cache_mark set at = at - interval '1 h', oldest = pg_current_xact_id()");
        site.run("select {schema}.cache_forget(interval '30 min')");
        assertThat(site.number("select count(*) from {schema}.cache_invalidation"))
                .isZero();
        assertThat(site.number("select forgotten_below::text::bigint from {schema}.cache_horizon"))
                .isPositive();
    }

    @Test
    void entriesLeaveByTheTableAndTheirSizeIsTold() throws Exception {
        long tables =
                site.number("select count(*) from pg_inherits where inhparent = '{schema}.cache_entry'::regclass");
        assertThat(tables).isBetween(13L, 15L);
        one.get("a", this::load);
        stored("a");
        assertThat(open.getFirst().sharedSize(name)).satisfies(size -> {
            assertThat(size.entries()).isEqualTo(1);
            assertThat(size.bytes()).isPositive();
        });
        assertThat(open.getFirst().sharedSize(null))
                .satisfies(size -> assertThat(size.bytes()).isPositive());
        // A table whose time is over.
        site.run("create unlogged table {schema}.cache_entry_1000 (like {schema}.cache_entry including defaults)");
        site.run("alter table {schema}.cache_entry attach partition {schema}.cache_entry_1000"
                + " for values from (to_timestamp(600000)) to (to_timestamp(600600))");
        site.run("select {schema}.cache_tables(interval '2 h')");
        assertThat(site.number("select count(*) from pg_class where relname = 'cache_entry_1000'"))
                .isZero();
        assertThat(site.number("select count(*) from pg_class c join pg_inherits i on i.inhrelid = c.oid where"
                        + " i.inhparent = '{schema}.cache_entry'::regclass and c.relpersistence <> 'u'"))
                .isZero();
    }

    @Test
    void triggersAndOtherProgramsInvalidateBySql() throws Exception {
        assertThat(one.get("a", this::load)).isZero();
        try (Connection connection = site.begin()) {
            site.raise(connection, "a");
            connection.commit();
        }
        site.run("select {schema}.cache_invalidate('" + name + "', 'a')");
        Awaitility.await().atMost(ofSeconds(10)).until(() -> sees(one, 1));
    }

    @Test
    void othersHearAtOnceOfWhatIsInvalidatedHere() {
        Cache<String, Long> listening =
                node(site.caches().staleness(ofMinutes(2)).lookEvery(ofMinutes(1)), CachePolicy.of(ofMinutes(5)));
        one.get("a", id -> 1L);
        stored("a");
        assertThat(listening.get("a", this::load)).isEqualTo(1);
        Awaitility.await().atMost(ofSeconds(15)).until(() -> {
            one.put("a", 2L);
            return sees(listening, 2);
        });
    }
}
