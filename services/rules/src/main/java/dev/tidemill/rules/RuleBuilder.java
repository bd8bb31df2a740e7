package dev.tidemill.rules;

import dev.tidemill.jobs.Timing;
import dev.tidemill.rules.LocalRule.Action;
import dev.tidemill.rules.LocalRule.Settings;
import dev.tidemill.rules.capture.Definition;
import dev.tidemill.rules.capture.Event;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A rule that is being defined; {@link #react}, {@link #reactInBatches} or {@link #sql} end it. Immutable: each method
 * returns another.
 *
 * @param <T> what rows are mapped to
 */
public final class RuleBuilder<T> {
    private static final Pattern NAME = Pattern.compile("[A-Za-z][A-Za-z0-9._-]{0,79}");
    private static final int KEYS_ONLY_BEYOND = 10_000;
    private static final int MOST_ROWS = 1_000_000;

    private final Rules rules;
    private final Draft draft;
    private final RowMapper<T> mapper;
    private final @Nullable Predicate<? super Change<T>> condition;

    /** What was said so far that does not concern the class. */
    private record Draft(
            String table,
            List<String> watched,
            boolean all,
            String key,
            List<String> carried,
            List<Event> events,
            @Nullable String whenSql,
            int keysOnlyBeyond,
            boolean ownWrites,
            Settings settings) {}

    private RuleBuilder(
            Rules rules, Draft draft, RowMapper<T> mapper, @Nullable Predicate<? super Change<T>> condition) {
        this.rules = rules;
        this.draft = draft;
        this.mapper = mapper;
        this.condition = condition;
    }

    static RuleBuilder<Row> on(Rules rules, String table) {
        return new RuleBuilder<>(
                rules,
                new Draft(
                        table,
                        List.of(),
                        false,
                        "",
                        List.of(),
                        List.of(Event.values()),
                        null,
                        KEYS_ONLY_BEYOND,
                        false,
                        Settings.STANDARD),
                RowMapper.plain(),
                null);
    }

    private RuleBuilder<T> with(Draft other) {
        return new RuleBuilder<>(rules, other, mapper, condition);
    }

    private RuleBuilder<T> with(Settings settings) {
        return with(new Draft(
                draft.table,
                draft.watched,
                draft.all,
                draft.key,
                draft.carried,
                draft.events,
                draft.whenSql,
                draft.keysOnlyBeyond,
                draft.ownWrites,
                settings));
    }

    /** Reacts when one of these columns changes, and when rows come and go. Names are taken as they are. */
    public RuleBuilder<T> watching(String... columns) {
        return with(new Draft(
                draft.table,
                List.of(columns),
                false,
                draft.key,
                draft.carried,
                draft.events,
                draft.whenSql,
                draft.keysOnlyBeyond,
                draft.ownWrites,
                draft.settings));
    }

    /** Reacts when any column changes. */
    public RuleBuilder<T> watchingAll() {
        return with(new Draft(
                draft.table,
                List.of(),
                true,
                draft.key,
                draft.carried,
                draft.events,
                draft.whenSql,
                draft.keysOnlyBeyond,
                draft.ownWrites,
                draft.settings));
    }

    /**
     * What belongs together: changes with the same value in this column are reacted to one after the other, never twice at
     * once. A whole number, numeric, text, uuid or enum. Rows in which it is null are passed over.
     */
    public RuleBuilder<T> key(String column) {
        return with(new Draft(
                draft.table,
                draft.watched,
                draft.all,
                column,
                draft.carried,
                draft.events,
                draft.whenSql,
                draft.keysOnlyBeyond,
                draft.ownWrites,
                draft.settings));
    }

    /** Further columns that the reaction, or the condition, wants to see. */
    public RuleBuilder<T> carrying(String... columns) {
        return with(new Draft(
                draft.table,
                draft.watched,
                draft.all,
                draft.key,
                List.of(columns),
                draft.events,
                draft.whenSql,
                draft.keysOnlyBeyond,
                draft.ownWrites,
                draft.settings));
    }

    /** Rows as objects of this class, a record mostly: the column {@code user_id} is its {@code userId}. */
    public <R> RuleBuilder<R> mapped(Class<R> type) {
        if (condition != null) {
            throw new RuleException(RuleError.INVALID, "mapped(..) comes before when(..), which is about its objects.");
        }
        return new RuleBuilder<>(rules, draft, RowMapper.to(type), null);
    }

    /** Only when rows come. */
    public RuleBuilder<T> onInsert() {
        return events(Event.INSERT);
    }

    /** Only when rows change. */
    public RuleBuilder<T> onUpdate() {
        return events(Event.UPDATE);
    }

    /** Only when rows go. */
    public RuleBuilder<T> onDelete() {
        return events(Event.DELETE);
    }

    private RuleBuilder<T> events(Event... events) {
        return with(new Draft(
                draft.table,
                draft.watched,
                draft.all,
                draft.key,
                draft.carried,
                Arrays.asList(events),
                draft.whenSql,
                draft.keysOnlyBeyond,
                draft.ownWrites,
                draft.settings));
    }

    /** Only changes of which this is true. It is asked here, of changes taken together; others count as skipped. */
    public RuleBuilder<T> when(Predicate<? super Change<T>> value) {
        return new RuleBuilder<>(rules, draft, mapper, value);
    }

    /**
     * Only changes of which this is true, asked in the trigger: an expression over {@code old} and {@code new}, which have
     * the key and the columns watched and carried, null where there is no such row: {@code "new.status <> 'draft'"}. If it
     * fails for a row, that row's change counts. Backfills, sweeps and dry runs ask it of rows as they are, with {@code old}
     * null as of a row that came, and pass over those that it leaves out.
     */
    public RuleBuilder<T> whenSql(String expression) {
        return with(new Draft(
                draft.table,
                draft.watched,
                draft.all,
                draft.key,
                draft.carried,
                draft.events,
                expression,
                draft.keysOnlyBeyond,
                draft.ownWrites,
                draft.settings));
    }

    /**
     * How many rows a statement may change before only keys are kept of it: 10,000 unless told otherwise, 0 to a million.
     * Of the rules on a table the smallest number holds.
     */
    public RuleBuilder<T> keysOnlyBeyond(int rows) {
        if (rows < 0 || rows > MOST_ROWS) {
            throw new RuleException(
                    RuleError.INVALID, "keysOnlyBeyond is " + rows + "; it must be between 0 and " + MOST_ROWS + ".");
        }
        return with(new Draft(
                draft.table,
                draft.watched,
                draft.all,
                draft.key,
                draft.carried,
                draft.events,
                draft.whenSql,
                rows,
                draft.ownWrites,
                draft.settings));
    }

    /** Reacts to what the rule itself writes to its table as well; at most eight times over. */
    public RuleBuilder<T> ownWrites() {
        return with(new Draft(
                draft.table,
                draft.watched,
                draft.all,
                draft.key,
                draft.carried,
                draft.events,
                draft.whenSql,
                draft.keysOnlyBeyond,
                true,
                draft.settings));
    }

    /**
     * The reaction works outside the database, so that it cannot be part of a transaction: each key is a job of the engine,
     * and its changes are acknowledged after the reaction returned. If the process dies in between it runs again.
     *
     * @param dependsOn what it calls; each has a circuit breaker that all nodes share
     */
    public RuleBuilder<T> outside(String... dependsOn) {
        return with(draft.settings.outside(Set.of(dependsOn)));
    }

    /** How often the job of a key that failed tries before it is a dead letter: 5 unless told otherwise, 1 to 1000. */
    public RuleBuilder<T> attempts(int value) {
        if (value < 1 || value > 1000) {
            throw new RuleException(RuleError.INVALID, "attempts is " + value + "; it must be between 1 and 1000.");
        }
        return with(draft.settings.attempts(value));
    }

    /**
     * After how much time a call of the reaction is broken off: 10 s unless told otherwise, 10 ms to 10 minutes. As a job it
     * has six times that, since then it keeps nobody waiting. Others of this process's rules wait meanwhile. Sweeps and
     * dry runs break off too, and count the row as failed.
     */
    public RuleBuilder<T> timeout(Duration value) {
        if (value.compareTo(Duration.ofMillis(10)) < 0 || value.compareTo(Duration.ofMinutes(10)) > 0) {
            throw new RuleException(
                    RuleError.INVALID, "The timeout is " + value + "; it must be between 10 ms and 10 minutes.");
        }
        return with(draft.settings.timeout(value));
    }

    /**
     * How much a transaction takes: up to this many changes (500 unless told otherwise, 1 to 10,000), less where it would
     * take longer than this (200 ms; 1 ms to a minute). The number follows the measured time, down to eight; below that only
     * calls that were broken off bring it.
     */
    public RuleBuilder<T> batch(int mostChanges, Duration target) {
        if (mostChanges < 1
                || mostChanges > 10_000
                || target.compareTo(Duration.ofMillis(1)) < 0
                || target.compareTo(Duration.ofMinutes(1)) > 0) {
            throw new RuleException(
                    RuleError.INVALID,
                    "A batch of " + mostChanges + " changes in " + target
                            + " was asked for; it has 1 to 10,000 and takes 1 ms to a minute.");
        }
        return with(draft.settings.batch(mostChanges, target));
    }

    /**
     * Sweeps at these times: goes through the table, finds what the rule would change, and lets it change at most this many
     * rows.
     *
     * @param mostRepairs 0 to only report, to 1,000,000
     */
    public RuleBuilder<T> sweeping(Timing when, int mostRepairs) {
        if (mostRepairs < 0 || mostRepairs > MOST_ROWS) {
            throw new RuleException(
                    RuleError.INVALID,
                    "A sweep was to repair " + mostRepairs + " rows; it must be between 0 and " + MOST_ROWS + ".");
        }
        return with(draft.settings.sweep(when, mostRepairs));
    }

    /**
     * What is wrong, as a query that returns the keys of it as text: a sweep asks that instead of trying the reaction on every row.
     */
    public RuleBuilder<T> expecting(String queryForWrongKeys) {
        return with(draft.settings.expecting(SqlReaction.checked("(sweep)", queryForWrongKeys)));
    }

    /** Reacts to each change. Names are letters, digits, dots, dashes and underscores, a letter first, 80 at most. */
    public Rule react(String name, Reaction<T> reaction) {
        return end(name, new Action.Single<>(reaction));
    }

    /** Reacts to many changes at a time. */
    public Rule reactInBatches(String name, Gather gather, BatchReaction<T> reaction) {
        return end(name, new Action.Batch<>(reaction, gather));
    }

    /** Reacts to many changes at a time, as soon as they are there. */
    public Rule reactInBatches(String name, BatchReaction<T> reaction) {
        return reactInBatches(name, Gather.atOnce(), reaction);
    }

    /**
     * Reacts by one statement over many changes: {@code changes (key text, kind text, old jsonb, new jsonb)} can be read in it like a
     * table, with one row a key. {@code "update app_user u set plan = c.new->>'plan' from changes c where u.id =
     * c.key::bigint and u.plan is distinct from c.new->>'plan'"}.
     */
    public Rule sql(String name, String statement) {
        return sql(name, Gather.atOnce(), statement);
    }

    /** The same with changes that gather. */
    public Rule sql(String name, Gather gather, String statement) {
        return end(name, new Action.Statement<>(SqlReaction.checked(name, statement), gather));
    }

    private Rule end(String name, Action<T> action) {
        if (!NAME.matcher(name).matches()) {
            throw new RuleException(
                    RuleError.INVALID,
                    "The rule is named '" + name
                            + "'; a name has 1 to 80 letters, digits, dots, dashes and underscores, a letter first.");
        }
        if (draft.key.isEmpty() || (draft.watched.isEmpty() && !draft.all)) {
            throw new RuleException(
                    RuleError.INVALID,
                    "The rule '" + name + "' has no "
                            + (draft.key.isEmpty() ? "key(..)" : "watching(..) or watchingAll()") + "; say which.");
        }
        if (draft.settings.outside() && !(action instanceof Action.Single<T>)) {
            throw new RuleException(
                    RuleError.OUTSIDE,
                    "The rule '" + name + "' works outside the database, where there are no batches: use react(..).");
        }
        boolean onlyDeletes = draft.events.equals(List.of(Event.DELETE));
        if (onlyDeletes && draft.settings.sweep() != null && draft.settings.expecting() == null) {
            throw Trial.onlyDeletes(name, "a sweep");
        }
        Definition definition = new Definition(
                draft.table,
                draft.watched,
                draft.key,
                draft.carried,
                draft.events,
                draft.whenSql,
                draft.keysOnlyBeyond,
                draft.ownWrites);
        return rules.define(new LocalRule<>(name, definition, mapper, condition, action, draft.settings));
    }
}
