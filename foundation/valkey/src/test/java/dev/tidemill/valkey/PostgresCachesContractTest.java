package dev.tidemill.valkey;

import dev.tidemill.cache.Caches;
import dev.tidemill.cache.CachesBuilder;
import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.TestDatabase;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(FreshSchema.class)
final class PostgresCachesContractTest extends CachesContract {
    private final TestDatabase database;

    PostgresCachesContractTest(TestDatabase database) {
        this.database = database;
    }

    @Override
    protected CachesBuilder builder() {
        return Caches.on(database.dataSource()).schema(database.schema());
    }
}
