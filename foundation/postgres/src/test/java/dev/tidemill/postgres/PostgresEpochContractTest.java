package dev.tidemill.postgres;

import dev.tidemill.jobs.store.JobStore;
import dev.tidemill.testkit.EpochContract;
import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.TestDatabase;
import java.sql.Connection;
import java.sql.SQLException;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(FreshSchema.class)
final class PostgresEpochContractTest extends EpochContract {
    private final TestDatabase database;

    PostgresEpochContractTest(TestDatabase database) {
        this.database = database;
    }

    @Override
    protected JobStore open() {
        return new PostgresJobStoreProvider().open(database.dataSource(), database.schema(), true);
    }

    @Override
    protected Connection connect() throws SQLException {
        return database.dataSource().getConnection();
    }
}
