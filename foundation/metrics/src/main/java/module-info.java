/** Meters of jobs, for Micrometer. */
module dev.tidemill.metrics {
    requires static transitive org.jspecify;
    requires transitive dev.tidemill.jobs;
    requires transitive micrometer.core;
    requires org.slf4j;

    exports dev.tidemill.metrics;
}
