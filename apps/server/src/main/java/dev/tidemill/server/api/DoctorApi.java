package dev.tidemill.server.api;

import dev.tidemill.jobs.Diagnosis;
import dev.tidemill.jobs.Diagnosis.Finding;
import dev.tidemill.jobs.ErrorCode;
import dev.tidemill.jobs.Tidemill;
import dev.tidemill.jobs.TidemillException;
import dev.tidemill.jobs.Why;
import dev.tidemill.server.http.Call;
import dev.tidemill.server.http.Json;
import dev.tidemill.server.http.Reply;
import dev.tidemill.server.http.Router;
import java.time.Duration;
import java.util.Map;
import tools.jackson.core.JsonGenerator;

/** What ails the database side, and why a job is not running. Looks only. */
public final class DoctorApi {
    private final Tidemill mill;

    /** Creates it. */
    public DoctorApi(Tidemill mill) {
        this.mill = mill;
    }

    /** Adds the routes. */
    public void mount(Router router) {
        router.on("GET", "/api/v1/doctor", this::diagnose).on("GET", "/api/v1/jobs/{id}/why", this::why);
    }

    private Reply diagnose(Call call) {
        call.takesOnly("patience_seconds");
        Diagnosis diagnosis = mill.diagnose(Duration.ofSeconds(call.query("patience_seconds", 30, 1, 86_400)));
        return Reply.json(Json.write(json -> diagnosis(json, diagnosis)));
    }

    private static void diagnosis(JsonGenerator json, Diagnosis diagnosis) {
        json.writeStartObject();
        json.writeBooleanProperty("fine", diagnosis.isFine());
        json.writeStringProperty("at", diagnosis.at().toString());
        json.writeStringProperty("server", diagnosis.server());
        json.writeStringProperty("schema", diagnosis.schema());
        json.writeArrayPropertyStart("findings");
        for (Finding finding : diagnosis.findings()) {
            json.writeStartObject();
            json.writeStringProperty("code", finding.ailment().name());
            json.writeStringProperty("severity", finding.severity().name());
            json.writeStringProperty("found", finding.found());
            figures(json, finding.figures());
            json.writeStringProperty("why", finding.ailment().why());
            json.writeStringProperty("remedy", finding.remedy());
            json.writeStringProperty(
                    "doc", "docs/operate/doctor.md#" + finding.ailment().anchor());
            json.writeEndObject();
        }
        json.writeEndArray();
        json.writeArrayPropertyStart("unseen");
        for (String unseen : diagnosis.unseen()) {
            json.writeString(unseen);
        }
        json.writeEndArray().writeEndObject();
    }

    private Reply why(Call call) {
        call.takesOnly();
        long id = call.id();
        Why why = mill.why(id)
                .orElseThrow(() -> new TidemillException(ErrorCode.NOT_FOUND, "There is no job " + id + "."));
        return Reply.json(Json.write(json -> {
            json.writeStartObject();
            json.writeNumberProperty("id", why.jobId());
            json.writeStringProperty("kind", why.kind());
            json.writeStringProperty("queue", why.queue());
            json.writeStringProperty("priority", why.priority().name());
            json.writeStringProperty("state", why.state().name());
            json.writeArrayPropertyStart("reasons");
            for (Why.Reason reason : why.reasons()) {
                json.writeStartObject();
                json.writeStringProperty("code", reason.cause().name());
                json.writeStringProperty("text", reason.text());
                figures(json, reason.figures());
                json.writeStringProperty("remedy", reason.remedy());
                json.writeEndObject();
            }
            json.writeEndArray().writeEndObject();
        }));
    }

    private static void figures(JsonGenerator json, Map<String, Object> figures) {
        json.writeObjectPropertyStart("figures");
        figures.forEach((name, value) -> {
            json.writeName(name);
            switch (value) {
                case Long number -> json.writeNumber(number);
                case Integer number -> json.writeNumber(number);
                case Boolean truth -> json.writeBoolean(truth);
                default -> json.writeString(value.toString());
            }
        });
        json.writeEndObject();
    }
}
