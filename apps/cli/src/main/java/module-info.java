/** What an operator does with nothing but a database. */
module dev.tidemill.cli {
    requires static org.jspecify;
    requires com.zaxxer.hikari;
    requires dev.tidemill.cache;
    requires dev.tidemill.jobs;
    requires dev.tidemill.postgres;
    requires dev.tidemill.rules;
    requires dev.tidemill.schema;
    requires dev.tidemill.server;
    requires info.picocli;
    requires java.logging;
    requires java.sql;
    requires org.postgresql.jdbc;
    requires tools.jackson.core;

    exports dev.tidemill.cli;

    opens dev.tidemill.cli.access to
            info.picocli;
    opens dev.tidemill.cli.control to
            info.picocli;
    opens dev.tidemill.cli.health to
            info.picocli;
    opens dev.tidemill.cli.jobs to
            info.picocli;
    opens dev.tidemill.cli.options to
            info.picocli;
    opens dev.tidemill.cli.rules to
            info.picocli;
    opens dev.tidemill.cli.setup to
            info.picocli;
}
