package dev.tidemill.cli.json;

import java.io.StringWriter;
import java.math.BigDecimal;
import java.time.Duration;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.json.JsonFactory;

/**
 * An object of JSON while it is put together; written as a stream, so that a command that prints one line need not wait for
 * a mapper. For one thread.
 */
public final class JsonObject {
    private static final JsonFactory FACTORY = new JsonFactory();

    private final Map<String, @Nullable Object> fields = new LinkedHashMap<>();

    /**
     * JSON text that goes out as it is.
     *
     * @param text one value
     */
    public record Raw(String text) {}

    /** One with these fields. */
    public static JsonObject of(Map<String, ?> fields) {
        JsonObject object = new JsonObject();
        object.fields.putAll(fields);
        return object;
    }

    /**
     * With a field. Numbers, truth values, objects, {@link Raw} text, maps and collections of them are written as such;
     * everything else, times and names of enums included, as the text that it has; null as null.
     */
    public JsonObject with(String name, @Nullable Object value) {
        fields.put(name, value);
        return this;
    }

    /** With a field unless its value is null. */
    public JsonObject withAny(String name, @Nullable Object value) {
        return value == null ? this : with(name, value);
    }

    /** With JSON text as a field's value; null as null. */
    public JsonObject raw(String name, @Nullable String json) {
        return with(name, json == null ? null : new Raw(json));
    }

    /** With a duration as a number of milliseconds, to the microsecond. */
    public JsonObject millis(String name, Duration span) {
        long micros = span.getSeconds() * 1_000_000L + span.getNano() / 1_000L;
        return with(name, BigDecimal.valueOf(micros, 3).stripTrailingZeros());
    }

    /** On one line. */
    @Override
    public String toString() {
        StringWriter text = new StringWriter();
        try (JsonGenerator json = FACTORY.createGenerator(ObjectWriteContext.empty(), text)) {
            write(json, this);
        }
        return text.toString();
    }

    private static void write(JsonGenerator json, @Nullable Object value) {
        switch (value) {
            case null -> json.writeNull();
            case JsonObject object -> write(json, object.fields);
            case Map<?, ?> map -> {
                json.writeStartObject();
                map.forEach((name, of) -> {
                    json.writeName(String.valueOf(name));
                    write(json, of);
                });
                json.writeEndObject();
            }
            case Collection<?> many -> {
                json.writeStartArray();
                many.forEach(one -> write(json, one));
                json.writeEndArray();
            }
            case Raw raw -> json.writeRawValue(raw.text());
            case Boolean truth -> json.writeBoolean(truth);
            case Integer number -> json.writeNumber(number);
            case Long number -> json.writeNumber(number);
            case BigDecimal number -> json.writeRawValue(number.toPlainString());
            case Double number -> json.writeNumber(number);
            default -> json.writeString(value.toString());
        }
    }
}
