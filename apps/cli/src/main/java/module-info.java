/** What an operator does with nothing but a database. */
module dev.tidemill.cli {
    requires static org.jspecify;
    requires dev.tidemill.jobs;
    requires info.picocli;
    requires java.logging;
    requires java.sql;
    requires org.postgresql.jdbc;
    requires tools.jackson.databind;

    exports dev.tidemill.cli;

    opens dev.tidemill.cli to
            info.picocli;
}
