/** Measures Tidemill beside other job systems. */
module dev.tidemill.peers {
    requires static org.jspecify;
    requires static org.jobrunr.core;
    requires static com.github.kagkarlsson.scheduler;
    requires static org.quartz;
    requires com.zaxxer.hikari;
    requires dev.tidemill.bench;
    requires dev.tidemill.jobs;
    requires info.picocli;
    requires java.sql;
    requires tools.jackson.databind;

    opens dev.tidemill.peers to
            info.picocli,
            tools.jackson.databind;
}
