package dev.tidemill.cache;

import static java.time.Duration.ofMillis;
import static java.time.Duration.ofMinutes;
import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.TestDatabase;
import java.sql.Connection;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** What leaves the tables, and what a node does that missed it. */
@ExtendWith(FreshSchema.class)
final class ForgettingTest extends TwoNodes {
    ForgettingTest(TestDatabase database) {
        super(database);
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
    void nodesThatFindAnotherLifeOfTheCacheForgetEverything() throws Exception {
        Caches first = open.getFirst();
        assertThat(one.get("a", this::load)).isZero();
        stored("a");
        assertThat(two.get("a", this::load)).isZero();
        try (Connection connection = site.begin()) {
            // Another history than the one that the nodes have seen, and nothing in the log tells it.
            site.raise(connection, "a");
            connection.commit();
        }
        assertThat(two.get("a", this::load)).isZero();
        // As PostgreSQL leaves it after a crash: unlogged tables are empty.
        site.run("truncate {schema}.cache_life, {schema}.cache_entry, {schema}.cache_fill");
        Awaitility.await().atMost(ofSeconds(30)).until(() -> sees(one, 1) && sees(two, 1));
        // A node that had not looked for as long as the bound reads past what it has, before it has looked.
        Awaitility.await().atMost(ofSeconds(30)).until(() -> first.stats().forgotten() > 0);
        Awaitility.await().atMost(ofSeconds(30)).until(() -> first.stats().inContact());
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
    void claimsOfProcessesThatDiedLeaveAndOthersStay() throws Exception {
        site.run("insert into {schema}.cache_fill (cache, key, token, until) values"
                + " ('" + name + "', 'dead', 1, now() - interval '2 min'),"
                + " ('" + name + "', 'late', 2, now() - interval '10 s'),"
                + " ('" + name + "', 'alive', 3, now() + interval '1 min')");
        site.run("select {schema}.cache_forget(interval '2 h')");
        assertThat(site.number(
                        "select count(*) from {schema}.cache_fill where cache = '" + name + "' and key = 'dead'"))
                .isZero();
        assertThat(site.number("select count(*) from {schema}.cache_fill where cache = '" + name + "'"))
                .isEqualTo(2);
        site.run("delete from {schema}.cache_fill where cache = '" + name + "'");
    }
}
