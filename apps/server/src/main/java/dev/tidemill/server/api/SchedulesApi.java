package dev.tidemill.server.api;

import dev.tidemill.jobs.ErrorCode;
import dev.tidemill.jobs.FireView;
import dev.tidemill.jobs.ScheduleView;
import dev.tidemill.jobs.Schedules;
import dev.tidemill.jobs.Tidemill;
import dev.tidemill.jobs.TidemillException;
import dev.tidemill.jobs.Timing;
import dev.tidemill.server.http.Call;
import dev.tidemill.server.http.Etag;
import dev.tidemill.server.http.Json;
import dev.tidemill.server.http.Problem;
import dev.tidemill.server.http.Reply;
import dev.tidemill.server.http.Router;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonGenerator;

/** Schedules: put, look at, pause, resume, trigger, remove. */
public final class SchedulesApi {
    private static final String PATH = "/api/v1/schedules";

    private final Tidemill mill;
    private final Changes changes;

    /** Creates it. */
    public SchedulesApi(Tidemill mill) {
        this.mill = mill;
        this.changes = new Changes(mill, "schedules");
    }

    /** Adds the routes. */
    public void mount(Router router) {
        router.on("GET", PATH, this::list)
                .on("POST", PATH, this::add)
                .on("GET", PATH + "/{name}", this::show)
                .on("PUT", PATH + "/{name}", this::put)
                .on("DELETE", PATH + "/{name}", this::remove)
                .on("POST", PATH + "/{name}/pause", this::pause)
                .on("POST", PATH + "/{name}/resume", this::resume)
                .on("POST", PATH + "/{name}/trigger", this::trigger);
    }

    private Schedules schedules(Call call) {
        return mill.schedules().by(call.caller().name());
    }

    private Reply list(Call call) {
        call.takesOnly("after", "limit");
        int limit = (int) call.query("limit", 50, 1, 1000);
        List<ScheduleView> found = schedules(call).list(call.query("after").orElse(""), limit);
        return Reply.json(Json.write(json -> {
                    json.writeStartObject().writeArrayPropertyStart("schedules");
                    found.forEach(schedule -> {
                        json.writeStartObject();
                        fields(json, schedule);
                        json.writeEndObject();
                    });
                    json.writeEndArray();
                    text(
                            json,
                            "next_after",
                            found.size() < limit ? null : found.getLast().name());
                    json.writeEndObject();
                }))
                .tagged();
    }

    private Reply add(Call call) {
        call.takesOnly();
        ScheduleBody body = ScheduleBody.read(call.json(), true);
        String name = body.name();
        return changes.make(call, () -> version(call, name), () -> {
            ScheduleView added = stored(() -> schedules(call).add(name, body.timing(), body.job(), body.options()));
            return shown(added).status(201).header("Location", PATH + "/" + name);
        });
    }

    private Reply put(Call call) {
        call.takesOnly();
        ScheduleBody body = ScheduleBody.read(call.json(), false);
        String name = call.path("name");
        return changes.make(
                call,
                () -> version(call, name),
                () -> shown(stored(() -> schedules(call).put(name, body.timing(), body.job(), body.options()))));
    }

    private Optional<String> version(Call call, String name) {
        try {
            return Optional.of(version(schedules(call).get(name)));
        } catch (TidemillException refused) {
            if (refused.code() == ErrorCode.NOT_FOUND) {
                return Optional.empty();
            }
            throw refused;
        }
    }

    /** Of what people set, not of what fires do. */
    private static String version(ScheduleView schedule) {
        return Etag.version(schedule.createdAt() + " " + schedule.changedAt());
    }

    /** What is left to be refused so late, and where it was. */
    private static ScheduleView stored(Supplier<ScheduleView> storing) {
        try {
            return storing.get();
        } catch (TidemillException refused) {
            throw refused.code() == ErrorCode.PAYLOAD_TOO_LARGE || refused.code() == ErrorCode.PAYLOAD_INVALID
                    ? Problem.of(refused).at("/payload")
                    : refused;
        }
    }

    private static Reply shown(ScheduleView schedule) {
        return Reply.json(Json.write(json -> {
                    json.writeStartObject();
                    fields(json, schedule);
                    json.writeEndObject();
                }))
                .versioned(version(schedule));
    }

    private Reply show(Call call) {
        call.takesOnly("next", "history");
        String name = call.path("name");
        int next = (int) call.query("next", 5, 1, 1000);
        int history = (int) call.query("history", 20, 1, 1000);
        ScheduleView schedule = schedules(call).get(name);
        List<Instant> times = schedules(call).next(name, next);
        List<FireView> fires = schedules(call).history(name, history);
        return Reply.json(Json.write(json -> {
                    json.writeStartObject();
                    fields(json, schedule);
                    json.writeArrayPropertyStart("next_fires");
                    times.forEach(time -> json.writeString(time.toString()));
                    json.writeEndArray().writeArrayPropertyStart("history");
                    fires.forEach(fire -> fire(json, fire));
                    json.writeEndArray().writeEndObject();
                }))
                .versioned(version(schedule));
    }

    private Reply remove(Call call) {
        call.takesOnly();
        call.takesNoBody();
        String name = call.path("name");
        return changes.make(call, () -> version(call, name), () -> {
            if (!schedules(call).remove(name)) {
                throw new TidemillException(ErrorCode.NOT_FOUND, "There is no schedule '" + name + "'.");
            }
            return Reply.empty(204);
        });
    }

    private Reply pause(Call call) {
        call.takesOnly();
        call.takesNoBody();
        schedules(call).pause(call.path("name"));
        return Reply.empty(204);
    }

    private Reply resume(Call call) {
        call.takesOnly();
        call.takesNoBody();
        schedules(call).resume(call.path("name"));
        return Reply.empty(204);
    }

    private Reply trigger(Call call) {
        call.takesOnly();
        call.takesNoBody();
        long job = schedules(call).trigger(call.path("name"));
        byte[] body = Json.write(
                json -> json.writeStartObject().writeNumberProperty("id", job).writeEndObject());
        return Reply.json(body).status(201).header("Location", "/api/v1/jobs/" + job);
    }

    private static void fields(JsonGenerator json, ScheduleView schedule) {
        json.writeStringProperty("name", schedule.name());
        timing(json, schedule.timing());
        json.writeStringProperty("catch_up", schedule.catchUp().toString());
        json.writeStringProperty("overlap", schedule.overlap().name());
        json.writeStringProperty("kind", schedule.kind());
        json.writeName("payload").writeRawValue(schedule.payload());
        json.writeStringProperty("queue", schedule.queue());
        json.writeStringProperty("priority", schedule.priority().name());
        if (schedule.attempts() == null) {
            json.writeNullProperty("attempts");
        } else {
            json.writeNumberProperty("attempts", schedule.attempts());
        }
        text(json, "timeout", schedule.timeout());
        text(json, "key", schedule.key());
        json.writeObjectPropertyStart("tags");
        new TreeMap<>(schedule.tags()).forEach(json::writeStringProperty);
        json.writeEndObject();
        json.writeBooleanProperty("in_code", schedule.inCode());
        json.writeBooleanProperty("edited", schedule.edited());
        json.writeBooleanProperty("paused", schedule.paused());
        text(json, "created_at", schedule.createdAt());
        text(json, "changed_at", schedule.changedAt());
        text(json, "next_fire_at", schedule.nextFireAt());
        text(json, "last_fire_at", schedule.lastFireAt());
        json.writeNumberProperty("unfinished", schedule.unfinished());
        json.writeNumberProperty("waiting", schedule.waiting());
        text(json, "error", schedule.error());
    }

    private static void timing(JsonGenerator json, Timing timing) {
        switch (timing) {
            case Timing.Cron cron -> {
                json.writeStringProperty("cron", cron.expression());
                json.writeStringProperty("zone", cron.zone().getId());
            }
            case Timing.Rate rate -> {
                text(json, "every", rate.period());
                text(json, "from", rate.startingAt());
            }
            case Timing.Delay delay -> text(json, "after", delay.pause());
            case Timing.Once once -> text(json, "at", once.at());
        }
    }

    private static void fire(JsonGenerator json, FireView fire) {
        json.writeStartObject();
        text(json, "fire_at", fire.fireAt());
        json.writeStringProperty("outcome", fire.outcome().name());
        json.writeBooleanProperty("manual", fire.manual());
        text(json, "recorded_at", fire.recordedAt());
        if (fire.jobId() == null) {
            json.writeNullProperty("job_id");
        } else {
            json.writeNumberProperty("job_id", fire.jobId());
        }
        text(json, "job_state", fire.jobState());
        text(json, "missed_since", fire.missedSince());
        json.writeEndObject();
    }

    private static void text(JsonGenerator json, String name, @Nullable Object value) {
        if (value == null) {
            json.writeNullProperty(name);
        } else {
            json.writeStringProperty(name, value.toString());
        }
    }
}
