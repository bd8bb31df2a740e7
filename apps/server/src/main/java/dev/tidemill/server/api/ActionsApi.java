package dev.tidemill.server.api;

import dev.tidemill.jobs.ErrorCode;
import dev.tidemill.jobs.JobAction;
import dev.tidemill.jobs.JobActions;
import dev.tidemill.jobs.JobActions.Bulk;
import dev.tidemill.jobs.JobFilter;
import dev.tidemill.jobs.JobState;
import dev.tidemill.jobs.Priority;
import dev.tidemill.jobs.Steered;
import dev.tidemill.jobs.Tidemill;
import dev.tidemill.jobs.TidemillException;
import dev.tidemill.server.http.Call;
import dev.tidemill.server.http.Json;
import dev.tidemill.server.http.Problem;
import dev.tidemill.server.http.ProblemCode;
import dev.tidemill.server.http.Reply;
import dev.tidemill.server.http.Router;
import java.time.Duration;
import java.time.Instant;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;

/** What a person decides about jobs: another time, another priority, another payload, and all of it for many at once. */
public final class ActionsApi {
    private static final String JOB = "/api/v1/jobs/{id}";
    private static final int MOST = 100_000;
    private static final int USUALLY = 10_000;

    private final Tidemill mill;

    /** Creates it. */
    public ActionsApi(Tidemill mill) {
        this.mill = mill;
    }

    /** Adds the routes. */
    public void mount(Router router) {
        router.on("POST", JOB + "/reschedule", this::reschedule)
                .on("POST", JOB + "/run-now", this::runNow)
                .on("POST", JOB + "/priority", this::prioritize)
                .on("POST", "/api/v1/dead-letters/{id}/replay-edited", this::replayEdited)
                .on("POST", "/api/v1/actions", this::all);
    }

    private JobActions actions() {
        return mill.actions();
    }

    private Reply reschedule(Call call) {
        call.takesOnly();
        long id = call.id();
        Fields fields = Fields.read(call.json(), "at", "delay");
        Instant at = fields.instant("at");
        Duration delay = fields.duration("delay");
        if ((at == null) == (delay == null)) {
            throw Problem.of(ProblemCode.FIELD_MISSING, "Give 'at' or 'delay', one of them; or post to /run-now.");
        }
        return steered(
                id,
                at != null
                        ? actions().reschedule(id, at, call.caller().name())
                        : actions().postpone(id, delay, call.caller().name()));
    }

    private Reply runNow(Call call) {
        call.takesOnly();
        call.takesNoBody();
        return steered(call.id(), actions().runNow(call.id(), call.caller().name()));
    }

    private Reply prioritize(Call call) {
        call.takesOnly();
        long id = call.id();
        Priority priority = priority(Fields.read(call.json(), "priority").requiredText("priority"));
        return steered(id, actions().prioritize(id, priority, call.caller().name()));
    }

    private static Priority priority(String given) {
        try {
            return Priority.parse(given);
        } catch (TidemillException refused) {
            throw Problem.of(refused).at("/priority");
        }
    }

    private static Reply steered(long id, Steered said) {
        if (said == Steered.NOT_FOUND) {
            throw new TidemillException(ErrorCode.NOT_FOUND, "There is no job " + id + "; nothing was changed.");
        }
        return Reply.json(Json.write(json -> json.writeStartObject()
                .writeNumberProperty("id", id)
                .writeStringProperty("outcome", said.name())
                .writeEndObject()));
    }

    private Reply replayEdited(Call call) {
        call.takesOnly();
        long id = call.id();
        String payload = payload(call.json());
        try {
            if (!actions().replayEdited(id, payload, call.caller().name())) {
                throw new TidemillException(
                        ErrorCode.NOT_FOUND, "Job " + id + " is no dead letter; nothing was changed.");
            }
        } catch (TidemillException refused) {
            throw refused.code() == ErrorCode.PAYLOAD_TOO_LARGE || refused.code() == ErrorCode.PAYLOAD_INVALID
                    ? Problem.of(refused).at("/payload")
                    : refused;
        }
        return Reply.empty(204);
    }

    private static String payload(byte[] body) {
        try (JsonParser parser = Json.parser(body)) {
            if (parser.nextToken() != JsonToken.START_OBJECT || !"payload".equals(parser.nextName())) {
                throw Problem.of(ProblemCode.FIELD_MISSING, "Send {\"payload\": ..}, any JSON value.")
                        .at("/payload");
            }
            parser.nextToken();
            String payload = Json.copy(parser);
            if (!Json.storable(payload)) {
                throw Problem.of(
                                ProblemCode.FIELD_INVALID,
                                "payload holds half of a surrogate pair, which is no character.")
                        .at("/payload");
            }
            if (parser.nextToken() != JsonToken.END_OBJECT || parser.nextToken() != null) {
                throw Problem.of(ProblemCode.FIELD_UNKNOWN, "Send {\"payload\": ..}, and no other field.");
            }
            return payload;
        } catch (JacksonException malformed) {
            throw JobReader.malformed(malformed);
        }
    }

    private Reply all(Call call) {
        call.takesOnly();
        Fields fields = Fields.read(
                call.json(),
                "action",
                "at",
                "priority",
                "state",
                "kind",
                "queue",
                "key",
                "tag",
                "code",
                "enqueued_from",
                "enqueued_before",
                "limit",
                "dry_run");
        JobAction action = action(fields);
        JobFilter filter = filter(fields);
        Integer limit = fields.whole("limit");
        int most = limit == null ? USUALLY : limit;
        if (most < 1 || most > MOST) {
            throw Problem.of(
                            ProblemCode.FIELD_INVALID,
                            "limit is " + most + "; it must be between 1 and " + MOST
                                    + ". Repeat the request while the answer says more.")
                    .at("/limit");
        }
        boolean dryRun = fields.flag("dry_run");
        if (filter.equals(JobFilter.ANY) && !dryRun) {
            throw Problem.of(
                    ProblemCode.FIELD_MISSING,
                    "Nothing says which jobs: give a kind, queue, key, tag, code, state or time. To mean all that"
                            + " wait, give a state.");
        }
        Bulk bulk = dryRun
                ? actions().count(filter, action, most)
                : actions().all(filter, action, most, call.caller().name());
        return Reply.json(Json.write(json -> json.writeStartObject()
                .writeNumberProperty("count", bulk.count())
                .writeBooleanProperty("more", bulk.more())
                .writeBooleanProperty("dry_run", dryRun)
                .writeEndObject()));
    }

    private static JobAction action(Fields fields) {
        String name = fields.requiredText("action");
        Instant at = fields.instant("at");
        String priority = fields.text("priority");
        JobAction action = switch (name.toLowerCase(Locale.ROOT)) {
            case "cancel" -> new JobAction.Cancel();
            case "reschedule" -> new JobAction.Reschedule(at);
            case "prioritize" -> new JobAction.Prioritize(priority(fields.requiredText("priority")));
            case "replay" -> new JobAction.Replay();
            case "discard" -> new JobAction.Discard();
            default ->
                throw Problem.of(
                                ProblemCode.FIELD_INVALID,
                                "action is '" + name
                                        + "'; it must be one of cancel, reschedule, prioritize, replay, discard.")
                        .at("/action");
        };
        if (at != null && !(action instanceof JobAction.Reschedule)) {
            throw Problem.of(ProblemCode.FIELD_INVALID, "Only reschedule takes a time.")
                    .at("/at");
        }
        if (priority != null && !(action instanceof JobAction.Prioritize)) {
            throw Problem.of(ProblemCode.FIELD_INVALID, "Only prioritize takes a priority.")
                    .at("/priority");
        }
        return action;
    }

    private static JobFilter filter(Fields fields) {
        String state = fields.text("state");
        @Nullable String tag = fields.text("tag");
        int colon = tag == null ? -1 : tag.indexOf(':');
        if (tag != null && colon < 1) {
            throw Problem.of(ProblemCode.FIELD_INVALID, "tag is '" + tag + "'; write it as name:value.")
                    .at("/tag");
        }
        return new JobFilter(
                state == null ? null : Fields.oneOf(JobState.class, "state", state),
                fields.text("kind"),
                fields.text("queue"),
                fields.text("key"),
                tag == null ? null : tag.substring(0, colon),
                tag == null ? null : tag.substring(colon + 1),
                fields.text("code"),
                fields.instant("enqueued_from"),
                fields.instant("enqueued_before"),
                null);
    }
}
