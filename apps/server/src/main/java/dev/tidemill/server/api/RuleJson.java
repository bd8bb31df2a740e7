package dev.tidemill.server.api;

import dev.tidemill.rules.Rule;
import dev.tidemill.rules.RuleAlarm;
import dev.tidemill.rules.RuleStatus;
import dev.tidemill.server.http.Json;
import java.time.Instant;
import tools.jackson.core.JsonGenerator;

/** Rules and what there is about them, as JSON. */
final class RuleJson {
    private RuleJson() {}

    static void rule(JsonGenerator json, RuleStatus rule) {
        json.writeStartObject();
        json.writeStringProperty("name", rule.name());
        json.writeStringProperty("table", rule.table());
        json.writeStringProperty("state", rule.state().name());
        String reason = rule.reason();
        if (reason != null) {
            json.writeStringProperty("reason", reason);
        }
        json.writeStringProperty("since", rule.since().toString());
        json.writeBooleanProperty("unserved", rule.unserved());
        json.writeBooleanProperty("late", rule.late());
        json.writeNumberProperty("pending", rule.pending());
        rule.oldest().ifPresent(time -> Json.millis(json, "oldest_ms", time));
        json.writeNumberProperty("parked", rule.parked());
        rule.parkedSince().ifPresent(since -> json.writeStringProperty("parked_since", since.toString()));
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
        json.writeObjectPropertyStart("by_cause");
        walk.byCause().forEach((cause, count) -> json.writeNumberProperty(cause.name(), count));
        json.writeEndObject();
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

    static void alarm(JsonGenerator json, RuleAlarm alarm) {
        json.writeStartObject()
                .writeStringProperty("rule", alarm.rule())
                .writeStringProperty("kind", alarm.kind().name())
                .writeStringProperty("severity", alarm.kind().severity().name());
        Instant since = alarm.since();
        if (since != null) {
            json.writeStringProperty("since", since.toString());
        }
        json.writeStringProperty("text", alarm.text())
                .writeStringProperty("remedy", alarm.remedy())
                .writeEndObject();
    }

    static void parked(JsonGenerator json, Rule.ParkedKey key) {
        json.writeStartObject()
                .writeStringProperty("key", key.key())
                .writeStringProperty("since", key.since().toString())
                .writeBooleanProperty("circle", key.circle());
        key.job().ifPresent(job -> json.writeNumberProperty("job", job));
        String error = key.error();
        if (error != null) {
            json.writeStringProperty("error", error);
        }
        json.writeEndObject();
    }

    static void drift(JsonGenerator json, Rule.Drift one) {
        json.writeStartObject()
                .writeStringProperty("key", one.key())
                .writeStringProperty("found", one.found().toString())
                .writeStringProperty("cause", one.cause().name())
                .writeBooleanProperty("repaired", one.repaired())
                .writeEndObject();
    }
}
