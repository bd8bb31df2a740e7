package dev.tidemill.postgres;

import dev.tidemill.jobs.store.JobStore;
import dev.tidemill.testkit.StoreHand;
import dev.tidemill.testkit.TestDatabase;
import java.sql.SQLException;
import java.time.Duration;
import javax.sql.DataSource;

/**
 * A schema with a clock that a test sets, and with partitions of two thousand jobs and ten leases: history in
 * seconds.
 */
final class Almanac implements AutoCloseable {
    static final Duration DAY = Duration.ofDays(1);

    private final TestDatabase database;
    private final DataSource stores;
    private final Sql sql;
    private final StoreHand hand;

    Almanac(TestDatabase database) throws SQLException {
        this(database, database.dataSource());
    }

    /** With stores that take another way to the database. */
    Almanac(TestDatabase database, DataSource stores) throws SQLException {
        this.database = database;
        this.stores = stores;
        this.sql = new Sql(database);
        sql.run("drop schema if exists {schema} cascade");
        new Migrations(database.dataSource(), database.schema()).apply();
        sql.run("create table {schema}.test_clock (ahead bigint not null); insert into {schema}.test_clock values (0);"
                + "create or replace function {schema}.now_micros() returns bigint language sql volatile as $$"
                + " select (extract(epoch from clock_timestamp()) * 1000000)::bigint + ahead from {schema}.test_clock $$;"
                + "update {schema}.history_setting set value = 2000 where name = 'job_size';"
                + "update {schema}.history_setting set value = 10 where name = 'attempt_size'");
        hand = new StoreHand(open());
    }

    /** Another process's store. */
    JobStore open() {
        return new PostgresJobStore(stores, database.schema());
    }

    Sql sql() {
        return sql;
    }

    StoreHand hand() {
        return hand;
    }

    void pass(Duration time) throws SQLException {
        sql.run("update {schema}.test_clock set ahead = ahead + " + time.toMillis() * 1_000);
    }

    /** Lets a day pass twelve times, with the upkeep that belongs to it: more than a week of history. */
    void passHistory() throws SQLException {
        for (int day = 0; day < 12; day++) {
            day();
        }
    }

    void day() throws SQLException {
        pass(DAY);
        hand.store().upkeep().makePartitions();
        advanceAll();
        pass(Duration.ofMinutes(2));
        advanceAll();
    }

    int advanceAll() {
        int steps = 0;
        while (hand.store().history().advance()) {
            steps++;
        }
        return steps;
    }

    long parts(String family) throws SQLException {
        return sql.number("select count(*) from {schema}.part where family = '" + family + "'");
    }

    boolean hasBody(long job) throws SQLException {
        return sql.number("select count(*) from {schema}.job where id = " + job) == 1;
    }

    boolean isKept(long job) throws SQLException {
        return sql.number("select count(distinct id) from {schema}.job_kept where id = " + job) == 1;
    }

    @Override
    public void close() {
        hand.close();
    }
}
