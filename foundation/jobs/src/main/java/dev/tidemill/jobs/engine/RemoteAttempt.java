package dev.tidemill.jobs.engine;

import dev.tidemill.jobs.AttemptOutcome;
import dev.tidemill.jobs.ErrorCode;
import dev.tidemill.jobs.RemoteWork.Failure;
import dev.tidemill.jobs.RemoteWork.Handle;
import dev.tidemill.jobs.RemoteWork.Held;
import dev.tidemill.jobs.RemoteWork.Line;
import dev.tidemill.jobs.RemoteWork.Request;
import dev.tidemill.jobs.RemoteWork.Step;
import dev.tidemill.jobs.TidemillException;
import dev.tidemill.jobs.store.ClaimedJob;
import dev.tidemill.jobs.store.Outcome;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One attempt in the hands of a worker elsewhere, from the claim to its outcome.
 *
 * <p>Exactly one party settles it, by compare-and-set: the worker's word, its silence, the time limit, whoever cancels the
 * job, or the node. All of them write their outcome as a handler's end does, through the {@link Finisher}; the worker is
 * answered once that is committed. Silence is measured here, by this process's clock: whether the process itself lives is
 * the epoch's matter. Thread safe.
 */
final class RemoteAttempt implements Hold {
    /** Who settled it. */
    enum End {
        /** The worker said that it is done. */
        FINISHED,
        /** The worker said that it failed. */
        FAILED,
        /** The worker gave it back. */
        GIVEN_BACK,
        /** Nobody waited for the worker's word. */
        TAKEN
    }

    /**
     * How it ended.
     *
     * @param end who settled it
     * @param outcome what came of it
     * @param written whether that was written, or came too late
     */
    record Ended(End end, AttemptOutcome outcome, CompletableFuture<Boolean> written) {}

    private final ClaimedJob job;
    /** Until it is handed out; all that are out would fill the heap. */
    private @Nullable String payload;

    private final EpochWork epoch;
    private final Workshop shop;
    private final Request request;
    private final Handle handle;
    private final boolean suspect;
    private final Meta meta;
    private final Consumer<RemoteAttempt> onEnd;
    private final Consumer<String> onSilence;
    private final HandlerWords words;
    private final AtomicReference<@Nullable Ended> ended = new AtomicReference<>();
    private final long startedMicros;
    private final long startedNanos = System.nanoTime();
    private volatile long beatNanos = startedNanos;
    private volatile @Nullable ScheduledFuture<?> silence;
    private volatile @Nullable ScheduledFuture<?> limit;

    /**
     * Creates one that is not begun.
     *
     * @param suspect whether the job is to blame if the worker is lost with it
     * @param onSilence is told the worker's name before the job goes to anybody else
     */
    RemoteAttempt(
            ClaimedJob job,
            EpochWork epoch,
            Workshop shop,
            Request request,
            String token,
            boolean suspect,
            Meta meta,
            Consumer<RemoteAttempt> onEnd,
            Consumer<String> onSilence) {
        this.payload = payload(job);
        this.job = job.withoutPayload();
        this.epoch = epoch;
        this.shop = shop;
        this.request = request;
        this.handle = new Handle(job.id(), job.attempt(), token);
        this.suspect = suspect;
        this.meta = meta;
        this.onEnd = onEnd;
        this.onSilence = onSilence;
        this.words = new HandlerWords(this.job, epoch, shop);
        this.startedMicros = shop.clock().nowMicros();
    }

    /** From here on others may settle it. */
    void begin() {
        epoch.running().add(this);
        if (epoch.state() != EpochWork.State.WORKING) {
            abandon();
            return;
        }
        cancel(epoch.cancelled());
        Duration timeout = timeout();
        if (timeout != null) {
            limit = shop.watch(this::timeOut, timeout);
        }
        silence = shop.watch(this::listen, request.lease());
        if (ended.get() != null) {
            unwatch();
        }
    }

    private @Nullable Duration timeout() {
        return meta.timeoutMillis() == null ? null : Duration.ofMillis(meta.timeoutMillis());
    }

    Handle handle() {
        return handle;
    }

    String worker() {
        return request.worker();
    }

    boolean suspect() {
        return suspect;
    }

    boolean underEpoch(long number) {
        return epoch.place().epoch() == number;
    }

    /** As the worker sees it; once, to hand it out. */
    Held handOut() {
        String text = Objects.requireNonNull(payload, "handed out already");
        payload = null;
        return new Held(
                handle,
                job.kind(),
                job.queue(),
                job.priority(),
                job.failures(),
                text,
                meta.tags() == null ? Map.of() : meta.tags(),
                meta.key(),
                meta.trace(),
                DatabaseClock.toInstant(job.startByMicros()),
                timeout(),
                leaseUntil());
    }

    /** The payload of a job whose body is there. */
    static String payload(ClaimedJob job) {
        if (job.payload() == null) {
            throw new TidemillException(
                    ErrorCode.BODY_MISSING, "Job " + job.id() + " has no body any more; it cannot run.");
        }
        return job.payload();
    }

    Instant leaseUntil() {
        return shop.clock().now().plusNanos(silenceLeft());
    }

    private long silenceLeft() {
        return Math.max(0, beatNanos + request.lease().toNanos() - System.nanoTime());
    }

    /** How it ended; null while it goes on. */
    @Nullable
    Ended ended() {
        return ended.get();
    }

    void beat(@Nullable Step progress, List<Line> lines) {
        boolean settled = ended.get() != null;
        if (progress != null) {
            words.progress(progress.done(), progress.total(), progress.message(), settled);
        }
        lines.forEach(line -> words.log(line.level(), line.text(), settled));
        beatNanos = System.nanoTime();
    }

    /** The worker is done; {@link #ended} says whether that came first. */
    void finish(@Nullable String result) {
        if (result != null) {
            shop.registry().codec().check(result);
            words.resultJson(result, ended.get() != null);
        }
        settle(
                End.FINISHED,
                new Outcome(job, AttemptOutcome.SUCCEEDED, startedMicros, tookMicros(), null, Outcome.NOTHING));
    }

    /** The worker failed; {@link #ended} says whether that came first. */
    void fail(Failure failure) {
        if (ended.get() == null) {
            settle(
                    End.FAILED,
                    shop.policy().failed(job, meta, startedMicros, tookMicros(), new RemoteFailure(failure)));
        }
    }

    /** The worker will not do it; {@link #ended} says whether that came first. */
    void giveBack() {
        settle(
                End.GIVEN_BACK,
                shop.policy().released(job, startedMicros, tookMicros(), "The worker " + worker() + " gave it back."));
    }

    private void listen() {
        long left = silenceLeft();
        if (left > 0) {
            silence = shop.watch(this::listen, Duration.ofNanos(left));
            if (ended.get() != null) {
                unwatch();
            }
            return;
        }
        onSilence.accept(worker());
        settle(
                End.TAKEN,
                shop.policy()
                        .lost(
                                job,
                                startedMicros,
                                tookMicros(),
                                "The worker " + worker() + " said nothing for as long as its lease of "
                                        + request.lease().toMillis() + " ms.",
                                suspect));
    }

    private void timeOut() {
        settle(End.TAKEN, shop.policy().timedOut(job, meta, startedMicros, tookMicros()));
    }

    @Override
    public void cancel(Set<Long> cancelled) {
        if (cancelled.contains(job.id())) {
            settle(End.TAKEN, shop.policy().cancelled(job, startedMicros, tookMicros()));
        }
    }

    @Override
    public void release() {
        settle(End.TAKEN, shop.policy().released(job, startedMicros, tookMicros(), RetryPolicy.NODE_STOPPED));
    }

    /** The epoch is lost: nothing is written, and what holds the attempt is returned with the epoch. */
    @Override
    public void abandon() {
        CompletableFuture<Boolean> written = new CompletableFuture<>();
        if (ended.compareAndSet(null, new Ended(End.TAKEN, AttemptOutcome.LOST, written))) {
            written.complete(false);
            through();
        }
    }

    private void settle(End end, Outcome outcome) {
        CompletableFuture<Boolean> written = new CompletableFuture<>();
        if (ended.compareAndSet(null, new Ended(end, outcome.outcome(), written))) {
            shop.finisher().add(epoch, outcome, words.end(), written);
            through();
        }
    }

    private void through() {
        unwatch();
        epoch.running().remove(this);
        onEnd.accept(this);
    }

    private void unwatch() {
        for (ScheduledFuture<?> watched : new ScheduledFuture<?>[] {silence, limit}) {
            if (watched != null) {
                watched.cancel(false);
            }
        }
    }

    private long tookMicros() {
        return (System.nanoTime() - startedNanos) / 1_000;
    }
}
