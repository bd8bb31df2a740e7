package dev.tidemill.jobs.engine;

import dev.tidemill.jobs.AttemptOutcome;
import dev.tidemill.jobs.ErrorCode;
import dev.tidemill.jobs.LogLevel;
import dev.tidemill.jobs.Priority;
import dev.tidemill.jobs.Run;
import dev.tidemill.jobs.TidemillException;
import dev.tidemill.jobs.Tracing;
import dev.tidemill.jobs.store.ClaimedJob;
import dev.tidemill.jobs.store.EpochClosedException;
import dev.tidemill.jobs.store.Outcome;
import dev.tidemill.jobs.store.Report;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.MDC;

/**
 * One attempt, from its thread's first step to its outcome.
 *
 * <p>Exactly one party settles it, by compare-and-set: the handler's end, the time limit, or the node (which stops or
 * has lost its epoch). A handler that calls {@link #completeIn} takes the attempt out of the others' reach: they wait
 * for that transaction, because only the database knows how it ends. So a handler that outlives its time limit can
 * not complete any more, and one that completes can not be timed out in between.
 */
final class RunningJob implements Run, Work {
    private static final Logger LOG = LoggerFactory.getLogger(RunningJob.class);

    private static final int LIMITS = 100;
    private static final Duration LONGEST = Duration.ofDays(30);

    private enum State {
        RUNNING,
        COMPLETING,
        SETTLED
    }

    private final ClaimedJob job;
    private final EpochWork epoch;
    private final QueueRunner runner;
    private final Workshop shop;
    private final AtomicReference<State> state = new AtomicReference<>(State.RUNNING);
    private final HandlerWords words;
    private volatile long beatNanos;
    private volatile @Nullable Duration timeout;
    private volatile @Nullable ScheduledFuture<?> limit;
    private volatile @Nullable Thread thread;
    private volatile boolean abandoned;
    private final long claimedNanos = System.nanoTime();
    private volatile @Nullable AttemptOutcome settledAs;
    private Meta meta = Meta.NONE;
    private volatile @Nullable String trace;
    private long startedMicros;
    private long startedNanos;

    RunningJob(ClaimedJob job, EpochWork epoch, QueueRunner runner, Workshop shop) {
        this.job = job;
        this.epoch = epoch;
        this.runner = runner;
        this.shop = shop;
        this.words = new HandlerWords(job, epoch, shop);
    }

    @Override
    public List<ClaimedJob> claimed() {
        return List.of(job);
    }

    @Override
    public EpochWork epoch() {
        return epoch;
    }

    @Override
    public int size() {
        return 1;
    }

    @Override
    public boolean critical() {
        return job.priority() == Priority.CRITICAL;
    }

    @Override
    public void run() {
        thread = Thread.currentThread();
        startedMicros = shop.clock().nowMicros();
        startedNanos = System.nanoTime();
        // From here on others may settle it.
        epoch.running().add(this);
        @Nullable Throwable failure = null;
        Traces.@Nullable Traced traced = null;
        try {
            if (epoch.state() != EpochWork.State.WORKING) {
                abandon();
            }
            cancel(epoch.cancelled());
            if (abandoned || waitsForBreaker()) {
                return;
            }
            if (job.meta() != null) {
                meta = shop.registry().codec().read(job.meta(), Meta.class);
            }
            traced = beginTrace();
            describeInLogs();
            Registry.Entry entry = shop.entry(job.kind());
            Registry.Body body = decode(entry);
            limitTime(shop.policy().timeout(entry, meta));
            body.run(this);
        } catch (Throwable thrown) {
            failure = thrown;
        } finally {
            ScheduledFuture<?> watched = limit;
            if (watched != null) {
                watched.cancel(false);
            }
            try {
                end(failure);
            } finally {
                if (traced != null) {
                    traced.end(settledAs, failure);
                }
                epoch.running().remove(this);
                MDC.clear();
                runner.ended(this);
            }
        }
    }

    /** Claimed before the breaker opened: it goes back before its first step. */
    private boolean waitsForBreaker() {
        if (!shop.wires().blocks(job, claimedNanos) || !state.compareAndSet(State.RUNNING, State.SETTLED)) {
            return false;
        }
        abandoned = true;
        settled(false, shop.policy().released(job, startedMicros, tookMicros(), RetryPolicy.BREAKER_OPEN));
        return true;
    }

    private Registry.Body decode(Registry.Entry entry) {
        if (job.payload() == null) {
            throw new TidemillException(
                    ErrorCode.BODY_MISSING, "Job " + job.id() + " has no body any more; it cannot run.");
        }
        return Objects.requireNonNull(entry.task()).decode(shop.registry().codec(), job.payload());
    }

    private void describeInLogs() {
        MDC.put("job", Long.toString(job.id()));
        MDC.put("kind", job.kind());
        MDC.put("attempt", Integer.toString(job.attempt()));
        MDC.put("node", shop.nodeName());
        String named = trace;
        if (named != null) {
            Traces.describeInLogs(named);
        }
    }

    private Traces.@Nullable Traced beginTrace() {
        trace = meta.trace();
        if (!shop.traces().on()) {
            return null;
        }
        Traces.Traced traced = shop.traces()
                .handle(new Tracing.Task(
                        job.kind(),
                        job.queue(),
                        shop.nodeName(),
                        false,
                        List.of(new Tracing.Member(job.id(), job.attempt(), meta.trace()))));
        String own = traced == null ? null : traced.trace();
        if (own != null) {
            trace = own;
        }
        return traced;
    }

    private void end(@Nullable Throwable failure) {
        if (state.compareAndSet(State.RUNNING, State.SETTLED)) {
            settled(false, outcomeOf(failure));
        } else if (state.get() == State.COMPLETING) {
            settleCompleting(failure);
        }
    }

    private Outcome outcomeOf(@Nullable Throwable failure) {
        return failure == null
                ? new Outcome(job, AttemptOutcome.SUCCEEDED, startedMicros, tookMicros(), null, Outcome.NOTHING)
                : shop.policy().failed(job, meta, startedMicros, tookMicros(), failure);
    }

    /** The handler called completeIn and is through: only the database knows whether that was committed. */
    private void settleCompleting(@Nullable Throwable failure) {
        Outcome ifNot = outcomeOf(
                failure != null
                        ? failure
                        : new TidemillException(
                                ErrorCode.NOT_COMPLETED,
                                "The handler called completeIn, but returned without committing that transaction."));
        Outcome success =
                new Outcome(job, AttemptOutcome.SUCCEEDED, startedMicros, tookMicros(), null, Outcome.NOTHING);
        boolean said = false;
        while (epoch.state() != EpochWork.State.CLOSED) {
            // An interrupted virtual thread can not use a socket, and this one was maybe interrupted with its epoch.
            Thread.interrupted();
            try {
                switch (epoch.place().settle(ifNot)) {
                    case COMPLETED -> {
                        if (failure != null) {
                            LOG.warn(
                                    "The handler threw after its completeIn was committed; the job stays done.",
                                    failure);
                        }
                        settled(true, success);
                        return;
                    }
                    case WRITTEN -> {
                        settled(true, ifNot);
                        return;
                    }
                    case OPEN -> {
                        if (!said) {
                            LOG.warn("The handler ended, but the transaction it called completeIn in is still open.");
                            said = true;
                        }
                    }
                }
            } catch (EpochClosedException closed) {
                return;
            } catch (RuntimeException unreachable) {
                LOG.debug("Asking what became of completeIn failed; asking again.", unreachable);
                LockSupport.parkNanos(200_000_000L);
            }
        }
    }

    private void limitTime(@Nullable Duration given) {
        if (given != null) {
            beatNanos = startedNanos;
            timeout = given;
            limit = shop.watch(this::timeOut, given);
        }
    }

    @Override
    public void heartbeat() {
        beatNanos = System.nanoTime();
    }

    /** How long an attempt may still go on: its limit counts from the last heartbeat, up to a bound. */
    static long nanosLeft(Duration each, long startedNanos, long beatNanos, long now) {
        Duration longest = each.compareTo(LONGEST.dividedBy(LIMITS)) > 0 ? LONGEST : each.multipliedBy(LIMITS);
        return Math.min(beatNanos + each.toNanos() - now, startedNanos + longest.toNanos() - now);
    }

    private void timeOut() {
        Duration each = timeout;
        long left = each == null ? 0 : nanosLeft(each, startedNanos, beatNanos, System.nanoTime());
        if (left > 0) {
            limit = shop.watch(this::timeOut, Duration.ofNanos(left));
            return;
        }
        if (state.compareAndSet(State.RUNNING, State.SETTLED)) {
            abandoned = true;
            settled(false, shop.policy().timedOut(job, meta, startedMicros, tookMicros()));
            interrupt();
        }
    }

    @Override
    public void cancel(Set<Long> cancelled) {
        if (cancelled.contains(job.id()) && state.compareAndSet(State.RUNNING, State.SETTLED)) {
            abandoned = true;
            settled(false, shop.policy().cancelled(job, startedMicros, tookMicros()));
            interrupt();
        }
    }

    /** The epoch is lost: whatever the handler still does counts for nothing. */
    @Override
    public void abandon() {
        abandoned = true;
        state.compareAndSet(State.RUNNING, State.SETTLED);
        interrupt();
    }

    @Override
    public void release() {
        abandoned = true;
        if (state.compareAndSet(State.RUNNING, State.SETTLED)) {
            settled(false, shop.policy().released(job, startedMicros, tookMicros(), RetryPolicy.NODE_STOPPED));
        }
        interrupt();
    }

    private void settled(boolean written, Outcome outcome) {
        settledAs = outcome.outcome();
        Report last = words.end();
        if (written) {
            shop.finisher().addWritten(epoch, outcome, last);
        } else {
            shop.finisher().add(epoch, outcome, last);
        }
    }

    @Override
    public void result(Object value) {
        words.result(value, isSettled());
    }

    @Override
    public void progress(long done, long total, @Nullable String message) {
        words.progress(done, total, message, isSettled());
    }

    @Override
    public void log(LogLevel level, String line) {
        words.log(level, line, isSettled());
    }

    private boolean isSettled() {
        return state.get() == State.SETTLED;
    }

    private void interrupt() {
        Thread current = thread;
        if (current != null) {
            current.interrupt();
        }
    }

    private long tookMicros() {
        return (System.nanoTime() - startedNanos) / 1_000;
    }

    @Override
    public void completeIn(Connection connection) throws SQLException {
        if (connection.getAutoCommit()) {
            throw new TidemillException(
                    ErrorCode.NOT_COMPLETED,
                    "completeIn was given a connection in auto-commit; switch it off, so that effects and outcome commit together.");
        }
        if (!state.compareAndSet(State.RUNNING, State.COMPLETING)) {
            throw new TidemillException(
                    ErrorCode.NOT_COMPLETED,
                    "Attempt " + job.attempt() + " of job " + job.id()
                            + (state.get() == State.COMPLETING
                                    ? " was completed before; call completeIn once."
                                    : " timed out or was abandoned; roll back, another attempt will run."));
        }
        if (!epoch.place().complete(connection, job, startedMicros)) {
            throw new TidemillException(
                    ErrorCode.NOT_COMPLETED,
                    "The node was declared dead and job " + job.id() + " given to another; roll back.");
        }
        String result = words.result();
        if (result != null) {
            epoch.place().reports().results(connection, Map.of(job, result));
        }
    }

    @Override
    public long jobId() {
        return job.id();
    }

    @Override
    public String kind() {
        return job.kind();
    }

    @Override
    public String queue() {
        return job.queue();
    }

    @Override
    public Priority priority() {
        return job.priority();
    }

    @Override
    public int attempt() {
        return job.attempt();
    }

    @Override
    public int failures() {
        return job.failures();
    }

    @Override
    public Instant startBy() {
        return DatabaseClock.toInstant(job.startByMicros());
    }

    @Override
    public Map<String, String> tags() {
        Map<String, String> tags = meta.tags();
        return tags == null ? Map.of() : tags;
    }

    @Override
    public @Nullable String trace() {
        return trace;
    }

    @Override
    public boolean abandoned() {
        return abandoned;
    }
}
