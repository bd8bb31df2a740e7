package dev.tidemill.tracing;

import dev.tidemill.jobs.Tracing;
import io.opentelemetry.api.OpenTelemetry;
import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanBuilder;
import io.opentelemetry.api.trace.SpanContext;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.api.trace.Tracer;
import io.opentelemetry.context.Context;
import org.jspecify.annotations.Nullable;

/**
 * Traces jobs with OpenTelemetry, by its conventions for messaging: an enqueue is a PRODUCER span {@code send QUEUE}, a
 * call of a handler a CONSUMER span {@code process QUEUE}, its child and linked to it, in whatever process it runs. A
 * handler of many has one span a call, with a link to each job's enqueue.
 *
 * <pre>{@code
 * Tidemill.on(dataSource).tracing(OpenTelemetryTracing.on(GlobalOpenTelemetry.get()))
 * }</pre>
 *
 * <p>What is kept with a job is W3C trace context ({@code traceparent} and {@code tracestate}), whatever propagators are
 * configured. Thread safe.
 */
public final class OpenTelemetryTracing implements Tracing {
    static final AttributeKey<String> SYSTEM = AttributeKey.stringKey("messaging.system");
    static final AttributeKey<String> OPERATION_NAME = AttributeKey.stringKey("messaging.operation.name");
    static final AttributeKey<String> OPERATION_TYPE = AttributeKey.stringKey("messaging.operation.type");
    static final AttributeKey<String> DESTINATION = AttributeKey.stringKey("messaging.destination.name");
    static final AttributeKey<String> MESSAGE_ID = AttributeKey.stringKey("messaging.message.id");
    static final AttributeKey<Long> MESSAGE_COUNT = AttributeKey.longKey("messaging.batch.message_count");
    static final AttributeKey<String> CLIENT_ID = AttributeKey.stringKey("messaging.client.id");
    static final AttributeKey<String> ERROR_TYPE = AttributeKey.stringKey("error.type");
    static final AttributeKey<String> KIND = AttributeKey.stringKey("tidemill.job.kind");
    static final AttributeKey<Long> ATTEMPT = AttributeKey.longKey("tidemill.job.attempt");
    static final AttributeKey<String> OUTCOME = AttributeKey.stringKey("tidemill.job.outcome");

    private static final String SCOPE = "dev.tidemill";
    /** As many as an SDK keeps unless told otherwise. */
    private static final int MOST_LINKS = 128;

    private final Tracer tracer;

    private OpenTelemetryTracing(Tracer tracer) {
        this.tracer = tracer;
    }

    /** Traces with this instance's tracers. */
    public static OpenTelemetryTracing on(OpenTelemetry openTelemetry) {
        return new OpenTelemetryTracing(openTelemetry.getTracer(SCOPE));
    }

    @Override
    public Sending send(Parcel parcel) {
        Context parent = parcel.trace() == null ? Context.current() : TraceText.read(parcel.trace(), Context.current());
        SpanBuilder builder = begin("send", "send", parcel.queue(), parcel.kind(), SpanKind.PRODUCER)
                .setParent(parent);
        if (parcel.jobs() > 1) {
            builder.setAttribute(MESSAGE_COUNT, (long) parcel.jobs());
        }
        return new SendSpan(builder.startSpan(), parent);
    }

    @Override
    public Handling handle(Task task) {
        SpanBuilder builder = begin("process", "process", task.queue(), task.kind(), SpanKind.CONSUMER)
                .setAttribute(CLIENT_ID, task.node());
        Context parent = Context.current();
        if (task.chunk()) {
            builder.setAttribute(MESSAGE_COUNT, (long) task.jobs().size());
            task.jobs().stream().limit(MOST_LINKS).forEach(member -> link(builder, member));
        } else {
            Member job = task.jobs().getFirst();
            builder.setAttribute(MESSAGE_ID, Long.toString(job.id())).setAttribute(ATTEMPT, (long) job.attempt());
            link(builder, job);
            parent = job.trace() == null ? parent : TraceText.read(job.trace(), parent);
        }
        return new HandleSpan(builder.setParent(parent).startSpan(), parent);
    }

    private SpanBuilder begin(
            String name, String type, @Nullable String queue, @Nullable String kind, SpanKind spanKind) {
        SpanBuilder builder = tracer.spanBuilder(queue == null ? name : name + " " + queue)
                .setSpanKind(spanKind)
                .setAttribute(SYSTEM, "tidemill")
                .setAttribute(OPERATION_NAME, name)
                .setAttribute(OPERATION_TYPE, type);
        if (queue != null) {
            builder.setAttribute(DESTINATION, queue);
        }
        if (kind != null) {
            builder.setAttribute(KIND, kind);
        }
        return builder;
    }

    private static void link(SpanBuilder builder, Member member) {
        if (member.trace() != null) {
            SpanContext enqueued = Span.fromContext(TraceText.read(member.trace(), Context.root()))
                    .getSpanContext();
            if (enqueued.isValid()) {
                builder.addLink(enqueued);
            }
        }
    }
}
