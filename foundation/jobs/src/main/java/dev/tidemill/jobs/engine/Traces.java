package dev.tidemill.jobs.engine;

import dev.tidemill.jobs.AttemptOutcome;
import dev.tidemill.jobs.Tracing;
import dev.tidemill.jobs.Tracing.Handling;
import dev.tidemill.jobs.Tracing.Parcel;
import dev.tidemill.jobs.Tracing.Scope;
import dev.tidemill.jobs.Tracing.Sending;
import dev.tidemill.jobs.Tracing.Task;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.MDC;

/**
 * Asks the application's tracer, if it has one, and lets nothing that it throws break a job. Without one, {@link #on} is
 * all that a job pays. Thread safe.
 */
public final class Traces {
    private static final Logger LOG = LoggerFactory.getLogger(Traces.class);
    private static final Pattern TRACEPARENT = Pattern.compile("[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}.*");
    private static final ThreadLocal<@Nullable Traced> CURRENT = new ThreadLocal<>();

    private final @Nullable Tracing tracing;
    private final AtomicBoolean said = new AtomicBoolean();

    Traces(@Nullable Tracing tracing) {
        this.tracing = tracing;
    }

    /** Whether there is a tracer. */
    boolean on() {
        return tracing != null;
    }

    /**
     * Writes jobs inside of a trace.
     *
     * @param write is given what the jobs carry on, null for what they had
     */
    <T> T sending(Parcel parcel, Function<@Nullable String, T> write, Function<T, List<Long>> ids) {
        Sending sending = guarded(() -> Objects.requireNonNull(tracing).send(parcel));
        if (sending == null) {
            return write.apply(null);
        }
        T written;
        try {
            written = write.apply(guarded(sending::trace));
        } catch (Throwable failed) {
            guarded(() -> sending.failed(failed));
            throw failed;
        }
        guarded(() -> sending.sent(ids.apply(written)));
        return written;
    }

    /** Begins a call of a handler in this thread; null where nothing is traced. */
    @Nullable
    Traced handle(Task task) {
        Handling handling = guarded(() -> Objects.requireNonNull(tracing).handle(task));
        return handling == null ? null : new Traced(this, handling);
    }

    private void guarded(Runnable call) {
        guarded(() -> {
            call.run();
            return true;
        });
    }

    private <T> @Nullable T guarded(Supplier<? extends @Nullable T> call) {
        try {
            return call.get();
        } catch (RuntimeException | Error broken) {
            if (said.compareAndSet(false, true)) {
                LOG.error("The tracer broke; jobs go on, and traces may have gaps. This is said once.", broken);
            }
            return null;
        }
    }

    /**
     * The task, run with what is traced in this thread as its surrounding trace, wherever it runs; the task itself where
     * nothing is traced.
     */
    public static Runnable carried(Runnable task) {
        Traced traced = CURRENT.get();
        return traced == null ? task : () -> traced.around(task);
    }

    /** Names a trace in the log lines of this thread. */
    static void describeInLogs(String trace) {
        MDC.put("trace", trace);
        if (TRACEPARENT.matcher(trace).matches()) {
            MDC.put("trace_id", trace.substring(3, 35));
            MDC.put("span_id", trace.substring(36, 52));
        }
    }

    /** Takes it out of the log lines of this thread. */
    static void leaveLogs() {
        MDC.remove("trace");
        MDC.remove("trace_id");
        MDC.remove("span_id");
    }

    /** A call of a handler. Begun and ended in its thread. */
    static final class Traced {
        private final Traces traces;
        private final Handling handling;
        private final @Nullable Scope scope;

        private Traced(Traces traces, Handling handling) {
            this.traces = traces;
            this.handling = handling;
            this.scope = traces.guarded(handling::enter);
            CURRENT.set(this);
        }

        @Nullable
        String trace() {
            return traces.guarded(handling::trace);
        }

        void end(@Nullable AttemptOutcome outcome, @Nullable Throwable failure) {
            CURRENT.remove();
            if (scope != null) {
                traces.guarded(scope::close);
            }
            traces.guarded(() -> handling.end(outcome, failure));
        }

        private void around(Runnable task) {
            CURRENT.set(this);
            Scope entered = traces.guarded(handling::enter);
            try {
                task.run();
            } finally {
                CURRENT.remove();
                if (entered != null) {
                    traces.guarded(entered::close);
                }
            }
        }
    }
}
