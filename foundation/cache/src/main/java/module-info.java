/** A cache of three tiers: this process, one that all nodes share, and the origin. */
module dev.tidemill.cache {
    requires static transitive org.jspecify;
    requires transitive java.sql;
    requires com.github.benmanes.caffeine;
    requires transitive dev.tidemill.schema;
    requires org.postgresql.jdbc;
    requires org.slf4j;
    requires tools.jackson.core;
    requires tools.jackson.databind;

    exports dev.tidemill.cache;
    exports dev.tidemill.cache.tier;
}
