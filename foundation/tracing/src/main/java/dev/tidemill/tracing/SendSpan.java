package dev.tidemill.tracing;

import dev.tidemill.jobs.Tracing.Sending;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.StatusCode;
import io.opentelemetry.context.Context;
import io.opentelemetry.context.Scope;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** An enqueue; the spans of what writes it, such as a driver's, are its children. */
final class SendSpan implements Sending {
    private final Span span;
    private final Context context;
    private final Scope scope;

    @SuppressWarnings("MustBeClosedChecker") // Closed when the enqueue has ended, by the engine's one call of either.
    SendSpan(Span span, Context parent) {
        this.span = span;
        this.context = parent.with(span);
        this.scope = context.makeCurrent();
    }

    @Override
    public @Nullable String trace() {
        return TraceText.of(context);
    }

    @Override
    public void sent(List<Long> ids) {
        if (ids.size() == 1) {
            span.setAttribute(OpenTelemetryTracing.MESSAGE_ID, Long.toString(ids.getFirst()));
        }
        end();
    }

    @Override
    public void failed(Throwable failure) {
        span.recordException(failure);
        span.setStatus(StatusCode.ERROR);
        span.setAttribute(OpenTelemetryTracing.ERROR_TYPE, failure.getClass().getName());
        end();
    }

    private void end() {
        scope.close();
        span.end();
    }
}
