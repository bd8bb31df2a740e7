package dev.tidemill.rules;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** A rule, to do something with. Thread safe. */
public final class Rule {
    /** How many rows a second a backfill takes unless told otherwise. */
    public static final int ROWS_PER_SECOND = 2_000;

    private static final int MOST_ROWS_PER_SECOND = 100_000;
    private static final int MOST_KEYS = 1_000;

    private static final int LONGEST_NAME = 100;

    private final Rules rules;
    private final String name;
    private final String who;

    Rule(Rules rules, String name, String who) {
        this.rules = rules;
        this.name = name;
        this.who = who;
    }

    /**
     * The same on behalf of somebody, in whose name changes stand in the audit trail; otherwise that is {@code program}.
     *
     * @param somebody 1 to 100 characters
     */
    public Rule by(String somebody) {
        if (somebody.isBlank() || somebody.length() > LONGEST_NAME || somebody.indexOf('\0') >= 0) {
            throw new RuleException(
                    RuleError.INVALID,
                    "Whoever asks is named by " + somebody.length() + " characters; it must be 1 to " + LONGEST_NAME
                            + ", not all blank.");
        }
        return new Rule(rules, name, somebody);
    }

    /** Its name. */
    public String name() {
        return name;
    }

    /**
     * How it is.
     *
     * @throws RuleException {@link RuleError#NOT_FOUND} if there is none of this name
     */
    public RuleStatus status() {
        return rules.status().stream()
                .filter(status -> status.name().equals(name))
                .findFirst()
                .orElseThrow(() -> new RuleException(
                        RuleError.NOT_FOUND, "There is no rule '" + name + "'; Rules.status() lists those there are."));
    }

    /**
     * Has changes wait from now on, in all processes, those of parked keys included; they are noticed all the same. Scheduled
     * sweeps do nothing meanwhile, and a backfill rests; what is asked for by hand is done. What is under way is not broken off.
     * False if they waited already.
     */
    public boolean pause() {
        return rules.catalog().pause(name, true, who);
    }

    /** Has them delivered again; false if they were. */
    public boolean resume() {
        boolean done = rules.catalog().pause(name, false, who);
        rules.wake();
        return done;
    }

    /**
     * Makes its triggers again where they are missing or disabled, from what the database has of the rule: its code may be
     * elsewhere. The role of this process has to own the table.
     *
     * @throws RuleException {@link RuleError#NO_TABLE} or {@link RuleError#NO_COLUMN} if the rule does not fit its table,
     *     {@link RuleError#FORBIDDEN} if the role lacks a right, {@link RuleError#LOCKED_OUT} if a transaction holds the
     *     table for some six seconds; nothing was changed then
     */
    public void repair() {
        rules.repair(name, who);
    }

    /** Goes through the table at {@link #ROWS_PER_SECOND}. */
    public long backfill() {
        return backfill(ROWS_PER_SECOND);
    }

    /**
     * Goes through the whole table, page by page in the order of the primary key, and has the rule react to each row as to
     * a change ({@link Change.Kind#CURRENT}). Any process that has the rule's code does the next page; it goes on after a
     * crash where it was. It begins once all transactions are over that may have written before the triggers were there. A live
     * change waits behind what was appended before it: the rows of two fifths of a second, 10,000 at most.
     *
     * <p>The rule's code need not be here; where no process has it, the backfill waits for one.
     *
     * @param rowsPerSecond at most, 1 to 100,000
     * @return the backfill's id; that of the one under way if there is one
     */
    public long backfill(int rowsPerSecond) {
        if (rowsPerSecond < 1 || rowsPerSecond > MOST_ROWS_PER_SECOND) {
            throw new RuleException(
                    RuleError.INVALID,
                    "A backfill of " + rowsPerSecond + " rows a second was asked for; it takes 1 to "
                            + MOST_ROWS_PER_SECOND + ".");
        }
        return rules.backfills().begin(name, rowsPerSecond, connection -> {
            rules.catalog().note(connection, who, "rule-backfill", name, rowsPerSecond + " rows a second");
            return true;
        });
    }

    /** Ends a backfill; what it appended is still reacted to. False if there is none under way. */
    public boolean cancelBackfill() {
        return rules.backfills().cancel(name, connection -> {
            rules.catalog().note(connection, who, "rule-backfill-cancel", name, "");
            return true;
        });
    }

    /**
     * Asks for a dry run by whichever process has the rule's code: a job of the engine, whose result is what it came to. Of
     * keys, tables and errors it has fewer and shorter ones than {@link #dryRun}.
     *
     * @param mostRows how many rows, 1 to 1,000,000
     * @return the job's id; that of the one under way if there is one
     * @throws RuleException {@link RuleError#OUTSIDE} for a rule that works outside the database
     */
    public long askForDryRun(int mostRows) {
        checkRows(mostRows);
        return rules.ask(name, who, "rule-dry-run", LocalRule.DRY_RUN_KIND, Map.of("asked_by", who, "rows", mostRows));
    }

    /**
     * Asks for a sweep by whichever process has the rule's code: a job of the engine, whose result is what it came to.
     *
     * @return the job's id; that of the one under way if there is one
     * @throws RuleException {@link RuleError#OUTSIDE} for a rule that works outside the database
     */
    public long askForSweep() {
        return rules.ask(name, who, "rule-sweep", LocalRule.SWEEP_KIND, Map.of("asked_by", who));
    }

    /** A dry run over the first thousand rows. */
    public DryRun dryRun() {
        return dryRun(1_000);
    }

    /**
     * Tries the rule's reaction on rows of its table, in the order of the primary key, and undoes all it did. What it would
     * write is counted by the database: an update that leaves a row as it is counts, and what it does elsewhere than in
     * this database is really done.
     *
     * @param mostRows how many rows, 1 to 1,000,000
     * @throws RuleException {@link RuleError#OUTSIDE} for a rule that works outside the database
     */
    public DryRun dryRun(int mostRows) {
        checkRows(mostRows);
        return rules.trial().dryRun(rules.installed(name), mostRows);
    }

    private static void checkRows(int mostRows) {
        if (mostRows < 1 || mostRows > 1_000_000) {
            throw new RuleException(
                    RuleError.INVALID, "A dry run over " + mostRows + " rows was asked for; it takes 1 to 1,000,000.");
        }
    }

    /** Sweeps now, in the caller's thread, with the cap of {@link RuleBuilder#sweeping}, or 1,000. */
    public Sweep sweep() {
        return rules.sweeps().sweep(rules.installed(name));
    }

    /**
     * The keys that are parked, the longest first.
     *
     * @param most 1 to 1,000
     */
    public List<ParkedKey> parked(int most) {
        return rules.statuses().parked(id(), page(most));
    }

    /**
     * What sweeps found, the latest first; a thousand are kept.
     *
     * @param most 1 to 1,000
     */
    public List<Drift> drift(int most) {
        return rules.statuses().drifts(id(), page(most));
    }

    /**
     * Gives a parked key back to the pump with what waits for it: after its job was discarded. False if it is not parked.
     *
     * @throws RuleException {@link RuleError#DATABASE} if the tables are those of a former version, which have no place for
     *     what this changes
     */
    public boolean release(String key) {
        int id = id();
        rules.checkTables();
        return rules.database().ask(connection -> {
            if (rules.database()
                    .one(connection, "parked", row -> row.getString(1), id, key, key)
                    .isEmpty()) {
                return false;
            }
            rules.database().update(connection, "release", id, key, key);
            rules.catalog().note(connection, who, "rule-release", name, "key " + Delivery.brief(key));
            return rules.database().update(connection, "unpark", id, key, key) > 0;
        });
    }

    /**
     * Takes the rule away for good, with its triggers and all that waits for it; false if there is none. A program that still
     * defines it makes it again when it starts.
     *
     * @throws RuleException {@link RuleError#LOCKED_OUT} if a transaction holds the table; nothing was changed then
     */
    public boolean remove() {
        return rules.remove(name, who);
    }

    private int id() {
        return rules.database().ask(connection -> rules.catalog().id(connection, name));
    }

    private static int page(int most) {
        if (most < 1 || most > MOST_KEYS) {
            throw new RuleException(RuleError.INVALID, "limit is " + most + "; it must be between 1 and 1000.");
        }
        return most;
    }

    /**
     * A key that is in the hands of a job, because its reaction failed.
     *
     * @param circle whether rules went in a circle over it
     * @param job the job; empty if there is none
     * @param error what was wrong the last time
     */
    public record ParkedKey(
            String key,
            boolean circle,
            Optional<Long> job,
            @Nullable String error,
            Instant since) {}

    /**
     * What a sweep found.
     *
     * @param key the key
     * @param cause why it was not as it should be
     * @param repaired whether it is now
     */
    public record Drift(String key, Cause cause, boolean repaired, Instant found) {}

    /** Why a sweep found something. */
    public enum Cause {
        /** The row was written and no trigger saw it: it was disabled, or the write came before the rule. */
        MISSED_CAPTURE,
        /** The reaction failed, and its job has not succeeded yet. */
        HANDLER_ERROR,
        /** The row is as the rule last saw it: somebody undid the effect. */
        MANUAL_EDIT,
        /** Nobody remembers how the row was when the rule saw it: rules without {@link RuleBuilder#sweeping}. */
        UNKNOWN
    }

    /**
     * What a sweep came to.
     *
     * @param rows how many rows were looked at; 0 where a query told
     * @param found how many were not as they should be
     * @param repaired how many are now
     * @param byCause those found, by cause
     */
    public record Sweep(long rows, long found, long repaired, Map<Cause, Long> byCause, Duration took) {
        public Sweep {
            byCause = Map.copyOf(byCause);
        }
    }

    /**
     * What a dry run came to.
     *
     * @param rows how many rows were tried
     * @param wouldChange how many of them the rule would write something for
     * @param writes how many rows it would write, by table
     * @param failed how many the reaction failed for
     * @param keys some of the keys that it would write something for, up to 100
     * @param errors some of the errors, by key, up to 20
     * @param complete whether that was the whole table
     */
    public record DryRun(
            long rows,
            long wouldChange,
            Map<String, Long> writes,
            long failed,
            List<String> keys,
            Map<String, String> errors,
            boolean complete) {
        public DryRun {
            writes = Map.copyOf(writes);
            keys = List.copyOf(keys);
            errors = Map.copyOf(errors);
        }
    }
}
