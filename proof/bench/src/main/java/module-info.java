/** Measures what Tidemill does. */
module dev.tidemill.bench {
    requires static transitive org.jspecify;
    requires com.github.benmanes.caffeine;
    requires com.zaxxer.hikari;
    requires dev.tidemill.cache;
    requires dev.tidemill.embedded;
    requires dev.tidemill.jobs;
    requires dev.tidemill.rules;
    requires dev.tidemill.storefront;
    requires dev.tidemill.valkey;
    requires greenmail;
    requires info.picocli;
    requires java.logging;
    requires java.net.http;
    requires java.sql;
    requires org.postgresql.jdbc;
    requires tools.jackson.databind;

    exports dev.tidemill.bench;

    opens dev.tidemill.bench to
            info.picocli,
            tools.jackson.databind;
}
