package dev.tidemill.server.api;

import dev.tidemill.server.http.Json;
import dev.tidemill.server.http.Problem;
import dev.tidemill.server.http.ProblemCode;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;

/** A body that is one flat object. Each field that is missing, unknown or of another type is refused by its name. */
final class Fields {
    private static final BigInteger SMALLEST = BigInteger.valueOf(Integer.MIN_VALUE);
    private static final BigInteger LARGEST = BigInteger.valueOf(Integer.MAX_VALUE);

    private final Map<String, Object> values = new TreeMap<>();

    private Fields() {}

    /** Reads a body that may have these fields and no others; null stands for a field that is left out. */
    static Fields read(byte[] body, String... names) {
        return read(body, Set.of(), names);
    }

    /**
     * The same.
     *
     * @param nested those of the fields that may be any JSON: {@link #json} and {@link #texts} give them
     */
    static Fields read(byte[] body, Set<String> nested, String... names) {
        List<String> known = List.of(names);
        Fields fields = new Fields();
        try (JsonParser parser = Json.parser(body)) {
            if (parser.nextToken() != JsonToken.START_OBJECT) {
                throw Problem.of(
                        ProblemCode.BODY_INVALID, "Send an object with the fields " + String.join(", ", known) + ".");
            }
            for (String name = parser.nextName(); name != null; name = parser.nextName()) {
                if (!known.contains(name)) {
                    throw Problem.of(
                                    ProblemCode.FIELD_UNKNOWN,
                                    "The field '" + name + "' is unknown; this route takes " + String.join(", ", known)
                                            + ".")
                            .at("/" + name);
                }
                if (nested.contains(name)) {
                    fields.takeNested(name, parser);
                } else {
                    fields.take(name, parser);
                }
            }
            if (parser.nextToken() != null) {
                throw Problem.of(ProblemCode.BODY_INVALID, "The body goes on after its JSON value; send one value.");
            }
        } catch (JacksonException malformed) {
            throw JobReader.malformed(malformed);
        }
        return fields;
    }

    private void take(String name, JsonParser parser) {
        switch (parser.nextToken()) {
            case VALUE_STRING -> values.put(name, parser.getString());
            case VALUE_NUMBER_INT -> values.put(name, parser.getBigIntegerValue());
            case VALUE_NUMBER_FLOAT -> values.put(name, parser.getDecimalValue());
            case VALUE_TRUE -> values.put(name, true);
            case VALUE_FALSE -> values.put(name, false);
            case VALUE_NULL -> {}
            default -> throw wrong(name, "must be a string, a number, true or false");
        }
    }

    private void takeNested(String name, JsonParser parser) {
        parser.nextToken();
        String json = Json.copy(parser);
        if (!Json.storable(json)) {
            throw wrong(name, "holds half of a character that takes two");
        }
        values.put(name, json);
    }

    /** A nested field as JSON text; null if it was left out, {@code "null"} if it was null. */
    @Nullable
    String json(String name) {
        return (String) values.get(name);
    }

    /** A nested field that is an array of strings; none if it was left out or null. */
    List<String> texts(String name) {
        String json = json(name);
        List<String> texts = new ArrayList<>();
        if (json == null || json.equals("null")) {
            return texts;
        }
        try (JsonParser parser = Json.parser(json.getBytes(StandardCharsets.UTF_8))) {
            if (parser.nextToken() != JsonToken.START_ARRAY) {
                throw wrong(name, "must be an array of strings");
            }
            while (parser.nextToken() != JsonToken.END_ARRAY) {
                if (parser.currentToken() != JsonToken.VALUE_STRING) {
                    throw wrong(name, "must be an array of strings");
                }
                texts.add(parser.getString());
            }
        }
        return texts;
    }

    /** A nested field that is an object of strings; empty if it was left out or null. */
    Map<String, String> map(String name) {
        String json = json(name);
        Map<String, String> map = new LinkedHashMap<>();
        if (json == null || json.equals("null")) {
            return map;
        }
        try (JsonParser parser = Json.parser(json.getBytes(StandardCharsets.UTF_8))) {
            if (parser.nextToken() != JsonToken.START_OBJECT) {
                throw wrong(name, "must be an object of strings");
            }
            for (String key = parser.nextName(); key != null; key = parser.nextName()) {
                if (parser.nextToken() != JsonToken.VALUE_STRING) {
                    throw wrong(name, "must be an object of strings");
                }
                map.put(key, parser.getString());
            }
        }
        return map;
    }

    /** A nested field that is an object with these fields and no others; null if it was left out or null. */
    @Nullable
    Fields object(String name, String... names) {
        String json = json(name);
        return json == null || json.equals("null") ? null : objectOf(name, json, names);
    }

    private static Fields objectOf(String name, String json, String... names) {
        try {
            return read(json.getBytes(StandardCharsets.UTF_8), names);
        } catch (Problem problem) {
            throw problem.under("/" + name);
        }
    }

    /** A nested field that is an array of objects with these fields and no others; none if it was left out or null. */
    List<Fields> objects(String name, String... names) {
        String json = json(name);
        List<Fields> objects = new ArrayList<>();
        if (json == null || json.equals("null")) {
            return objects;
        }
        try (JsonParser parser = Json.parser(json.getBytes(StandardCharsets.UTF_8))) {
            if (parser.nextToken() != JsonToken.START_ARRAY) {
                throw wrong(name, "must be an array of objects");
            }
            while (parser.nextToken() != JsonToken.END_ARRAY) {
                objects.add(objectOf(name + "/" + objects.size(), Json.copy(parser), names));
            }
        }
        return objects;
    }

    @Nullable
    String text(String name) {
        Object value = values.get(name);
        if (value != null && !(value instanceof String)) {
            throw wrong(name, "must be a string");
        }
        return (String) value;
    }

    String requiredText(String name) {
        String value = text(name);
        if (value == null) {
            throw Problem.of(ProblemCode.FIELD_MISSING, "The field '" + name + "' is missing.")
                    .at("/" + name);
        }
        return value;
    }

    /** A whole number, or the nearest that an int holds: its own bounds are the engine's to say. Null if it was left out. */
    @Nullable
    Integer whole(String name) {
        BigInteger number = number(name);
        return number == null ? null : number.min(LARGEST).max(SMALLEST).intValue();
    }

    /** A whole number within bounds; zero if it was left out. */
    long whole(String name, long min, long max) {
        BigInteger number = number(name);
        if (number == null) {
            return 0;
        }
        if (number.compareTo(BigInteger.valueOf(min)) < 0 || number.compareTo(BigInteger.valueOf(max)) > 0) {
            throw wrong(name, "is " + number + "; it must be a whole number from " + min + " to " + max);
        }
        return number.longValue();
    }

    private @Nullable BigInteger number(String name) {
        Object value = values.get(name);
        if (value != null && !(value instanceof BigInteger)) {
            throw wrong(name, "must be a whole number");
        }
        return (BigInteger) value;
    }

    /** A number, whole or not; null if it was left out. */
    @Nullable
    Double decimal(String name) {
        Object value = values.get(name);
        if (value != null && !(value instanceof Number)) {
            throw wrong(name, "must be a number");
        }
        return value == null ? null : ((Number) value).doubleValue();
    }

    boolean flag(String name) {
        return Boolean.TRUE.equals(flagOrNull(name));
    }

    @Nullable
    Boolean flagOrNull(String name) {
        Object value = values.get(name);
        if (value != null && !(value instanceof Boolean)) {
            throw wrong(name, "must be true or false");
        }
        return (Boolean) value;
    }

    @Nullable
    Duration duration(String name) {
        String text = text(name);
        try {
            return text == null ? null : Duration.parse(text);
        } catch (DateTimeException malformed) {
            throw wrong(name, "is '" + text + "'; it must be an ISO-8601 duration such as PT1S or PT1M");
        }
    }

    @Nullable
    Instant instant(String name) {
        String text = text(name);
        try {
            return text == null ? null : Instant.parse(text);
        } catch (DateTimeException malformed) {
            throw wrong(name, "is '" + text + "'; it must be an ISO-8601 instant such as 2030-01-31T09:00:00Z");
        }
    }

    /** One of an enum's names, in any case. */
    static <E extends Enum<E>> E oneOf(Class<E> type, String name, String given) {
        for (E value : type.getEnumConstants()) {
            if (value.name().equals(given.toUpperCase(Locale.ROOT))) {
                return value;
            }
        }
        throw wrong(name, "is '" + given + "'; it must be one of " + List.of(type.getEnumConstants()));
    }

    private static Problem wrong(String name, String rule) {
        return Problem.of(ProblemCode.FIELD_INVALID, name + " " + rule + ".").at("/" + name);
    }
}
