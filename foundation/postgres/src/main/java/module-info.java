/** The job store on PostgreSQL. */
module dev.tidemill.postgres {
    requires static transitive org.jspecify;
    requires transitive dev.tidemill.jobs;
    requires transitive dev.tidemill.schema;
    requires java.sql;
    requires org.postgresql.jdbc;
    requires org.slf4j;

    exports dev.tidemill.postgres;

    provides dev.tidemill.jobs.store.JobStoreProvider with
            dev.tidemill.postgres.PostgresJobStoreProvider;
}
