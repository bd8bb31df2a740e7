package dev.tidemill.server.api;

import dev.tidemill.jobs.ErrorCode;
import dev.tidemill.jobs.Tidemill;
import dev.tidemill.jobs.TidemillException;
import dev.tidemill.rules.RuleException;
import dev.tidemill.rules.RuleStatus;
import dev.tidemill.rules.Rules;
import dev.tidemill.server.http.Call;
import dev.tidemill.server.http.Json;
import dev.tidemill.server.http.Reply;
import dev.tidemill.server.http.Router;
import java.time.Instant;
import java.util.List;
import tools.jackson.core.JsonGenerator;

/** The rules on data changes: how they are. Their code is in applications; this only looks. */
public final class RulesApi {
    private final Rules rules;

    /** Creates it. */
    public RulesApi(Tidemill mill) {
        this.rules = Rules.on(mill);
    }

    /** Adds the route. */
    public void mount(Router router) {
        router.on("GET", "/api/v1/rules", this::list);
    }

    private Reply list(Call call) {
        call.takesOnly();
        List<RuleStatus> all = status(rules);
        return Reply.json(Json.write(json -> {
            json.writeStartObject().writeArrayPropertyStart("rules");
            all.forEach(rule -> rule(json, rule));
            json.writeEndArray().writeEndObject();
        }));
    }

    /** How all rules are, with errors as the server answers them. */
    public static List<RuleStatus> status(Rules rules) {
        try {
            return rules.status();
        } catch (RuleException failed) {
            throw new TidemillException(
                    ErrorCode.DATABASE_UNREACHABLE, "The rules could not be read: " + failed.getMessage(), failed);
        }
    }

    private static void rule(JsonGenerator json, RuleStatus rule) {
        json.writeStartObject();
        json.writeStringProperty("name", rule.name());
        json.writeStringProperty("table", rule.table());
        json.writeStringProperty("state", rule.state().name());
        String reason = rule.reason();
        if (reason != null) {
            json.writeStringProperty("reason", reason);
        }
        json.writeStringProperty("since", rule.since().toString());
        json.writeNumberProperty("pending", rule.pending());
        rule.oldest().ifPresent(time -> Json.millis(json, "oldest_ms", time));
        json.writeNumberProperty("parked", rule.parked());
        json.writeNumberProperty("held", rule.held());
        rule.lag().p50().ifPresent(time -> Json.millis(json, "lag_p50_ms", time));
        rule.lag().p95().ifPresent(time -> Json.millis(json, "lag_p95_ms", time));
        rule.lag().p99().ifPresent(time -> Json.millis(json, "lag_p99_ms", time));
        json.writeNumberProperty("changes", rule.changes());
        json.writeNumberProperty("effects", rule.effects());
        json.writeNumberProperty("coalesced", rule.coalesced());
        json.writeNumberProperty("skipped", rule.skipped());
        json.writeNumberProperty("failures", rule.failures());
        json.writeBooleanProperty("slow", rule.slow());
        rule.slowest().ifPresent(time -> Json.millis(json, "slowest_ms", time));
        Json.millis(json, "reacting_ms", rule.reacting());
        rule.backfill().ifPresent(walk -> walk(json, "backfill", walk));
        rule.sweep().ifPresent(walk -> walk(json, "sweep", walk));
        json.writeEndObject();
    }

    private static void walk(JsonGenerator json, String name, RuleStatus.Walk walk) {
        json.writeObjectPropertyStart(name);
        json.writeStringProperty("state", walk.state());
        json.writeNumberProperty("rows", walk.rows());
        json.writeNumberProperty("expected", walk.expected());
        json.writeNumberProperty("found", walk.found());
        json.writeNumberProperty("repaired", walk.repaired());
        String note = walk.note();
        if (note != null) {
            json.writeStringProperty("note", note);
        }
        json.writeStringProperty("started", walk.started().toString());
        Instant ended = walk.ended();
        if (ended != null) {
            json.writeStringProperty("ended", ended.toString());
        }
        json.writeEndObject();
    }
}
