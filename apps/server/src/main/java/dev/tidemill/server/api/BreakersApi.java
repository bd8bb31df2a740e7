package dev.tidemill.server.api;

import dev.tidemill.jobs.Breaker;
import dev.tidemill.jobs.BreakerView;
import dev.tidemill.jobs.Tidemill;
import dev.tidemill.server.http.Call;
import dev.tidemill.server.http.Etag;
import dev.tidemill.server.http.Json;
import dev.tidemill.server.http.Reply;
import dev.tidemill.server.http.Router;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import tools.jackson.core.JsonGenerator;

/** The circuit breakers of what jobs depend on. */
public final class BreakersApi {
    private static final String BREAKERS = "/api/v1/breakers";

    private final Tidemill mill;
    private final Changes changes;

    /** Creates it. */
    public BreakersApi(Tidemill mill) {
        this.mill = mill;
        this.changes = new Changes(mill, "breakers");
    }

    /** Adds the routes. */
    public void mount(Router router) {
        router.on("GET", BREAKERS, this::list)
                .on("PUT", BREAKERS + "/{name}", this::put)
                .on("POST", BREAKERS + "/{name}/open", this::open)
                .on("POST", BREAKERS + "/{name}/close", this::close);
    }

    private Reply list(Call call) {
        call.takesOnly();
        List<BreakerView> breakers = mill.breakers().list();
        return Reply.json(Json.write(json -> {
                    json.writeStartObject().writeArrayPropertyStart("breakers");
                    breakers.forEach(view -> breaker(json, view));
                    json.writeEndArray().writeEndObject();
                }))
                .versioned(version(breakers));
    }

    /** Of the settings, not of how they stand. */
    private static String version(List<BreakerView> breakers) {
        return Etag.version(breakers.stream().map(BreakerView::breaker).toList().toString());
    }

    private Reply put(Call call) {
        call.takesOnly();
        Fields fields = Fields.read(call.json(), "failures", "ratio", "at_least", "within", "open_for", "longest");
        Breaker usual = Breaker.of(call.path("name"));
        Integer failures = fields.whole("failures");
        Integer atLeast = fields.whole("at_least");
        Duration within = fields.duration("within");
        Duration openFor = fields.duration("open_for");
        Duration longest = fields.duration("longest");
        Breaker breaker = new Breaker(
                usual.name(),
                failures == null ? usual.failures() : failures,
                fields.decimal("ratio"),
                atLeast == null ? usual.atLeast() : atLeast,
                within == null ? usual.within() : within,
                openFor == null ? usual.openFor() : openFor,
                longest == null ? usual.longest() : longest);
        return changes.make(call, () -> Optional.of(version(mill.breakers().list())), () -> {
            mill.breakers().put(breaker, call.caller().name());
            return Reply.empty(204);
        });
    }

    static void breaker(JsonGenerator json, BreakerView view) {
        Breaker breaker = view.breaker();
        json.writeStartObject();
        json.writeStringProperty("name", breaker.name());
        json.writeStringProperty("state", view.state().name());
        json.writeBooleanProperty("by_hand", view.byHand());
        json.writeStringProperty("since", view.since().toString());
        Instant next = view.nextProbe();
        if (next != null) {
            json.writeStringProperty("next_probe", next.toString());
        }
        json.writeNumberProperty("failures_in_row", view.failuresInRow());
        json.writeNumberProperty("opened", view.opened());
        if (view.lastError() != null) {
            json.writeStringProperty("last_error", view.lastError());
        }
        json.writeArrayPropertyStart("kinds");
        view.kinds().forEach(json::writeString);
        json.writeEndArray();
        json.writeNumberProperty("failures", breaker.failures());
        if (breaker.ratio() != null) {
            json.writeNumberProperty("ratio", breaker.ratio());
            json.writeNumberProperty("at_least", breaker.atLeast());
            Json.millis(json, "within_ms", breaker.within());
        }
        Json.millis(json, "open_for_ms", breaker.openFor());
        Json.millis(json, "longest_ms", breaker.longest());
        json.writeEndObject();
    }

    private Reply open(Call call) {
        call.takesOnly();
        call.takesNoBody();
        mill.breakers().open(call.path("name"), call.caller().name());
        return Reply.empty(204);
    }

    private Reply close(Call call) {
        call.takesOnly();
        call.takesNoBody();
        mill.breakers().close(call.path("name"), call.caller().name());
        return Reply.empty(204);
    }
}
