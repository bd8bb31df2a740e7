package dev.tidemill.server.api;

import dev.tidemill.jobs.CatchUp;
import dev.tidemill.jobs.EnqueueOptions;
import dev.tidemill.jobs.JobRequest;
import dev.tidemill.jobs.Overlap;
import dev.tidemill.jobs.ScheduleOptions;
import dev.tidemill.jobs.TidemillException;
import dev.tidemill.jobs.Timing;
import dev.tidemill.server.http.Json;
import dev.tidemill.server.http.Problem;
import dev.tidemill.server.http.ProblemCode;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.util.Optional;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;

/** A schedule as a body has it while its fields come in: the fields of its job, and its own. */
final class ScheduleBody {
    private static final String FIELDS =
            "name (with POST), cron and zone, every and from, after, at, catch_up, overlap,"
                    + " kind, payload, queue, priority, attempts, timeout, key and tags";

    private final JobDraft job = new JobDraft("", null);
    private @Nullable String name;
    private @Nullable String cron;
    private @Nullable ZoneId zone;
    private @Nullable Duration every;
    private @Nullable Instant from;
    private @Nullable Duration after;
    private @Nullable Instant at;
    private ScheduleOptions options = ScheduleOptions.NONE;

    private ScheduleBody() {}

    /** Reads a body; a name in it is refused unless it is wanted. */
    static ScheduleBody read(byte[] bytes, boolean named) {
        ScheduleBody body = new ScheduleBody();
        try (JsonParser parser = Json.parser(bytes)) {
            if (parser.nextToken() != JsonToken.START_OBJECT) {
                throw Problem.of(ProblemCode.BODY_INVALID, "Send one schedule: an object with " + FIELDS + ".");
            }
            for (String field = parser.nextName(); field != null; field = parser.nextName()) {
                body.field(field, parser, named);
            }
            if (parser.nextToken() != null) {
                throw Problem.of(ProblemCode.BODY_INVALID, "The body goes on after its JSON value; send one value.");
            }
        } catch (JacksonException malformed) {
            throw JobReader.malformed(malformed);
        }
        return body;
    }

    private void field(String field, JsonParser parser, boolean named) {
        switch (field) {
            case "name" -> {
                if (!named) {
                    throw Problem.of(ProblemCode.FIELD_UNKNOWN, "The name is in the path; leave it out of the body.")
                            .at("/name");
                }
                name = text(field, parser).orElse(null);
            }
            case "cron" -> cron = text(field, parser).orElse(null);
            case "zone" -> zone = text(field, parser).map(ScheduleBody::zone).orElse(null);
            case "every" ->
                every = text(field, parser)
                        .map(given -> duration("every", given))
                        .orElse(null);
            case "from" ->
                from = text(field, parser).map(given -> instant("from", given)).orElse(null);
            case "after" ->
                after = text(field, parser)
                        .map(given -> duration("after", given))
                        .orElse(null);
            case "at" ->
                at = text(field, parser).map(given -> instant("at", given)).orElse(null);
            case "catch_up" -> catchUp(parser);
            case "overlap" ->
                text(field, parser)
                        .ifPresent(given -> options = checked("overlap", () -> options.overlap(Overlap.parse(given))));
            case "kind", "payload", "queue", "priority", "attempts", "timeout", "key", "tags" ->
                job.field(field, parser);
            default ->
                throw Problem.of(
                                ProblemCode.FIELD_UNKNOWN,
                                "The field '" + field + "' is unknown; a schedule takes " + FIELDS + ".")
                        .at("/" + JobDraft.escaped(field));
        }
    }

    private void catchUp(JsonParser parser) {
        JsonToken token = parser.nextToken();
        if (token == JsonToken.VALUE_NULL) {
            return;
        }
        if (token != JsonToken.VALUE_STRING && token != JsonToken.VALUE_NUMBER_INT) {
            throw wrong("catch_up", "must be NONE, LAST, ALL or a number");
        }
        String given = parser.getString();
        options = checked("catch_up", () -> options.catchUp(CatchUp.parse(given)));
    }

    /** The name. */
    String name() {
        if (name == null) {
            throw Problem.of(ProblemCode.FIELD_MISSING, "A schedule needs a name.")
                    .at("/name");
        }
        return name;
    }

    /** When it fires: exactly one of the ways to say so. */
    Timing timing() {
        int ways = (cron != null ? 1 : 0) + (every != null ? 1 : 0) + (after != null ? 1 : 0) + (at != null ? 1 : 0);
        if (ways != 1) {
            throw Problem.of(
                    ways == 0 ? ProblemCode.FIELD_MISSING : ProblemCode.FIELD_INVALID,
                    "A schedule needs exactly one of cron, every, after and at; " + ways + " were given.");
        }
        if ((zone != null && cron == null) || (from != null && every == null)) {
            throw zone != null && cron == null
                    ? wrong("zone", "goes with cron only")
                    : wrong("from", "goes with every only");
        }
        if (cron != null) {
            String expression = cron;
            ZoneId where = zone;
            if (where == null) {
                throw Problem.of(ProblemCode.FIELD_MISSING, "A cron needs a zone, such as Europe/Berlin or UTC.")
                        .at("/zone");
            }
            return checked("cron", () -> Timing.cron(expression, where));
        }
        if (every != null) {
            Duration period = every;
            Instant start = from;
            Timing.Rate rate = checked("every", () -> Timing.every(period));
            return start == null ? rate : checked("from", () -> rate.startingAt(start));
        }
        if (after != null) {
            Duration pause = after;
            return checked("after", () -> Timing.afterEach(pause));
        }
        Instant once = java.util.Objects.requireNonNull(at);
        return checked("at", () -> Timing.once(once));
    }

    /** Its job. */
    JobRequest job() {
        JobRequest request = job.request();
        return new JobRequest(request.kind(), request.json());
    }

    /** How it treats its fires. */
    ScheduleOptions options() {
        EnqueueOptions wishes = job.request().options();
        return checked("tags", () -> options.job(wishes));
    }

    private static Optional<String> text(String field, JsonParser parser) {
        JsonToken token = parser.nextToken();
        if (token == JsonToken.VALUE_NULL) {
            return Optional.empty();
        }
        if (token != JsonToken.VALUE_STRING) {
            throw wrong(field, "must be a string");
        }
        return Optional.of(parser.getString());
    }

    private static Duration duration(String field, String text) {
        try {
            return Duration.parse(text);
        } catch (DateTimeException malformed) {
            throw wrong(field, "is '" + text + "'; it must be an ISO-8601 duration such as PT5M or P1DT2H");
        }
    }

    private static Instant instant(String field, String text) {
        try {
            return Instant.parse(text);
        } catch (DateTimeException malformed) {
            throw wrong(field, "is '" + text + "'; it must be an ISO-8601 instant such as 2030-01-31T09:00:00Z");
        }
    }

    private static ZoneId zone(String text) {
        try {
            return ZoneId.of(text);
        } catch (DateTimeException unknown) {
            throw wrong("zone", "is '" + text + "', which is unknown; use a name such as Europe/Berlin or UTC");
        }
    }

    private static <T> T checked(String field, Supplier<T> value) {
        try {
            return value.get();
        } catch (TidemillException refused) {
            throw Problem.of(refused).at("/" + field);
        }
    }

    private static Problem wrong(String field, String rule) {
        return Problem.of(ProblemCode.FIELD_INVALID, field + " " + rule + ".").at("/" + field);
    }
}
