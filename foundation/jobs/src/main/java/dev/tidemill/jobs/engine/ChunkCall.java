package dev.tidemill.jobs.engine;

import dev.tidemill.jobs.AttemptOutcome;
import dev.tidemill.jobs.Chunk;
import dev.tidemill.jobs.ErrorCode;
import dev.tidemill.jobs.TidemillException;
import dev.tidemill.jobs.Tracing;
import dev.tidemill.jobs.store.ClaimedJob;
import dev.tidemill.jobs.store.Completions.Fate;
import dev.tidemill.jobs.store.EpochClosedException;
import dev.tidemill.jobs.store.Outcome;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One call of a chunk's handler. Its state changes under the chunk's lock, which nobody holds while they wait.
 *
 * <p>A call that runs past its time limit is interrupted and can not complete any more. A single job has then timed
 * out. Of several it is not known whose fault it was: once the handler comes back, halves run as after a failure. If it
 * does not come back within {@link #GRACE}, nothing can be found out, and all of them have timed out; the chunk's others,
 * which wait for the same thread, run elsewhere.
 */
final class ChunkCall<T> implements Chunk<T> {
    private static final Logger LOG = LoggerFactory.getLogger(ChunkCall.class);
    private static final Duration GRACE = Duration.ofSeconds(5);

    private enum State {
        RUNNING,
        COMPLETING,
        TIMED_OUT,
        /** Nothing counts any more that the handler says. */
        OVER
    }

    private final RunningChunk<T> chunk;
    private final List<ChunkMember<T>> members;
    private final List<ChunkItem<T>> items;
    /** Held while completeIn is at it, which may be on another thread than the handler's. */
    private final ReentrantLock completing = new ReentrantLock();

    private final long startedMicros;
    private final long startedNanos = System.nanoTime();
    private State state = State.RUNNING;
    private List<ChunkItem<T>> completed = List.of();

    ChunkCall(RunningChunk<T> chunk, List<ChunkMember<T>> members) {
        this.chunk = chunk;
        this.members = members;
        this.startedMicros = chunk.shop().clock().nowMicros();
        this.items =
                members.stream().map(member -> new ChunkItem<>(this, member)).toList();
    }

    /** Calls the handler and settles what can be settled; true if what is left is to run in halves. */
    boolean run() {
        Duration timeout = timeout();
        ScheduledFuture<?> limit = timeout == null ? null : chunk.shop().watch(this::timeOut, timeout);
        Traces.@Nullable Traced traced = beginTrace();
        @Nullable Throwable failure = null;
        try {
            chunk.task().handler().handle(this);
        } catch (Throwable thrown) {
            failure = thrown;
        } finally {
            if (limit != null) {
                limit.cancel(false);
            }
        }
        State ended = over();
        endTrace(traced, ended, failure);
        return switch (ended) {
            case RUNNING -> settle(failure);
            case COMPLETING -> settleCompleting(failure);
            case TIMED_OUT -> {
                boolean split = members.size() > 1;
                if (split) {
                    chunk.measure().split(members.size(), tookMicros());
                }
                yield split;
            }
            case OVER -> false;
        };
    }

    private Traces.@Nullable Traced beginTrace() {
        Traces traces = chunk.shop().traces();
        if (!traces.on()) {
            return null;
        }
        List<Tracing.Member> jobs = members.stream()
                .map(member -> new Tracing.Member(
                        member.job().id(), member.job().attempt(), member.meta().trace()))
                .toList();
        Traces.Traced traced = traces.handle(new Tracing.Task(
                chunk.entry().kind(),
                members.getFirst().job().queue(),
                chunk.shop().nodeName(),
                true,
                jobs));
        String trace = traced == null ? null : traced.trace();
        if (trace != null) {
            Traces.describeInLogs(trace);
        }
        return traced;
    }

    private static void endTrace(Traces.@Nullable Traced traced, State ended, @Nullable Throwable failure) {
        if (traced != null) {
            AttemptOutcome outcome = switch (ended) {
                case RUNNING, COMPLETING -> failure == null ? AttemptOutcome.SUCCEEDED : AttemptOutcome.FAILED;
                case TIMED_OUT -> AttemptOutcome.TIMED_OUT;
                case OVER -> null;
            };
            traced.end(outcome, failure);
            Traces.leaveLogs();
        }
    }

    /** From here on the handler has no say; returns how far it got. */
    private State over() {
        completing.lock();
        try {
            synchronized (chunk.lock()) {
                State ended = state;
                state = ended == State.COMPLETING ? ended : State.OVER;
                // Meant for this call, if it came; the chunk knows when it is abandoned.
                Thread.interrupted();
                return ended;
            }
        } finally {
            completing.unlock();
        }
    }

    private @Nullable Duration timeout() {
        return members.stream()
                .map(member -> chunk.shop().policy().timeout(chunk.entry(), member.meta()))
                .filter(Objects::nonNull)
                .min(Comparator.naturalOrder())
                .orElse(null);
    }

    private long tookMicros() {
        return (System.nanoTime() - startedNanos) / 1_000;
    }

    /** A job's share, so that the handler's time is not counted once a job. */
    private long shareMicros() {
        return tookMicros() / members.size();
    }

    private boolean settle(@Nullable Throwable failure) {
        if (failure == null) {
            chunk.measure().measured(members.size(), tookMicros());
        }
        boolean isolates =
                failure != null && members.size() > 1 && !chunk.shop().policy().holdsForAll(failure);
        if (isolates) {
            chunk.measure().split(members.size(), tookMicros());
        }
        for (ChunkItem<T> item : items) {
            if (item.reported() || !isolates) {
                chunk.settle(item.member(), outcomeOf(item, failure));
            }
        }
        return isolates;
    }

    private Outcome outcomeOf(ChunkItem<T> item, @Nullable Throwable failure) {
        @Nullable Throwable itsOwn = item.reported() ? item.failure() : failure;
        ClaimedJob job = item.member().job();
        return itsOwn == null
                ? RunningChunk.success(job, startedMicros, shareMicros())
                : chunk.shop().policy().failed(job, item.member().meta(), startedMicros, shareMicros(), itsOwn);
    }

    /** The handler called completeIn and is through: only the database knows whether that was committed. */
    private boolean settleCompleting(@Nullable Throwable failure) {
        boolean said = false;
        while (chunk.epoch().state() != EpochWork.State.CLOSED) {
            // An interrupted virtual thread can not use a socket, and this one was maybe interrupted with its epoch.
            Thread.interrupted();
            try {
                Fate fate = chunk.epoch()
                        .place()
                        .completions()
                        .fate(completed.getFirst().member().job());
                switch (fate) {
                    case COMMITTED -> {
                        settleCommitted(failure);
                        return false;
                    }
                    case ROLLED_BACK -> {
                        return settleRolledBack(failure);
                    }
                    case OPEN -> {
                        if (!said) {
                            LOG.warn("The handler ended, but the transaction it called completeIn in is still open.");
                            said = true;
                        }
                    }
                }
            } catch (EpochClosedException closed) {
                return false;
            } catch (RuntimeException unreachable) {
                LOG.debug("Asking what became of completeIn failed; asking again.", unreachable);
                LockSupport.parkNanos(200_000_000L);
            }
        }
        return false;
    }

    private void settleCommitted(@Nullable Throwable failure) {
        if (failure != null) {
            LOG.warn("The handler threw after its completeIn was committed; the jobs stay done.", failure);
        } else {
            chunk.measure().measured(members.size(), tookMicros());
        }
        for (ChunkItem<T> item : items) {
            if (completed.contains(item)) {
                chunk.settleWritten(
                        item.member(), RunningChunk.success(item.member().job(), startedMicros, shareMicros()));
            } else {
                chunk.settle(item.member(), outcomeOf(item, failure));
            }
        }
    }

    private boolean settleRolledBack(@Nullable Throwable failure) {
        synchronized (chunk.lock()) {
            state = State.OVER;
            if (chunk.abandoned()) {
                items.forEach(item -> chunk.settle(
                        item.member(),
                        chunk.shop()
                                .policy()
                                .released(
                                        item.member().job(), startedMicros, shareMicros(), RetryPolicy.NODE_STOPPED)));
                return false;
            }
            // What was reported as done was to be done by that transaction.
            completed.forEach(ChunkItem::forget);
        }
        return settle(
                failure != null
                        ? failure
                        : new TidemillException(
                                ErrorCode.NOT_COMPLETED,
                                "The handler called completeIn, but returned without committing that transaction."));
    }

    private void timeOut() {
        synchronized (chunk.lock()) {
            if (state != State.RUNNING) {
                return;
            }
            state = State.TIMED_OUT;
            for (ChunkItem<T> item : items) {
                if (item.reported()) {
                    chunk.settle(item.member(), outcomeOf(item, null));
                } else if (members.size() == 1) {
                    chunk.settle(item.member(), timedOut(item));
                }
            }
            chunk.interrupt();
        }
        chunk.shop().later(this::giveUp, GRACE);
    }

    private void giveUp() {
        synchronized (chunk.lock()) {
            if (state != State.TIMED_OUT) {
                return;
            }
            state = State.OVER;
            LOG.warn(
                    "A handler of {} does not heed its interrupt: {} jobs of its chunk have timed out.",
                    chunk.entry().kind(),
                    members.size());
            items.forEach(item -> chunk.settle(item.member(), timedOut(item)));
            chunk.giveUpTheRest("Other jobs of its chunk did not let go of the thread.");
        }
    }

    private Outcome timedOut(ChunkItem<T> item) {
        return chunk.shop().policy().timedOut(item.member().job(), item.member().meta(), startedMicros, shareMicros());
    }

    /** Under the chunk's lock: whether what the handler says of a job counts. */
    boolean listens() {
        return state == State.RUNNING;
    }

    /** Under the chunk's lock: whether nothing counts any more that is said of any job through this call. */
    boolean late() {
        return state == State.TIMED_OUT || state == State.OVER;
    }

    /** What its state changes under. */
    Object lock() {
        return chunk.lock();
    }

    boolean has(ChunkMember<T> member) {
        return members.contains(member);
    }

    /** Under the chunk's lock: whether only the database knows how this call ends. */
    boolean inCompletion() {
        return state == State.COMPLETING;
    }

    /** Under the chunk's lock. True if the call is completing, and so has to come to its own end. */
    boolean revoke(boolean runAgain) {
        if (state == State.COMPLETING) {
            return true;
        }
        if (state == State.RUNNING && runAgain) {
            items.stream()
                    .filter(ChunkItem::reported)
                    .forEach(item -> chunk.settle(item.member(), outcomeOf(item, null)));
        }
        state = State.OVER;
        return false;
    }

    @Override
    public List<Item<T>> items() {
        return List.copyOf(items);
    }

    @Override
    public boolean abandoned() {
        synchronized (chunk.lock()) {
            return chunk.abandoned() || late();
        }
    }

    @Override
    public void completeIn(Connection connection) throws SQLException {
        if (connection.getAutoCommit()) {
            throw new TidemillException(
                    ErrorCode.NOT_COMPLETED,
                    "completeIn was given a connection in auto-commit; switch it off, so that effects and outcomes commit together.");
        }
        completing.lock();
        try {
            List<ClaimedJob> jobs;
            synchronized (chunk.lock()) {
                if (state != State.RUNNING) {
                    throw new TidemillException(
                            ErrorCode.NOT_COMPLETED,
                            state == State.COMPLETING
                                    ? "This chunk was completed before; call completeIn once."
                                    : "This chunk timed out, was abandoned or is over; roll back, its jobs run again.");
                }
                List<ChunkItem<T>> open =
                        items.stream().filter(item -> item.failure() == null).toList();
                if (open.isEmpty()) {
                    throw new TidemillException(
                            ErrorCode.NOT_COMPLETED,
                            "Every job of this chunk was reported as failed; roll back, and do not call completeIn.");
                }
                completed = open;
                state = State.COMPLETING;
                jobs = open.stream().map(item -> item.member().job()).toList();
            }
            if (!chunk.epoch().place().completions().complete(connection, jobs, startedMicros)) {
                throw new TidemillException(
                        ErrorCode.NOT_COMPLETED,
                        "The node was declared dead and these " + jobs.size() + " jobs given to another; roll back.");
            }
            Map<ClaimedJob, String> results = new LinkedHashMap<>();
            completed.forEach(item -> {
                String result = item.member().words().result();
                if (result != null) {
                    results.put(item.member().job(), result);
                }
            });
            if (!results.isEmpty()) {
                chunk.epoch().place().reports().results(connection, results);
            }
        } finally {
            completing.unlock();
        }
    }
}
