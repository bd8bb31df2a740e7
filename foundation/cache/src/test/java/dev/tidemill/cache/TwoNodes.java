package dev.tidemill.cache;

import static java.time.Duration.ofMinutes;
import static java.time.Duration.ofSeconds;

import dev.tidemill.testkit.TestDatabase;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;

/** Two nodes on one PostgreSQL, with a cache of things that each test has for itself. */
abstract class TwoNodes {
    private static final AtomicInteger NAMES = new AtomicInteger();

    final Site site;
    final String name = "things" + NAMES.incrementAndGet();
    final List<Caches> open = new ArrayList<>();
    final AtomicInteger loads = new AtomicInteger();
    final Cache<String, Long> one;
    final Cache<String, Long> two;

    TwoNodes(TestDatabase database) {
        this.site = new Site(database);
        this.one = node(CachePolicy.of(ofMinutes(5)));
        this.two = node(CachePolicy.of(ofMinutes(5)));
    }

    /**
     * One that waits for what is shared, and for its origin, as long as a busy machine may take: a tier that is given up
     * as away after a second would be loaded past, and nothing stored.
     */
    final Cache<String, Long> node(CachePolicy policy) {
        return node(patient(), policy.timeout(ofMinutes(2)));
    }

    final CachesBuilder patient() {
        return site.caches().tierTimeout(ofSeconds(20));
    }

    final Cache<String, Long> node(CachesBuilder builder, CachePolicy policy) {
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
    final void empty() throws SQLException {
        site.run("delete from {schema}.thing");
    }

    @AfterEach
    final void close() {
        open.forEach(Caches::close);
    }

    final Long load(String id) throws SQLException {
        loads.incrementAndGet();
        return site.version(id);
    }

    final boolean sees(Cache<String, Long> node, long value) {
        return Long.valueOf(value).equals(node.get("a", this::load));
    }

    final void stored(String key) {
        Awaitility.await()
                .atMost(ofSeconds(30))
                .until(() -> one.inspect(key).stream().anyMatch(seen -> seen.source() == Source.SHARED));
    }
}
