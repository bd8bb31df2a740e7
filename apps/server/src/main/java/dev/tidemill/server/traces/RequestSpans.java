package dev.tidemill.server.traces;

import dev.tidemill.server.http.Call;
import dev.tidemill.server.http.Spans;
import io.opentelemetry.api.OpenTelemetry;
import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.api.trace.SpanBuilder;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.api.trace.StatusCode;
import io.opentelemetry.api.trace.Tracer;
import io.opentelemetry.api.trace.propagation.W3CTraceContextPropagator;
import io.opentelemetry.context.Context;
import io.opentelemetry.context.Scope;
import io.opentelemetry.context.propagation.TextMapGetter;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Traces requests with OpenTelemetry, by its conventions for HTTP: one SERVER span each, which continues the W3C trace
 * context of the request and is current while the route answers. No query, body or credential is in it. Thread safe.
 */
public final class RequestSpans implements Spans {
    static final AttributeKey<String> METHOD = AttributeKey.stringKey("http.request.method");
    static final AttributeKey<String> METHOD_ORIGINAL = AttributeKey.stringKey("http.request.method_original");
    static final AttributeKey<String> ROUTE = AttributeKey.stringKey("http.route");
    static final AttributeKey<Long> STATUS = AttributeKey.longKey("http.response.status_code");
    static final AttributeKey<String> PATH = AttributeKey.stringKey("url.path");
    static final AttributeKey<String> SCHEME = AttributeKey.stringKey("url.scheme");
    static final AttributeKey<String> CLIENT = AttributeKey.stringKey("client.address");
    static final AttributeKey<String> PROTOCOL = AttributeKey.stringKey("network.protocol.version");
    static final AttributeKey<String> USER_AGENT = AttributeKey.stringKey("user_agent.original");
    static final AttributeKey<String> ERROR_TYPE = AttributeKey.stringKey("error.type");

    private static final String SCOPE = "dev.tidemill.server";
    private static final String OTHER = "_OTHER";
    private static final Set<String> METHODS =
            Set.of("GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH");
    private static final String PARENT = "traceparent";
    private static final String STATE = "tracestate";
    private static final int SERVER_FAULT = 500;
    private static final W3CTraceContextPropagator W3C = W3CTraceContextPropagator.getInstance();
    private static final TextMapGetter<Call> HEADERS = new TextMapGetter<>() {
        @Override
        public Iterable<String> keys(Call call) {
            return List.of(PARENT, STATE);
        }

        @Override
        public @Nullable String get(@Nullable Call call, String name) {
            return call == null ? null : call.header(name).orElse(null);
        }
    };

    private final Tracer tracer;

    /** Traces with this instance's tracers. */
    public RequestSpans(OpenTelemetry openTelemetry) {
        this.tracer = openTelemetry.getTracer(SCOPE);
    }

    @Override
    public Span begin(Call call, String pattern) {
        String method = METHODS.contains(call.method()) ? call.method() : OTHER;
        String name = method.equals(OTHER) ? "HTTP" : method;
        Context parent = W3C.extract(Context.current(), call, HEADERS);
        SpanBuilder builder = tracer.spanBuilder(pattern.isEmpty() ? name : name + " " + pattern)
                .setSpanKind(SpanKind.SERVER)
                .setParent(parent)
                .setAttribute(METHOD, method)
                .setAttribute(PATH, call.target())
                .setAttribute(SCHEME, call.secure() ? "https" : "http")
                .setAttribute(CLIENT, call.address())
                .setAttribute(PROTOCOL, "1.1");
        if (method.equals(OTHER)) {
            builder.setAttribute(METHOD_ORIGINAL, call.method());
        }
        if (!pattern.isEmpty()) {
            builder.setAttribute(ROUTE, pattern);
        }
        call.header("User-Agent").ifPresent(agent -> builder.setAttribute(USER_AGENT, agent));
        return new Request(builder.startSpan(), parent);
    }

    /** A request under way. */
    private static final class Request implements Span {
        private final io.opentelemetry.api.trace.Span span;
        private final Context context;
        private final Scope scope;

        @SuppressWarnings("MustBeClosedChecker") // Closed when the request is answered, by the router's one call.
        Request(io.opentelemetry.api.trace.Span span, Context parent) {
            this.span = span;
            this.context = parent.with(span);
            this.scope = context.makeCurrent();
        }

        @Override
        public Optional<String> trace() {
            Map<String, String> headers = new HashMap<>();
            W3C.inject(context, headers, (carrier, name, value) -> {
                if (carrier != null) {
                    carrier.put(name, value);
                }
            });
            String state = headers.get(STATE);
            return Optional.ofNullable(headers.get(PARENT)).map(trace -> state == null ? trace : trace + " " + state);
        }

        @Override
        public void end(int status) {
            if (status > 0) {
                span.setAttribute(STATUS, (long) status);
            }
            if (status >= SERVER_FAULT) {
                span.setStatus(StatusCode.ERROR);
                span.setAttribute(ERROR_TYPE, Integer.toString(status));
            }
            scope.close();
            span.end();
        }
    }
}
