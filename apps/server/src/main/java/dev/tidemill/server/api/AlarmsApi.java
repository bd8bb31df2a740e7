package dev.tidemill.server.api;

import dev.tidemill.jobs.FailureAlarm;
import dev.tidemill.jobs.FailureAlarms.OfKind;
import dev.tidemill.jobs.Tidemill;
import dev.tidemill.server.http.Call;
import dev.tidemill.server.http.Json;
import dev.tidemill.server.http.Reply;
import dev.tidemill.server.http.Router;
import java.time.Duration;
import java.util.List;
import tools.jackson.core.JsonGenerator;

/** When kinds fail too often; which do is in the statistics. */
public final class AlarmsApi {
    private static final String ALARMS = "/api/v1/alarms";

    private final Tidemill mill;

    /** Creates it. */
    public AlarmsApi(Tidemill mill) {
        this.mill = mill;
    }

    /** Adds the routes. */
    public void mount(Router router) {
        router.on("GET", ALARMS, this::list).on("PUT", ALARMS + "/{kind}", this::put);
    }

    private Reply list(Call call) {
        call.takesOnly("after", "limit");
        int limit = (int) call.query("limit", 50, 1, 1000);
        List<OfKind> alarms = mill.alarms().list(call.query("after").orElse(""), limit);
        return Reply.json(Json.write(json -> {
            json.writeStartObject();
            json.writeObjectPropertyStart("standard");
            alarm(json, FailureAlarm.STANDARD);
            json.writeEndObject().writeArrayPropertyStart("alarms");
            alarms.forEach(each -> {
                json.writeStartObject().writeStringProperty("kind", each.kind());
                alarm(json, each.alarm());
                json.writeEndObject();
            });
            json.writeEndArray();
            JobJson.text(
                    json,
                    "next_after",
                    alarms.size() < limit ? null : alarms.getLast().kind());
            json.writeEndObject();
        }));
    }

    private static void alarm(JsonGenerator json, FailureAlarm alarm) {
        json.writeNumberProperty("ratio", alarm.ratio());
        json.writeNumberProperty("at_least", alarm.atLeast());
        json.writeNumberProperty("minutes", alarm.minutes());
    }

    private Reply put(Call call) {
        call.takesOnly();
        Fields fields = Fields.read(call.json(), "ratio", "at_least", "within");
        Double ratio = fields.decimal("ratio");
        Integer atLeast = fields.whole("at_least");
        Duration within = fields.duration("within");
        FailureAlarm usual = FailureAlarm.STANDARD;
        FailureAlarm alarm = new FailureAlarm(
                ratio == null ? usual.ratio() : ratio,
                atLeast == null ? usual.atLeast() : atLeast,
                within == null ? usual.within() : within);
        mill.alarms().put(call.path("kind"), alarm, call.caller().name());
        return Reply.empty(204);
    }
}
