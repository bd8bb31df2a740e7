package dev.tidemill.server.http;

import java.io.ByteArrayOutputStream;
import java.io.StringWriter;
import java.math.BigDecimal;
import java.time.Duration;
import java.util.Optional;
import java.util.function.Consumer;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.JsonParser;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.core.exc.StreamConstraintsException;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.databind.json.JsonMapper;

/** Reads and writes JSON as a stream; nothing is bound by reflection. */
@SuppressWarnings("exports") // For the server itself: nobody else calls it.
public final class Json {
    /** Of a text in JSON and of a value that is copied. Reading one takes some eight times as much for a moment. */
    private static final int LONGEST = Math.clamp(Runtime.getRuntime().maxMemory() / 32, 2 << 20, 64 << 20);

    private static final JsonMapper MAPPER = JsonMapper.builder(JsonFactory.builder()
                    .streamReadConstraints(StreamReadConstraints.builder()
                            .maxStringLength(LONGEST)
                            .build())
                    .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                    .build())
            .build();

    private Json() {}

    /** The bytes of what is written. */
    public static byte[] write(Consumer<JsonGenerator> content) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream(512);
        try (JsonGenerator json = MAPPER.createGenerator(bytes)) {
            content.accept(json);
        }
        return bytes.toByteArray();
    }

    /** A parser over these bytes. */
    public static JsonParser parser(byte[] bytes) {
        return MAPPER.createParser(bytes);
    }

    /**
     * The value that the parser stands on, as text; numbers keep every digit.
     *
     * @throws Problem if it is longer than what is read of one value with a heap of this size
     */
    public static String copy(JsonParser parser) {
        Bounded text = new Bounded();
        try (JsonGenerator json = MAPPER.createGenerator(text)) {
            json.copyCurrentStructureExact(parser);
        }
        return text.toString();
    }

    /** The problem, if this was thrown for a text that is too long. */
    public static Optional<Problem> tooLong(JacksonException thrown) {
        return thrown instanceof StreamConstraintsException
                        && thrown.getOriginalMessage().startsWith("String value length")
                ? Optional.of(tooLong())
                : Optional.empty();
    }

    private static Problem tooLong() {
        return Problem.of(
                ProblemCode.BODY_TOO_LARGE,
                "A value in the body has more than " + LONGEST + " characters, which is what is read of one with a heap"
                        + " of this size. Keep large data elsewhere and send a reference to it.");
    }

    /** Text that does not grow beyond bound. */
    private static final class Bounded extends StringWriter {
        @Override
        public void write(int character) {
            more(1);
            super.write(character);
        }

        @Override
        public void write(char[] text, int from, int length) {
            more(length);
            super.write(text, from, length);
        }

        @Override
        public void write(String text, int from, int length) {
            more(length);
            super.write(text, from, length);
        }

        private void more(int length) {
            if (getBuffer().length() + length > LONGEST) {
                throw tooLong();
            }
        }
    }

    /** JSON indented for people, every digit kept; what is no JSON comes back as it is. */
    public static String pretty(String json) {
        StringWriter text = new StringWriter();
        try (JsonParser parser = MAPPER.createParser(json);
                JsonGenerator out = MAPPER.writerWithDefaultPrettyPrinter().createGenerator(text)) {
            parser.nextToken();
            out.copyCurrentStructureExact(parser);
        } catch (JacksonException malformed) {
            return json;
        }
        return text.toString();
    }

    /** Writes a duration as a number of milliseconds, to the microsecond. */
    public static void millis(JsonGenerator json, String name, Duration duration) {
        long micros = duration.getSeconds() * 1_000_000L + duration.getNano() / 1_000L;
        json.writeNumberProperty(name, BigDecimal.valueOf(micros, 3).stripTrailingZeros());
    }

    /** Whether a text can be stored: half of a character that takes two has no UTF-8. */
    public static boolean storable(String text) {
        for (int i = 0; i < text.length(); i++) {
            if (Character.isSurrogate(text.charAt(i))) {
                if (!Character.isSurrogatePair(text.charAt(i), i + 1 < text.length() ? text.charAt(i + 1) : ' ')) {
                    return false;
                }
                i++;
            }
        }
        return true;
    }
}
