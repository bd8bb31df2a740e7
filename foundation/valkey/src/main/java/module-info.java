/** Valkey or Redis as the tier of the cache that all nodes share. */
module dev.tidemill.valkey {
    requires static transitive org.jspecify;
    requires transitive dev.tidemill.cache;
    requires transitive java.sql;
    requires lettuce.core;

    exports dev.tidemill.valkey;
}
