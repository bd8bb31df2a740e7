package dev.tidemill.rules;

import static java.util.stream.Collectors.joining;

import dev.tidemill.jobs.EnqueueOptions;
import dev.tidemill.jobs.JobRequest;
import dev.tidemill.jobs.Priority;
import dev.tidemill.jobs.Tidemill;
import dev.tidemill.rules.KeyChanges.Merged;
import dev.tidemill.rules.LocalRule.Told;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tools.jackson.databind.json.JsonMapper;

/**
 * Has reactions run in a transaction, each under a savepoint, and gives the keys of those that fail to jobs of the engine, in
 * that same transaction. Thread safe.
 */
final class Delivery {
    /** After how many rules, one the consequence of the other, it is taken for a circle. */
    static final int DEEPEST = 8;

    private static final Logger LOG = LoggerFactory.getLogger(Delivery.class);
    private static final int TIMES_IN_THE_WAY = 5;
    private static final int LONGEST_ERROR = 2_000;
    private static final int LONGEST_BRIEF = 200;
    /** A longer key is not in the body of its job, which has a limit: the job finds it where it is parked. */
    private static final int LONGEST_IN_JOB = 8_000;

    private static final JsonMapper JSON = JsonMapper.builder().build();

    private final Database database;
    private final Tidemill mill;
    private final Watch watch;
    private final String setting;
    private final SeenRows seen;

    /**
     * Creates one.
     *
     * @param setting the beginning of the names of the settings by which triggers know whose write it is
     */
    Delivery(Database database, Tidemill mill, Watch watch, String setting) {
        this.database = database;
        this.mill = mill;
        this.watch = watch;
        this.setting = setting;
        this.seen = new SeenRows(database);
    }

    /** A call took too long: the connection is of no use any more, and the next turn gives the key to a job. */
    static final class BrokenOffException extends RuntimeException {
        private static final long serialVersionUID = 1L;

        BrokenOffException(String message, Throwable cause) {
            super(message, cause);
        }
    }

    /** Why a key goes to a job. */
    enum Why {
        FAILED,
        CIRCLE,
        OUTSIDE
    }

    private record Handed(KeyChanges key, Why why, @Nullable String error) {}

    /** What came of a turn. */
    static final class Outcome {
        private final Meter meter;
        private final List<KeyChanges> done = new ArrayList<>();
        private final List<Handed> handed = new ArrayList<>();
        private int effects;
        private int skipped;
        private int failures;

        Outcome(Meter meter) {
            this.meter = meter;
        }

        /** Keys whose effects are in the transaction. */
        List<KeyChanges> done() {
            return done;
        }

        int parked() {
            return handed.size();
        }

        void add(List<KeyChanges> keys, Told told) {
            done.addAll(keys);
            effects += told.effects();
            skipped += told.skipped();
        }

        /** Counts it, once it is committed. */
        void committed(long nanosSinceTaken) {
            int changes = 0;
            int merged = 0;
            List<Long> lags = new ArrayList<>(done.size());
            for (KeyChanges key : done) {
                changes += key.written().size();
                merged += key.merged().size();
                long oldest = key.written().stream()
                        .mapToLong(RawChange::ageMicros)
                        .max()
                        .orElse(0);
                lags.add(oldest + nanosSinceTaken / 1_000);
            }
            meter.add(new Meter.Told(changes, effects, changes - merged, skipped, failures, lags));
        }
    }

    /** Reacts to what can be reacted to here and now. What is in no list of the outcome stays where it is. */
    <T> Outcome deliver(Connection connection, Installed<T> rule, List<KeyChanges> keys) throws SQLException {
        Outcome outcome = new Outcome(rule.meter());
        List<KeyChanges> mine = new ArrayList<>();
        for (KeyChanges key : keys) {
            String slow = rule.tooSlow(key.key());
            if (rule.rule().settings().outside()) {
                outcome.handed.add(new Handed(key, Why.OUTSIDE, null));
            } else if (slow != null) {
                outcome.failures++;
                outcome.handed.add(new Handed(key, Why.FAILED, slow));
            } else if (key.depth() >= DEEPEST) {
                outcome.failures++;
                outcome.handed.add(new Handed(key, Why.CIRCLE, circle(connection, key)));
            } else if (mine.size() < rule.keys()) {
                mine.add(key);
            }
        }
        if (!mine.isEmpty()) {
            RowReader.Current current = rule.reader().read(connection, merged(mine));
            if (rule.rule().oneByOne()) {
                for (KeyChanges key : mine) {
                    together(connection, rule, List.of(key), current, outcome);
                }
            } else {
                for (List<KeyChanges> led : byChain(mine)) {
                    together(connection, rule, led, current, outcome);
                }
            }
            seen.remember(connection, rule, merged(outcome.done));
        }
        hand(connection, rule, outcome.handed);
        return outcome;
    }

    /**
     * What is written for several keys has one chain. So only keys are reacted to together that the same rules led to:
     * others would be blamed for a circle that they have no part in.
     */
    private static Collection<List<KeyChanges>> byChain(List<KeyChanges> keys) {
        Map<String, List<KeyChanges>> chains = new LinkedHashMap<>();
        for (KeyChanges key : keys) {
            chains.computeIfAbsent(key.chain(), chain -> new ArrayList<>()).add(key);
        }
        return chains.values();
    }

    static List<Merged> merged(List<KeyChanges> keys) {
        return keys.stream().flatMap(key -> key.merged().stream()).toList();
    }

    /** Reacts under a savepoint; what fails together is tried in halves. */
    private <T> void together(
            Connection connection, Installed<T> rule, List<KeyChanges> keys, RowReader.Current current, Outcome outcome)
            throws SQLException {
        execute(
                connection,
                "savepoint tidemill_reaction; "
                        + settings(rule.id(), keys.getFirst().chain()));
        long began = System.nanoTime();
        Watch.Guard guard = watch.guard(connection, rule.rule().settings().timeout());
        try {
            Told told;
            try (guard) {
                RunOf run = new RunOf(mill, rule.rule().name(), RuleMode.LIVE, 1, LentConnection.of(connection));
                told = rule.rule().react(merged(keys), current, connection, run);
            }
            if (guard.hasBrokenOff()) {
                throw new InterruptedException("it was broken off");
            }
            execute(connection, "release savepoint tidemill_reaction");
            keys.forEach(key -> rule.through(key.key()));
            outcome.add(keys, told);
        } catch (Exception failed) {
            if (guard.hasBrokenOff()) {
                throw brokenOff(rule, keys, failed);
            }
            if (Database.isBroken(failed) || connection.isClosed()) {
                throw new SQLException("The connection broke in a reaction.", "08006", failed);
            }
            execute(connection, "rollback to savepoint tidemill_reaction; release savepoint tidemill_reaction");
            afterFailure(connection, rule, keys, current, outcome, failed);
        } finally {
            rule.meter().reacted((System.nanoTime() - began) / 1_000);
        }
    }

    private <T> void afterFailure(
            Connection connection,
            Installed<T> rule,
            List<KeyChanges> keys,
            RowReader.Current current,
            Outcome outcome,
            Exception failed)
            throws SQLException {
        if (failed instanceof InterruptedException) {
            // The process stops: what was not done stays where it is.
            Thread.currentThread().interrupt();
            throw new SQLException("Interrupted in a reaction.", "57014", failed);
        }
        if (Database.isTransient(failed) && rule.inTheWay(keys.getFirst().key()) <= TIMES_IN_THE_WAY) {
            // Somebody else was in the way; committing what is done lets go of the locks, and the next turn tries
            // again.
            rule.halve();
            return;
        }
        if (keys.size() == 1) {
            outcome.failures++;
            outcome.handed.add(new Handed(keys.getFirst(), Why.FAILED, describe(failed)));
            LOG.warn(
                    "The rule {} failed for the key '{}', which goes to a job: {}",
                    rule.rule().name(),
                    brief(keys.getFirst().key()),
                    describe(failed));
            return;
        }
        int half = keys.size() / 2;
        together(connection, rule, keys.subList(0, half), current, outcome);
        together(connection, rule, keys.subList(half, keys.size()), current, outcome);
    }

    private static <T> BrokenOffException brokenOff(Installed<T> rule, List<KeyChanges> keys, Exception failed) {
        String message = "The rule " + rule.rule().name() + " took longer than "
                + rule.rule().settings().timeout() + " and was broken off";
        LOG.warn("{}, with {} keys.", message, keys.size());
        if (keys.size() == 1) {
            rule.wasTooSlow(keys.getFirst().key(), message + ".");
        } else {
            rule.shrinkTo(keys.size() / 2);
        }
        return new BrokenOffException(message, failed);
    }

    /**
     * Whose write it is, for the triggers; gone with the transaction.
     *
     * @param chain the rules that led here; empty if none did
     */
    String settings(int rule, String chain) {
        return "select set_config('" + setting + "rule', '" + rule + "', true), set_config('" + setting + "chain', '"
                + (chain.isEmpty() ? "" : chain + ">") + rule + "', true)";
    }

    static void execute(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    private String circle(Connection connection, KeyChanges key) throws SQLException {
        Map<String, String> names = new HashMap<>();
        database.list(connection, "names", row -> names.put(row.getString(1), row.getString(2)));
        String chain = Arrays.stream(key.chain().split(">", -1))
                .map(id -> names.getOrDefault(id, "(a rule that was removed)"))
                .collect(joining(" > "));
        return "Rules react to each other without end: " + chain
                + ". Each changed the row again that the other had changed. Make them agree, or give one a condition; then"
                + " replay the dead letter.";
    }

    /** The error of a reaction as people read it. */
    static String describe(Throwable failed) {
        String text = failed.toString().replace('\0', '\uFFFD');
        return text.length() > LONGEST_ERROR ? text.substring(0, LONGEST_ERROR) : text;
    }

    /** A key for a line that people read. */
    static String brief(String key) {
        return key.length() <= LONGEST_BRIEF
                ? key
                : key.substring(0, key.offsetByCodePoints(0, LONGEST_BRIEF / 2)) + "… (" + key.length()
                        + " characters)";
    }

    private <T> void hand(Connection connection, Installed<T> rule, List<Handed> handed) throws SQLException {
        if (handed.isEmpty()) {
            return;
        }
        List<Long> jobs = enqueue(
                connection,
                rule.rule(),
                handed.stream().map(one -> one.key.key()).toList());
        database.update(
                connection,
                "park",
                rule.id(),
                connection.createArrayOf(
                        "text", handed.stream().map(one -> one.key.key()).toArray()),
                connection.createArrayOf(
                        "text", handed.stream().map(one -> one.why.name()).toArray()),
                connection.createArrayOf("int8", jobs.toArray()),
                connection.createArrayOf(
                        "text", handed.stream().map(one -> one.error).toArray()));
        database.update(
                connection,
                "hold",
                rule.id(),
                connection.createArrayOf(
                        "int8",
                        handed.stream().flatMap(one -> one.key.ids().stream()).toArray()));
    }

    /** The jobs of keys, in the caller's transaction. */
    List<Long> enqueue(Connection connection, LocalRule<?> rule, List<String> keys) {
        EnqueueOptions options = EnqueueOptions.priority(Priority.HIGH)
                .attempts(rule.settings().attempts())
                .tag("rule", rule.name());
        return mill.enqueueAll(
                connection,
                keys.stream()
                        .map(key -> new JobRequest(
                                rule.kind(),
                                JSON.writeValueAsString(
                                        key.length() > LONGEST_IN_JOB
                                                ? Map.of("rule", rule.name())
                                                : Map.of("rule", rule.name(), "key", key))))
                        .toList(),
                options);
    }
}
