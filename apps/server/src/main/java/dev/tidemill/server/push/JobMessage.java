package dev.tidemill.server.push;

import dev.tidemill.jobs.RemoteWork.Held;
import java.time.Duration;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonGenerator;

/** What a handler elsewhere is told of a job, whichever way it gets it. */
public final class JobMessage {
    private JobMessage() {}

    /** Writes the fields into the object that is open. */
    public static void fields(JsonGenerator json, Held job) {
        json.writeNumberProperty("id", job.handle().job());
        json.writeNumberProperty("attempt", job.handle().attempt());
        json.writeStringProperty("kind", job.kind());
        json.writeStringProperty("queue", job.queue());
        json.writeStringProperty("priority", job.priority().name());
        json.writeNumberProperty("failures", job.failures());
        json.writeName("payload").writeRawValue(job.payload());
        json.writeObjectPropertyStart("tags");
        new TreeMap<>(job.tags()).forEach(json::writeStringProperty);
        json.writeEndObject();
        text(json, "key", job.key());
        TraceContext trace = TraceContext.of(job.trace());
        text(json, "traceparent", trace.parent());
        text(json, "tracestate", trace.state());
        json.writeStringProperty("start_by", job.startBy().toString());
        Duration timeout = job.timeout();
        if (timeout == null) {
            json.writeNullProperty("timeout_ms");
        } else {
            json.writeNumberProperty("timeout_ms", timeout.toMillis());
        }
    }

    private static void text(JsonGenerator json, String name, @Nullable String value) {
        if (value == null) {
            json.writeNullProperty(name);
        } else {
            json.writeStringProperty(name, value);
        }
    }
}
