package dev.tidemill.bench;

import com.zaxxer.hikari.HikariDataSource;
import dev.tidemill.cache.Cache;
import dev.tidemill.cache.CachePolicy;
import dev.tidemill.cache.Caches;
import dev.tidemill.cache.Keys;
import dev.tidemill.cache.ValueType;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** A process in which many callers want the same key at once; what the origin was asked is counted in a table. */
final class CacheCrowd {
    private CacheCrowd() {}

    public static void main(String[] arguments) throws Exception {
        String schema = arguments[0];
        int callers = Integer.parseInt(arguments[1]);
        try (HikariDataSource source = Target.pool(System.getenv(Worker.URL_VARIABLE), 12);
                Caches caches = Caches.on(source).schema(schema).open();
                BufferedReader commands =
                        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8))) {
            Cache<String, String> cache = caches.cache("processes", Keys.STRINGS, ValueType.of(String.class))
                    .policy(CachePolicy.USER_PROFILES.timeout(Duration.ofSeconds(30)))
                    .open();
            System.out.println("ready");
            commands.readLine();
            List<Thread> crowd = new ArrayList<>();
            for (int i = 0; i < callers; i++) {
                crowd.add(Thread.ofVirtual().start(() -> cache.get("one", key -> load(source, schema))));
            }
            for (Thread caller : crowd) {
                caller.join();
            }
            System.out.println("done");
        }
    }

    private static String load(HikariDataSource source, String schema) throws SQLException {
        try (Connection connection = source.getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute("insert into " + schema + ".origin_call values ('one')");
            statement.execute("select pg_sleep(0.5)");
            return "loaded";
        }
    }
}
