package dev.tidemill.server.api;

import dev.tidemill.jobs.TidemillException;
import dev.tidemill.jobs.Unique;
import dev.tidemill.server.http.Json;
import dev.tidemill.server.http.Problem;
import dev.tidemill.server.http.ProblemCode;
import java.time.DateTimeException;
import java.time.Duration;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;

/** The {@code unique} of a job in a body. */
final class UniqueDraft {
    private final String pointer;
    private @Nullable String key;
    private Unique.Mode mode = Unique.Mode.KEEP_FIRST;
    private Unique.@Nullable Release release;
    private @Nullable Duration window;
    private @Nullable Duration quiet;
    private @Nullable Duration maxWait;

    UniqueDraft(String pointer) {
        this.pointer = pointer;
    }

    /** Reads the object that the parser stands on. */
    Unique read(JsonParser parser) {
        if (parser.currentToken() != JsonToken.START_OBJECT) {
            throw Problem.of(ProblemCode.FIELD_INVALID, "unique must be an object with a key.")
                    .at(pointer);
        }
        for (String name = parser.nextName(); name != null; name = parser.nextName()) {
            JsonToken token = parser.nextToken();
            if (token == JsonToken.VALUE_NULL && known(name)) {
                continue;
            }
            if (token != JsonToken.VALUE_STRING) {
                throw wrong(name, "must be a string");
            }
            String value = parser.getString();
            if (!Json.storable(value)) {
                throw wrong(name, "holds half of a surrogate pair, which is no character");
            }
            field(name, value);
        }
        if (key == null) {
            throw Problem.of(ProblemCode.FIELD_MISSING, "unique needs a key.").at(pointer + "/key");
        }
        try {
            return new Unique(key, mode, release, window, quiet, maxWait);
        } catch (TidemillException refused) {
            throw Problem.of(refused).at(pointer);
        }
    }

    private static boolean known(String name) {
        return switch (name) {
            case "key", "mode", "release", "window", "wait", "max_wait" -> true;
            default -> false;
        };
    }

    private void field(String name, String value) {
        switch (name) {
            case "key" -> key = value;
            case "mode" -> mode = one(Unique.Mode.class, name, value);
            case "release" -> release = one(Unique.Release.class, name, value);
            case "window" -> window = duration(name, value);
            case "wait" -> quiet = duration(name, value);
            case "max_wait" -> maxWait = duration(name, value);
            default ->
                throw Problem.of(
                                ProblemCode.FIELD_UNKNOWN,
                                "unique takes key, mode, window, wait, max_wait and release, nothing else.")
                        .at(pointer);
        }
    }

    private <E extends Enum<E>> E one(Class<E> type, String name, String value) {
        try {
            return Enum.valueOf(type, value.toUpperCase(Locale.ROOT));
        } catch (IllegalArgumentException unknown) {
            StringBuilder known = new StringBuilder();
            for (E constant : type.getEnumConstants()) {
                known.append(known.isEmpty() ? "" : ", ").append(constant.name().toLowerCase(Locale.ROOT));
            }
            throw wrong(name, "must be one of " + known);
        }
    }

    private Duration duration(String name, String value) {
        try {
            return Duration.parse(value);
        } catch (DateTimeException malformed) {
            throw wrong(name, "must be an ISO-8601 duration such as PT5M");
        }
    }

    private Problem wrong(String name, String rule) {
        String shown = known(name) ? "/" + name : "";
        return Problem.of(ProblemCode.FIELD_INVALID, "unique" + shown + " " + rule + ".")
                .at(pointer + shown);
    }
}
