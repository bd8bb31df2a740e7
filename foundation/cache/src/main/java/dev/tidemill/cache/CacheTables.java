package dev.tidemill.cache;

import dev.tidemill.cache.postgres.PostgresCaches;
import dev.tidemill.schema.Component;

/** The tables of caches in PostgreSQL. */
public final class CacheTables {
    private CacheTables() {}

    /** The files that make them, for what brings the tables of several components up to date. */
    public static Component component() {
        return PostgresCaches.component();
    }
}
