package dev.tidemill.jobs.engine;

import dev.tidemill.jobs.AttemptOutcome;
import dev.tidemill.jobs.Breaker;
import dev.tidemill.jobs.ErrorCode;
import dev.tidemill.jobs.HandlerOptions;
import dev.tidemill.jobs.QueuePage;
import dev.tidemill.jobs.RemoteWork;
import dev.tidemill.jobs.Stats.NodeView;
import dev.tidemill.jobs.TidemillException;
import dev.tidemill.jobs.engine.RemoteAttempt.End;
import dev.tidemill.jobs.engine.RemoteAttempt.Ended;
import dev.tidemill.jobs.store.JobStore;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Takes the word of workers elsewhere, and remembers for a while how their attempts ended, so that a word that is repeated
 * after a lost answer is answered as before. Thread safe.
 */
final class RemoteDesk implements RemoteWork {
    private static final Duration WRITTEN_WITHIN = Duration.ofSeconds(20);
    private static final int LINES = 1_000;
    private static final int REMEMBERED = 10_000;

    private final JobStore store;
    private final BooleanSupplier ready;
    private final String self;
    private final Map<String, Past> past = new LinkedHashMap<>() {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Past> eldest) {
            return size() > REMEMBERED;
        }
    };
    private @Nullable RemoteClaims claims;

    /** An attempt that has ended, without its job. */
    private record Past(Handle handle, Ended ended) {}

    /**
     * Creates one that {@link #over} has to follow.
     *
     * @param ready whether this process is in contact
     * @param self by what name it changes settings
     */
    RemoteDesk(JobStore store, BooleanSupplier ready, String self) {
        this.store = store;
        this.ready = ready;
        this.self = self;
    }

    /** Sets whose attempts these are. */
    void over(RemoteClaims these) {
        claims = these;
    }

    private RemoteClaims claims() {
        return java.util.Objects.requireNonNull(claims, "not begun");
    }

    /** An attempt has ended. */
    void ended(RemoteAttempt attempt) {
        Ended end = attempt.ended();
        if (end != null) {
            synchronized (past) {
                past.put(attempt.handle().token(), new Past(attempt.handle(), end));
            }
        }
    }

    @Override
    public List<Held> claim(Request request) throws InterruptedException {
        if (claims().closed()) {
            throw new TidemillException(
                    ErrorCode.STOPPED, "This process stops and hands out nothing more; ask another.");
        }
        if (!ready.getAsBoolean()) {
            throw new TidemillException(
                    ErrorCode.DATABASE_UNREACHABLE,
                    "This process is out of contact with the database; try again later.");
        }
        return claims().await(request).stream().map(RemoteAttempt::handOut).toList();
    }

    @Override
    public Beat heartbeat(Handle handle, @Nullable Step progress, List<Line> lines) {
        if (lines.size() > LINES) {
            throw new TidemillException(
                    ErrorCode.INVALID_OPTION,
                    lines.size() + " lines were given; a heartbeat takes at most " + LINES + ".");
        }
        Optional<RemoteAttempt> held = held(handle);
        if (held.isEmpty()) {
            return new Beat(
                    false, past(handle).orElseThrow(() -> unknown(handle)).outcome(), null);
        }
        RemoteAttempt attempt = held.get();
        attempt.beat(progress, lines);
        Ended end = attempt.ended();
        return end == null ? new Beat(true, null, attempt.leaseUntil()) : new Beat(false, end.outcome(), null);
    }

    @Override
    public void finish(Handle handle, @Nullable String result) {
        settle(handle, End.FINISHED, attempt -> attempt.finish(result));
    }

    @Override
    public void fail(Handle handle, Failure failure) {
        settle(handle, End.FAILED, attempt -> attempt.fail(failure));
    }

    @Override
    public void release(Handle handle) {
        settle(handle, End.GIVEN_BACK, RemoteAttempt::giveBack);
    }

    private void settle(Handle handle, End word, Consumer<RemoteAttempt> how) {
        Optional<RemoteAttempt> held = held(handle);
        @Nullable Ended end = null;
        if (held.isPresent()) {
            how.accept(held.get());
            end = held.get().ended();
        } else {
            end = past(handle).orElseThrow(() -> unknown(handle));
        }
        if (end == null || end.end() != word) {
            throw tooLate(handle, end == null ? AttemptOutcome.LOST : end.outcome());
        }
        try {
            if (!end.written().get(WRITTEN_WITHIN.toMillis(), TimeUnit.MILLISECONDS)) {
                throw tooLate(handle, AttemptOutcome.LOST);
            }
        } catch (TimeoutException slow) {
            throw new TidemillException(
                    ErrorCode.DATABASE_UNREACHABLE,
                    "The database does not answer, so that it is open whether this counts; say it again.",
                    slow);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new TidemillException(
                    ErrorCode.STOPPED, "Interrupted before it was written; say it again.", interrupted);
        } catch (ExecutionException never) {
            throw new IllegalStateException(never);
        }
    }

    private Optional<RemoteAttempt> held(Handle handle) {
        return Optional.ofNullable(claims().held(handle.token()))
                .filter(attempt -> attempt.handle().equals(handle));
    }

    private Optional<Ended> past(Handle handle) {
        synchronized (past) {
            return Optional.ofNullable(past.get(handle.token()))
                    .filter(known -> known.handle().equals(handle))
                    .map(Past::ended);
        }
    }

    private static TidemillException tooLate(Handle handle, AttemptOutcome how) {
        return new TidemillException(
                ErrorCode.LEASE_LOST,
                "It is too late: " + handle + " has ended as " + how + ". Nothing was changed; stop working on it.");
    }

    /** Nobody's here: the one who has it is told, if that one lives. */
    private TidemillException unknown(Handle handle) {
        String epoch = handle.token().split("\\.", 2)[0];
        for (NodeView node : Engine.translated(() -> store.desk().stats(QueuePage.after("", 1)))
                .nodes()) {
            if (Long.toString(node.epoch()).equals(epoch) && !claims().under(node.epoch())) {
                return new TidemillException(
                        ErrorCode.HELD_ELSEWHERE,
                        "The " + handle + " was handed out by the node " + node.name() + " on " + node.host()
                                + ", and only that one takes word of it: send this there.");
            }
        }
        return new TidemillException(
                ErrorCode.LEASE_LOST,
                "No worker has " + handle
                        + " by this token: its lease ran out, the process that handed it out is gone, or"
                        + " the token is wrong. Nothing was changed; stop working on it.");
    }

    @Override
    public void recall() {
        claims().recall();
    }

    @Override
    public void dependOn(Map<String, Set<String>> dependencies, List<Breaker> breakers) {
        dependencies.forEach(
                (kind, names) -> HandlerOptions.STANDARD.kind(kind).dependsOn(names.toArray(String[]::new)));
        Engine.run(() -> store.breakers().define(breakers, dependencies, self));
        claims().learnSoon();
    }
}
