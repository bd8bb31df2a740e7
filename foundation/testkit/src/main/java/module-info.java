/** A fresh PostgreSQL schema for each test class. */
module dev.tidemill.testkit {
    requires transitive dev.tidemill.embedded;
    requires java.naming;
    requires transitive java.sql;
    requires transitive org.junit.jupiter.api;
    requires static transitive org.jspecify;
    requires org.postgresql.jdbc;

    exports dev.tidemill.testkit;
}
