package dev.tidemill.postgres;

import dev.tidemill.jobs.store.JobStore;
import dev.tidemill.jobs.store.JobStoreProvider;
import javax.sql.DataSource;

/** Opens the job store on PostgreSQL; found by {@link java.util.ServiceLoader}. */
public final class PostgresJobStoreProvider implements JobStoreProvider {
    /** For the service loader. */
    public PostgresJobStoreProvider() {}

    @Override
    public JobStore open(DataSource dataSource, String schema, boolean migrate) {
        Migrations migrations = new Migrations(dataSource, schema);
        if (migrate) {
            migrations.apply();
        } else {
            migrations.check();
        }
        return new PostgresJobStore(dataSource, schema);
    }
}
