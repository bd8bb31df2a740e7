package dev.tidemill.valkey;

import dev.tidemill.cache.Caches;
import dev.tidemill.cache.CachesBuilder;
import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.TestDatabase;
import java.time.Duration;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.extension.ExtendWith;

/** Entries on a cluster, and the log in the database. */
@Tag("redis")
@ExtendWith(FreshSchema.class)
final class ClusterAndPostgresContractTest extends CachesContract {
    private static final RedisServers SERVERS = RedisServers.clusterOfThree();

    private final TestDatabase database;

    ClusterAndPostgresContractTest(TestDatabase database) {
        this.database = database;
    }

    @AfterAll
    static void end() {
        SERVERS.close();
    }

    @Override
    protected CachesBuilder builder() {
        return Caches.on(database.dataSource())
                .schema(database.schema())
                .shared(ValkeyTier.cluster(SERVERS.addresses(), Duration.ofSeconds(10)));
    }
}
