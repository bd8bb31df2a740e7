package dev.tidemill.jobs;

/**
 * How a schedule treats its fires. Immutable; start from {@link #NONE} and chain.
 *
 * @param catchUp what becomes of fires that nobody was there for
 * @param overlap what becomes of a fire while the job of an earlier one is unfinished; of no matter to
 *     {@link Timing.Delay}, whose jobs never overlap
 * @param job how the jobs are enqueued: priority, queue, attempts, timeout, key and up to {@link #MAX_TAGS} tags; no
 *     delay, time or trace
 */
public record ScheduleOptions(CatchUp catchUp, Overlap overlap, EnqueueOptions job) {
    /** The tag that every job of a schedule carries, with the schedule's name. */
    public static final String SCHEDULE_TAG = "schedule";

    /** The tag that every job of a schedule carries, with the time of its fire as an ISO-8601 instant. */
    public static final String FIRE_TAG = "scheduledFor";

    /** The most tags that a schedule adds to its jobs. */
    public static final int MAX_TAGS = EnqueueOptions.MAX_TAGS - 2;

    /** The defaults: the last missed fire is caught up, a fire that would overlap is skipped, the job is plain. */
    public static final ScheduleOptions NONE = new ScheduleOptions(CatchUp.LAST, Overlap.SKIP, EnqueueOptions.NONE);

    public ScheduleOptions {
        if (job.delay() != null || job.at() != null || job.trace() != null) {
            throw new TidemillException(
                    ErrorCode.INVALID_OPTION,
                    "A schedule's jobs take no delay, time or trace; their time is the schedule's.");
        }
        if (job.unique() != null) {
            throw new TidemillException(
                    ErrorCode.INVALID_OPTION,
                    "A schedule's jobs are not unique by key; its overlap policy says what becomes of a fire while the"
                            + " last one's job is not through.");
        }
        if (job.tags().size() > MAX_TAGS) {
            throw new TidemillException(
                    ErrorCode.INVALID_TAG,
                    job.tags().size() + " tags were given; a schedule's job takes " + MAX_TAGS
                            + ", beside two that tell its schedule and its time.");
        }
        for (String own : new String[] {SCHEDULE_TAG, FIRE_TAG}) {
            if (job.tags().containsKey(own)) {
                throw new TidemillException(
                        ErrorCode.INVALID_TAG,
                        "The tag '" + own + "' is the schedule's own, and set on every job; use another name.");
            }
        }
    }

    /** With this catch-up policy. */
    public ScheduleOptions catchUp(CatchUp value) {
        return new ScheduleOptions(value, overlap, job);
    }

    /** With this overlap policy. */
    public ScheduleOptions overlap(Overlap value) {
        return new ScheduleOptions(catchUp, value, job);
    }

    /** With these options for its jobs. */
    public ScheduleOptions job(EnqueueOptions value) {
        return new ScheduleOptions(catchUp, overlap, value);
    }
}
