package dev.tidemill.cache;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.postgresql.ds.PGSimpleDataSource;

/** A process with a cache, told line by line what to do: {@code get KEY SECONDS} and {@code crowd KEY CALLERS SECONDS}. */
final class NodeProcess {
    private final PGSimpleDataSource source = new PGSimpleDataSource();
    private final String schema;

    private NodeProcess(String[] arguments) {
        source.setUrl(arguments[0]);
        source.setUser(arguments[1]);
        source.setPassword(System.getenv("NODE_PASSWORD"));
        // What a killed process was asking ends with it, and holds no locks up.
        source.setOptions("-c client_connection_check_interval=200");
        this.schema = arguments[2];
    }

    public static void main(String[] arguments) throws Exception {
        new NodeProcess(arguments).run();
    }

    private void run() throws IOException, InterruptedException {
        try (Caches caches = Caches.on(source)
                        .schema(schema)
                        .staleness(Duration.ofMillis(600))
                        .tierTimeout(Duration.ofSeconds(20))
                        .open();
                BufferedReader commands =
                        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8))) {
            Cache<String, Long> cache = caches.cache("things", Keys.STRINGS, ValueType.of(Long.class))
                    .policy(CachePolicy.STATIC.timeout(Duration.ofMinutes(1)))
                    .open();
            System.out.println("ready");
            String line;
            while ((line = commands.readLine()) != null) {
                String[] words = line.split(" ", -1);
                double seconds = Double.parseDouble(words[words.length - 1]);
                if (words[0].equals("get")) {
                    Answer<Long> answer = cache.ask(words[1], key -> load(key, seconds));
                    System.out.println("got " + answer.value() + " " + answer.source());
                } else {
                    List<Thread> callers = new ArrayList<>();
                    for (int i = Integer.parseInt(words[2]); i > 0; i--) {
                        callers.add(Thread.ofVirtual().start(() -> cache.get(words[1], key -> load(key, seconds))));
                    }
                    for (Thread caller : callers) {
                        caller.join();
                    }
                    System.out.println("crowd " + cache.stats().localEntries());
                }
            }
        }
    }

    private Long load(String key, double seconds) throws SQLException {
        try (Connection connection = source.getConnection()) {
            try (PreparedStatement called =
                    connection.prepareStatement("insert into " + schema + ".origin_call values (?)")) {
                called.setString(1, key);
                called.executeUpdate();
            }
            try (PreparedStatement statement = connection.prepareStatement(
                    "select coalesce((select version from " + schema + ".thing where id = ?), 0), pg_sleep(?)")) {
                statement.setString(1, key);
                statement.setDouble(2, seconds);
                try (ResultSet rows = statement.executeQuery()) {
                    rows.next();
                    return rows.getLong(1);
                }
            }
        }
    }
}
