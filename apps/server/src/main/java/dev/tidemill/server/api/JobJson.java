package dev.tidemill.server.api;

import dev.tidemill.jobs.AttemptView;
import dev.tidemill.jobs.DeadLetter;
import dev.tidemill.jobs.JobView;
import dev.tidemill.jobs.LogLine;
import dev.tidemill.jobs.Progress;
import dev.tidemill.server.http.Json;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonGenerator;

/** Jobs, attempts and dead letters as JSON. */
final class JobJson {
    private JobJson() {}

    static void job(JsonGenerator json, JobView job) {
        json.writeStartObject();
        json.writeNumberProperty("id", job.id());
        json.writeStringProperty("kind", job.kind());
        json.writeStringProperty("queue", job.queue());
        json.writeStringProperty("priority", job.priority().name());
        json.writeStringProperty("state", job.state().name());
        json.writeName("payload").writeRawValue(job.payload());
        json.writeObjectPropertyStart("tags");
        new TreeMap<>(job.tags()).forEach(json::writeStringProperty);
        json.writeEndObject();
        if (job.uniqueKey() != null) {
            json.writeStringProperty("unique_key", job.uniqueKey());
        }
        if (job.key() != null) {
            json.writeStringProperty("key", job.key());
        }
        json.writeStringProperty("created_at", job.createdAt().toString());
        if (job.dueAt() == null) {
            json.writeNullProperty("due_at");
        } else {
            json.writeStringProperty("due_at", job.dueAt().toString());
        }
        json.writeArrayPropertyStart("attempts");
        job.attempts().forEach(attempt -> attempt(json, attempt));
        json.writeEndArray();
        progress(json, job.progress());
        json.writeEndObject();
    }

    private static void progress(JsonGenerator json, @Nullable Progress progress) {
        if (progress == null) {
            json.writeNullProperty("progress");
            return;
        }
        json.writeObjectPropertyStart("progress");
        json.writeNumberProperty("done", progress.done());
        json.writeNumberProperty("total", progress.total());
        text(json, "message", progress.message());
        json.writeStringProperty("at", progress.at().toString());
        json.writeEndObject();
    }

    static void text(JsonGenerator json, String name, @Nullable String value) {
        if (value == null) {
            json.writeNullProperty(name);
        } else {
            json.writeStringProperty(name, value);
        }
    }

    static void line(JsonGenerator json, LogLine line) {
        json.writeStartObject();
        json.writeNumberProperty("attempt", line.attempt());
        json.writeStringProperty("at", line.at().toString());
        json.writeStringProperty("level", line.level().name());
        json.writeStringProperty("text", line.text());
        json.writeEndObject();
    }

    static void attempt(JsonGenerator json, AttemptView attempt) {
        json.writeStartObject();
        json.writeNumberProperty("job_id", attempt.jobId());
        json.writeStringProperty("kind", attempt.kind());
        json.writeStringProperty("queue", attempt.queue());
        json.writeNumberProperty("attempt", attempt.attempt());
        json.writeStringProperty("outcome", attempt.outcome().name());
        json.writeStringProperty("node", attempt.node());
        json.writeStringProperty("started_at", attempt.startedAt().toString());
        Json.millis(json, "took_ms", attempt.took());
        Json.millis(json, "late_ms", attempt.late());
        text(json, "error", attempt.error());
        String result = attempt.result();
        if (result == null) {
            json.writeNullProperty("result");
        } else {
            json.writeName("result").writeRawValue(result);
        }
        json.writeEndObject();
    }

    static void deadLetter(JsonGenerator json, DeadLetter letter) {
        json.writeStartObject();
        json.writeNumberProperty("job_id", letter.jobId());
        json.writeStringProperty("kind", letter.kind());
        json.writeStringProperty("queue", letter.queue());
        json.writeStringProperty("priority", letter.priority().name());
        json.writeNumberProperty("attempt", letter.attempt());
        json.writeStringProperty("code", letter.code());
        json.writeStringProperty("error", letter.error());
        json.writeStringProperty("failed_at", letter.failedAt().toString());
        json.writeEndObject();
    }

    /** The cursor of the next page; 0 stands for none. */
    static void next(JsonGenerator json, String name, long cursor) {
        if (cursor == 0) {
            json.writeNullProperty(name);
        } else {
            json.writeNumberProperty(name, cursor);
        }
    }
}
