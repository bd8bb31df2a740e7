package dev.tidemill.server.api;

import dev.tidemill.jobs.Keep;
import dev.tidemill.jobs.Retention;
import dev.tidemill.jobs.Tidemill;
import dev.tidemill.server.http.Call;
import dev.tidemill.server.http.Etag;
import dev.tidemill.server.http.Json;
import dev.tidemill.server.http.Permission;
import dev.tidemill.server.http.Problem;
import dev.tidemill.server.http.ProblemCode;
import dev.tidemill.server.http.Reply;
import dev.tidemill.server.http.Router;
import java.time.Duration;
import java.util.Optional;
import java.util.TreeMap;
import tools.jackson.core.JsonGenerator;

/** How long history stays. */
public final class RetentionApi {
    private static final String RETENTION = "/api/v1/retention";

    private final Tidemill mill;
    private final Changes changes;

    /** Creates it. */
    public RetentionApi(Tidemill mill) {
        this.mill = mill;
        this.changes = new Changes(mill, "retention");
    }

    /** Adds the routes. */
    public void mount(Router router) {
        router.on("GET", RETENTION, this::view)
                .on(Permission.ADMIN, "PUT", RETENTION, this::keep)
                .on(Permission.ADMIN, "PUT", RETENTION + "/{kind}", this::keepKind);
    }

    private Reply view(Call call) {
        call.takesOnly();
        Retention.View view = mill.retention().view();
        return Reply.json(Json.write(json -> {
                    json.writeStartObject();
                    json.writeStringProperty("age", view.age().toString());
                    json.writeObjectPropertyStart("kinds");
                    new TreeMap<>(view.kinds()).forEach((kind, keep) -> {
                        json.writeObjectPropertyStart(kind);
                        json.writeNumberProperty("completed", keep.completed());
                        json.writeNumberProperty("failed", keep.failed());
                        json.writeStringProperty("age", keep.age().toString());
                        json.writeEndObject();
                    });
                    json.writeEndObject().writeArrayPropertyStart("parts");
                    view.parts().forEach(part -> part(json, part));
                    json.writeEndArray().writeEndObject();
                }))
                .versioned(version(view));
    }

    private Optional<String> version() {
        return Optional.of(version(mill.retention().view()));
    }

    /** Of what people set, not of the partitions. */
    private static String version(Retention.View view) {
        return Etag.version(view.age() + " " + new TreeMap<>(view.kinds()));
    }

    private static void part(JsonGenerator json, Retention.Part part) {
        json.writeStartObject();
        json.writeStringProperty("family", part.family());
        json.writeNumberProperty("number", part.number());
        if (part.opened() != null) {
            json.writeStringProperty("opened", part.opened().toString());
        }
        if (part.left() != null) {
            json.writeStringProperty("left", part.left().toString());
        }
        json.writeStringProperty("step", part.step().name());
        json.writeEndObject();
    }

    private Reply keep(Call call) {
        call.takesOnly();
        Duration age = Fields.read(call.json(), "age").duration("age");
        if (age == null) {
            throw Problem.of(ProblemCode.BODY_INVALID, "The field 'age' is missing; send a duration such as P30D.")
                    .at("/age");
        }
        return changes.make(call, this::version, () -> {
            mill.retention().keep(age, call.caller().name());
            return Reply.empty(204);
        });
    }

    private Reply keepKind(Call call) {
        call.takesOnly();
        Fields fields = Fields.read(call.json(), "completed", "failed", "age");
        Integer completed = fields.whole("completed");
        Integer failed = fields.whole("failed");
        Duration age = fields.duration("age");
        Keep keep = new Keep(
                completed == null ? 0 : completed, failed == null ? 0 : failed, age == null ? Duration.ZERO : age);
        return changes.make(call, this::version, () -> {
            mill.retention().keep(call.path("kind"), keep, call.caller().name());
            return Reply.empty(204);
        });
    }
}
