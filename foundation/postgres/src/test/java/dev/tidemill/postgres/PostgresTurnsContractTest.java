package dev.tidemill.postgres;

import dev.tidemill.jobs.store.JobStore;
import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.TestDatabase;
import dev.tidemill.testkit.TurnsContract;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(FreshSchema.class)
final class PostgresTurnsContractTest extends TurnsContract {
    private final TestDatabase database;

    PostgresTurnsContractTest(TestDatabase database) {
        this.database = database;
    }

    @Override
    protected JobStore open() {
        return new PostgresJobStoreProvider().open(database.dataSource(), database.schema(), true);
    }
}
