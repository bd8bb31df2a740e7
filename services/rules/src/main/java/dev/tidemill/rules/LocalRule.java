package dev.tidemill.rules;

import dev.tidemill.jobs.Timing;
import dev.tidemill.rules.capture.Definition;
import dev.tidemill.rules.capture.Event;
import java.sql.Connection;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * A rule with its code, as this process has it.
 *
 * @param <T> what rows are mapped to
 * @param condition what has to be true of a change beside the triggers' condition; null for nothing
 */
record LocalRule<T>(
        String name,
        Definition definition,
        RowMapper<T> mapper,
        @Nullable Predicate<? super Change<T>> condition,
        Action<T> action,
        Settings settings) {
    /** The beginning of the kinds of jobs that stand for a key. */
    static final String KIND = "rule.";

    /** The beginning of the kinds of jobs that sweep. */
    static final String SWEEP_KIND = "rule-sweep.";

    /** The beginning of the kinds of jobs that try a rule. */
    static final String DRY_RUN_KIND = "rule-dry-run.";

    /**
     * What holds for the rule's code.
     *
     * @param outside whether it works outside the database
     * @param attempts how often a job tries
     * @param timeout after how much time a call is interrupted
     * @param batch the most changes of a call
     * @param target how long a transaction with several keys should take
     * @param dependsOn what it calls that has a breaker
     * @param sweep when to sweep; null for when asked
     * @param cap how many rows a sweep repairs at most
     * @param expecting a query for the keys that are not as they should be; null to find out by the code itself
     */
    record Settings(
            boolean outside,
            int attempts,
            Duration timeout,
            int batch,
            Duration target,
            Set<String> dependsOn,
            @Nullable Timing sweep,
            int cap,
            @Nullable String expecting) {
        static final Settings STANDARD = new Settings(
                false, 5, Duration.ofSeconds(10), 500, Duration.ofMillis(200), Set.of(), null, 1_000, null);

        Settings {
            dependsOn = Set.copyOf(dependsOn);
        }

        Settings outside(Set<String> names) {
            return new Settings(true, attempts, timeout, batch, target, names, sweep, cap, expecting);
        }

        Settings attempts(int value) {
            return new Settings(outside, value, timeout, batch, target, dependsOn, sweep, cap, expecting);
        }

        Settings timeout(Duration value) {
            return new Settings(outside, attempts, value, batch, target, dependsOn, sweep, cap, expecting);
        }

        Settings batch(int most, Duration within) {
            return new Settings(outside, attempts, timeout, most, within, dependsOn, sweep, cap, expecting);
        }

        Settings sweep(Timing when, int most) {
            return new Settings(outside, attempts, timeout, batch, target, dependsOn, when, most, expecting);
        }

        Settings expecting(String query) {
            return new Settings(outside, attempts, timeout, batch, target, dependsOn, sweep, cap, query);
        }
    }

    /** What is done about changes. */
    sealed interface Action<T> {
        /** One at a time. */
        record Single<T>(Reaction<T> reaction) implements Action<T> {}

        /** Many at a time. */
        record Batch<T>(BatchReaction<T> reaction, Gather gather) implements Action<T> {}

        /** By a statement. */
        record Statement<T>(String sql, Gather gather) implements Action<T> {}
    }

    String kind() {
        return KIND + name;
    }

    /** How long changes wait for others. */
    Duration gather() {
        return switch (action) {
            case Action.Single<T> single -> Duration.ZERO;
            case Action.Batch<T> batch -> batch.gather().every();
            case Action.Statement<T> statement -> statement.gather().every();
        };
    }

    /** Whether sweeps are to tell why something is not as it should be. */
    boolean isSwept() {
        return settings.sweep() != null;
    }

    boolean oneByOne() {
        return action instanceof Action.Single<T>;
    }

    /** What came of some changes. */
    record Told(int effects, int skipped) {}

    /**
     * Reacts to changes of one key, or of several if it is not {@link #oneByOne}. What throws has done nothing that counts.
     *
     * @param current rows as they are now, by what they are known by
     * @param connection of the transaction; null where it works outside
     */
    Told react(List<KeyChanges.Merged> rows, RowReader.Current current, @Nullable Connection connection, RunOf run)
            throws Exception {
        List<KeyChanges.Merged> telling = new ArrayList<>();
        List<Change<T>> changes = new ArrayList<>();
        int skipped = 0;
        Set<String> deleted = rows.stream()
                .filter(KeyChanges.Merged::isDelete)
                .map(KeyChanges.Merged::key)
                .collect(Collectors.toSet());
        for (KeyChanges.Merged row : rows) {
            boolean passedOver = (row.reading() == KeyChanges.Reading.LOOKED_AT && current.isLeftOut(row))
                    || (current.isGone(row) && (!tellsThatItWent(row) || deleted.contains(row.key())));
            if (passedOver) {
                skipped++;
                continue;
            }
            Change<T> change = change(row, current);
            if (condition != null && !condition.test(change)) {
                skipped++;
            } else {
                telling.add(row);
                changes.add(change);
            }
        }
        if (!changes.isEmpty()) {
            switch (action) {
                case Action.Single<T>(Reaction<T> reaction) -> {
                    for (Change<T> change : changes) {
                        reaction.react(change, run);
                    }
                }
                case Action.Batch<T> batch -> batch.reaction().react(List.copyOf(changes), run);
                case Action.Statement<T> statement ->
                    SqlReaction.run(
                            statement.sql(),
                            telling,
                            changes,
                            current,
                            Objects.requireNonNull(connection, "connection"));
            }
        }
        return new Told(changes.size(), skipped);
    }

    /**
     * Whether a row that is gone is told by the change that says so. That of a row that was only looked at has another, if
     * the rule wants to know; of the many rows of a statement there is only the key.
     */
    private boolean tellsThatItWent(KeyChanges.Merged row) {
        return row.reading() == KeyChanges.Reading.KEY_ONLY
                && definition.events().contains(Event.DELETE);
    }

    private Change<T> change(KeyChanges.Merged row, RowReader.Current current) {
        String now = row.read() ? current.of(row) : row.now();
        T before = row.old() == null ? null : mapper.read(name, row.old());
        T after = now == null ? null : mapper.read(name, now);
        Change.Kind kind = row.read()
                ? Change.Kind.CURRENT
                : before == null ? Change.Kind.INSERT : after == null ? Change.Kind.DELETE : Change.Kind.UPDATE;
        return new Change<>(kind, row.key(), before, after, row.read(), row.count());
    }
}
