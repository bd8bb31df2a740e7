package dev.tidemill.postgres;

import java.sql.SQLException;
import java.time.Instant;

/** Turns a schema's clock into one that a test sets. Only for stores that join no node: a jump would kill it. */
final class HandClock {
    private final Sql sql;

    private HandClock(Sql sql) {
        this.sql = sql;
    }

    static HandClock in(Sql sql, String start) throws SQLException {
        sql.run("create table if not exists {schema}.hand_clock (at bigint not null)");
        sql.run("delete from {schema}.hand_clock");
        HandClock clock = new HandClock(sql);
        sql.run("insert into {schema}.hand_clock values (" + micros(start) + ")");
        sql.run("create or replace function {schema}.now_micros() returns bigint language sql volatile parallel safe"
                + " as $$ select at from {schema}.hand_clock $$");
        return clock;
    }

    void set(String instant) throws SQLException {
        sql.run("update {schema}.hand_clock set at = " + micros(instant));
    }

    private static long micros(String instant) {
        Instant at = Instant.parse(instant);
        return at.getEpochSecond() * 1_000_000 + at.getNano() / 1_000;
    }
}
