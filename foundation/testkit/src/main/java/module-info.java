/** A fresh PostgreSQL schema for each test class, and the contract that every job store passes. */
module dev.tidemill.testkit {
    requires transitive dev.tidemill.embedded;
    requires transitive dev.tidemill.jobs;
    requires java.naming;
    requires transitive java.sql;
    requires transitive org.junit.jupiter.api;
    requires static transitive org.jspecify;
    requires org.assertj.core;
    requires org.postgresql.jdbc;

    exports dev.tidemill.testkit;
}
