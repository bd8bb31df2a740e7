package dev.tidemill.server.api;

import dev.tidemill.jobs.Drained;
import dev.tidemill.jobs.ErrorCode;
import dev.tidemill.jobs.Tidemill;
import dev.tidemill.jobs.TidemillException;
import dev.tidemill.server.http.Call;
import dev.tidemill.server.http.Json;
import dev.tidemill.server.http.Reply;
import dev.tidemill.server.http.Router;
import java.util.List;

/** Nodes: drain them, call them back. */
public final class NodesApi {
    private static final String DRAIN = "/api/v1/nodes/{node}/drain";

    private final Tidemill mill;

    /** Creates it. */
    public NodesApi(Tidemill mill) {
        this.mill = mill;
    }

    /** Adds the routes. */
    public void mount(Router router) {
        router.on("GET", "/api/v1/drained", this::drained)
                .on("PUT", DRAIN, this::drain)
                .on("DELETE", DRAIN, this::undrain);
    }

    private Reply drained(Call call) {
        call.takesOnly();
        List<Drained> drained = mill.nodes().drained();
        return Reply.json(Json.write(json -> {
            json.writeStartObject().writeArrayPropertyStart("drained");
            for (Drained one : drained) {
                json.writeStartObject()
                        .writeStringProperty("node", one.node())
                        .writeStringProperty("since", one.since().toString())
                        .writeStringProperty("by", one.by())
                        .writeStringProperty("reason", one.reason())
                        .writeNumberProperty("alive", one.alive())
                        .writeNumberProperty("holding", one.holding())
                        .writeEndObject();
            }
            json.writeEndArray().writeEndObject();
        }));
    }

    private Reply drain(Call call) {
        call.takesOnly("reason");
        call.takesNoBody();
        boolean done = mill.nodes()
                .drain(
                        call.path("node"),
                        call.caller().name(),
                        call.query("reason").orElse(""));
        return Reply.empty(done ? 201 : 204);
    }

    private Reply undrain(Call call) {
        call.takesOnly();
        call.takesNoBody();
        if (!mill.nodes().undrain(call.path("node"), call.caller().name())) {
            throw new TidemillException(
                    ErrorCode.NOT_FOUND, "No node '" + call.path("node") + "' is drained; nothing was changed.");
        }
        return Reply.empty(204);
    }
}
