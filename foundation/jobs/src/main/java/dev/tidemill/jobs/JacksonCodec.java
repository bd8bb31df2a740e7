package dev.tidemill.jobs;

import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.json.JsonMapper;

/** JSON by Jackson: unknown fields are skipped, missing ones take the class's defaults. */
final class JacksonCodec implements JsonCodec {
    private final JsonMapper mapper = JsonMapper.builder(JsonFactory.builder()
                    .streamReadConstraints(StreamReadConstraints.builder()
                            .maxStringLength(64 << 20)
                            .build())
                    .build())
            .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
            .disable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();

    @Override
    public String write(Object job) {
        try {
            return mapper.writeValueAsString(job);
        } catch (JacksonException failed) {
            throw new TidemillException(
                    ErrorCode.PAYLOAD_INVALID,
                    "A " + job.getClass().getName() + " cannot be written as JSON: " + failed.getOriginalMessage(),
                    failed);
        }
    }

    @Override
    public <T> T read(String json, Class<T> type) {
        try {
            T value = mapper.readValue(json, type);
            if (value == null) {
                throw new TidemillException(
                        ErrorCode.PAYLOAD_UNREADABLE, "The payload is null; a " + type.getName() + " was expected.");
            }
            return value;
        } catch (JacksonException failed) {
            throw new TidemillException(
                    ErrorCode.PAYLOAD_UNREADABLE,
                    "The payload cannot be read as " + type.getName() + ": " + failed.getOriginalMessage(),
                    failed);
        }
    }

    @Override
    public void check(String json) {
        try (JsonParser parser = mapper.createParser(json)) {
            JsonToken first = parser.nextToken();
            if (first == null) {
                throw new TidemillException(
                        ErrorCode.PAYLOAD_INVALID, "The payload is empty; it must be one JSON value.");
            }
            parser.skipChildren();
            if (parser.nextToken() != null) {
                throw new TidemillException(
                        ErrorCode.PAYLOAD_INVALID,
                        "The payload has something after its JSON value; it must be one value.");
            }
        } catch (JacksonException failed) {
            throw new TidemillException(
                    ErrorCode.PAYLOAD_INVALID, "The payload is not JSON: " + failed.getOriginalMessage(), failed);
        }
    }
}
