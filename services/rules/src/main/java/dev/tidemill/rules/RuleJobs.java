package dev.tidemill.rules;

import dev.tidemill.jobs.ErrorCategory;
import dev.tidemill.jobs.ErrorVerdict;
import dev.tidemill.jobs.RemoteWork;
import dev.tidemill.jobs.RemoteWork.Failure;
import dev.tidemill.jobs.RemoteWork.Held;
import dev.tidemill.jobs.Retry;
import dev.tidemill.jobs.Tidemill;
import dev.tidemill.jobs.TidemillException;
import dev.tidemill.rules.LocalRule.Told;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Semaphore;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Does the jobs that stand for keys, by the engine's claims, retries, limits, breakers and dead letters. What a job does is to
 * react to what waits for its key and to take the key out of {@code rule_parked}, in one transaction; a job that is done
 * again because its outcome was lost finds nothing left to do.
 */
final class RuleJobs implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(RuleJobs.class);
    private static final Duration LEASE = Duration.ofSeconds(30);
    private static final Duration PATIENCE = Duration.ofSeconds(5);
    private static final Duration BEAT = Duration.ofSeconds(8);
    private static final Duration JOIN = Duration.ofSeconds(10);
    private static final int MOST_KINDS = 100;
    private static final int MOST_AT_ONCE = 16;
    private static final int MOST_ROUNDS = 100;
    /** How long what is known of paused rules holds. */
    private static final Duration KNOWN = Duration.ofSeconds(1);
    /** When a job is due again that was claimed as its rule was paused; while it is, nobody claims it. */
    private static final Duration SNOOZE = Duration.ofSeconds(5);

    private static final JsonMapper JSON = JsonMapper.builder().build();

    private final Database database;
    private final Tidemill mill;
    private final Delivery delivery;
    private final Watch watch;
    private final Supplier<Set<String>> kinds;
    private final Function<String, Optional<Installed<?>>> rules;
    private final Sweeps sweeps;
    private final Trial trial;
    private final SeenRows seen;
    private final Semaphore slots = new Semaphore(MOST_AT_ONCE);
    private final Thread thread = Thread.ofVirtual().name("tidemill-rules-jobs").unstarted(this::run);
    private volatile boolean closed;
    private Set<String> paused = Set.of();
    private long pausedAt = System.nanoTime() - KNOWN.toNanos();

    RuleJobs(
            Database database,
            Tidemill mill,
            Delivery delivery,
            Watch watch,
            Supplier<Set<String>> kinds,
            Function<String, Optional<Installed<?>>> rules,
            Sweeps sweeps,
            Trial trial) {
        this.database = database;
        this.mill = mill;
        this.delivery = delivery;
        this.watch = watch;
        this.kinds = kinds;
        this.rules = rules;
        this.sweeps = sweeps;
        this.trial = trial;
        this.seen = new SeenRows(database);
    }

    void start() {
        thread.start();
    }

    private void run() {
        int errors = 0;
        int turn = 0;
        while (!closed) {
            try {
                List<String> all = claimable();
                if (all.isEmpty()) {
                    Thread.sleep(BEAT.dividedBy(8));
                    continue;
                }
                // A claim names a hundred kinds at most; they take turns where there are more.
                int pages = (all.size() + MOST_KINDS - 1) / MOST_KINDS;
                int page = turn++ % pages;
                Set<String> some =
                        Set.copyOf(all.subList(page * MOST_KINDS, Math.min(all.size(), (page + 1) * MOST_KINDS)));
                slots.acquire();
                int free = 1 + slots.drainPermits();
                List<Held> claimed = List.of();
                try {
                    claimed = mill.remote()
                            .claim(new RemoteWork.Request(
                                    "rules",
                                    some,
                                    Set.of(),
                                    free,
                                    pages == 1 ? PATIENCE : PATIENCE.dividedBy(10),
                                    LEASE));
                } finally {
                    slots.release(free - claimed.size());
                }
                for (Held held : claimed) {
                    Thread.ofVirtual()
                            .name("tidemill-rule-" + held.handle().job())
                            .start(() -> work(held));
                }
                errors = 0;
            } catch (InterruptedException stopping) {
                return;
            } catch (RuntimeException failed) {
                if (closed) {
                    return;
                }
                if (errors++ == 0) {
                    LOG.warn("Jobs of rules could not be claimed; it is tried again every second.", failed);
                }
                if (!pause()) {
                    return;
                }
            }
        }
    }

    /** Not the keys of paused rules: their jobs wait, instead of being claimed and put back over and over. */
    private List<String> claimable() {
        if (System.nanoTime() - pausedAt >= KNOWN.toNanos()) {
            paused = paused();
            pausedAt = System.nanoTime();
        }
        return kinds.get().stream()
                .filter(kind ->
                        !kind.startsWith(LocalRule.KIND) || !paused.contains(kind.substring(LocalRule.KIND.length())))
                .sorted()
                .toList();
    }

    private Set<String> paused() {
        return Set.copyOf(database.ask(connection -> database.list(connection, "paused", row -> row.getString(1))));
    }

    private static boolean pause() {
        try {
            Thread.sleep(Duration.ofSeconds(1));
            return true;
        } catch (InterruptedException stopping) {
            return false;
        }
    }

    private void work(Held held) {
        Thread worker = Thread.currentThread();
        Thread beat = Thread.ofVirtual().start(() -> beat(held, worker));
        try {
            String result = run(held);
            beat.interrupt();
            mill.remote().finish(held.handle(), result);
        } catch (TidemillException late) {
            LOG.debug("The outcome of {} was not taken: {}", held.handle(), late.getMessage());
        } catch (Exception failed) {
            beat.interrupt();
            fail(held, failed);
        } finally {
            beat.interrupt();
            slots.release();
        }
    }

    private void beat(Held held, Thread worker) {
        try {
            while (true) {
                Thread.sleep(BEAT);
                if (!mill.remote().heartbeat(held.handle(), null, List.of()).goOn()) {
                    worker.interrupt();
                    return;
                }
            }
        } catch (InterruptedException over) {
            // The job is through.
        } catch (RuntimeException lost) {
            worker.interrupt();
        }
    }

    private void fail(Held held, Exception failed) {
        try {
            mill.remote().fail(held.handle(), failure(failed));
        } catch (RuntimeException late) {
            LOG.debug("The failure of {} was not taken: {}", held.handle(), late.getMessage());
        }
    }

    static Failure failure(Throwable failed) {
        @Nullable Throwable cause = failed;
        for (int depth = 0; cause != null && depth < 20; depth++) {
            if (cause instanceof Retry retry) {
                ErrorVerdict verdict = retry.verdict();
                return new Failure(
                        verdict.category(),
                        Delivery.describe(failed),
                        verdict.after(),
                        verdict.until(),
                        verdict.counted(),
                        verdict.dependency());
            }
            if (cause instanceof RuleException known
                    && (known.code() == RuleError.CIRCLE || known.code() == RuleError.OUTSIDE)) {
                return Failure.permanent(String.valueOf(known.getMessage()));
            }
            cause = cause.getCause();
        }
        return Failure.retry(Delivery.describe(failed));
    }

    /** Does a job; what it returns is the job's result as JSON, null for none. */
    private @Nullable String run(Held held) throws Exception {
        JsonNode payload = JSON.readTree(held.payload());
        if (held.kind().startsWith(LocalRule.SWEEP_KIND)) {
            Installed<?> rule = here(held.kind().substring(LocalRule.SWEEP_KIND.length()));
            // A schedule does not sweep a paused rule, nor with a job from before the rule stopped to be swept.
            boolean due =
                    rule.rule().isSwept() && !paused().contains(rule.rule().name());
            return due || payload.has("asked_by") ? JSON.writeValueAsString(JobResult.of(sweeps.sweep(rule))) : null;
        }
        if (held.kind().startsWith(LocalRule.DRY_RUN_KIND)) {
            Installed<?> rule = here(held.kind().substring(LocalRule.DRY_RUN_KIND.length()));
            int rows = Math.clamp(payload.path("rows").asLong(1), 1, 1_000_000);
            return JSON.writeValueAsString(JobResult.of(trial.dryRun(rule, rows)));
        }
        forKey(held, payload);
        return null;
    }

    private Installed<?> here(String name) {
        return rules.apply(name)
                .orElseThrow(() -> new RuleException(
                        RuleError.NOT_FOUND,
                        "This process has no rule '" + name + "' any more; another one may, or it was removed."));
    }

    private void forKey(Held held, JsonNode payload) throws Exception {
        Installed<?> found = here(payload.path("rule").asString(""));
        String key = payload.has("key")
                ? payload.path("key").asString("")
                : database.transaction(connection -> database.one(
                                connection,
                                "key_of_job",
                                row -> row.getString(1),
                                found.id(),
                                held.handle().job()))
                        .orElse(null);
        if (key == null) {
            // Too long for the job's body, and parked no more.
            return;
        }
        try {
            if (found.rule().settings().outside()) {
                outside(found, key, held);
            } else {
                database.transaction(connection -> inside(connection, found, key, held));
            }
        } catch (Retry paused) {
            throw paused;
        } catch (SQLException | RuntimeException failed) {
            Exception cause = failed instanceof ReactionFailedException reaction ? reaction.thrown : failed;
            found.meter().failed();
            note(found, key, cause);
            throw cause;
        }
    }

    /** Carries what a reaction threw out of a transaction. */
    private static final class ReactionFailedException extends RuntimeException {
        private static final long serialVersionUID = 1L;

        private final transient Exception thrown;

        ReactionFailedException(Exception thrown) {
            super(thrown);
            this.thrown = thrown;
        }
    }

    private void note(Installed<?> rule, String key, Throwable failed) {
        Failure failure = failure(failed);
        boolean snoozed = failure.category() == ErrorCategory.RETRY && !failure.counted();
        try {
            database.transaction(connection -> database.update(
                    connection, "parked_error", Delivery.describe(failed), !snoozed, rule.id(), key, key));
        } catch (SQLException unreachable) {
            LOG.debug("The error of the key '{}' was not noted.", Delivery.brief(key), unreachable);
        }
    }

    /** All that waits, in one transaction with its acknowledgement. */
    private <T> boolean inside(Connection connection, Installed<T> rule, String key, Held held) throws SQLException {
        Optional<Parked> parked = parked(connection, rule, key);
        if (parked.isEmpty()) {
            return false;
        }
        if (parked.get().why.equals("CIRCLE")) {
            // The first time it says so and becomes a dead letter; replayed, it is tried.
            throw new RuleException(RuleError.CIRCLE, String.valueOf(parked.get().error));
        }
        for (List<KeyChanges> keys = held(connection, rule, key); !keys.isEmpty(); keys = held(connection, rule, key)) {
            // What was in a circle begins anew: a person has looked at it.
            boolean anew = keys.getFirst().depth() >= Delivery.DEEPEST;
            Delivery.execute(
                    connection,
                    delivery.settings(rule.id(), anew ? "" : keys.getFirst().chain()));
            RowReader.Current current =
                    rule.reader().read(connection, keys.getFirst().merged());
            Told told = react(connection, rule, keys, current, held, LentConnection.of(connection));
            seen.remember(connection, rule, Delivery.merged(keys));
            database.update(connection, "held_done", rule.id(), key, key, ids(connection, keys));
            count(rule, keys, told);
        }
        database.update(connection, "unpark", rule.id(), key, key);
        return true;
    }

    private record Parked(String why, @Nullable String error) {}

    /**
     * Takes the key in hand, if it is still parked.
     *
     * @throws Retry if the rule is paused; what a reaction throws is never bare
     */
    private Optional<Parked> parked(Connection connection, Installed<?> rule, String key) throws SQLException {
        return database.one(
                connection,
                "parked",
                row -> {
                    if (row.getBoolean(3)) {
                        throw Retry.snooze(SNOOZE, "The rule is paused; its keys are tried again once it is resumed.");
                    }
                    return new Parked(row.getString(1), row.getString(2));
                },
                rule.id(),
                key,
                key);
    }

    private <T> List<KeyChanges> held(Connection connection, Installed<T> rule, String key) throws SQLException {
        return KeyChanges.of(database.list(connection, "held", RawChange::read, rule.id(), key, key));
    }

    private <T> Told react(
            Connection connection,
            Installed<T> rule,
            List<KeyChanges> keys,
            RowReader.Current current,
            Held held,
            @Nullable Connection lent) {
        RunOf run =
                new RunOf(mill, rule.rule().name(), RuleMode.JOB, held.handle().attempt(), lent);
        Duration limit = rule.rule().settings().timeout().multipliedBy(6);
        long began = System.nanoTime();
        Watch.Guard guard = watch.guard(connection, limit);
        try (guard) {
            return rule.rule().react(keys.getFirst().merged(), current, connection, run);
        } catch (Exception failed) {
            throw new ReactionFailedException(
                    guard.hasBrokenOff()
                            ? new RuleException(
                                    RuleError.TOO_SLOW, "It took longer than " + limit + " and was broken off.", failed)
                            : failed);
        } finally {
            rule.meter().reacted((System.nanoTime() - began) / 1_000);
        }
    }

    /** Reacts outside of any transaction, and acknowledges afterwards; what came meanwhile is next. */
    private <T> void outside(Installed<T> rule, String key, Held held) throws SQLException {
        for (int round = 0; round < MOST_ROUNDS; round++) {
            List<KeyChanges> keys = new ArrayList<>();
            Map<String, RowReader.Current> read = new HashMap<>();
            boolean there = database.transaction(connection -> {
                if (parked(connection, rule, key).isEmpty()) {
                    return false;
                }
                keys.addAll(held(connection, rule, key));
                if (keys.isEmpty()) {
                    database.update(connection, "unpark", rule.id(), key, key);
                    return false;
                }
                read.put("", rule.reader().read(connection, keys.getFirst().merged()));
                return true;
            });
            if (!there) {
                return;
            }
            RowReader.Current current = read.getOrDefault("", RowReader.Current.NONE);
            Told told = reactOutside(rule, keys, current, held);
            database.transaction(connection -> {
                seen.remember(connection, rule, Delivery.merged(keys));
                database.update(connection, "outside_again", rule.id(), key, key);
                return database.update(connection, "held_done", rule.id(), key, key, ids(connection, keys));
            });
            count(rule, keys, told);
        }
        // Others wait for a turn too.
        database.transaction(connection -> {
            long job = delivery.enqueue(connection, rule.rule(), List.of(key)).getFirst();
            return database.update(connection, "parked_job", job, rule.id(), key, key);
        });
    }

    private <T> Told reactOutside(Installed<T> rule, List<KeyChanges> keys, RowReader.Current current, Held held) {
        RunOf run =
                new RunOf(mill, rule.rule().name(), RuleMode.JOB, held.handle().attempt(), null);
        long began = System.nanoTime();
        Duration limit = rule.rule().settings().timeout();
        Watch.Guard guard = watch.guard(null, limit);
        try (guard) {
            return rule.rule().react(keys.getFirst().merged(), current, null, run);
        } catch (Exception failed) {
            throw new ReactionFailedException(
                    guard.hasBrokenOff()
                            ? new RuleException(
                                    RuleError.TOO_SLOW, "It took longer than " + limit + " and was broken off.", failed)
                            : failed);
        } finally {
            rule.meter().reacted((System.nanoTime() - began) / 1_000);
        }
    }

    private static java.sql.Array ids(Connection connection, List<KeyChanges> keys) throws SQLException {
        return connection.createArrayOf(
                "int8", keys.stream().flatMap(key -> key.ids().stream()).toArray());
    }

    private static void count(Installed<?> rule, List<KeyChanges> keys, Told told) {
        Delivery.Outcome outcome = new Delivery.Outcome(rule.meter());
        outcome.add(keys, told);
        outcome.committed(0);
    }

    @Override
    public void close() {
        closed = true;
        thread.interrupt();
        try {
            thread.join(JOIN);
            slots.tryAcquire(MOST_AT_ONCE, JOIN.toMillis(), java.util.concurrent.TimeUnit.MILLISECONDS);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
