/** Reactions to writes on the tables of an application, whoever made them. */
module dev.tidemill.rules {
    requires static transitive org.jspecify;
    requires transitive dev.tidemill.jobs;
    requires transitive java.sql;
    requires transitive dev.tidemill.schema;
    requires org.postgresql.jdbc;
    requires org.slf4j;
    requires tools.jackson.core;
    requires tools.jackson.databind;

    exports dev.tidemill.rules;

    opens dev.tidemill.rules.capture to
            tools.jackson.databind;
}
