package dev.tidemill.jobs.store;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.Collection;
import java.util.List;
import java.util.Set;

/**
 * One epoch of one node: where it claims and finishes. Once the epoch is closed (the node was declared dead, or
 * left), nothing here writes any more and everything answers {@link EpochClosedException}.
 *
 * <p>{@link #claim}, {@link #offer}, {@link #drained} and {@link #reconcile} are for the claiming thread alone, {@link #finish} for the finishing
 * thread alone, {@link #heartbeat} for the heart's; the rest is thread safe.
 */
public interface Workplace extends AutoCloseable {
    /** The epoch's number, new for every join. */
    long epoch();

    /** Claims up to what is demanded, most urgent first within a queue. Never waits for jobs to appear. */
    List<ClaimedJob> claim(List<Demand> demands);

    /**
     * Adds jobs straight into a lease of this epoch, in a transaction of their own, as if they had been enqueued and
     * claimed. For jobs that are due, without key and tags, and not one of many kinds that wait for something: whatever
     * is paused, limited, fair, drained or behind a breaker refuses them. Thread safe.
     *
     * @return the jobs, in the order given; empty if a rule concerns one of them, or the rules are not known: then
     *     nothing was written
     */
    List<ClaimedJob> take(List<NewJob> jobs);

    /**
     * Claims jobs of these kinds, for handlers that are not this process's. Each choice of kinds has positions of its own;
     * those of the choices asked for longest ago are forgotten, which makes their next claim begin at the beginning.
     */
    List<ClaimedJob> claim(Set<String> kinds, List<Demand> demands);

    /**
     * Says which kinds, on which queues, are handled through this node beside its own, in place of what was said before. For
     * those who ask why a job is not running.
     */
    void offer(Set<String> kinds, Set<String> queues);

    /** Which version of the rules for claims the last claim went by; it grows when a limit, a pause or a breaker changes. */
    long rules();

    /** Tells the claimer that something below its position may have appeared. Thread safe. */
    void hint(Hint hint);

    /**
     * Writes outcomes and what follows from them, and gives up leases that are through. Repeating is harmless.
     *
     * @param written limited jobs whose outcome is in the database already, and which need no longer count
     * @return jobs that became ready or will, a hint a lane
     */
    List<Hint> finish(List<Outcome> outcomes, List<ClaimedJob> written, Collection<Long> endedLeases);

    /** Puts claimed jobs that never started back, as if they had not been claimed. */
    void giveBack(List<ClaimedJob> jobs);

    /**
     * Writes a success in the caller's transaction.
     *
     * @return false if the epoch is closed or the attempt has an outcome already; then nothing was written
     */
    boolean complete(Connection connection, ClaimedJob job, long startedMicros) throws SQLException;

    /** Takes what handlers report. */
    Reports reports();

    /** Takes what calls to dependencies came to. */
    Calls calls();

    /** Successes of several jobs in one transaction of the application's. */
    Completions completions();

    /**
     * Writes the outcome of an attempt whose handler called {@link #complete} and has ended, unless that was
     * committed. Waits no longer than a second for a transaction that is still open. Thread safe.
     */
    Settled settle(Outcome ifNotCompleted);

    /**
     * Returns to ready what leases of this epoch hold that the node does not know of: claims whose answer was lost.
     *
     * @param known the leases in the node's memory
     * @return how many leases were returned
     */
    int reconcile(Set<Long> known);

    /** Which of these jobs have been lost with their node at least so many times. Thread safe. */
    Set<Long> oftenLost(Collection<Long> jobs, int times);

    /**
     * Notes that this job, and no other such, is about to run: if the epoch is lost before the attempt has an outcome, it
     * becomes a dead letter. A note replaces the one before. Thread safe.
     */
    void noteSuspect(ClaimedJob job);

    /** The jobs, this node's or not, that somebody wants to have cancelled and that may be running. Thread safe. */
    Set<Long> cancelRequests();

    /** Whether somebody has drained this node; claims bring nothing then. */
    boolean drained();

    /**
     * Says that the node lives.
     *
     * @return the database's clock, in microseconds
     */
    long heartbeat(int running, List<Tally> tallies);

    /** Ends the epoch: what it still holds becomes ready again. */
    void leave();

    /** Lets go of connections; the epoch stays. */
    @Override
    void close();

    /**
     * What a queue has room for.
     *
     * @param queue which
     * @param slots free handlers and room for prefetched jobs; 0 to take critical jobs alone
     * @param criticalSlots how many critical jobs may come, at least {@code slots}
     * @param strict higher priorities strictly first
     * @param offPeakOpen whether off-peak jobs may run now
     */
    record Demand(String queue, int slots, int criticalSlots, boolean strict, boolean offPeakOpen) {}

    /** How an attempt with {@link #complete} ended. */
    enum Settled {
        /** The handler's transaction had committed the success. */
        COMPLETED,
        /** It had not, and the outcome given was written. */
        WRITTEN,
        /** Its transaction is still open; nothing was written. */
        OPEN
    }
}
