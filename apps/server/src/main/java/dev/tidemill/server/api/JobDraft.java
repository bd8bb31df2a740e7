package dev.tidemill.server.api;

import dev.tidemill.jobs.EnqueueOptions;
import dev.tidemill.jobs.JobRequest;
import dev.tidemill.jobs.Priority;
import dev.tidemill.jobs.TidemillException;
import dev.tidemill.jobs.Unique;
import dev.tidemill.server.http.Json;
import dev.tidemill.server.http.Problem;
import dev.tidemill.server.http.ProblemCode;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;

/** One job of a body while its fields come in. Each field that is wrong is refused with a pointer to it. */
final class JobDraft {
    private static final String FIELDS =
            "kind, payload, queue, priority, delay, delay_seconds, run_at, attempts, timeout, key, tags and unique";
    private static final double MAX_SECONDS = 1e9;

    private final String pointer;
    private @Nullable String kind;
    private String payload = "{}";
    private EnqueueOptions options;

    JobDraft(String pointer, @Nullable String trace) {
        this.pointer = pointer;
        this.options = EnqueueOptions.NONE.trace(trace);
    }

    /** Takes a field whose name the parser stands on. */
    void field(String name, JsonParser parser) {
        JsonToken token = parser.nextToken();
        if (name.equals("payload")) {
            payload = storable(name, Json.copy(parser));
            return;
        }
        if (token == JsonToken.VALUE_NULL && known(name)) {
            return;
        }
        switch (name) {
            case "kind" -> kind = text(name, parser);
            case "queue" -> options = valid(name, options::onQueue, text(name, parser));
            case "priority" -> {
                String given = text(name, parser);
                options = options.withPriority(checked(name, () -> Priority.parse(given)));
            }
            case "delay" -> options = valid(name, options::in, duration(name, parser));
            case "delay_seconds" -> options = valid(name, options::in, seconds(name, parser));
            case "run_at" -> options = valid(name, options::at, instant(name, parser));
            case "attempts" -> options = valid(name, options::attempts, whole(name, parser));
            case "timeout" -> options = valid(name, options::timeout, duration(name, parser));
            case "key" -> options = valid(name, options::key, storable(name, text(name, parser)));
            case "tags" -> options = valid(name, options::withTags, tags(parser));
            case "unique" -> {
                Unique unique = new UniqueDraft(pointer + "/unique").read(parser);
                options = valid(name, options::onlyOne, unique);
            }
            default ->
                throw Problem.of(
                                ProblemCode.FIELD_UNKNOWN,
                                "The field '" + name + "' is unknown; a job takes " + FIELDS + ".")
                        .at(pointer + "/" + escaped(name));
        }
    }

    private static boolean known(String name) {
        return switch (name) {
            case "kind",
                    "queue",
                    "priority",
                    "delay",
                    "delay_seconds",
                    "run_at",
                    "attempts",
                    "timeout",
                    "key",
                    "tags",
                    "unique" -> true;
            default -> false;
        };
    }

    /** The whole job. */
    JobRequest request() {
        if (kind == null) {
            throw Problem.of(ProblemCode.FIELD_MISSING, "A job needs a kind: the name of what is to be done.")
                    .at(pointer + "/kind");
        }
        String given = kind;
        return checked("kind", () -> new JobRequest(given, payload, options));
    }

    private <T> EnqueueOptions valid(String name, java.util.function.Function<T, EnqueueOptions> with, T value) {
        return checked(name, () -> with.apply(value));
    }

    private <T> T checked(String name, Supplier<T> value) {
        try {
            return value.get();
        } catch (TidemillException refused) {
            throw Problem.of(refused).at(pointer + "/" + name);
        }
    }

    private String text(String name, JsonParser parser) {
        if (parser.currentToken() != JsonToken.VALUE_STRING) {
            throw wrong(name, "must be a string");
        }
        return parser.getString();
    }

    private String storable(String field, String text) {
        if (!Json.storable(text)) {
            throw wrong(field, "holds half of a surrogate pair, which is no character");
        }
        return text;
    }

    private Duration duration(String name, JsonParser parser) {
        String text = text(name, parser);
        try {
            return Duration.parse(text);
        } catch (DateTimeException malformed) {
            throw wrong(name, "is '" + text + "'; it must be an ISO-8601 duration such as PT5M or P1DT2H");
        }
    }

    private Duration seconds(String name, JsonParser parser) {
        JsonToken token = parser.currentToken();
        if (token != JsonToken.VALUE_NUMBER_INT && token != JsonToken.VALUE_NUMBER_FLOAT) {
            throw wrong(name, "must be a number of seconds");
        }
        double seconds = parser.getDoubleValue();
        if (Double.isNaN(seconds) || Math.abs(seconds) > MAX_SECONDS) {
            throw wrong(name, "is beyond what can be scheduled: 0 to " + EnqueueOptions.MAX_DELAY.toSeconds());
        }
        return Duration.ofNanos(Math.round(seconds * 1e9));
    }

    private Instant instant(String name, JsonParser parser) {
        String text = text(name, parser);
        try {
            return Instant.parse(text);
        } catch (DateTimeException malformed) {
            throw wrong(name, "is '" + text + "'; it must be an ISO-8601 instant such as 2030-01-31T09:00:00Z");
        }
    }

    private int whole(String name, JsonParser parser) {
        if (parser.currentToken() != JsonToken.VALUE_NUMBER_INT) {
            throw wrong(name, "must be a whole number");
        }
        double value = parser.getDoubleValue();
        return (int) Math.clamp(value, Integer.MIN_VALUE, Integer.MAX_VALUE);
    }

    private Map<String, String> tags(JsonParser parser) {
        if (parser.currentToken() != JsonToken.START_OBJECT) {
            throw wrong("tags", "must be an object of names and strings");
        }
        Map<String, String> tags = new LinkedHashMap<>();
        for (String name = parser.nextName(); name != null; name = parser.nextName()) {
            if (parser.nextToken() != JsonToken.VALUE_STRING) {
                throw wrong("tags/" + escaped(name), "must be a string");
            }
            tags.put(name, storable("tags/" + escaped(name), parser.getString()));
        }
        return tags;
    }

    private Problem wrong(String field, String rule) {
        return Problem.of(ProblemCode.FIELD_INVALID, field.replace("tags/", "The tag ") + " " + rule + ".")
                .at(pointer + "/" + field);
    }

    static String escaped(String name) {
        String shown = name.length() > 100 ? name.substring(0, 100) : name;
        return shown.replace("~", "~0").replace("/", "~1");
    }
}
