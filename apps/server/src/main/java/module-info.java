/** The HTTP API and the dashboard around a Tidemill. */
@SuppressWarnings("module") // The command line comes after this room in the build.
module dev.tidemill.server {
    requires static transitive org.jspecify;
    requires transitive dev.tidemill.cache;
    requires transitive dev.tidemill.jobs;
    requires dev.tidemill.embedded;
    requires transitive dev.tidemill.schema;
    requires dev.tidemill.metrics;
    requires dev.tidemill.rules;
    requires dev.tidemill.tracing;
    requires dev.tidemill.valkey;
    requires ch.qos.logback.classic;
    requires ch.qos.logback.core;
    requires com.zaxxer.hikari;
    requires gg.jte.runtime;
    requires info.picocli;
    requires io.helidon.common.buffers;
    requires io.helidon.common.socket;
    requires io.helidon.common.task;
    requires io.helidon.common.tls;
    requires io.helidon.http;
    requires io.helidon.webserver;
    requires transitive io.opentelemetry.api;
    requires io.opentelemetry.context;
    requires java.management;
    requires java.net.http;
    requires jdk.management;
    requires jul.to.slf4j;
    requires micrometer.core;
    requires micrometer.registry.prometheus;
    requires org.apache.httpcomponents.client5.httpclient5;
    requires org.apache.httpcomponents.core5.httpcore5;
    requires org.slf4j;
    requires java.sql;
    requires tools.jackson.core;
    requires tools.jackson.databind;
    requires tools.jackson.dataformat.yaml;

    exports dev.tidemill.server;
    exports dev.tidemill.server.access;
    exports dev.tidemill.server.caches;
    exports dev.tidemill.server.api to
            dev.tidemill.cli;
    exports dev.tidemill.server.http to
            dev.tidemill.cli;
    exports dev.tidemill.server.program to
            dev.tidemill.cli;
    exports dev.tidemill.server.tables to
            dev.tidemill.cli;
    exports dev.tidemill.server.page.templates to
            gg.jte.runtime;

    opens dev.tidemill.server to
            info.picocli;
}
