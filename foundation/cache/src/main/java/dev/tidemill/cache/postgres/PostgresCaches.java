package dev.tidemill.cache.postgres;

import dev.tidemill.cache.tier.InvalidationLog;
import dev.tidemill.cache.tier.SharedTier;
import dev.tidemill.schema.Component;
import dev.tidemill.schema.Migrations;
import java.sql.SQLException;
import java.time.Duration;
import javax.sql.DataSource;

/** Tier and log on one database, each with a few connections of its own: looks must not wait behind reads. */
public record PostgresCaches(SharedTier tier, InvalidationLog log) {
    private static final int READING = 4;
    private static final int LOOKING = 2;

    /** The files that make the tables. */
    public static Component component() {
        return CacheSql.COMPONENT;
    }

    /** Opens both, after bringing the tables up to date if wanted. */
    public static PostgresCaches open(
            DataSource dataSource, String schema, boolean migrate, Duration keepLog, Duration answerWithin) {
        try {
            Migrations migrations = new Migrations(dataSource, schema, CacheSql.COMPONENT);
            if (migrate) {
                migrations.apply();
            } else {
                migrations.check();
            }
        } catch (SQLException failed) {
            throw new TierException("The cache's tables could not be looked at: " + Sessions.reason(failed), failed);
        }
        CacheSql sql = new CacheSql(schema);
        SharedTier tier = new PostgresTier(new Sessions(dataSource, READING, answerWithin), sql, keepLog);
        InvalidationLog log =
                new PostgresLog(new Sessions(dataSource, LOOKING, answerWithin), sql, keepLog, answerWithin);
        return new PostgresCaches(tier, log);
    }
}
