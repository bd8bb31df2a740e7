package dev.tidemill.postgres;

import dev.tidemill.jobs.store.JobStore;
import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.LimitsContract;
import dev.tidemill.testkit.TestDatabase;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(FreshSchema.class)
final class PostgresLimitsContractTest extends LimitsContract {
    private final TestDatabase database;

    PostgresLimitsContractTest(TestDatabase database) {
        this.database = database;
    }

    @Override
    protected JobStore open() {
        return new PostgresJobStoreProvider().open(database.dataSource(), database.schema(), true);
    }
}
