/** Meters of jobs, caches and calls to others, for Micrometer. */
module dev.tidemill.metrics {
    requires static transitive org.jspecify;
    requires transitive dev.tidemill.jobs;
    requires static transitive dev.tidemill.cache;
    requires transitive micrometer.core;
    requires org.slf4j;

    exports dev.tidemill.metrics;
}
