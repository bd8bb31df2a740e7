package dev.tidemill.jobs;

import dev.tidemill.jobs.engine.Engine;
import dev.tidemill.jobs.engine.Registry;
import dev.tidemill.jobs.engine.ScheduleBook;
import dev.tidemill.jobs.engine.Settings;
import java.sql.Connection;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/**
 * Background jobs on PostgreSQL.
 *
 * <pre>{@code
 * record SendWelcome(UUID userId, String email) {}
 *
 * Tidemill mill = Tidemill.on(dataSource)
 *         .handle(SendWelcome.class, (job, run) -> mailer.welcome(job.email()))
 *         .start();
 * mill.enqueue(new SendWelcome(id, email));
 * mill.enqueue(new SendWelcome(id, email), priority(CRITICAL).in(ofMinutes(5)));
 * mill.enqueue(connection, new SendWelcome(id, email)); // commits or rolls back with the caller
 * }</pre>
 *
 * <p>Thread safe. A process that handles jobs holds up to eight connections of the data source for as long as it runs,
 * one that only enqueues four, and one more where there are schedules, and where handlers depend on something with a breaker: give the pool as many more as the application itself needs. A job id is a positive number, unique in its schema; ids are not handed
 * out in the order of commits.
 */
public final class Tidemill implements AutoCloseable {
    /** How many minutes of {@link #history} there are at most: two days. */
    public static final int LONGEST_HISTORY = 2_880;

    private static final Duration CLOSE_GRACE = Duration.ofSeconds(10);
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    private final DataSource dataSource;
    private final Engine engine;

    Tidemill(DataSource dataSource, Registry registry, Settings settings) {
        this(dataSource, Engine.start(dataSource, registry, settings));
    }

    Tidemill(DataSource dataSource, Engine engine) {
        this.dataSource = dataSource;
        this.engine = engine;
    }

    /** Begins to describe an instance on this database. */
    public static TidemillBuilder on(DataSource dataSource) {
        return new TidemillBuilder(dataSource);
    }

    /** The database it works on, as it was given: for what keeps tables of its own beside the jobs. */
    public DataSource dataSource() {
        return dataSource;
    }

    /** The name of the schema that holds its tables. */
    public String schema() {
        return engine.schema();
    }

    /** Enqueues a job; when this returns it is committed. Returns its id. */
    public long enqueue(Object job) {
        return enqueue(job, EnqueueOptions.NONE);
    }

    /** Enqueues a job; when this returns it is committed. Returns its id. */
    public long enqueue(Object job, EnqueueOptions options) {
        return engine.enqueue(job, options).id();
    }

    /**
     * Enqueues a job with {@link EnqueueOptions#onlyOne} and tells which job there is now. Other ways to enqueue take
     * such options too, and return the id alone.
     *
     * <p>If a transaction that is still open has the key, this waits for its end, up to 30 seconds.
     *
     * @throws TidemillException {@link ErrorCode#KEY_BUSY} if the key is in an open transaction for longer
     */
    public Enqueued enqueueUnique(Object job, EnqueueOptions options) {
        return engine.enqueue(job, options);
    }

    /**
     * The same in the caller's own transaction. From here to its commit or rollback whoever enqueues a job of this kind
     * with this key waits for it, and a job whose payload was replaced does not start. Transactions that take several
     * keys one after the other should take them in the same order; {@link #enqueueAll} sorts those of one call.
     */
    public Enqueued enqueueUnique(Connection connection, Object job, EnqueueOptions options) {
        return engine.enqueueOne(connection, job, options);
    }

    /** Enqueues all of these or none, in one transaction; returns their ids in the order given. */
    public List<Long> enqueueAll(Collection<?> jobs) {
        return enqueueAll(jobs, EnqueueOptions.NONE);
    }

    /** Enqueues all of these or none, in one transaction; returns their ids in the order given. */
    public List<Long> enqueueAll(Collection<?> jobs, EnqueueOptions options) {
        return engine.enqueueAll(jobs, options);
    }

    /**
     * Enqueues a job in the caller's own transaction: it exists when, and only if, that commits. Nobody hears that
     * commit, so an idle node finds the job by polling, within 200 ms; {@link #inTransaction} wakes it at once.
     *
     * @param connection any connection to the database that holds the schema
     */
    public long enqueue(Connection connection, Object job) {
        return enqueue(connection, job, EnqueueOptions.NONE);
    }

    /** Enqueues a job in the caller's own transaction: it exists when, and only if, that commits. */
    public long enqueue(Connection connection, Object job, EnqueueOptions options) {
        return engine.enqueue(connection, List.of(job), options).getFirst();
    }

    /** Enqueues all of these in the caller's own transaction; returns their ids in the order given. */
    public List<Long> enqueueAll(Connection connection, Collection<?> jobs, EnqueueOptions options) {
        return engine.enqueue(connection, jobs, options);
    }

    /**
     * Runs the body in a transaction on a connection of the data source, commits, and wakes whoever can run the jobs
     * enqueued in it. If the body throws, everything is rolled back and the exception passed on.
     */
    public void inTransaction(Transaction.Body body) throws Exception {
        callInTransaction(transaction -> {
            body.run(transaction);
            return true;
        });
    }

    /** As {@link #inTransaction}, returning what the body returns. */
    public <R> R callInTransaction(Transaction.Call<R> body) throws Exception {
        return engine.inTransaction(dataSource, body);
    }

    /** A job as it stands; empty if there is none with this id. */
    public Optional<JobView> job(long id) {
        return engine.ask(desk -> desk.job(id));
    }

    /**
     * What a job's handlers logged with {@link Run#log}, oldest first: the newest lines of its attempts.
     *
     * @param limit 1 to 1000
     */
    public List<LogLine> log(long jobId, int limit) {
        return engine.log(jobId, page(limit));
    }

    /**
     * The newest jobs with this tag, newest first.
     *
     * @param before only ids below this; {@link Long#MAX_VALUE} for the newest
     * @param limit 1 to 1000
     */
    public List<JobView> tagged(String name, String value, long before, int limit) {
        Names.tag(name, value);
        return engine.ask(desk -> desk.tagged(name, value, before, page(limit)));
    }

    /**
     * A page of the jobs that fit, by any of their states, kinds, queues, keys, tags, times and errors. Ready jobs come
     * in the order in which queues hand them out, dead letters and attempts the latest first, all others the newest
     * first. An answer looks at what it can in some fifty milliseconds, so a page may have fewer jobs than asked for,
     * or none, and others behind it: {@link JobPage#next} says so. A page ends early at four megabytes of payloads. Its
     * jobs have their ten latest attempts, without what handlers kept.
     *
     * <p>Jobs that move while somebody turns pages are met where they are by then, or not at all.
     *
     * @param cursor {@link JobPage#next} of the page before, for the same filter; null for the first page
     * @param limit 1 to 1000
     * @throws TidemillException {@link ErrorCode#INVALID_OPTION} if the cursor is not one of this filter
     */
    public JobPage search(JobFilter filter, @Nullable String cursor, int limit) {
        return engine.search(filter, cursor, page(limit));
    }

    /** How things stand. Cheap however much is waiting. */
    public Stats stats() {
        return stats(QueuePage.ALL);
    }

    /** How things stand, with a page of the queues: where there are thousands, that is cheaper. */
    public Stats stats(QueuePage page) {
        return engine.ask(desk -> desk.stats(page));
    }

    /**
     * What finished in each of the last minutes, oldest first, the one that is not over yet last; minutes in which
     * nothing did count zero.
     *
     * @param queue only what this queue did; null for all. One that there is not has done nothing
     * @param minutes 1 to {@link #LONGEST_HISTORY}
     */
    public List<Minute> history(@Nullable String queue, int minutes) {
        if (minutes < 1 || minutes > LONGEST_HISTORY) {
            throw new TidemillException(
                    ErrorCode.INVALID_OPTION,
                    "The last " + minutes + " minutes were asked for; it must be between 1 and " + LONGEST_HISTORY
                            + ".");
        }
        @Nullable String name = queue == null ? null : Names.queue(queue);
        return engine.ask(desk -> desk.history(name, minutes));
    }

    /** The attempts of the latest claims, newest first; limit 1 to 1000. */
    public List<AttemptView> latestAttempts(int limit) {
        return engine.ask(desk -> desk.latestAttempts(page(limit)));
    }

    /** The attempts that end from now on, for somebody who watches. */
    public Tail tail() {
        return new Tail((after, leases, most) -> engine.ask(desk -> desk.ended(after, leases, most)));
    }

    /** What nodes hold, and a way to take it from one that is stuck. */
    public Leases leases() {
        return engine.leases();
    }

    /**
     * Dead letters, newest first.
     *
     * @param after {@link DeadLetter#cursor} of the last one seen; null for the first page
     * @param limit 1 to 1000
     * @throws TidemillException {@link ErrorCode#INVALID_OPTION} if the cursor is none
     */
    public List<DeadLetter> deadLetters(@Nullable String after, int limit) {
        DeadLetterCursor from = DeadLetterCursor.read(after);
        return engine.ask(desk -> desk.deadLetters(from.failedMicros(), from.jobId(), page(limit)));
    }

    /**
     * The newest 10,000 dead letters, those that failed alike counted together: at most 100 groups, the largest first.
     */
    public List<DeadLetterGroup> deadLetterGroups() {
        return engine.ask(desk -> desk.deadLetterGroups());
    }

    /**
     * The dead letters of a group of {@link #deadLetterGroups}: those of the newest 10,000 that have this kind, code and
     * sort of error, newest first.
     */
    public List<Long> deadLettersAlike(String kind, String code, String error) {
        return engine.ask(desk -> desk.deadLettersAlike(kind, code, error));
    }

    /** Makes a dead letter ready again, with fresh attempts; false if the job is not a dead letter. */
    public boolean replay(long jobId) {
        return !replay(List.of(jobId)).isEmpty();
    }

    /** Makes dead letters ready again, with fresh attempts; returns the ids of those that were. At most 10,000. */
    public List<Long> replay(List<Long> jobIds) {
        return replay(jobIds, engine.self());
    }

    /**
     * Makes dead letters ready again on somebody's behalf.
     *
     * @param by who, for the audit trail; 1 to 100 characters
     */
    public List<Long> replay(List<Long> jobIds, String by) {
        return engine.desk().replay(bounded(jobIds, "replayed"), by);
    }

    /** Puts a dead letter aside for good; false if the job is not a dead letter. */
    public boolean discard(long jobId) {
        return discard(jobId, engine.self());
    }

    /** Puts a dead letter aside for good on somebody's behalf. */
    public boolean discard(long jobId, String by) {
        return !discard(List.of(jobId), by).isEmpty();
    }

    /**
     * Puts dead letters aside for good on somebody's behalf; returns the ids of those that were. At most 10,000.
     *
     * @param by who, for the audit trail; 1 to 100 characters
     */
    public List<Long> discard(List<Long> jobIds, String by) {
        return engine.desk().discard(bounded(jobIds, "discarded"), by);
    }

    /** Other times, priorities and payloads for jobs, and actions on many at once. */
    public JobActions actions() {
        return engine.desk();
    }

    /** Drains nodes, and calls them back. */
    public Nodes nodes() {
        return engine.desk();
    }

    /**
     * Who changed what, newest first: pauses, limits, cancels, actions, drains, schedules. Lines stay for 400 days.
     *
     * @param before only ids below this; {@link Long#MAX_VALUE} for the newest
     * @param limit 1 to 1000
     */
    public List<AuditLine> audit(long before, int limit) {
        return audit(before, limit, null, null);
    }

    /**
     * As {@link #audit(long, int)}.
     *
     * @param action only lines of this action, such as {@code pause}; null for all
     * @param target only lines about this, such as {@code JOB 4711}; null for all
     */
    public List<AuditLine> audit(long before, int limit, @Nullable String action, @Nullable String target) {
        return engine.desk().audit(before, page(limit), action, target);
    }

    /** How the kinds that this process handles in chunks do in it, by kind. */
    public List<ChunkStats> chunks() {
        return engine.chunks();
    }

    /**
     * Tells this observer what this process does with jobs, until what is returned is closed.
     *
     * @return ends it; closing twice does nothing
     */
    public Observation observe(JobObserver observer) {
        Runnable end = engine.observe(observer);
        return end::run;
    }

    /** Ends what {@link Tidemill#observe} began. */
    public interface Observation extends AutoCloseable {
        @Override
        void close();
    }

    /** How many handlers run in this process now; a chunk counts as one. */
    public int running() {
        return engine.running();
    }

    /** The schedules, to make and to look at. */
    public Schedules schedules() {
        return new Schedules(engine.schedules());
    }

    /** With these schedules defined; stopped if they are refused. */
    Tidemill define(List<ScheduleBook.InCode> inCode) {
        try {
            engine.schedules().define(inCode);
            return this;
        } catch (RuntimeException refused) {
            stop(Duration.ZERO);
            throw refused;
        }
    }

    /** Why a job is not running, or where it is; empty if there is none with this id. */
    public Optional<Why> why(long id) {
        return engine.why(id);
    }

    /**
     * Why a job that was just looked at is not running, or where it is: what a page asks beside {@link #job}. Costs less
     * than {@link #why(long)}; of the jobs that go first up to a thousand are counted instead of a hundred thousand. A job
     * that has moved since it was seen is told of as it was seen.
     */
    public Why why(JobView job) {
        return engine.why(job);
    }

    /** What ails the database side: as {@link #diagnose(Duration)} with thirty seconds. */
    public Diagnosis diagnose() {
        return diagnose(PATIENCE);
    }

    /**
     * What ails the database side. Reads only, and every query is bounded in time.
     *
     * @param patience what lasts no longer is passed over (an open transaction, a silent node, an overdue job): a
     *     second to a day
     */
    public Diagnosis diagnose(Duration patience) {
        return engine.check(checkup -> checkup.examine(validPatience(patience)));
    }

    /**
     * Mends what can be mended safely while everybody works: returns the jobs of orphaned leases, closes the epochs that
     * do not close by themselves and those of nodes silent for five minutes, makes partitions. Returns what was done.
     *
     * @param patience as for {@link #diagnose(Duration)}
     */
    public List<Diagnosis.Repair> repair(Duration patience) {
        return repair(patience, engine.self());
    }

    /**
     * As {@link #repair(Duration)}, on somebody's behalf.
     *
     * @param by who, for the audit trail; 1 to 100 characters
     */
    public List<Diagnosis.Repair> repair(Duration patience, String by) {
        return engine.repair(validPatience(patience), by);
    }

    private static Duration validPatience(Duration patience) {
        if (patience.compareTo(Duration.ofSeconds(1)) < 0 || patience.compareTo(Duration.ofDays(1)) > 0) {
            throw new TidemillException(
                    ErrorCode.INVALID_OPTION,
                    "The patience is " + patience + "; it must be between a second and a day.");
        }
        return patience;
    }

    /** The limits on queues and kinds, and the queues in which keys take turns. */
    public Limits limits() {
        return engine.limits();
    }

    /** How long history stays. */
    public Retention retention() {
        return engine.retention();
    }

    /**
     * Jobs for workers that are not this process. The first call makes this process a node, if it handles nothing itself:
     * it then holds up to eight connections.
     */
    public RemoteWork remote() {
        return engine.remote();
    }

    /** The circuit breakers of what jobs depend on. */
    public Breakers breakers() {
        return engine.breakers();
    }

    /** When kinds fail too often. */
    public FailureAlarms alarms() {
        return engine.alarms();
    }

    /** Pauses and resumes queues, kinds and keys. */
    public Pauses pauses() {
        return engine.pauses();
    }

    /** Cancels a job: it does not start any more, and if it runs it is interrupted and not tried again. */
    public Cancellation cancel(long jobId) {
        return cancel(jobId, engine.self());
    }

    /**
     * Cancels a job on somebody's behalf.
     *
     * @param by who, for the audit trail; 1 to 100 characters
     */
    public Cancellation cancel(long jobId, String by) {
        return engine.cancel(jobId, by);
    }

    /**
     * How full this process's heap is, and whether it takes one job at a time because of that; empty if it handles no
     * jobs. See {@link TidemillBuilder#heapGuard}.
     */
    public Optional<HeapStats> heap() {
        return engine.heap();
    }

    /**
     * Whether this process is in contact with the database, and, if it handles jobs, has a living epoch. What a
     * readiness check asks.
     */
    public boolean ready() {
        return engine.ready();
    }

    /** As {@link #stop}, with ten seconds of grace. */
    @Override
    public void close() {
        stop(CLOSE_GRACE);
    }

    /**
     * Stops: claims nothing more, gives back what has not started, waits this long for running handlers, interrupts
     * the rest (they run again elsewhere, not counted as failed), and writes the last outcomes. Stopping twice does
     * nothing.
     *
     * @param grace 0 or more
     */
    public void stop(Duration grace) {
        engine.stop(grace);
    }

    private static List<Long> bounded(List<Long> jobIds, String what) {
        if (jobIds.size() > 10_000) {
            throw new TidemillException(
                    ErrorCode.INVALID_OPTION,
                    jobIds.size() + " ids were given; at most 10,000 are " + what + " at a time.");
        }
        return jobIds;
    }

    private static int page(int limit) {
        if (limit < 1 || limit > 1000) {
            throw new TidemillException(
                    ErrorCode.INVALID_OPTION, "limit is " + limit + "; it must be between 1 and 1000.");
        }
        return limit;
    }
}
