package dev.tidemill.jobs.engine;

import dev.tidemill.jobs.AttemptOutcome;
import dev.tidemill.jobs.Backoff;
import dev.tidemill.jobs.ErrorCategory;
import dev.tidemill.jobs.ErrorCode;
import dev.tidemill.jobs.ErrorVerdict;
import dev.tidemill.jobs.QueueOptions;
import dev.tidemill.jobs.Retry;
import dev.tidemill.jobs.TidemillException;
import dev.tidemill.jobs.store.ClaimedJob;
import dev.tidemill.jobs.store.Outcome;
import dev.tidemill.jobs.store.Outcome.Next;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.time.Duration;
import java.time.Instant;
import java.util.Objects;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Decides what follows a failed attempt. Thread safe. */
final class RetryPolicy {
    private static final Logger LOG = LoggerFactory.getLogger(RetryPolicy.class);
    static final String NO_MEMORY = "The process had too little memory left to begin with it.";
    static final String BREAKER_OPEN = "What it depends on does not work for now: a breaker opened before it began.";
    static final String NODE_STOPPED = "The node stopped before the handler was through.";
    private static final int ERROR_LIMIT = 8_000;
    private static final int DEPTH = 20;
    private static final Duration UNTOLD_LIMIT = Duration.ofSeconds(30);
    private static final Duration FIRST_DOWN = Duration.ofSeconds(5);
    private static final Duration LONGEST_DOWN = Duration.ofMinutes(5);
    private static final ErrorVerdict BY_BACKOFF = new ErrorVerdict(ErrorCategory.RETRY, null, null, true, null);
    private static final Duration LONGEST_BACKOFF = Duration.ofDays(365);

    private final Registry registry;
    private final Settings settings;
    private final Wires wires;

    RetryPolicy(Registry registry, Settings settings, Wires wires) {
        this.wires = wires;
        this.registry = registry;
        this.settings = settings;
    }

    @Nullable
    Duration timeout(Registry.Entry entry, Meta meta) {
        return meta.timeoutMillis() != null
                ? Duration.ofMillis(meta.timeoutMillis())
                : entry.options().timeout();
    }

    Outcome failed(ClaimedJob job, Meta meta, long startedMicros, long tookMicros, Throwable failure) {
        String error = describe(failure);
        if (failure instanceof TidemillException own && beyondRetry(own.code())) {
            return new Outcome(job, AttemptOutcome.FAILED, startedMicros, tookMicros, error, dead(own.code()));
        }
        ErrorVerdict verdict = verdict(failure);
        if (verdict.category() == ErrorCategory.DEPENDENCY_DOWN) {
            wires.failed(job, verdict.dependency(), failure);
        }
        AttemptOutcome outcome = verdict.counted() ? AttemptOutcome.FAILED : AttemptOutcome.SNOOZED;
        return new Outcome(
                job,
                verdict.category() == ErrorCategory.PERMANENT ? AttemptOutcome.FAILED : outcome,
                startedMicros,
                tookMicros,
                error,
                next(job, meta, verdict, startedMicros + tookMicros));
    }

    private Next next(ClaimedJob job, Meta meta, ErrorVerdict verdict, long nowMicros) {
        return switch (verdict.category()) {
            case PERMANENT -> dead(ErrorCode.GIVEN_UP);
            case RETRY -> {
                if (!verdict.counted()) {
                    yield again(job, after(verdict, nowMicros, Duration.ZERO), false);
                }
                if (isLast(job, meta)) {
                    yield dead(ErrorCode.HANDLER_FAILED);
                }
                yield again(job, verdict.after() != null ? verdict.after() : delay(job), true);
            }
            case RATE_LIMITED -> again(job, after(verdict, nowMicros, UNTOLD_LIMIT), false);
            case DEPENDENCY_DOWN -> again(job, after(verdict, nowMicros, untilBack(job, verdict)), false);
        };
    }

    private static Duration after(ErrorVerdict verdict, long nowMicros, Duration untold) {
        Instant until = verdict.until();
        if (until != null) {
            return Duration.between(DatabaseClock.toInstant(nowMicros), until);
        }
        Duration after = verdict.after();
        return after != null ? after : untold;
    }

    /** Doubling with what was not counted so far, with half of it jitter, so that not all of them knock at once. */
    private Duration untilBack(ClaimedJob job, ErrorVerdict verdict) {
        if (wires.counts(job, verdict.dependency())) {
            // Its breaker keeps it from knocking.
            return Duration.ofMillis(500 + ThreadLocalRandom.current().nextLong(500));
        }
        int doublings = Math.clamp(job.attempt() - job.failures() - 1L, 0, 20);
        long millis = Math.min(LONGEST_DOWN.toMillis(), FIRST_DOWN.toMillis() << doublings);
        return Duration.ofMillis(millis - ThreadLocalRandom.current().nextLong(millis / 2));
    }

    /** What a failure stands for; never throws, whatever the application's rules do. */
    ErrorVerdict verdict(Throwable failure) {
        if (failure instanceof RemoteFailure told) {
            return told.verdict();
        }
        Retry steered = steered(failure);
        if (steered != null) {
            return steered.verdict();
        }
        try {
            return settings.errors().verdict(failure).orElse(BY_BACKOFF);
        } catch (RuntimeException | Error broken) {
            LOG.warn("An error rule broke; the failure is tried again as if there were none.", broken);
            return BY_BACKOFF;
        }
    }

    private static @Nullable Retry steered(Throwable failure) {
        int depth = 0;
        for (Throwable cause = failure; cause != null && depth < DEPTH; cause = cause.getCause()) {
            if (cause instanceof Retry retry) {
                return retry;
            }
            depth++;
        }
        return null;
    }

    /** Whether what a handler of many threw holds for each of its jobs, so that nothing is to be found out. */
    boolean holdsForAll(Throwable failure) {
        return steered(failure) != null || verdict(failure).holdsForAll();
    }

    Outcome timedOut(ClaimedJob job, Meta meta, long startedMicros, long tookMicros) {
        String error = "The attempt ran past its time limit and was interrupted after " + tookMicros / 1_000 + " ms.";
        return new Outcome(
                job,
                AttemptOutcome.TIMED_OUT,
                startedMicros,
                tookMicros,
                error,
                countedFailure(job, meta, ErrorCode.TIMED_OUT));
    }

    /** Not counted; {@code why} says what kept it from being done. */
    Outcome released(ClaimedJob job, long startedMicros, long tookMicros, String why) {
        return new Outcome(
                job, AttemptOutcome.RELEASED, startedMicros, tookMicros, why, again(job, Duration.ZERO, false));
    }

    /** Not counted, after this delay. */
    Outcome releasedFor(ClaimedJob job, Duration delay, long startedMicros, String why) {
        return new Outcome(job, AttemptOutcome.RELEASED, startedMicros, 0, why, again(job, delay, false));
    }

    /** Lost with the worker that had it; not counted, unless it is what took the worker down. */
    Outcome lost(ClaimedJob job, long startedMicros, long tookMicros, String why, boolean convicted) {
        return new Outcome(
                job,
                AttemptOutcome.LOST,
                startedMicros,
                tookMicros,
                why,
                convicted ? dead(ErrorCode.POISONED) : again(job, Duration.ZERO, false));
    }

    Outcome cancelled(ClaimedJob job, long startedMicros, long tookMicros) {
        return new Outcome(
                job,
                AttemptOutcome.CANCELLED,
                startedMicros,
                tookMicros,
                "The job was cancelled while it ran.",
                Outcome.NOTHING);
    }

    private static boolean beyondRetry(ErrorCode code) {
        return code == ErrorCode.PAYLOAD_UNREADABLE || code == ErrorCode.BODY_MISSING;
    }

    private Next countedFailure(ClaimedJob job, Meta meta, ErrorCode code) {
        if (isLast(job, meta)) {
            return dead(code);
        }
        return again(job, delay(job), true);
    }

    /** What the application's backoff says; the standard one where that breaks, since the job must go on. */
    private Duration delay(ClaimedJob job) {
        try {
            return Objects.requireNonNull(
                    backoff(job).delay(job.failures() + 1, ThreadLocalRandom.current()), "the backoff returned null");
        } catch (RuntimeException | Error broken) {
            LOG.warn("The backoff of {} broke; the standard one is used.", job.kind(), broken);
            return QueueOptions.STANDARD.backoff().delay(job.failures() + 1, ThreadLocalRandom.current());
        }
    }

    private boolean isLast(ClaimedJob job, Meta meta) {
        return job.failures() + 1 >= attempts(job, meta);
    }

    private int attempts(ClaimedJob job, Meta meta) {
        if (meta.attempts() != null) {
            return meta.attempts();
        }
        Registry.Entry entry = registry.ofKind(job.kind());
        Integer attempts = entry == null ? null : entry.options().attempts();
        return attempts != null ? attempts : queue(job).attempts();
    }

    private Backoff backoff(ClaimedJob job) {
        Registry.Entry entry = registry.ofKind(job.kind());
        Backoff backoff = entry == null ? null : entry.options().backoff();
        return backoff != null ? backoff : queue(job).backoff();
    }

    private QueueOptions queue(ClaimedJob job) {
        return settings.queues().getOrDefault(job.queue(), QueueOptions.STANDARD);
    }

    private Next again(ClaimedJob job, Duration delay, boolean counted) {
        Duration bounded =
                delay.isNegative() ? Duration.ZERO : delay.compareTo(LONGEST_BACKOFF) > 0 ? LONGEST_BACKOFF : delay;
        return new Next.Again(
                Enqueuer.micros(bounded),
                counted,
                Enqueuer.micros(settings.priorities().deadline(job.priority())));
    }

    private static Next dead(ErrorCode code) {
        return new Next.DeadLetter(code.name());
    }

    /** The stack trace, bounded, without the NUL that PostgreSQL refuses. */
    private static String describe(Throwable failure) {
        StringWriter text = new StringWriter();
        try {
            failure.printStackTrace(new PrintWriter(text));
        } catch (RuntimeException | Error broken) {
            text.append(failure.getClass().getName()).append(", whose message cannot be read");
        }
        String described = text.toString().replace("\0", "\\0").strip();
        return described.length() > ERROR_LIMIT ? described.substring(0, ERROR_LIMIT - 1) + "…" : described;
    }
}
