package dev.tidemill.jobs.store;

import javax.sql.DataSource;

/** Finds the job store; looked up with {@link java.util.ServiceLoader}. */
public interface JobStoreProvider {
    /**
     * Opens the store. Migrates or checks the schema; keeps the data source, and takes connections from it as needed.
     *
     * @param schema the schema that holds the tables, by the rule for its builder's option
     * @param migrate whether a missing or older schema is brought up to date, or refused
     */
    JobStore open(DataSource dataSource, String schema, boolean migrate);
}
