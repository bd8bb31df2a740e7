/** Jobs in tests: run when the test says so, on a clock it holds; and the contract that every job store passes. */
module dev.tidemill.testkit {
    requires transitive dev.tidemill.embedded;
    requires transitive dev.tidemill.jobs;
    requires java.naming;
    requires transitive java.sql;
    requires static transitive org.junit.jupiter.api;
    requires static transitive org.jspecify;
    requires static org.assertj.core;
    requires org.postgresql.jdbc;

    exports dev.tidemill.testkit;
}
