/** Jobs, handlers and the engine that runs them. */
module dev.tidemill.jobs {
    requires static transitive org.jspecify;
    requires transitive java.sql;
    requires org.slf4j;
    requires tools.jackson.databind;

    exports dev.tidemill.jobs;
}
