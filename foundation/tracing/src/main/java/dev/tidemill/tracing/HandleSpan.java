package dev.tidemill.tracing;

import dev.tidemill.jobs.AttemptOutcome;
import dev.tidemill.jobs.Tracing.Handling;
import dev.tidemill.jobs.Tracing.Scope;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.StatusCode;
import io.opentelemetry.context.Context;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** A call of a handler. */
final class HandleSpan implements Handling {
    private final Span span;
    private final Context context;

    HandleSpan(Span span, Context parent) {
        this.span = span;
        this.context = parent.with(span);
    }

    @Override
    public @Nullable String trace() {
        return TraceText.of(context);
    }

    @Override
    @SuppressWarnings("MustBeClosedChecker") // The caller's to close.
    public Scope enter() {
        io.opentelemetry.context.Scope entered = context.makeCurrent();
        return entered::close;
    }

    @Override
    public void end(@Nullable AttemptOutcome outcome, @Nullable Throwable failure) {
        if (outcome != null) {
            span.setAttribute(OpenTelemetryTracing.OUTCOME, outcome.name().toLowerCase(Locale.ROOT));
        }
        if (failure != null) {
            span.recordException(failure);
        }
        // What is tried again without counting, a rate limit for one, is no error of the job's.
        if (outcome == AttemptOutcome.FAILED || outcome == AttemptOutcome.TIMED_OUT) {
            span.setStatus(StatusCode.ERROR);
            span.setAttribute(
                    OpenTelemetryTracing.ERROR_TYPE,
                    failure == null || outcome == AttemptOutcome.TIMED_OUT
                            ? outcome.name().toLowerCase(Locale.ROOT)
                            : failure.getClass().getName());
        }
        span.end();
    }
}
