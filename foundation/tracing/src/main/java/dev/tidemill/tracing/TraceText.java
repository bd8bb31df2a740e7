package dev.tidemill.tracing;

import io.opentelemetry.api.trace.propagation.W3CTraceContextPropagator;
import io.opentelemetry.context.Context;
import io.opentelemetry.context.propagation.TextMapGetter;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** A span's context as a job carries it: a {@code traceparent} and, after a space, its {@code tracestate}. */
final class TraceText {
    private static final String PARENT = "traceparent";
    private static final String STATE = "tracestate";
    private static final W3CTraceContextPropagator W3C = W3CTraceContextPropagator.getInstance();
    private static final TextMapGetter<String> READER = new TextMapGetter<>() {
        @Override
        public Iterable<String> keys(String trace) {
            return List.of(PARENT, STATE);
        }

        @Override
        public @Nullable String get(@Nullable String trace, String key) {
            if (trace == null) {
                return null;
            }
            int blank = trace.indexOf(' ');
            if (key.equals(PARENT)) {
                return blank < 0 ? trace : trace.substring(0, blank);
            }
            return key.equals(STATE) && blank >= 0 ? trace.substring(blank + 1) : null;
        }
    };

    private TraceText() {}

    /** The surrounding context with the span that this text names; the surrounding one itself if it names none. */
    static Context read(String trace, Context surrounding) {
        return W3C.extract(surrounding, trace, READER);
    }

    /** Null if there is no span in this context. */
    static @Nullable String of(Context context) {
        Map<String, String> headers = new TreeMap<>();
        W3C.inject(context, headers, (carrier, name, value) -> {
            if (carrier != null) {
                carrier.put(name, value);
            }
        });
        String parent = headers.get(PARENT);
        String state = headers.get(STATE);
        return parent == null || state == null ? parent : parent + " " + state;
    }
}
