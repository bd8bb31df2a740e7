/** Jobs, handlers and the engine that runs them. */
module dev.tidemill.jobs {
    requires static transitive org.jspecify;
    requires java.management;
    requires transitive java.net.http;
    requires transitive java.sql;
    requires com.cronutils;
    requires org.slf4j;
    requires tools.jackson.core;
    requires tools.jackson.databind;

    exports dev.tidemill.jobs;
    exports dev.tidemill.jobs.store;

    opens dev.tidemill.jobs.engine to
            tools.jackson.databind;

    uses dev.tidemill.jobs.store.JobStoreProvider;
}
