package dev.tidemill.server.api;

import dev.tidemill.jobs.DeadLetter;
import dev.tidemill.jobs.ErrorCode;
import dev.tidemill.jobs.Tidemill;
import dev.tidemill.jobs.TidemillException;
import dev.tidemill.server.http.Call;
import dev.tidemill.server.http.Json;
import dev.tidemill.server.http.Problem;
import dev.tidemill.server.http.ProblemCode;
import dev.tidemill.server.http.Reply;
import dev.tidemill.server.http.Router;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;

/** Dead letters: list, replay, discard. */
public final class DeadLettersApi {
    private static final String PATH = "/api/v1/dead-letters";
    private static final int MAX_IDS = 10_000;

    private final Tidemill mill;

    /** Creates it. */
    public DeadLettersApi(Tidemill mill) {
        this.mill = mill;
    }

    /** Adds the routes. */
    public void mount(Router router) {
        router.on("GET", PATH, this::list)
                .on("POST", PATH + "/replay", this::replayMany)
                .on("POST", PATH + "/{id}/replay", this::replay)
                .on("POST", PATH + "/{id}/discard", this::discard);
    }

    private Reply list(Call call) {
        call.takesOnly("after", "limit");
        int limit = (int) call.query("limit", 50, 1, 1000);
        List<DeadLetter> letters = page(call.query("after"), limit);
        return Reply.json(Json.write(json -> {
                    json.writeStartObject().writeArrayPropertyStart("dead_letters");
                    letters.forEach(letter -> JobJson.deadLetter(json, letter));
                    json.writeEndArray();
                    JobJson.text(
                            json,
                            "next_after",
                            letters.size() < limit ? null : letters.getLast().cursor());
                    json.writeEndObject();
                }))
                .tagged();
    }

    private List<DeadLetter> page(Optional<String> after, int limit) {
        try {
            return mill.deadLetters(after.orElse(null), limit);
        } catch (TidemillException refused) {
            throw refused.code() == ErrorCode.INVALID_OPTION
                    ? Problem.of(refused).parameter("after")
                    : refused;
        }
    }

    private Reply replay(Call call) {
        call.takesOnly();
        call.takesNoBody();
        long id = call.id();
        return mill.replay(List.of(id), call.caller().name()).isEmpty() ? none(id) : Reply.empty(204);
    }

    private Reply discard(Call call) {
        call.takesOnly();
        call.takesNoBody();
        long id = call.id();
        return mill.discard(id, call.caller().name()) ? Reply.empty(204) : none(id);
    }

    private static Reply none(long id) {
        throw new TidemillException(ErrorCode.NOT_FOUND, "Job " + id + " is no dead letter; nothing was changed.");
    }

    private Reply replayMany(Call call) {
        call.takesOnly();
        List<Long> replayed = mill.replay(ids(call.json()), call.caller().name());
        return Reply.json(Json.write(json -> {
            json.writeStartObject().writeArrayPropertyStart("replayed");
            replayed.forEach(json::writeNumber);
            json.writeEndArray().writeEndObject();
        }));
    }

    private static List<Long> ids(byte[] body) {
        List<Long> ids = new ArrayList<>();
        try (JsonParser parser = Json.parser(body)) {
            boolean object = parser.nextToken() == JsonToken.START_OBJECT;
            String name = object ? parser.nextName() : null;
            if (!object || (name != null && !name.equals("ids"))) {
                throw Problem.of(
                        name == null ? ProblemCode.BODY_INVALID : ProblemCode.FIELD_UNKNOWN,
                        "Send {\"ids\": [..]}, and no other field.");
            }
            if (name == null || parser.nextToken() != JsonToken.START_ARRAY) {
                throw Problem.of(ProblemCode.FIELD_INVALID, "ids must be an array of job ids.")
                        .at("/ids");
            }
            while (parser.nextToken() != JsonToken.END_ARRAY) {
                if (parser.currentToken() != JsonToken.VALUE_NUMBER_INT || ids.size() == MAX_IDS) {
                    throw Problem.of(
                                    ids.size() == MAX_IDS ? ProblemCode.TOO_MANY_ITEMS : ProblemCode.FIELD_INVALID,
                                    "ids takes up to " + MAX_IDS + " job ids, each a whole number.")
                            .at("/ids/" + ids.size());
                }
                ids.add(parser.getLongValue());
            }
            if (parser.nextToken() != JsonToken.END_OBJECT || parser.nextToken() != null) {
                throw Problem.of(ProblemCode.FIELD_UNKNOWN, "Send {\"ids\": [..]}, and no other field.");
            }
        } catch (JacksonException malformed) {
            throw JobReader.malformed(malformed);
        }
        return ids;
    }
}
