package dev.tidemill.rules;

import java.time.Duration;
import java.time.Instant;
import java.util.Collections;
import java.util.EnumMap;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * How a rule is. What is counted by time is of the last fifteen minutes, of all processes; the last seconds may be missing.
 *
 * @param name its name
 * @param table its table, with the schema
 * @param state how it is
 * @param reason why it is broken and what to do; null if it is not
 * @param since since when it is so
 * @param here whether this process has its code
 * @param pending changes that wait, up to 100,001, which means more
 * @param oldest how long the first of them has waited; empty if none waits
 * @param parked keys in the hands of jobs because their reaction failed
 * @param parkedSince since when the first of them is; empty if none is
 * @param held changes that wait for jobs
 * @param lag from the write to the commit of its effect; a transaction that stays open counts
 * @param changes changes that were delivered
 * @param effects how many the reaction was called for
 * @param coalesced how many went together with another
 * @param skipped how many were not reacted to, because the condition refused them
 * @param failures how often the reaction failed
 * @param slowest the longest call; empty if there was none
 * @param reacting how long all calls took together
 * @param backfill the last backfill; empty if there was none
 * @param sweep the last sweep; empty if there was none
 * @param code what its row says of its code
 */
public record RuleStatus(
        String name,
        String table,
        RuleState state,
        @Nullable String reason,
        Instant since,
        boolean here,
        long pending,
        Optional<Duration> oldest,
        long parked,
        Optional<Instant> parkedSince,
        long held,
        Lag lag,
        long changes,
        long effects,
        long coalesced,
        long skipped,
        long failures,
        Optional<Duration> slowest,
        Duration reacting,
        Optional<Walk> backfill,
        Optional<Walk> sweep,
        Code code) {
    private static final Duration SLOW = Duration.ofSeconds(1);
    private static final Duration SILENT = Duration.ofSeconds(30);
    private static final Duration LATE = Duration.ofSeconds(60);

    /** Whether a call took a second or more, so that others of its process had to wait. */
    public boolean slow() {
        return slowest.isPresent() && slowest.get().compareTo(SLOW) >= 0;
    }

    /** Whether no process has said for half a minute that it has the rule's code: nobody delivers its changes. */
    public boolean unserved() {
        return code.seen().filter(ago -> ago.compareTo(SILENT) > 0).isPresent();
    }

    /** Whether changes wait that somebody should have reacted to more than a minute ago. */
    public boolean late() {
        return state != RuleState.PAUSED
                && oldest.filter(ago -> ago.minus(code.gather()).compareTo(LATE) > 0)
                        .isPresent();
    }

    static RuleStatus waiting(String name, String table) {
        return new RuleStatus(
                name,
                table,
                RuleState.BROKEN,
                "A transaction holds the table, so that its triggers could not be made; it is tried again every five seconds."
                        + " To see who: select pid, state, query from pg_stat_activity order by xact_start.",
                Instant.now(),
                true,
                0,
                Optional.empty(),
                0,
                Optional.empty(),
                0,
                Lag.NONE,
                0,
                0,
                0,
                0,
                0,
                Optional.empty(),
                Duration.ZERO,
                Optional.empty(),
                Optional.empty(),
                new Code(Optional.of(Duration.ZERO), Duration.ZERO, false));
    }

    /**
     * What others know of a rule's code.
     *
     * @param seen how long ago a process last said that it has it, which it does every five seconds; empty where programs
     *     of a former version have it, which do not say so
     * @param gather how long its changes wait for others
     * @param outside whether it works outside the database
     */
    public record Code(Optional<Duration> seen, Duration gather, boolean outside) {}

    /**
     * How long effects took: the time within which so many of them were there, rounded up by at most 30 %. All empty if
     * there was none.
     */
    public record Lag(Optional<Duration> p50, Optional<Duration> p95, Optional<Duration> p99) {
        static final Lag NONE = new Lag(Optional.empty(), Optional.empty(), Optional.empty());
    }

    /**
     * A way through the whole table.
     *
     * @param id its id
     * @param state RUNNING, DONE, FAILED or CANCELLED
     * @param rows how many rows it has seen
     * @param expected about how many there are
     * @param found what a sweep found
     * @param repaired what it repaired
     * @param byCause what a sweep found by its cause, of the latest thousand
     * @param note what it waits for, or why it failed; null for nothing
     * @param ended when; null while it runs
     */
    public record Walk(
            long id,
            String state,
            long rows,
            long expected,
            long found,
            long repaired,
            Map<Rule.Cause, Long> byCause,
            @Nullable String note,
            Instant started,
            @Nullable Instant ended) {
        public Walk {
            byCause = Collections.unmodifiableMap(
                    byCause.isEmpty() ? new EnumMap<>(Rule.Cause.class) : new EnumMap<>(byCause));
        }
    }
}
