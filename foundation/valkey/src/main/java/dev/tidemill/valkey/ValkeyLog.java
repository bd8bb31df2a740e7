package dev.tidemill.valkey;

import dev.tidemill.cache.tier.Invalidation;
import dev.tidemill.cache.tier.InvalidationLog;
import dev.tidemill.cache.tier.Position;
import dev.tidemill.cache.tier.Target;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The log as a stream on a Valkey, for applications without PostgreSQL. Weaker than the one in a database: it cannot be
 * part of a transaction, so a process that dies between its commit and its invalidation leaves the old value until it
 * expires. What the server has taken is heard by all within the bound. A server that was replaced or restarted may lack
 * what its predecessor answered; everybody then forgets everything. In a cluster cut in two an old primary may answer
 * until it notices (cluster-node-timeout): so much longer may it take.
 */
public final class ValkeyLog implements InvalidationLog {
    private static final String NUMBER = "tidemill:{log}:number";
    private static final String STREAM = "tidemill:{log}:stream";
    private static final String LIFE = "tidemill:{log}:life";
    private static final int KEPT = 100_000;

    private final Link link;
    private final Semaphore called = new Semaphore(0);

    ValkeyLog(Link link) {
        this.link = link;
    }

    @Override
    public Look look(@Nullable Position since, boolean remembering) {
        String from = since instanceof Count count ? Long.toString(count.upTo() + 1) : remembering ? "-" : "";
        List<Object> answer = link.await(Script.LOOK.run(
                link.commands(),
                List.of(NUMBER, STREAM, LIFE),
                Script.bytes(from),
                Script.bytes(UUID.randomUUID().toString())));
        Count now = new Count(text(answer.get(0)), Long.parseLong(text(answer.get(1))));
        List<Invalidation> first = entries(answer.get(2));
        long forgottenBelow =
                first.isEmpty() ? now.upTo() + 1 : first.getFirst().stamp();
        boolean complete = since == null
                || (since.life().equals(now.life())
                        && since.isAtLeast(forgottenBelow)
                        && since instanceof Count count
                        && count.upTo() <= now.upTo());
        return new Look(now, entries(answer.get(3)), complete, forgottenBelow);
    }

    private static List<Invalidation> entries(Object answer) {
        List<Invalidation> entries = new ArrayList<>();
        if (answer instanceof List<?> rows) {
            for (Object row : rows) {
                if (row instanceof List<?> pair && pair.get(1) instanceof List<?> fields) {
                    Map<String, String> named = new HashMap<>();
                    for (int i = 0; i + 1 < fields.size(); i += 2) {
                        named.put(text(fields.get(i)), text(fields.get(i + 1)));
                    }
                    String id = text(pair.get(0));
                    entries.add(new Invalidation(
                            Long.parseLong(id.substring(0, id.indexOf('-'))),
                            named.getOrDefault("c", ""),
                            new Target(named.getOrDefault("t", ""), named.getOrDefault("p", ""))));
                }
            }
        }
        return entries;
    }

    private static String text(Object bytes) {
        return bytes instanceof byte[] raw ? new String(raw, StandardCharsets.UTF_8) : String.valueOf(bytes);
    }

    @Override
    public long append(String cache, List<Target> targets) {
        List<byte[]> arguments = new ArrayList<>();
        arguments.add(Script.bytes(KEPT));
        for (Target target : targets) {
            arguments.add(Script.bytes(cache));
            arguments.add(Script.bytes(target.name()));
            arguments.add(Script.bytes(target.pattern()));
        }
        Long number = link.await(
                Script.APPEND.run(link.commands(), List.of(NUMBER, STREAM), arguments.toArray(byte[][]::new)));
        return number;
    }

    @Override
    public void append(Connection connection, String cache, List<Target> targets) {
        throw new UnsupportedOperationException(
                "The log is on a Valkey and cannot be part of a transaction. Keep it in the"
                        + " database (Caches.on(dataSource).shared(tier)), or invalidate after the commit.");
    }

    @Override
    public Position read(String text) {
        return Count.parse(text);
    }

    /** Others look at their own pace: nothing is sent. */
    @Override
    public void call() {
        called.release();
    }

    @Override
    public void await(Duration timeout) throws InterruptedException {
        if (called.tryAcquire(timeout.toMillis(), TimeUnit.MILLISECONDS)) {
            called.drainPermits();
        }
    }

    /** Nothing to do: writing forgets what is past the bound. */
    @Override
    public void tidy() {}

    /** The link is the tier's, and closed with that. */
    @Override
    public void close() {
        called.release();
    }
}
