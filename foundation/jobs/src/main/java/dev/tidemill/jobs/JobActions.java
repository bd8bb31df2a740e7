package dev.tidemill.jobs;

import java.time.Duration;
import java.time.Instant;
import java.util.function.LongConsumer;

/**
 * What a person decides about jobs that wait and about dead letters, one by one or by a filter. A job that a claim takes
 * meanwhile stays with the claim. Each action on one job is a transaction with its line in the audit trail; one on many
 * is a transaction for each thousand jobs, and one line that says how many it were so far.
 *
 * <p>{@code by} is who asked, for that trail: 1 to 100 characters. Thread safe.
 */
public interface JobActions {
    /** How many jobs an action over many may be about at a time: a million. */
    int MOST = 1_000_000;

    /**
     * Has a waiting job become due at another time, whether it was scheduled, ready, or set aside at a limit. A job that
     * is ready is looked for in its lane, which takes about 0.15 s for a million jobs there.
     *
     * @param at by the database's clock, at most ten years ahead; a time that is past means now
     */
    Steered reschedule(long jobId, Instant at, String by);

    /**
     * Has a waiting job become due so long from now, by the database's clock.
     *
     * @param delay 0 to {@link EnqueueOptions#MAX_DELAY}
     */
    Steered postpone(long jobId, Duration delay, String by);

    /** Has a waiting job become ready now. */
    Steered runNow(long jobId, String by);

    /**
     * Gives a waiting job another priority. Its start deadline moves by the difference of the two, so the time that it
     * has waited counts. Its retries have the new priority too.
     */
    Steered prioritize(long jobId, Priority priority, String by);

    /**
     * Makes a dead letter ready again with another payload; false if the job is no dead letter. The former payload is
     * not kept.
     *
     * @param json as for {@link JobRequest}
     */
    boolean replayEdited(long jobId, String json, String by);

    /**
     * Does something to all that fits, in transactions of a thousand jobs each. It goes through the jobs that wait, or
     * the dead letters, once, whatever fits of them; what is enqueued or fails meanwhile may be passed over.
     *
     * @param filter an empty one is about everything
     * @param most where to stop, 1 to {@link #MOST}
     */
    default Bulk all(JobFilter filter, JobAction action, int most, String by) {
        return all(filter, action, most, by, soFar -> {});
    }

    /**
     * As {@link #all(JobFilter, JobAction, int, String)}, for somebody who watches.
     *
     * @param soFar told after each transaction how many jobs it were up to then, in the caller's thread
     */
    Bulk all(JobFilter filter, JobAction action, int most, String by, LongConsumer soFar);

    /** What {@link #all} would be about at this moment; changes nothing. */
    Bulk count(JobFilter filter, JobAction action, int most);

    /**
     * As {@link #count(JobFilter, JobAction, int)}, for somebody who waits: where it has looked for so long it stops after a
     * further thousand jobs, and says that there may be more.
     */
    Bulk count(JobFilter filter, JobAction action, int most, Duration within);

    /**
     * How far it got.
     *
     * @param count how many jobs
     * @param more whether it stopped at the bound with others left that fit, or in time with some left to look at
     */
    record Bulk(long count, boolean more) {}
}
