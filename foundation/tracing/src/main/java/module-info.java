/** Traces of jobs, by OpenTelemetry. */
module dev.tidemill.tracing {
    requires static transitive org.jspecify;
    requires transitive dev.tidemill.jobs;
    requires transitive io.opentelemetry.api;
    requires io.opentelemetry.context;

    exports dev.tidemill.tracing;
}
