/** Kills, freezes and cuts off workers, and counts what came of every job. */
module dev.tidemill.chaos {
    requires static org.jspecify;
    requires com.zaxxer.hikari;
    requires dev.tidemill.embedded;
    requires dev.tidemill.jobs;
    requires info.picocli;
    requires java.sql;
    requires org.postgresql.jdbc;
    requires tools.jackson.databind;

    opens dev.tidemill.chaos to
            info.picocli,
            tools.jackson.databind;
}
