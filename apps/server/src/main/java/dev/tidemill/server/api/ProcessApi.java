package dev.tidemill.server.api;

import dev.tidemill.jobs.ChunkStats;
import dev.tidemill.jobs.HeapStats;
import dev.tidemill.jobs.Tidemill;
import dev.tidemill.server.http.Call;
import dev.tidemill.server.http.Json;
import dev.tidemill.server.http.Reply;
import dev.tidemill.server.http.Router;
import tools.jackson.core.JsonGenerator;

/** What this process knows of itself, without asking the database. */
public final class ProcessApi {
    private final Tidemill mill;

    /** Creates it. */
    public ProcessApi(Tidemill mill) {
        this.mill = mill;
    }

    /** Adds the route. */
    public void mount(Router router) {
        router.on("GET", "/api/v1/process", this::process);
    }

    private Reply process(Call call) {
        call.takesOnly();
        return Reply.json(Json.write(json -> {
            json.writeStartObject().writeArrayPropertyStart("chunks");
            mill.chunks().forEach(chunk -> chunk(json, chunk));
            json.writeEndArray();
            mill.heap().ifPresent(heap -> heap(json, heap));
            json.writeEndObject();
        }));
    }

    private static void heap(JsonGenerator json, HeapStats heap) {
        json.writeObjectPropertyStart("heap");
        json.writeStringProperty("pool", heap.pool());
        json.writeNumberProperty("used_bytes", heap.usedBytes());
        json.writeNumberProperty("max_bytes", heap.maxBytes());
        json.writeBooleanProperty("holding", heap.holding());
        json.writeNumberProperty("held", heap.held());
        json.writeEndObject();
    }

    private static void chunk(JsonGenerator json, ChunkStats chunk) {
        json.writeStartObject();
        json.writeStringProperty("kind", chunk.kind());
        json.writeNumberProperty("size", chunk.size());
        json.writeNumberProperty("max_jobs", chunk.maxJobs());
        json.writeNumberProperty("last_jobs", chunk.lastJobs());
        Json.millis(json, "last_took_ms", chunk.lastTook());
        json.writeNumberProperty("calls", chunk.calls());
        json.writeNumberProperty("isolated", chunk.isolated());
        json.writeEndObject();
    }
}
