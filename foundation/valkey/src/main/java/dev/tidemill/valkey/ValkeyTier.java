package dev.tidemill.valkey;

import dev.tidemill.cache.tier.SharedTier;
import io.lettuce.core.KeyScanCursor;
import io.lettuce.core.RedisFuture;
import io.lettuce.core.ScanArgs;
import io.lettuce.core.cluster.api.async.RedisClusterAsyncCommands;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Valkey or Redis, a server or a cluster, as the tier that all nodes share. Thread safe. It compares nothing with the log
 * of invalidations; the cache does that with what it remembers of it, so that an entry counts only while the process is in
 * contact with the log. Entries end by the server's clock. Claims are fenced by a token; when a fail-over loses one, a
 * value is loaded twice, and what is void stays void, because the log decides that.
 *
 * <p>It does not use client tracking: on a connection to a cluster that is accepted and delivers nothing, and after a
 * reconnect what was missed is not told. docs/cache.md has more.
 */
public final class ValkeyTier implements SharedTier {
    private static final Pattern USED = Pattern.compile("used_memory:(\\d+)");
    private static final int SCANNED_AT_MOST = 100_000;
    private static final int SCAN_COUNT = 1_000;

    private final Link link;

    private ValkeyTier(Link link) {
        this.link = link;
    }

    /**
     * On one server.
     *
     * @param address such as {@code redis://user:password@host:6379/0}, or {@code rediss://} for TLS
     * @param timeout for connecting and for each answer
     */
    public static ValkeyTier server(String address, Duration timeout) {
        return new ValkeyTier(new Link(List.of(address), false, timeout));
    }

    /**
     * On a cluster.
     *
     * @param addresses of some of its servers; the others are found
     * @param timeout for connecting and for each answer
     */
    public static ValkeyTier cluster(List<String> addresses, Duration timeout) {
        return new ValkeyTier(new Link(addresses, true, timeout));
    }

    /** A log of invalidations on the same servers, for who has no PostgreSQL; read what it promises. */
    public ValkeyLog log() {
        return new ValkeyLog(link);
    }

    @Override
    public String name() {
        return "valkey";
    }

    @Override
    public boolean comparesWithLog() {
        return false;
    }

    /** Both keys of an entry are in one slot, whatever is in its name: a cluster goes by what is between the braces. */
    private static String entryKey(String cache, String key) {
        return "tidemill:{c:" + cache + ":" + key + "}:entry";
    }

    private static String claimKey(String cache, String key) {
        return "tidemill:{c:" + cache + ":" + key + "}:claim";
    }

    @Override
    public Found read(String cache, Collection<String> keys) {
        RedisClusterAsyncCommands<byte[], byte[]> server = link.commands();
        Map<String, RedisFuture<List<Object>>> answers = new LinkedHashMap<>();
        for (String key : keys) {
            answers.put(key, Script.READ.run(server, List.of(entryKey(cache, key))));
        }
        Map<String, Stored> found = new HashMap<>();
        answers.forEach((key, answer) -> take(key, link.await(answer), found));
        return new Found(found, null);
    }

    private static void take(String key, List<Object> answer, Map<String, Stored> found) {
        if (answer.get(0) instanceof byte[] bytes && answer.get(1) instanceof Long left && left > 0) {
            Stored stored = Blob.read(bytes, left);
            if (stored != null) {
                found.put(key, stored);
            }
        }
    }

    @Override
    public Claimed claim(String cache, Collection<String> keys, Duration lease) {
        RedisClusterAsyncCommands<byte[], byte[]> server = link.commands();
        Map<String, Long> offered = new HashMap<>();
        Map<String, RedisFuture<List<Object>>> answers = new LinkedHashMap<>();
        for (String key : keys) {
            long token = ThreadLocalRandom.current().nextLong(1, Long.MAX_VALUE);
            offered.put(key, token);
            answers.put(
                    key,
                    Script.CLAIM.run(
                            server,
                            List.of(entryKey(cache, key), claimKey(cache, key)),
                            Script.bytes(token),
                            Script.bytes(lease.toMillis())));
        }
        Map<String, Long> tokens = new HashMap<>();
        Map<String, Stored> found = new HashMap<>();
        answers.forEach((key, future) -> {
            List<Object> answer = link.await(future);
            take(key, answer, found);
            if (Long.valueOf(1).equals(answer.get(2))) {
                tokens.put(key, offered.getOrDefault(key, 0L));
            }
        });
        return new Claimed(tokens, new Found(found, null));
    }

    @Override
    public void renew(String cache, Map<String, Long> tokens, Duration lease) {
        RedisClusterAsyncCommands<byte[], byte[]> server = link.commands();
        tokens.entrySet().stream()
                .<RedisFuture<Long>>map(held -> Script.RENEW.run(
                        server,
                        List.of(claimKey(cache, held.getKey())),
                        Script.bytes(held.getValue()),
                        Script.bytes(lease.toMillis())))
                .toList()
                .forEach(link::await);
    }

    @Override
    public void release(String cache, Map<String, Long> tokens) {
        RedisClusterAsyncCommands<byte[], byte[]> server = link.commands();
        tokens.entrySet().stream()
                .<RedisFuture<Long>>map(held -> Script.RELEASE.run(
                        server, List.of(claimKey(cache, held.getKey())), Script.bytes(held.getValue())))
                .toList()
                .forEach(link::await);
    }

    @Override
    public Set<String> store(String cache, List<Fill> fills) {
        RedisClusterAsyncCommands<byte[], byte[]> server = link.commands();
        Map<String, RedisFuture<Long>> answers = new LinkedHashMap<>();
        for (Fill fill : fills) {
            long kept = Math.max(1, fill.value().keptFor().toMillis());
            answers.put(
                    fill.key(),
                    Script.STORE.run(
                            server,
                            List.of(entryKey(cache, fill.key()), claimKey(cache, fill.key())),
                            Script.bytes(fill.token()),
                            Script.bytes(kept),
                            Blob.write(fill.value())));
        }
        Set<String> stored = new HashSet<>();
        answers.forEach((key, answer) -> {
            if (Long.valueOf(1).equals(link.await(answer))) {
                stored.add(key);
            }
        });
        return stored;
    }

    /** Never: the server is in no transaction of a database. The key is invalidated there, and loaded when asked for. */
    @Override
    public boolean storeIn(Connection connection, String cache, String key, Stored value) {
        return false;
    }

    /** All keys and the memory of the servers; of one cache the keys among the first 100,000 of each, and no bytes. */
    @Override
    public Size size(@Nullable String cache) {
        long entries = 0;
        long bytes = 0;
        for (RedisClusterAsyncCommands<byte[], byte[]> server : link.servers()) {
            if (cache == null) {
                entries += link.await(server.dbsize());
                Matcher used = USED.matcher(link.await(server.info("memory")));
                bytes += used.find() ? Long.parseLong(used.group(1)) : 0;
            } else {
                entries += count(server, entryKey(cache, "").replace("}:entry", ""));
            }
        }
        return new Size(entries, bytes);
    }

    private long count(RedisClusterAsyncCommands<byte[], byte[]> server, String beginning) {
        long count = 0;
        int scanned = 0;
        KeyScanCursor<byte[]> cursor = link.await(server.scan(ScanArgs.Builder.limit(SCAN_COUNT)));
        while (true) {
            count += cursor.getKeys().stream()
                    .map(key -> new String(key, StandardCharsets.UTF_8))
                    .filter(key -> key.startsWith(beginning) && key.endsWith("}:entry"))
                    .count();
            scanned += SCAN_COUNT;
            if (cursor.isFinished() || scanned >= SCANNED_AT_MOST) {
                return count;
            }
            cursor = link.await(server.scan(cursor, ScanArgs.Builder.limit(SCAN_COUNT)));
        }
    }

    /** Nothing to do: the server removes what has ended. */
    @Override
    public void tidy() {}

    @Override
    public void close() {
        link.close();
    }
}
