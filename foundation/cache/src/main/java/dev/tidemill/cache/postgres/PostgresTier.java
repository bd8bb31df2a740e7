package dev.tidemill.cache.postgres;

import dev.tidemill.cache.tier.SharedTier;
import dev.tidemill.cache.tier.Target;
import java.sql.Array;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Entries in unlogged tables, one for every ten minutes of ends, which are dropped whole. Reading compares an entry with
 * the log in the statement that reads it: what comes back was true in that statement's snapshot, even if its value was
 * stored before an invalidation that committed after.
 */
final class PostgresTier implements SharedTier {
    private static final String SEPARATOR = "\u001f";
    private static final Duration LOCK_WAIT = Duration.ofMillis(300);

    private final Sessions sessions;
    private final CacheSql sql;
    private final Duration longest;

    PostgresTier(Sessions sessions, CacheSql sql, Duration longest) {
        this.sessions = sessions;
        this.sql = sql;
        this.longest = longest;
    }

    @Override
    public String name() {
        return "postgres";
    }

    @Override
    public boolean comparesWithLog() {
        return true;
    }

    @Override
    public Found read(String cache, Collection<String> keys) {
        return sessions.call(connection -> {
            try (PreparedStatement statement = connection.prepareStatement(sql.get("read"))) {
                statement.setString(1, cache);
                statement.setObject(2, keys.toArray(String[]::new));
                try (ResultSet rows = statement.executeQuery()) {
                    return claimed(rows, false).found();
                }
            }
        });
    }

    @Override
    public Claimed claim(String cache, Collection<String> keys, Duration lease) {
        return sessions.call(connection -> {
            try (PreparedStatement statement = connection.prepareStatement(sql.get("claim"))) {
                statement.setString(1, cache);
                statement.setObject(2, keys.toArray(String[]::new));
                statement.setLong(3, lease.toMillis());
                try (ResultSet rows = statement.executeQuery()) {
                    return claimed(rows, true);
                }
            }
        });
    }

    private static Claimed claimed(ResultSet rows, boolean tokens) throws SQLException {
        Map<String, Long> claims = new HashMap<>();
        Map<String, Stored> entries = new HashMap<>();
        Snapshot at = null;
        while (rows.next()) {
            String life = rows.getString(11);
            if (at == null && life != null) {
                at = Snapshot.of(life, rows.getString(10));
            }
            if (tokens && claims.isEmpty()) {
                String[] keys = (String[]) rows.getArray(12).getArray();
                Long[] numbers = (Long[]) rows.getArray(13).getArray();
                for (int i = 0; i < keys.length; i++) {
                    claims.put(keys[i], numbers[i]);
                }
            }
            String key = rows.getString(1);
            if (key != null && life != null) {
                entries.put(key, stored(rows, life));
            }
        }
        return new Claimed(claims, new Found(entries, at));
    }

    private static Stored stored(ResultSet rows, String life) throws SQLException {
        return new Stored(
                rows.getBytes(2),
                new HashSet<>(Arrays.asList(strings(rows.getArray(3)))),
                Duration.ofMillis(rows.getLong(4)),
                Duration.ofMillis(rows.getLong(5)),
                Duration.ofMillis(rows.getLong(6)),
                Duration.ofMillis(rows.getLong(7)),
                life + "|" + rows.getString(8),
                rows.getLong(9));
    }

    private static String[] strings(@Nullable Array array) throws SQLException {
        return array == null ? new String[0] : (String[]) array.getArray();
    }

    @Override
    public void renew(String cache, Map<String, Long> tokens, Duration lease) {
        sessions.call(connection -> {
            try (PreparedStatement statement = connection.prepareStatement(sql.get("renew"))) {
                statement.setLong(1, lease.toMillis());
                statement.setString(2, cache);
                setTokens(statement, 3, tokens);
                statement.setString(5, cache);
                return statement.executeUpdate();
            }
        });
    }

    @Override
    public void release(String cache, Map<String, Long> tokens) {
        sessions.call(connection -> {
            try (PreparedStatement statement = connection.prepareStatement(sql.get("release"))) {
                setTokens(statement, 1, tokens);
                statement.setString(3, cache);
                return statement.executeUpdate();
            }
        });
    }

    private static void setTokens(PreparedStatement statement, int from, Map<String, Long> tokens) throws SQLException {
        List<Map.Entry<String, Long>> entries = List.copyOf(tokens.entrySet());
        statement.setObject(from, entries.stream().map(Map.Entry::getKey).toArray(String[]::new));
        statement.setObject(
                from + 1, entries.stream().mapToLong(Map.Entry::getValue).toArray());
    }

    @Override
    public Set<String> store(String cache, List<Fill> fills) {
        return sessions.call(connection -> {
            Object[] columns = columns(cache, fills);
            try (PreparedStatement statement = connection.prepareStatement(sql.get("store"))) {
                for (int i = 0; i < columns.length; i++) {
                    statement.setObject(i + 1, columns[i]);
                }
                Set<String> stored = new HashSet<>();
                try (ResultSet rows = statement.executeQuery()) {
                    while (rows.next()) {
                        stored.add(rows.getString(1));
                    }
                }
                return stored;
            }
        });
    }

    private static Object[] columns(String cache, List<Fill> fills) {
        return new Object[] {
            cache,
            fills.stream().map(Fill::key).toArray(String[]::new),
            fills.stream().mapToLong(Fill::token).toArray(),
            fills.stream().map(fill -> fill.value().bytes()).toArray(byte[][]::new),
            fills.stream()
                    .map(fill -> String.join(SEPARATOR, fill.value().tags()))
                    .toArray(String[]::new),
            fills.stream()
                    .map(fill -> String.join(
                            SEPARATOR, Target.of(fill.key(), fill.value().tags())))
                    .toArray(String[]::new),
            fills.stream().map(fill -> fill.value().asOf()).toArray(String[]::new),
            fills.stream().map(fill -> Long.toString(fill.value().own())).toArray(String[]::new),
            fills.stream().mapToLong(fill -> fill.value().age().toMillis()).toArray(),
            fills.stream().mapToLong(fill -> fill.value().freshFor().toMillis()).toArray(),
            fills.stream()
                    .mapToLong(fill -> fill.value().usableFor().toMillis())
                    .toArray(),
            fills.stream().mapToLong(fill -> fill.value().keptFor().toMillis()).toArray()
        };
    }

    @Override
    public boolean storeIn(Connection connection, String cache, String key, Stored value) {
        try (PreparedStatement statement = connection.prepareStatement(sql.get("store_in"))) {
            statement.setString(1, cache);
            statement.setString(2, key);
            statement.setObject(3, value.tags().toArray(String[]::new));
            statement.setObject(4, Target.of(key, value.tags()).toArray(String[]::new));
            statement.setLong(5, value.freshFor().toMillis());
            statement.setLong(6, value.usableFor().toMillis());
            statement.setLong(7, value.keptFor().toMillis());
            statement.setBytes(8, value.bytes());
            statement.executeUpdate();
            return true;
        } catch (SQLException failed) {
            throw new TierException("The value was not stored: " + Sessions.reason(failed), failed);
        }
    }

    @Override
    public Size size(@Nullable String cache) {
        return sessions.call(connection -> {
            try (PreparedStatement statement =
                    connection.prepareStatement(sql.get(cache == null ? "size" : "size_of"))) {
                if (cache != null) {
                    statement.setString(1, cache);
                }
                try (ResultSet rows = statement.executeQuery()) {
                    rows.next();
                    return new Size(rows.getLong(1), rows.getLong(2));
                }
            }
        });
    }

    @Override
    public void tidy() {
        sessions.transaction(connection -> {
            if (Turn.taken(connection, sql, LOCK_WAIT)) {
                Turn.run(connection, sql.get("tables"), longest);
            }
            return true;
        });
    }

    @Override
    public void close() {
        sessions.close();
    }
}
