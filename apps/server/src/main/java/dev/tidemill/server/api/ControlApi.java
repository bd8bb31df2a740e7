package dev.tidemill.server.api;

import dev.tidemill.jobs.Cancellation;
import dev.tidemill.jobs.ErrorCode;
import dev.tidemill.jobs.KeyWeight;
import dev.tidemill.jobs.Limit;
import dev.tidemill.jobs.LimitView;
import dev.tidemill.jobs.Limits;
import dev.tidemill.jobs.Pause;
import dev.tidemill.jobs.Tidemill;
import dev.tidemill.jobs.TidemillException;
import dev.tidemill.server.http.Call;
import dev.tidemill.server.http.Etag;
import dev.tidemill.server.http.Json;
import dev.tidemill.server.http.Reply;
import dev.tidemill.server.http.Router;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import tools.jackson.core.JsonGenerator;

/** Limits, fair queues, pauses, and cancelling. */
public final class ControlApi {
    private static final String LIMITS = "/api/v1/limits";
    private static final String PAUSES = "/api/v1/pauses";
    private static final String FAIR = "/api/v1/fair-queues";

    private final Tidemill mill;
    private final Changes changes;

    /** Creates it. */
    public ControlApi(Tidemill mill) {
        this.mill = mill;
        this.changes = new Changes(mill, "limits");
    }

    /** Adds the routes. */
    public void mount(Router router) {
        router.on("GET", LIMITS, this::limits)
                .on("PUT", LIMITS, this::putLimit)
                .on("DELETE", LIMITS, this::removeLimit)
                .on("PUT", FAIR + "/{queue}", this::share)
                .on("DELETE", FAIR + "/{queue}", this::unshare)
                .on("PUT", FAIR + "/{queue}/weights", this::weigh)
                .on("GET", PAUSES, this::pauses)
                .on("POST", PAUSES, this::pause)
                .on("DELETE", PAUSES, this::resume)
                .on("POST", "/api/v1/jobs/{id}/cancel", this::cancel);
    }

    private Reply limits(Call call) {
        call.takesOnly();
        List<LimitView> limits = mill.limits().list();
        List<String> fair = mill.limits().fairQueues();
        List<KeyWeight> weights = mill.limits().weights();
        return Reply.json(Json.write(json -> {
                    json.writeStartObject().writeArrayPropertyStart("limits");
                    limits.forEach(view -> limit(json, view));
                    json.writeEndArray().writeArrayPropertyStart("fair_queues");
                    fair.forEach(json::writeString);
                    json.writeEndArray().writeArrayPropertyStart("weights");
                    weights.forEach(each -> json.writeStartObject()
                            .writeStringProperty("queue", each.queue())
                            .writeStringProperty("key", each.key())
                            .writeNumberProperty("weight", each.weight())
                            .writeEndObject());
                    json.writeEndArray().writeEndObject();
                }))
                .versioned(version(limits, fair, weights));
    }

    private Optional<String> version() {
        return Optional.of(version(
                mill.limits().list(), mill.limits().fairQueues(), mill.limits().weights()));
    }

    /** Of what people set, not of what is held or waits. */
    private static String version(List<LimitView> limits, List<String> fair, List<KeyWeight> weights) {
        return Etag.version(limits.stream().map(LimitView::limit).toList() + " " + fair + " " + weights);
    }

    static void limit(JsonGenerator json, LimitView view) {
        Limit limit = view.limit();
        Duration per = limit.per();
        json.writeStartObject();
        json.writeStringProperty("scope", limit.scope().name());
        json.writeStringProperty("name", limit.name());
        json.writeBooleanProperty("per_key", limit.perKey());
        if (limit.concurrency() != null) {
            json.writeNumberProperty("concurrency", limit.concurrency());
        }
        if (limit.rate() != null && per != null && limit.burst() != null) {
            json.writeNumberProperty("rate", limit.rate());
            Json.millis(json, "per_ms", per);
            json.writeNumberProperty("burst", limit.burst());
        }
        json.writeNumberProperty("held", view.held());
        json.writeNumberProperty("waiting", view.waiting());
        json.writeNumberProperty("waiting_keys", view.waitingKeys());
        json.writeEndObject();
    }

    private Limits limitsFor(Call call) {
        return mill.limits().by(call.caller().name());
    }

    private Reply putLimit(Call call) {
        call.takesOnly();
        Fields fields = Fields.read(call.json(), "scope", "name", "per_key", "concurrency", "rate", "per", "burst");
        Integer rate = fields.whole("rate");
        Integer burst = fields.whole("burst");
        Limit limit = new Limit(
                Fields.oneOf(Limit.Scope.class, "scope", fields.requiredText("scope")),
                fields.requiredText("name"),
                fields.flag("per_key"),
                fields.whole("concurrency"),
                rate,
                fields.duration("per"),
                burst == null ? rate : burst);
        return changes.make(call, this::version, () -> {
            limitsFor(call).put(limit);
            return Reply.empty(204);
        });
    }

    private Reply removeLimit(Call call) {
        call.takesOnly("scope", "name", "per_key");
        call.takesNoBody();
        Limit limit = new Limit(
                Fields.oneOf(Limit.Scope.class, "scope", required(call, "scope")),
                required(call, "name"),
                call.flag("per_key", false),
                null,
                null,
                null,
                null);
        return changes.make(
                call,
                this::version,
                () -> limitsFor(call).remove(limit) ? Reply.empty(204) : none("There is no such limit"));
    }

    private Reply share(Call call) {
        call.takesOnly();
        call.takesNoBody();
        limitsFor(call).shareFairly(call.path("queue"));
        return Reply.empty(204);
    }

    private Reply unshare(Call call) {
        call.takesOnly();
        call.takesNoBody();
        return limitsFor(call).shareByDeadline(call.path("queue"))
                ? Reply.empty(204)
                : none("The keys of this queue do not take turns");
    }

    private Reply weigh(Call call) {
        call.takesOnly();
        Fields fields = Fields.read(call.json(), "key", "weight");
        Integer weight = fields.whole("weight");
        limitsFor(call).weigh(call.path("queue"), fields.requiredText("key"), weight == null ? 1 : weight);
        return Reply.empty(204);
    }

    private Reply pauses(Call call) {
        call.takesOnly();
        return Reply.json(Json.write(json -> {
            json.writeStartObject().writeArrayPropertyStart("pauses");
            mill.pauses().paused().forEach(pause -> pause(json, pause));
            json.writeEndArray().writeEndObject();
        }));
    }

    static void pause(JsonGenerator json, Pause pause) {
        json.writeStartObject()
                .writeStringProperty("scope", pause.scope().name())
                .writeStringProperty("name", pause.name())
                .writeStringProperty("since", pause.since().toString())
                .writeStringProperty("by", pause.by())
                .writeStringProperty("reason", pause.reason())
                .writeEndObject();
    }

    private Reply pause(Call call) {
        call.takesOnly();
        Fields fields = Fields.read(call.json(), "scope", "name", "reason");
        Pause.Scope scope = Fields.oneOf(Pause.Scope.class, "scope", fields.requiredText("scope"));
        String name = scope == Pause.Scope.EVERYTHING ? Pause.ALL : fields.requiredText("name");
        String reason = fields.text("reason");
        boolean done = mill.pauses().pause(scope, name, call.caller().name(), reason == null ? "" : reason);
        return Reply.empty(done ? 201 : 204);
    }

    private Reply resume(Call call) {
        call.takesOnly("scope", "name");
        call.takesNoBody();
        Pause.Scope scope = Fields.oneOf(Pause.Scope.class, "scope", required(call, "scope"));
        String name = scope == Pause.Scope.EVERYTHING ? Pause.ALL : required(call, "name");
        return mill.pauses().resume(scope, name, call.caller().name()) ? Reply.empty(204) : none("That is not paused");
    }

    private Reply cancel(Call call) {
        call.takesOnly();
        call.takesNoBody();
        long id = call.id();
        Cancellation done = mill.cancel(id, call.caller().name());
        if (done == Cancellation.NOT_FOUND) {
            return none("There is no job " + id);
        }
        return Reply.json(Json.write(json -> json.writeStartObject()
                .writeNumberProperty("id", id)
                .writeStringProperty("outcome", done.name())
                .writeEndObject()));
    }

    private static String required(Call call, String name) {
        return call.query(name).orElseThrow(() -> Call.parameter(name, "The parameter '" + name + "' is missing."));
    }

    private static Reply none(String what) {
        throw new TidemillException(ErrorCode.NOT_FOUND, what + "; nothing was changed.");
    }
}
