package dev.tidemill.server.api;

import dev.tidemill.jobs.AuditLine;
import dev.tidemill.jobs.Tidemill;
import dev.tidemill.server.http.Call;
import dev.tidemill.server.http.Json;
import dev.tidemill.server.http.Reply;
import dev.tidemill.server.http.Router;
import java.util.List;

/** The audit trail. */
public final class AuditApi {
    private final Tidemill mill;

    /** Creates it. */
    public AuditApi(Tidemill mill) {
        this.mill = mill;
    }

    /** Adds the routes. */
    public void mount(Router router) {
        router.on("GET", "/api/v1/audit", this::lines);
    }

    private Reply lines(Call call) {
        call.takesOnly("before", "limit", "action", "target");
        int limit = (int) call.query("limit", 50, 1, 1000);
        List<AuditLine> lines = mill.audit(
                call.query("before", Long.MAX_VALUE, 1, Long.MAX_VALUE),
                limit,
                call.query("action").orElse(null),
                call.query("target").orElse(null));
        return Reply.json(Json.write(json -> {
            json.writeStartObject().writeArrayPropertyStart("lines");
            for (AuditLine line : lines) {
                json.writeStartObject()
                        .writeNumberProperty("id", line.id())
                        .writeStringProperty("at", line.at().toString())
                        .writeStringProperty("by", line.by())
                        .writeStringProperty("action", line.action())
                        .writeStringProperty("target", line.target())
                        .writeStringProperty("detail", line.detail())
                        .writeEndObject();
            }
            json.writeEndArray();
            JobJson.next(
                    json,
                    "next_before",
                    lines.size() < limit ? 0 : lines.getLast().id());
            json.writeEndObject();
        }));
    }
}
